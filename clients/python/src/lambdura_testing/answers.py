"""Rules by which callbacks are answered, and functions that are not there are stood for."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lambdura_testing.http import Http

ROUTE = "/lambdura/v1/answers"
_NOTHING: Any = object()


class Answers:
    """Each call adds a rule; the first one that fits answers. Names are patterns: `*` stands for any text."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._callbacks: list[dict[str, Any]] = []
        self._invokes: list[dict[str, Any]] = []

    def callback(
        self,
        operation: str | None = None,
        *,
        succeed: Any = _NOTHING,
        fail: Mapping[str, str] | None = None,
        never: bool = False,
        function: str | None = None,
        execution: str | None = None,
        attempt: int | None = None,
        after: timedelta | str | None = None,
        heartbeat_every: timedelta | str | None = None,
    ) -> None:
        """One of `succeed` with a JSON value, `fail` with `error_type` and `error_message`, and `never`."""
        rule = {
            "function": function,
            "operation": operation,
            "execution": execution,
            "attempt": attempt,
            "after": _period(after),
            "heartbeat_every": _period(heartbeat_every),
            **_outcome(succeed, fail),
            "never": never or None,
        }
        self._put([*self._callbacks, _given(rule)], self._invokes)

    def invoke(
        self,
        function: str,
        *,
        succeed: Any = _NOTHING,
        fail: Mapping[str, str] | None = None,
        after: timedelta | str | None = None,
    ) -> None:
        """How chained invokes end of a function that is not in the stack."""
        stub = {"function": function, "after": _period(after), **_outcome(succeed, fail)}
        self._put(self._callbacks, [*self._invokes, _given(stub)])

    def clear(self) -> None:
        self._put([], [])

    def _put(self, callbacks: list[dict[str, Any]], invokes: list[dict[str, Any]]) -> None:
        # What the server refuses is not kept.
        self._http.post(ROUTE, {"callbacks": callbacks, "invokes": invokes})
        self._callbacks, self._invokes = callbacks, invokes


def _outcome(succeed: Any, fail: Mapping[str, str] | None) -> dict[str, Any]:
    outcome: dict[str, Any] = {}
    if succeed is not _NOTHING:
        outcome["succeed"] = succeed
    if fail is not None:
        outcome["fail"] = dict(fail)
    return outcome


def _given(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if value is not None or name == "succeed"}


def _period(length: timedelta | str | None) -> float | str | None:
    return length.total_seconds() if isinstance(length, timedelta) else length
