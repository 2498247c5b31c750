"""The call budget: how many calls may be made, over which rolling windows, and when the next one may go."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.clock import DAY, MINUTE
from sagerecon.model.errors import BudgetTooSmallError


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one company and the share of them that is ours.

    `reserve` calls of each rolling day are left to the company's other apps: they cannot be learned
    from our own errors, for a greedy ledger starves them without ever seeing a 429. `settle` further
    calls are kept for settling calls in doubt, so that the company never sleeps with one open.
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
        """The calls of one rolling day that a plan may lay out; a very large number where none is set."""
        return self.day_limit - self.settle

    @property
    def day_limit(self) -> int:
        """The calls of one rolling day that we may make, settling included."""
        return 2**31 if self.per_day is None else self.per_day - self.reserve

    @property
    def minute_limit(self) -> int:
        """The calls of one rolling minute."""
        return 2**31 if self.per_minute is None else self.per_minute


def earliest(now: int, minute_slot: int | None, day_slot: int | None) -> int:
    """When the next call may go, in milliseconds since 1970.

    `minute_slot` is when the call stands that is one minute-limit back, `day_slot` the one that is one
    day-limit back; None where there are fewer. A window is half open: a call exactly one window ago has
    left it. Exact integers: a float clock disagreed with brute force at window edges.
    """
    moment = now
    if minute_slot is not None:
        moment = max(moment, minute_slot + MINUTE)
    if day_slot is not None:
        moment = max(moment, day_slot + DAY)
    return moment
