"""Books requests to Sage, and waits where the call budget or Sage demands it."""

from __future__ import annotations

from collections.abc import Callable

from sagerecon.model.clock import MINUTE, SECOND, Clock, on_this_machine
from sagerecon.model.count import counted
from sagerecon.model.errors import PausedError
from sagerecon.planning import calendar
from sagerecon.planning.budget import Budget
from sagerecon.runner.ports import Bookings

#: Milliseconds a command sleeps at most; for a longer wait it pauses, and the same command resumes it later.
PATIENCE = calendar.PATIENCE

_BUDGET_IS_SPENT = "The call budget of this window is used up."
_ONLY_WITNESSED = "It includes {} that the store did not record: a newer copy of it or another store did."
_SAGE_REFUSES = "Sage accepts no more calls for now (429 or Retry-After)."


class Stopped(Exception):
    """The run ends here because a stop was requested."""


class CompanyDoor:
    """The door to one company in Sage; satisfies `model.door.Door`, which documents its methods."""

    def __init__(
        self,
        log: Bookings,
        clock: Clock,
        budget: Budget,
        *,
        patience_ms: int = PATIENCE,
        should_stop: Callable[[], bool] = lambda: False,
        on_wait: Callable[[int, str], None] = lambda _until, _why: None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._budget = budget
        self._patience = patience_ms
        self._should_stop = should_stop
        self._on_wait = on_wait

    def book(self, *, sent_within: int = 0) -> None:
        """Book the next request; it may use the calls that the budget keeps for settling.

        Args:
            sent_within: the milliseconds that may pass before it is sent.
        """
        while moment := self._log.book(self._budget, settling=True, sent_within=sent_within, is_call=False):
            self.wait_for_room(moment)

    def book_without_waiting(self) -> bool:
        return not self._log.book(self._budget, settling=True, is_call=False)

    def confirm(self) -> None:
        self._log.keep_locked(self._clock.now())

    def answered(self, *, has_answer: bool = True) -> None:
        self._log.received(0, is_call=False, has_answer=has_answer)

    def refund(self) -> None:
        self._log.refund()

    def wait_for_room(self, moment: int) -> None:
        """Sleep until a call may be booked, at `moment`; errors as `wait_until`."""
        is_asked = moment == self._log.closed_until()
        self.wait_until(moment, _SAGE_REFUSES if is_asked else f"{_BUDGET_IS_SPENT}{self._unknown_calls()}")

    def _unknown_calls(self) -> str:
        """Return the sentence about calls that only the witness of the store recorded, or nothing."""
        if not (calls := self._log.unknown_calls):
            return ""
        return f" {_ONLY_WITNESSED.format(counted(calls, 'call'))}"

    def refused(self, retry_after_ms: int | None) -> PausedError:
        """Make durable that Sage refused a booked call with 429, and return the pause that this asks for."""
        wait = MINUTE if retry_after_ms is None else retry_after_ms
        until = self._clock.now() + wait
        self._log.rate_limited(until, self._log.refusals() + 1)
        return PausedError(_SAGE_REFUSES, on_this_machine(self._log.closed_until(), self._clock))

    def wait_until(self, until: int, why: str) -> None:
        """Sleep until then.

        Raises:
            PausedError: that is longer than the command may sleep.
            Stopped: a stop was requested.
        """
        self._log.flush()
        if until - self._clock.now() > self._patience:
            raise PausedError(why, on_this_machine(until, self._clock))
        self._log.keep_locked(until)
        self._on_wait(on_this_machine(until, self._clock), why)
        while (left := until - self._clock.now()) > 0:
            self.check_stop()
            self._clock.sleep(min(left, SECOND))  # in slices, so that a stop is noticed

    def check_stop(self) -> None:
        """Raise `Stopped` where a stop was requested."""
        if self._should_stop():
            raise Stopped
