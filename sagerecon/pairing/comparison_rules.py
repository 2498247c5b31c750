"""How two values of a record are compared, and a value that was edited in Sage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal

from sagerecon.model.catalog import Field
from sagerecon.model.comparison import EXACT, Comparison, How, Tolerance
from sagerecon.model.money import difference, magnitude
from sagerecon.pairing.canonical import Leaf
from sagerecon.pairing.identity import Identities

_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class ComparisonRules:
    """How the records of one mapping are compared.

    `rules` are those of the mapping, by field path without list positions. `ours` are Sage ids of entities
    that our own records made, in addition to those that `identities` knows.
    """

    fields: Mapping[str, Field]
    rules: Mapping[str, Comparison] = field(default_factory=dict)
    identities: Identities = field(default_factory=Identities)
    ours: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Edit:
    """A value in Sage that is not the one that was written."""

    path: str
    written: str  #: as text; the value that Sage answered then, where it kept that one for a time
    held: str
    mark: str = ""  #: what `held` is told by from another value: of a link, its identity

    @property
    def field(self) -> str:
        """The field of the kind that has the value."""
        return field_of(self.path)

    def __str__(self) -> str:
        return f"{without_positions(self.path)} was written as '{self.written}' and is '{self.held}' in Sage"


def equal(left: Leaf, right: Leaf, how: How = How.EXACT) -> bool:
    """Return whether two leaves are equal; None and empty text are."""
    if left in (None, "") or right in (None, ""):
        return left in (None, "") and right in (None, "")
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left, how) == _folded(right, how)
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return left == right


def tolerated(left: Leaf, right: Leaf, tolerance: Tolerance | None) -> bool:
    """Return whether two amounts differ by no more than the size of the tolerance."""
    if tolerance is None or not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return False
    return magnitude(difference(left, right)) <= tolerance.size


def without_positions(path: str) -> str:
    """Return a path without its list positions: `invoice_lines.unit_price`."""
    return _INDEX.sub("", path)


def rule_of(path: str, by: ComparisonRules) -> Comparison:
    """Return how the value at a path is compared."""
    return by.rules.get(without_positions(path), EXACT)


def field_of(path: str) -> str:
    """Return the field of the kind that has the value at a path."""
    return without_positions(path).partition(".")[0]


def _folded(text: str, how: How) -> str:
    match how:
        case How.CASEFOLD:
            return text.casefold()
        case How.SPACING:
            return " ".join(text.split())
        case _:
            return text
