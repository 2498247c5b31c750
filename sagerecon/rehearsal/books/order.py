"""The records of a table in creation order, stored for fast paging, change filters and search.

A list of 200 out of 100,000 records should cost little more than reading 200. Iterating over the record
objects is slow because they are scattered in memory, so their change times are kept in one array and their
searchable texts in blocks of one long string.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice
from typing import Protocol, TypeVar, overload


class Positioned(Protocol):
    """The attributes of a record that an order uses."""

    position: int
    updated_at: int
    search_text: str


_Positioned = TypeVar("_Positioned", bound=Positioned)

#: Records in a block of search text: small enough to rebuild when one of them changes.
_BLOCK = 512
_END = "\0"


class Selection(Sequence[_Positioned]):
    """Some of the records, by position; slicing builds only the records of the slice."""

    def __init__(self, rows: Sequence[_Positioned], positions: Sequence[int]) -> None:
        self._rows = rows
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, index: int) -> _Positioned: ...

    @overload
    def __getitem__(self, index: slice) -> list[_Positioned]: ...

    def __getitem__(self, index: int | slice) -> _Positioned | list[_Positioned]:
        if isinstance(index, slice):
            return [self._rows[position] for position in self._positions[index]]
        return self._rows[self._positions[index]]

    def __iter__(self) -> Iterator[_Positioned]:
        rows = self._rows
        return (rows[position] for position in self._positions)


class Order(Sequence[_Positioned]):
    """The records in creation order."""

    def __init__(self, rows: Iterable[_Positioned]) -> None:
        self.rows = list(rows)
        self._stamps = array("q", (row.updated_at for row in self.rows))
        blocks = len(self.rows) // _BLOCK + 1
        self._blocks: list[str | None] = [None] * blocks
        #: First and last change time in each block.
        self._bounds: list[tuple[int, int] | None] = [None] * blocks
        #: Last search in each block, with its hits.
        self._hits: list[tuple[str, list[int]] | None] = [None] * blocks
        for position, row in enumerate(self.rows):
            row.position = position

    def add(self, row: _Positioned) -> None:
        """Append a new record."""
        row.position = len(self.rows)
        self.rows.append(row)
        self._stamps.append(row.updated_at)
        number, rest = divmod(row.position, _BLOCK)
        if number == len(self._blocks) - 1 and rest == _BLOCK - 1:
            for each in (self._blocks, self._bounds, self._hits):
                each.append(None)
        elif number and not rest:
            self._build_text(number - 1)
        self._invalidate(number)

    def touch(self, row: _Positioned) -> bool:
        """Update the index after a change; return False if the record's position is not valid here.

        A record that is in two tables has its position in the order that was built last.
        """
        if row.position >= len(self.rows) or self.rows[row.position] is not row:
            return False
        self._stamps[row.position] = row.updated_at
        self._invalidate(row.position // _BLOCK)
        return True

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> _Positioned: ...

    @overload
    def __getitem__(self, index: slice) -> list[_Positioned]: ...

    def __getitem__(self, index: int | slice) -> _Positioned | list[_Positioned]:
        return self.rows[index]

    def __iter__(self) -> Iterator[_Positioned]:
        return iter(self.rows)

    def changed_since(self, instant: int) -> Selection[_Positioned]:
        """Return the records created or changed at or after `instant`."""
        positions: list[int] = []
        for number, known in enumerate(self._bounds):
            start = number * _BLOCK
            stamps = self._stamps[start : start + _BLOCK]
            if not stamps:
                break
            first, last = known or (min(stamps), max(stamps))
            self._bounds[number] = first, last
            if first >= instant:
                positions.extend(range(start, start + len(stamps)))
            elif last >= instant:
                positions.extend(
                    [position for position, stamp in enumerate(stamps, start) if stamp >= instant]
                )
        return Selection(self.rows, positions)

    def containing(self, wanted: str, text_of: Callable[[_Positioned], str]) -> Selection[_Positioned]:
        """Return the records whose text contains `wanted`; `text_of` builds missing texts."""
        positions: list[int] = []
        for number, known in enumerate(self._blocks):
            text = self._text(number, text_of) if known is None else known
            if wanted not in text:
                continue
            hits = self._hits[number]
            if hits is None or hits[0] != wanted:  # otherwise this is the next page of the same search
                found = [wanted in part for part in text.split(_END)]
                start = number * _BLOCK
                hits = self._hits[number] = wanted, list(compress(range(start, start + len(found)), found))
            positions.extend(hits[1])
        return Selection(self.rows, positions)

    def _invalidate(self, number: int) -> None:
        self._blocks[number] = self._bounds[number] = self._hits[number] = None

    def _build_text(self, number: int) -> None:
        """Join the texts of a full block if all are known, so that no search has to build it."""
        rows = self.rows[number * _BLOCK : (number + 1) * _BLOCK]
        if all(row.search_text for row in rows):
            self._blocks[number] = _END.join([row.search_text for row in rows])

    def _text(self, number: int, text_of: Callable[[_Positioned], str]) -> str:
        rows = list(islice(self.rows, number * _BLOCK, (number + 1) * _BLOCK))
        for row in rows:
            if not row.search_text:
                row.search_text = text_of(row)
        text = self._blocks[number] = _END.join([row.search_text for row in rows])
        return text
