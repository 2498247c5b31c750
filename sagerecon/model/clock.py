"""The clock that is passed to each part that needs the time; tests pass a virtual one.

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

#: The last instant that has a date: the end of the year 9999.
LAST_INSTANT = 253_402_300_799_999


#: Milliseconds by which a server's clock and ours may differ without a correction.
AGREES_WITHIN = 2 * SECOND


class Clock(Protocol):
    """A source of time that can also wait."""

    def now(self) -> int:
        """Return the current time in milliseconds since 1970, UTC."""
        ...

    def sleep(self, milliseconds: int) -> None:
        """Wait for `milliseconds`."""
        ...


class SystemClock:
    """The time of the machine, which never steps back while the process runs.

    The wall clock is read once, and the monotonic clock is added to it: a step of the wall clock must not
    open a window early. Time during which the machine is suspended counts.
    """

    def __init__(self) -> None:
        self._start = time.time_ns() // 1_000_000
        self._monotonic = _monotonic_ns()

    def now(self) -> int:
        return self._start + (_monotonic_ns() - self._monotonic) // 1_000_000

    def sleep(self, milliseconds: int) -> None:
        if milliseconds > 0:
            time.sleep(milliseconds / 1_000)


class ServerClock:
    """A clock that follows the times which a server states in its answers.

    The clock of this machine may be a day off, and the windows of the call budget are the server's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.correction = 0  #: milliseconds added to the time of this machine
        self.is_confirmed = False  #: whether the server has answered at all
        self.follows_server = False  #: whether it has stated its time

    def now(self) -> int:
        return self._clock.now() + self.correction

    def sleep(self, milliseconds: int) -> None:
        self._clock.sleep(milliseconds)

    @property
    def ahead(self) -> int:
        """Milliseconds by which the clock of this machine is ahead of the server's; 0 if it is not."""
        return max(0, -self.correction)

    def observe(self, stated: int | None, asked_at: int) -> None:
        """Correct the clock where it cannot agree with the time that an answer states.

        The server stated its time at some instant between the request and now, which may be minutes apart
        where this process was suspended.

        Args:
            stated: the server's time, cut to whole seconds; None where the answer states none.
            asked_at: the time on this clock when the request was sent.
        """
        self.is_confirmed = True
        if stated is None:
            return
        self.follows_server = True
        least_ahead, most_ahead = asked_at - (stated + SECOND), self.now() - stated
        if least_ahead > AGREES_WITHIN or most_ahead < -AGREES_WITHIN:
            self.correction -= (least_ahead + most_ahead) // 2


def correction(clock: Clock) -> int:
    """Return the milliseconds that a clock adds to the time of this machine, as far as a server stated it."""
    return clock.correction if isinstance(clock, ServerClock) else 0


def on_this_machine(instant: int, clock: Clock) -> int:
    """Return what the clock of this machine shows at an instant of `clock`, where it is ahead of a server's.

    The next process starts by the clock of this machine, and so do people and scripts that wait.
    """
    return instant + clock.ahead if isinstance(clock, ServerClock) else instant


def cautious_now(clock: Clock, ahead: int) -> int:
    """Return the time by `clock`, less what it was ahead where no server has corrected it yet.

    An error learnt earlier is only ever taken off: a clock that was put right since makes a wait longer, and
    never opens a window of the call budget early.

    Args:
        ahead: milliseconds by which it was ahead of the server's when that was last known; negative where
            it was behind, which is not added.
    """
    is_corrected = isinstance(clock, ServerClock) and clock.is_confirmed
    return clock.now() if is_corrected else clock.now() - max(0, ahead)


def _monotonic_ns() -> int:
    """Return nanoseconds of a clock that never steps, and counts suspended time where the system has one."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; its CLOCK_MONOTONIC does not count it
    return time.monotonic_ns() if boot_time is None else time.clock_gettime_ns(boot_time)


def instant_text(instant: int) -> str:
    """Return `instant` as Sage writes timestamps: `2026-03-01T08:00:00Z`."""
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> int:
    """Return the milliseconds since 1970 of an ISO 8601 date or date-time; UTC if it has no zone.

    Raises:
        ValueError: The text is not an ISO 8601 date or date-time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND + moment.microsecond // 1_000


def whole_second(instant: int) -> int:
    """Return `instant` without its fraction of a second, as `instant_text` writes it."""
    return instant // SECOND * SECOND


def day_of(instant: int) -> date:
    """Return the UTC calendar day of `instant`."""
    return datetime.fromtimestamp(instant // SECOND, UTC).date()


def first_day(month: object) -> date | None:
    """Return the first day of a month that is written as `2017-03`; None for anything else."""
    if not isinstance(month, str) or len(month) != len("2017-03"):
        return None
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
