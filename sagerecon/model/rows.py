"""A long list of a document, made or read row by row, so that it is never held whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: One row: names and JSON values.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a document. Their number is known before they are read."""

    count: int
    read: Callable[[], Iterable[Row]]  #: yields them anew for each reader

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.count

    def __iter__(self) -> Iterator[Row]:
        """Yield each row."""
        return iter(self.read())
