"""Time is passed in: whoever needs it is handed a clock, and tests hand in a virtual one.

Instants are integer milliseconds since 1970 in UTC. Integers, because the edges of a rolling
window are compared exactly: a float clock disagreed with brute force at window edges.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    def sleep(self, milliseconds: int) -> None:
        """Come back when `milliseconds` have passed."""
        ...


class SystemClock:
    """The machine's time, which never steps back while we run.

    It is read once and carried on by the monotonic clock: a step of the wall clock must not
    open a window early.
    """

    def __init__(self) -> None:
        self._start = time.time_ns() // 1_000_000
        self._monotonic = time.monotonic_ns()

    def now(self) -> int:
        return self._start + (time.monotonic_ns() - self._monotonic) // 1_000_000

    def sleep(self, milliseconds: int) -> None:
        if milliseconds > 0:
            time.sleep(milliseconds / 1_000)


def instant_text(instant: int) -> str:
    """`instant` as Sage writes timestamps: `2026-03-01T08:00:00Z`."""
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> int:
    """The milliseconds of an ISO 8601 date or date-time; UTC where no zone is given.

    Raises:
        ValueError: not an ISO 8601 date or date-time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND + moment.microsecond // 1_000


def day_of(instant: int) -> date:
    """The UTC calendar day of `instant`."""
    return datetime.fromtimestamp(instant // SECOND, UTC).date()
