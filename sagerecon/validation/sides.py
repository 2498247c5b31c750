"""Match the rows of two sides by their keys. Controls and comparisons of tables both do it here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar


class _Sortable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


KeyT = TypeVar("KeyT", bound=_Sortable)
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Matched(Generic[KeyT, RowT]):
    """All rows of both sides that have one key; one of the sides may have none."""

    key: KeyT
    left: tuple[RowT, ...]
    right: tuple[RowT, ...]


def matched(
    left: Iterable[tuple[KeyT, RowT]], right: Iterable[tuple[KeyT, RowT]]
) -> Iterator[Matched[KeyT, RowT]]:
    """Yield the rows of two sides key by key, in the order of the keys.

    Only the rows of one key are held at a time, so that a side may be larger than the memory.

    Args:
        left: rows with their keys, in ascending order of the keys.
        right: the same of the other side.

    Raises:
        ValueError: the rows of a side are not in the order of their keys.
    """
    lefts, rights = _by_key(left), _by_key(right)
    here, there = next(lefts, None), next(rights, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here[0] < there[0]):
            assert here is not None  # noqa: S101 - the loop ends where both are None
            yield Matched(here[0], here[1], ())
            here = next(lefts, None)
        elif here is None or there[0] < here[0]:
            yield Matched(there[0], (), there[1])
            there = next(rights, None)
        else:
            yield Matched(here[0], here[1], there[1])
            here, there = next(lefts, None), next(rights, None)


def _by_key(rows: Iterable[tuple[KeyT, RowT]]) -> Iterator[tuple[KeyT, tuple[RowT, ...]]]:
    before: KeyT | None = None
    for key, group in groupby(rows, itemgetter(0)):
        if before is not None and not before < key:
            raise ValueError(f"the key {key!r} comes after {before!r}")
        before = key
        yield key, tuple(row for _, row in group)
