"""An execution: its end, its operations and its history, by the clock that it goes by."""

import json
import time
import urllib.parse
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambdura_testing.server import Server

# Events that end an operation, by the last word of their types.
_ENDS = ("Succeeded", "Failed", "TimedOut", "Stopped", "Cancelled")
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Event:
    """One event of the history, in AWS's words."""

    id: int
    type: str
    name: str | None
    at: datetime
    details: dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation, as its events tell it."""

    name: str
    # How it ended: `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `STOPPED`, `CANCELLED`; `STARTED` while it is open.
    status: str
    # Attempts that failed, and the one that did not.
    attempts: int
    # Since the execution began.
    began_after: timedelta
    ended_after: timedelta | None


class Execution:
    """What was started. Its assertions print its timeline when they fail."""

    def __init__(self, server: "Server", arn: str) -> None:
        self._server = server
        self.arn = arn

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    def look(self) -> dict[str, Any]:
        """`GetDurableExecution`."""
        shown: dict[str, Any] = self._server.http.get(self._path())
        return shown

    @property
    def status(self) -> str:
        return str(self.look()["Status"])

    def wait(self, within: float = 30.0) -> "Execution":
        """Waits, in seconds of real time, until it has ended."""
        deadline = time.monotonic() + within
        while self.status == "RUNNING":
            if time.monotonic() > deadline:
                stand = self._server.clock.look()
                waits = f"; nobody answers {', '.join(stand.unanswered)}" if stand.unanswered else ""
                self._fail(f"it has not ended within {within:g} s (the clock: {stand.state}{waits})")
            time.sleep(_POLL_SECONDS)
        return self

    def result(self, within: float = 30.0) -> Any:
        """The result of an execution that succeeds, as JSON."""
        shown = self.wait(within).look()
        if shown["Status"] != "SUCCEEDED":
            self._fail(f"it ended as {shown['Status']}: {json.dumps(shown.get('Error'))}")
        result = shown.get("Result")
        return None if result is None else json.loads(result)

    def succeeds_with(self, expected: Any, within: float = 30.0) -> "Execution":
        result = self.result(within)
        if result != expected:
            self._fail(f"its result is {result!r}, not {expected!r}")
        return self

    def fails_with(self, error_type: str, within: float = 30.0) -> "Execution":
        """Ends as FAILED, TIMED_OUT or STOPPED with an error of this type."""
        shown = self.wait(within).look()
        found = (shown.get("Error") or {}).get("ErrorType")
        if shown["Status"] == "SUCCEEDED" or found != error_type:
            self._fail(f"it ended as {shown['Status']} with an error of type {found!r}, not {error_type!r}")
        return self

    @property
    def took(self) -> timedelta:
        """From its start to its end, by its clock."""
        shown = self.wait().look()
        return timedelta(seconds=shown["EndTimestamp"] - shown["StartTimestamp"])

    def history(self) -> list[Event]:
        events: list[Event] = []
        marker = ""
        while True:
            query = {"MaxItems": "1000", "IncludeExecutionData": "true"}
            if marker:
                query["Marker"] = marker
            page = self._server.http.get(f"{self._path()}/history?{urllib.parse.urlencode(query)}")
            events += [_event(one) for one in page["Events"]]
            marker = page.get("NextMarker") or ""
            if not marker:
                return events

    def operation(self, name: str) -> Operation:
        """The first operation of that name."""
        history = self.history()
        of_it = [event for event in history if event.name == name]
        if not of_it:
            names = sorted({event.name for event in history if event.name})
            self._fail(f"it has no operation `{name}`; it has {', '.join(names) or 'none'}")
        began = history[0].at
        first = of_it[0]
        kind = first.type.removesuffix("Started")
        same = [event for event in of_it if event.type.startswith(kind)]
        ends = [event for event in same if event.type.removeprefix(kind) in _ENDS]
        retried = [event for event in ends if event.details.get("RetryDetails", {}).get("NextAttemptDelaySeconds")]
        end = ends[-1] if ends and ends[-1] not in retried else None
        status = _status(end.type.removeprefix(kind)) if end else "STARTED"
        ended_after = end.at - began if end else None
        return Operation(name, status, len(retried) + 1, first.at - began, ended_after)

    def timeline(self) -> str:
        """The tree of operations, as `lambdura show` draws it."""
        return self._server.command("show", self.arn)

    def _path(self) -> str:
        return "/2025-12-01/durable-executions/" + urllib.parse.quote(self.arn, safe="")

    def _fail(self, problem: str) -> None:
        __tracebackhide__ = True
        raise AssertionError(f"{self.id}: {problem}\n\n{self.timeline()}")


def _event(shown: dict[str, Any]) -> Event:
    kind = shown["EventType"]
    at = datetime.fromtimestamp(shown["EventTimestamp"], timezone.utc)
    return Event(shown["EventId"], kind, shown.get("Name"), at, shown.get(f"{kind}Details") or {})


def _status(word: str) -> str:
    return "TIMED_OUT" if word == "TimedOut" else word.upper()
