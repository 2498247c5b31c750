"""The records of a table in the order they were made, laid out so that a list of 200 out of 100,000 looks
at little more than the 200.

Walking through the records themselves is slow, for they lie all over the memory. So their times of change
stand side by side in one array, and the texts that `search` looks through in blocks of one long string.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice
from typing import Protocol, TypeVar, overload


class Placed(Protocol):
    """What an order keeps of a record."""

    place: int
    updated_at: int
    searched: str


_Placed = TypeVar("_Placed", bound=Placed)

#: Records in a block of search text: small enough to be made again when one of them changes.
_BLOCK = 512
_END = "\0"


class Picked(Sequence[_Placed]):
    """Some of the records, by their places; a page takes out only its own."""

    def __init__(self, rows: Sequence[_Placed], places: Sequence[int]) -> None:
        self._rows = rows
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> _Placed: ...

    @overload
    def __getitem__(self, index: slice) -> list[_Placed]: ...

    def __getitem__(self, index: int | slice) -> _Placed | list[_Placed]:
        if isinstance(index, slice):
            return [self._rows[place] for place in self._places[index]]
        return self._rows[self._places[index]]

    def __iter__(self) -> Iterator[_Placed]:
        rows = self._rows
        return (rows[place] for place in self._places)


class Order(Sequence[_Placed]):
    """The records as they were made."""

    def __init__(self, rows: Iterable[_Placed]) -> None:
        self.rows = list(rows)
        self._stamps = array("q", (row.updated_at for row in self.rows))
        blocks = len(self.rows) // _BLOCK + 1
        self._blocks: list[str | None] = [None] * blocks
        self._bounds: list[tuple[int, int] | None] = [None] * blocks  #: first and last change in a block
        self._hits: list[tuple[str, list[int]] | None] = [None] * blocks  #: what was last searched for
        for place, row in enumerate(self.rows):
            row.place = place

    def add(self, row: _Placed) -> None:
        """Put a new record at the end."""
        row.place = len(self.rows)
        self.rows.append(row)
        self._stamps.append(row.updated_at)
        number, rest = divmod(row.place, _BLOCK)
        if number == len(self._blocks) - 1 and rest == _BLOCK - 1:
            for each in (self._blocks, self._bounds, self._hits):
                each.append(None)
        elif number and not rest:
            self._settle(number - 1)
        self._forget(number)

    def touch(self, row: _Placed) -> bool:
        """Take note of a change; whether the record is where it says it is. One that stands in two tables
        has its place in the order that was made last."""
        if row.place >= len(self.rows) or self.rows[row.place] is not row:
            return False
        self._stamps[row.place] = row.updated_at
        self._forget(row.place // _BLOCK)
        return True

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> _Placed: ...

    @overload
    def __getitem__(self, index: slice) -> list[_Placed]: ...

    def __getitem__(self, index: int | slice) -> _Placed | list[_Placed]:
        return self.rows[index]

    def __iter__(self) -> Iterator[_Placed]:
        return iter(self.rows)

    def changed_since(self, instant: int) -> Picked[_Placed]:
        """The records made or changed at or after `instant`."""
        places: list[int] = []
        for number, known in enumerate(self._bounds):
            start = number * _BLOCK
            stamps = self._stamps[start : start + _BLOCK]
            if not stamps:
                break
            first, last = known or (min(stamps), max(stamps))
            self._bounds[number] = first, last
            if first >= instant:
                places.extend(range(start, start + len(stamps)))
            elif last >= instant:
                places.extend([place for place, stamp in enumerate(stamps, start) if stamp >= instant])
        return Picked(self.rows, places)

    def containing(self, wanted: str, text_of: Callable[[_Placed], str]) -> Picked[_Placed]:
        """The records whose text has `wanted` in it; `text_of` makes the text where there is none."""
        places: list[int] = []
        for number, known in enumerate(self._blocks):
            text = self._text(number, text_of) if known is None else known
            if wanted not in text:
                continue
            hits = self._hits[number]
            if hits is None or hits[0] != wanted:  # else it is the next page of the same search
                found = [wanted in part for part in text.split(_END)]
                start = number * _BLOCK
                hits = self._hits[number] = wanted, list(compress(range(start, start + len(found)), found))
            places.extend(hits[1])
        return Picked(self.rows, places)

    def _forget(self, number: int) -> None:
        self._blocks[number] = self._bounds[number] = self._hits[number] = None

    def _settle(self, number: int) -> None:
        """Put the texts of a full block together while they are at hand: no search has to do it for all."""
        rows = self.rows[number * _BLOCK : (number + 1) * _BLOCK]
        if all(row.searched for row in rows):
            self._blocks[number] = _END.join([row.searched for row in rows])

    def _text(self, number: int, text_of: Callable[[_Placed], str]) -> str:
        rows = list(islice(self.rows, number * _BLOCK, (number + 1) * _BLOCK))
        for row in rows:
            if not row.searched:
                row.searched = text_of(row)
        text = self._blocks[number] = _END.join([row.searched for row in rows])
        return text
