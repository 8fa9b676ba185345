"""Cases of a suite, all started at once and then looked at one by one."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from system import PATIENCE_SECONDS, System
from transcript import transcript


@dataclass(frozen=True)
class Case:
    """One execution: its name, the function that runs it, and what the suite does meanwhile."""

    name: str
    function: str
    case: str
    input: dict = field(default_factory=dict)
    # Answers callbacks and the like.
    drive: Callable[[System, str], object] | None = None
    # Branches run at once, so that events have no order of their own.
    any_order: bool = False
    # Whether delays before another attempt are the same each time.
    delays: bool = True
    # Results of operations hold something that differs from run to run.
    hide_results: bool = False
    # So many events that only their numbers are told.
    outline: bool = False


@dataclass
class Outcomes:
    """What became of the cases."""

    system: System
    arns: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Exception] = field(default_factory=dict)

    def transcript(self, case):
        if case.name in self.faults:
            raise self.faults[case.name]
        arn = self.arns[case.name]
        shown = self.system.client.get_durable_execution(DurableExecutionArn=arn)
        events = self.system.history(arn)
        if case.hide_results:
            for event in events:
                event.get(f"{event['EventType']}Details", {}).pop("Result", None)
        assert [event["EventId"] for event in events] == list(range(1, len(events) + 1))
        recorded = self.system.recorded(case.name)
        return transcript(
            shown,
            recorded,
            events,
            any_order=case.any_order,
            delays=case.delays,
            outline=case.outline,
        )


def run_all(system, cases, warm=()):
    """Starts all, drives those that need it, and returns when none runs any longer or time is up."""
    outcomes = Outcomes(system)
    deadline = time.monotonic() + PATIENCE_SECONDS

    def run(case):
        try:
            event = {"case": case.case, "name": case.name, **case.input}
            arn = outcomes.arns[case.name] = system.begin(case.function, event, case.name)
            if case.drive:
                case.drive(system, arn)
        except Exception as fault:  # It is the case's, and shown there.
            outcomes.faults[case.name] = fault

    # One process of each function is ready before the crowd comes: many that start at once are slow to start.
    for function in warm:
        system.warm(function)
    # Those that wait for something begin first.
    ordered = sorted(cases, key=lambda case: case.drive is None)
    with ThreadPoolExecutor(max_workers=32) as threads:
        list(threads.map(run, ordered))
    functions = {case.function for case in cases}
    ours = set(outcomes.arns.values())
    while ours & {arn for function in functions for arn in system.running(function)}:
        if time.monotonic() > deadline:
            break  # What still runs is told by its transcript.
        time.sleep(0.25)
    return outcomes
