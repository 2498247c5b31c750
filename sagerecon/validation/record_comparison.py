"""Compare two tables record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.money import total
from sagerecon.model.two_sides import (
    ColumnTotal,
    ComparisonFacts,
    How,
    RecordDifference,
    SideKey,
    SideRow,
)
from sagerecon.model.value import Scalar
from sagerecon.validation.alike import MOST_KEYS, FieldSuggestions, key_suggestions
from sagerecon.validation.sides import Matched, matched

#: A key that sorts: each value after whether it is there.
SortKey: TypeAlias = tuple[tuple[bool, Scalar], ...]


def sort_key(key: SideKey) -> SortKey:
    """Return a key that sorts, also beside one with a blank value."""
    return tuple((value is not None, value) for value in key)


class RecordComparison:
    """Compares the rows of two sides, and counts and sums what it has seen."""

    def __init__(self, columns: Sequence[str], numeric: Sequence[bool]) -> None:
        """Begin a comparison.

        Args:
            columns: the names of the compared columns.
            numeric: whether both sides have numbers in the column.
        """
        self._columns = columns
        self._numeric = [number for number, is_numeric in enumerate(numeric) if is_numeric]
        self._counts: Counter[How] = Counter()
        self._rows = [0, 0]
        self._without_key = [0, 0]
        self._sums = [[Decimal()] * len(columns), [Decimal()] * len(columns)]
        self._equal = self._duplicated = 0
        self._unmatched: tuple[list[SideKey], list[SideKey]] = ([], [])
        self._fields = FieldSuggestions(columns)

    def differences(
        self, left: Iterable[tuple[SideKey, SideRow]], right: Iterable[tuple[SideKey, SideRow]]
    ) -> Iterator[RecordDifference]:
        """Yield the keys whose rows differ, in the order of the keys.

        A row whose key is blank is compared with none; it is counted, and is missing or extra.

        Args:
            left: the rows in the order of `sort_key`.
            right: the same of the other side.
        """
        for group in matched(self._counted(left, 0), self._counted(right, 1)):
            key = tuple(value for _, value in group.key)
            if all(value is None for value in key):
                yield from self._keyless(key, group)
            elif (found := self._compared(key, group)) is not None:
                self._counts[found.how] += 1
                yield found

    def facts(self) -> ComparisonFacts:
        """Return the counts and totals of what was compared so far."""
        return ComparisonFacts(
            left_rows=self._rows[0],
            right_rows=self._rows[1],
            equal=self._equal,
            counts={how: self._counts[how] for how in How if self._counts[how]},
            duplicated=self._duplicated,
            without_key=(self._without_key[0], self._without_key[1]),
            totals=tuple(
                ColumnTotal(self._columns[number], self._sums[0][number], self._sums[1][number])
                for number in self._numeric
            ),
            suggestions=(*key_suggestions(*self._unmatched), *self._fields.all()),
        )

    def _counted(
        self, rows: Iterable[tuple[SideKey, SideRow]], side: int
    ) -> Iterator[tuple[SortKey, SideRow]]:
        """Yield each row with the key that sorts, and add it to the totals of its side."""
        sums = self._sums[side]
        for key, row in rows:
            self._rows[side] += 1
            for number in self._numeric:
                value = row.values[number]
                if isinstance(value, Decimal | int):
                    sums[number] = total((sums[number], Decimal(value)))
            yield sort_key(key), row

    def _keyless(self, key: SideKey, group: Matched[SortKey, SideRow]) -> Iterator[RecordDifference]:
        for side, rows in enumerate((group.left, group.right)):
            self._without_key[side] += len(rows)
        if group.left:
            yield RecordDifference(How.MISSING, key, group.left, ())
        if group.right:
            yield RecordDifference(How.EXTRA, key, (), group.right)

    def _compared(self, key: SideKey, group: Matched[SortKey, SideRow]) -> RecordDifference | None:
        """Return how the rows of a key differ; None where they are equal."""
        left, right = group.left, group.right
        if not right:
            self._unmatched_key(0, key)
            return RecordDifference(How.MISSING, key, left, right)
        if not left:
            self._unmatched_key(1, key)
            return RecordDifference(How.EXTRA, key, left, right)
        if len(left) > 1 or len(right) > 1:
            return self._several(key, left, right)
        one, other = left[0].values, right[0].values
        if one == other:
            self._equal += 1
            return None
        differing = tuple(number for number in range(len(one)) if one[number] != other[number])
        for number in differing:
            self._fields.add(number, one[number], other[number])
        return RecordDifference(how=How.DIFFERING, key=key, left=left, right=right, columns=differing)

    def _several(
        self, key: SideKey, left: tuple[SideRow, ...], right: tuple[SideRow, ...]
    ) -> RecordDifference | None:
        """Return the rows of a key that do not pair off with equal ones; None where all do."""
        lefts, rights = Counter(row.values for row in left), Counter(row.values for row in right)
        paired = lefts & rights
        self._equal += paired.total()
        if lefts == rights:
            self._duplicated += 1
            return None
        return RecordDifference(How.DUPLICATE, key, _left_over(left, paired), _left_over(right, paired))

    def _unmatched_key(self, side: int, key: SideKey) -> None:
        if len(self._unmatched[side]) < MOST_KEYS:
            self._unmatched[side].append(key)


def _left_over(rows: Sequence[SideRow], paired: Mapping[tuple[Scalar, ...], int]) -> tuple[SideRow, ...]:
    """Return the rows without as many of each value as are paired with the other side's."""
    left = Counter(paired)
    kept = []
    for row in rows:
        if left[row.values]:
            left[row.values] -= 1
        else:
            kept.append(row)
    return tuple(kept)
