"""How one field of what we want is compared with what Sage holds.

A tolerance has a name, a size and a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class How(Enum):
    """What counts as equal."""

    EXACT = "exact"
    CASEFOLD = "casefold"  #: letters may differ in case
    SPACING = "spacing"  #: runs of white space count as one blank
    IGNORE = "ignore"  #: Sage owns the field


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far an amount may be off, boundary inside. What it excuses is shown, counted and summed."""

    name: str
    size: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rule for one field."""

    how: How = How.EXACT
    tolerance: Tolerance | None = None


EXACT = Comparison()
