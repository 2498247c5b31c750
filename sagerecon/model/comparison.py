"""How one field of a draft is compared with the entity in Sage."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class How(Enum):
    """What counts as equal."""

    EXACT = "exact"
    CASEFOLD = "casefold"  #: upper and lower case are equal
    SPACING = "spacing"  #: runs of white space are equal to one space
    IGNORE = "ignore"  #: the field is not compared


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest difference accepted, `size` included. Accepted differences are still counted and summed."""

    name: str
    size: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rule for one field."""

    how: How = How.EXACT
    tolerance: Tolerance | None = None


EXACT = Comparison()
