"""The server's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from lambdura_testing.http import Http

ROUTE = "/lambdura/v1/clock"


@dataclass(frozen=True)
class ClockStand:
    """Where the clock stands, and what it is at."""

    mode: str
    now: datetime
    ahead: timedelta
    # `works`, `nothing_due`, `waits_for_answers`, `stands` or `real`.
    state: str
    next_at: datetime | None
    # Names of callbacks that nobody answers, as far as they have any.
    unanswered: tuple[str, ...]


class Clock:
    """Shows and moves time. Nothing is moved before everything that comes due on the way has happened."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def look(self) -> ClockStand:
        return _stand(self._http.get(ROUTE))

    def now(self) -> datetime:
        return self.look().now

    def advance(self, by: timedelta | str) -> ClockStand:
        """By a `timedelta`, or as `30d`, `1h 30m`, `90s`."""
        return self._move(advance=by if isinstance(by, str) else by.total_seconds())

    def advance_to(self, at: datetime) -> ClockStand:
        """To an instant, which needs a time zone."""
        if at.tzinfo is None:
            raise ValueError(f"{at} has no time zone")
        return self._move(advance_to=at.isoformat())

    def next(self) -> ClockStand:
        """To the next instant that anything comes due."""
        return self._move(next=True)

    def hold(self) -> ClockStand:
        """Keeps an `auto` clock from moving by itself."""
        return self._move(hold=True)

    def release(self) -> ClockStand:
        return self._move(hold=False)

    def _move(self, **how: Any) -> ClockStand:
        return _stand(self._http.post(ROUTE, how))


def instant(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, timezone.utc)


def _stand(shown: dict[str, Any]) -> ClockStand:
    next_at = shown.get("next_at")
    return ClockStand(
        mode=shown["mode"],
        now=instant(shown["now_at"]),
        ahead=timedelta(milliseconds=shown["ahead_ms"]),
        state=shown["state"],
        next_at=None if next_at is None else instant(next_at),
        unanswered=tuple(one.get("name") or one["callback_id"] for one in shown["unanswered"]),
    )
