"""Two tables compared record by record: differences, totals, and what would make more records match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from sagerecon.model.money import difference
from sagerecon.model.value import Scalar

#: The values of the key columns of a record, in their order.
SideKey: TypeAlias = tuple[Scalar, ...]


class How(Enum):
    """How the records with one key compare."""

    MISSING = "missing"  #: on the left side only
    EXTRA = "extra"  #: on the right side only
    DIFFERING = "differing"  #: on both sides, with other values
    DUPLICATE = "duplicate"  #: several rows on a side, which do not pair off


@dataclass(frozen=True, slots=True)
class SideRow:
    """One row of a side: the values of the compared columns, in their order, and its address."""

    values: tuple[Scalar, ...]
    origin: str  #: such as `customers.csv:17`; several are separated by commas


@dataclass(frozen=True, slots=True)
class RecordDifference:
    """The rows of one key that do not compare as equal."""

    how: How
    key: SideKey
    left: tuple[SideRow, ...]
    right: tuple[SideRow, ...]
    columns: tuple[int, ...] = ()  #: the numbers of the columns that differ

    @property
    def is_keyless(self) -> bool:
        """Whether its rows have no key, so that they are compared with none."""
        return all(value is None for value in self.key)


@dataclass(frozen=True, slots=True)
class ColumnTotal:
    """The sums of a column with numbers on both sides."""

    column: str
    left: Decimal
    right: Decimal

    @property
    def difference(self) -> Decimal:
        """The right sum less the left one."""
        return difference(self.right, self.left)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What would make records match, or values equal: `count` of `of` would."""

    rule: str  #: without leading zeros
    count: int
    of: int
    column: str = ""  #: empty for the key


@dataclass(frozen=True, slots=True)
class ComparisonFacts:
    """The counts and totals of a comparison. The keys of `counts` are those that occur."""

    left_rows: int
    right_rows: int
    equal: int  #: rows of the left side that have an equal one
    counts: dict[How, int]  #: keys
    duplicated: int  #: keys of several rows that pair off with equal ones
    without_key: tuple[int, int]  #: rows of each side whose key is blank
    totals: tuple[ColumnTotal, ...]
    suggestions: tuple[Suggestion, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both sides hold the same records."""
        return not any(self.counts.values()) and not any(self.without_key)


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared with what."""

    left: str
    right: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    left_only: tuple[str, ...]  #: columns that one side lacks, and so are not compared
    right_only: tuple[str, ...]
    ignored: tuple[str, ...]

    def row(self, found: RecordDifference) -> Sequence[str]:
        """Return the names of the columns in which the rows of a key differ."""
        return [self.columns[number] for number in found.columns]
