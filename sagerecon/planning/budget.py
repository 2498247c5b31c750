"""The call budget: how many calls may be made in which rolling windows, and when the next one may be made."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.clock import DAY, MINUTE
from sagerecon.model.errors import BudgetTooSmallError


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one company and the share of them that a run may use.

    `reserve` calls of each rolling day are left to the company's other apps. Their need cannot be learned
    from answers: a run that takes every call starves them without ever getting a 429. `settle` further calls
    are kept for settling calls in doubt, so that none stays open overnight.
    """

    per_minute: int | None
    per_day: int | None
    reserve: int = 250
    settle: int = 10

    def __post_init__(self) -> None:
        if self.per_day is not None and self.allowance < 1:
            raise BudgetTooSmallError(self.per_day, self.reserve)

    @property
    def allowance(self) -> int:
        """Calls of one rolling day that a plan may use; a very large number where no limit is set."""
        return self.day_limit - self.settle

    @property
    def day_limit(self) -> int:
        """Calls of one rolling day that a run may make, settling included."""
        return 2**31 if self.per_day is None else self.per_day - self.reserve

    @property
    def minute_limit(self) -> int:
        """Calls of one rolling minute that a run may make."""
        return 2**31 if self.per_minute is None else self.per_minute


def earliest(now: int, minute_slot: int | None, day_slot: int | None) -> int:
    """Return when the next call may be made, in milliseconds since 1970.

    A window is half open: a call exactly one window ago is outside it. Instants are integers, because a
    float clock disagreed with brute force at the edges of windows.

    Args:
        minute_slot: the instant of the call that is one minute-limit back, None where there are fewer.
        day_slot: the same for the day-limit.
    """
    moment = now
    if minute_slot is not None:
        moment = max(moment, minute_slot + MINUTE)
    if day_slot is not None:
        moment = max(moment, day_slot + DAY)
    return moment
