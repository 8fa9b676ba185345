"""Three servers on one PostgreSQL: whatever dies, nothing that was acknowledged is lost, and every execution ends.

Executions use every operation once, or every way in which a state machine waits. Callers start them and answer their callbacks at any server, and at another one when
that one does not answer.
"""

import collections
import json
import random
import threading
import time

import pytest
from cluster import UNREACHABLE, servers
from system import HERE, until

FUNCTION = "EveryOperation"
MACHINE = "EveryState"
PROGRAMS = dict.fromkeys([FUNCTION, "EchoTarget"], "conformance-handlers")
PROGRAMS |= dict.fromkeys(["Work", "Ask"], HERE / "cluster/functions/work.py")
EXPECTED = {
    "retried": "Operation succeeded",
    "large": 300 * 1024,
    "mapped": ["a", "b", "c"],
    "flat": ["d", "e"],
    "counted": 2,
    "calledBack": "for callback",
    "answer": "for answer create callback id",
    "echoed": {"hello": "world"},
}


def expected(function, name):
    """What an execution returns."""
    if function == MACHINE:
        return [name, ["a", "b", "c"], "for task token", {"name": name}]
    return EXPECTED | {"child": name}


ENDS = {
    "StepSucceeded",
    "StepFailed",
    "WaitSucceeded",
    "CallbackSucceeded",
    "ContextSucceeded",
    "ChainedInvokeSucceeded",
    "ExecutionSucceeded",
}


def is_end(event):
    """Whether an operation has ended; a step that only looks again has not."""
    details = event.get("StepSucceededDetails", {}).get("RetryDetails", {})
    return event["EventType"] in ENDS and "NextAttemptDelaySeconds" not in details


@pytest.fixture
def three(tmp_path):
    with servers("cluster", tmp_path, 3, "--no-build", programs=PROGRAMS) as system:
        yield system


class Callers:
    """Start executions and answer their callbacks, at any server that answers."""

    def __init__(self, running, seed):
        self.running = running
        self.random = random.Random(seed)
        self.clients = {server.endpoint: server.client for server in running}
        self.started = {}
        self.function = {}
        self.answered = set()

    def ask(self, what, patience=60):
        """Asks servers until one answers; what is refused for good is raised."""
        deadline = time.monotonic() + patience
        while True:
            server = self.random.choice(self.running)
            try:
                return what(self.clients[server.endpoint])
            except UNREACHABLE as error:
                seen = error
            except self.clients[server.endpoint].exceptions.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    raise
                seen = error
            assert time.monotonic() < deadline, f"no server answers: {seen}"
            time.sleep(0.05)

    def start(self, name, function=FUNCTION):
        payload = {"name": name, "items": ["a", "b", "c"]} if function == MACHINE else name

        def invoke(client):
            return client.invoke(
                FunctionName=f"{function}:live",
                InvocationType="Event",
                DurableExecutionName=name,
                Payload=json.dumps(payload).encode(),
            )

        self.function[name] = function

        # Asked again after a lost answer, the same name and input stand for the execution that there is.
        self.started[name] = self.ask(invoke)["DurableExecutionArn"]

    def history(self, arn):
        events, marker = [], {}
        while True:
            page = self.ask(
                lambda client: client.get_durable_execution_history(
                    DurableExecutionArn=arn, IncludeExecutionData=True, **marker
                )
            )
            events += page["Events"]
            if not page.get("NextMarker"):
                return events
            marker = {"Marker": page["NextMarker"]}

    def answer(self, arn):
        """Answers what is open; returns the execution once it has ended."""
        for event in self.history(arn):
            if event["EventType"] != "CallbackStarted" or (arn, event["Id"]) in self.answered:
                continue

            def send(client, event=event):
                return client.send_durable_execution_callback_success(
                    CallbackId=event["CallbackStartedDetails"]["CallbackId"],
                    Result=json.dumps(f"for {event['Name']}").encode(),
                )

            try:
                self.ask(send)
            except Exception as error:
                # The answer before was taken, and its acknowledgement lost.
                if "CallbackTimeoutException" not in str(error) and "already" not in str(error):
                    raise
            self.answered.add((arn, event["Id"]))
        shown = self.ask(lambda client: client.get_durable_execution(DurableExecutionArn=arn))
        return shown if shown["Status"] != "RUNNING" else None

    def all_ended(self, patience):
        ended = {}

        def look():
            for name, arn in self.started.items():
                if name not in ended and (shown := self.answer(arn)):
                    ended[name] = shown
            return len(ended) == len(self.started), sorted(set(self.started) - set(ended))[:10]

        until("every execution has ended", look, patience)
        return ended

    def check(self, ended):
        """Every result is right, and every history holds together."""
        for name, shown in ended.items():
            assert shown["Status"] == "SUCCEEDED", (name, shown)
            assert json.loads(shown["Result"]) == expected(self.function[name], name), name
            events = self.history(self.started[name])
            assert [event["EventId"] for event in events] == list(range(1, len(events) + 1)), name
            ends = [(event["Id"], event["EventType"]) for event in events if is_end(event)]
            twice = [end for end, count in collections.Counter(ends).items() if count > 1]
            assert not twice, (name, twice)


def drive(postgres):
    """How many shards each server drives."""
    counted = postgres.query("SELECT server_id, count(*) FROM lambdura.shards JOIN lambdura.servers USING (server_id) GROUP BY server_id")
    return sorted(int(count) for _, count in counted)


def test_servers_share_the_work_and_see_the_same(three):
    postgres, running = three
    until("each drives a third", lambda: ((seen := drive(postgres)) == [85, 85, 86], seen))
    callers = Callers(running, 1)
    for number in range(12):
        callers.start(f"shared-{number}", [FUNCTION, MACHINE][number % 2])
    callers.check(callers.all_ended(90))
    # Each server lists them all.
    for server in running:
        listed = server.client.list_durable_executions_by_function(FunctionName=FUNCTION)["DurableExecutions"]
        assert {one["DurableExecutionName"] for one in listed} == {name for name, of in callers.function.items() if of == FUNCTION}
    # An alias that one server moves is moved everywhere within a second.
    version = running[0].client.publish_version(FunctionName="EchoTarget")["Version"]
    running[0].client.create_alias(FunctionName="EchoTarget", Name="now", FunctionVersion=version)

    def seen():
        found = [
            server.client.list_aliases(FunctionName="EchoTarget")["Aliases"]
            for server in running
        ]
        return all(aliases and aliases[0]["FunctionVersion"] == version for aliases in found), found

    until("the alias is seen everywhere", seen)
    answer = running[2].client.invoke(FunctionName="EchoTarget:now", Payload=b'{"hello": "there"}')
    assert json.load(answer["Payload"]) == {"hello": "there"}


def test_a_dead_server_is_taken_over_and_one_that_ends_hands_over(three):
    postgres, running = three
    until("each drives a third", lambda: ((seen := drive(postgres)) == [85, 85, 86], seen))
    callers = Callers(running, 2)
    for number in range(15):
        callers.start(f"taken-over-{number}", [FUNCTION, MACHINE][number % 2])
    running[1].kill()
    died = time.monotonic()
    until("the others drive all", lambda: ((seen := drive(postgres))[-2:] == [128, 128], seen), 30)
    took = time.monotonic() - died
    assert running[2].stop() == 0
    # The last one has everything at once.
    until("one drives all", lambda: ((seen := drive(postgres))[-1] == 256, seen))
    callers.check(callers.all_ended(90))
    running[1].start()
    running[2].start()
    until("each drives a third", lambda: ((seen := drive(postgres)) == [85, 85, 86], seen), 30)
    print(f"taken over after {took:.1f} s")


def test_a_storm_loses_nothing(three):
    postgres, running = three
    until("each drives a third", lambda: ((seen := drive(postgres)) == [85, 85, 86], seen))
    callers = Callers(running, 3)
    chance = random.Random(7)
    over = threading.Event()
    done = []

    def storm():
        while not over.wait(chance.uniform(0.5, 1.5)):
            fault = chance.choice(["kill", "kill", "still", "connections", "database"])
            server = chance.choice(running)
            done.append(fault)
            match fault:
                case "kill" if server.is_running():
                    server.kill()
                    server.start(wait=False)
                case "still" if server.is_running():
                    server.stand_still()
                    over.wait(5)
                    server.go_on()
                case "connections":
                    postgres.query(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                        " AND datname = current_database()"
                    )
                case "database":
                    postgres.crash()
                    postgres.start()

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        for number in range(60):
            callers.start(f"storm-{number}", [FUNCTION, MACHINE][number % 2])
            time.sleep(0.3)
    finally:
        over.set()
        thread.join(60)
    for server in running:
        if not server.is_running():
            server.start(wait=False)
        server.wait_ready()
    ended = callers.all_ended(60)
    callers.check(ended)
    print(f"{len(ended)} executions through {dict(collections.Counter(done))}")
