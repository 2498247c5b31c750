"""What the store is known to know: when it had to be trusted without a witness, and what was compared since.

A store without a witness, or one that is behind it, may lack what was written to Sage: that is a gap. A kind
is known again once what Sage holds of it was read and compared with the store. What no record owned then may
be a record that the source had lost, or that was quarantined, at that time: it is compared with later drafts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from sagerecon.planning.plan import Purpose
from sagerecon.store.database import Transaction, Values, prepared, upsert
from sagerecon.store.tables import COMPARED_KINDS, MEMORY_GAPS, RUNS
from sagerecon.store.write_buffer import WriteBuffer

_GAPS = prepared(
    "memory_gaps",
    select(MEMORY_GAPS).where(MEMORY_GAPS.c.business == bindparam("business")).order_by(MEMORY_GAPS.c.number),
)
_FIRST_LOAD = prepared(
    "first_load",
    select(RUNS.c.started_at)
    .where(RUNS.c.business == bindparam("business"), RUNS.c.purpose == Purpose.LOAD.value)
    .order_by(RUNS.c.sequence)
    .limit(1),
)
_COMPARED = prepared(
    "compared_kinds", select(COMPARED_KINDS).where(COMPARED_KINDS.c.business == bindparam("business"))
)
KEEP_GAP = upsert("keep_memory_gap", MEMORY_GAPS)
KEEP_COMPARED = upsert("keep_compared_kind", COMPARED_KINDS)
FORGET_COMPARED = prepared(
    "forget_compared_kind",
    delete(COMPARED_KINDS).where(
        COMPARED_KINDS.c.business == bindparam("business"), COMPARED_KINDS.c.kind == bindparam("kind")
    ),
)

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (KEEP_GAP, KEEP_COMPARED, FORGET_COMPARED)


@dataclass(frozen=True, slots=True)
class _Gap:
    """One start at which the store was trusted without a witness."""

    number: int
    known_until: int
    is_lost: bool  #: the store was known to be incomplete, and Sage was read instead
    began_at: int  #: where it is lost, when the move began by its witnesses; 0 where none said so


def began_at(reader: Transaction, business: str) -> int | None:
    """Return when the first run of the move began, in milliseconds since 1970; None before any run.

    It is 0 where a store that knew it was lost, and no witness says it. The first run is that of the lowest
    number, because a later one may have begun by a clock that was behind.
    """
    row = reader.one(_FIRST_LOAD, {"business": business})
    if row is None:
        return None
    lost = [gap.began_at for gap in _gaps(reader, business) if gap.is_lost]
    return min([int(row.started_at), *lost])


class MemoryLog:
    """The gaps in what the store of one company knows, and the kinds that were compared with Sage since."""

    def __init__(self, business: str, buffer: WriteBuffer) -> None:
        self._business = business
        self._buffer = buffer

    def add_gap(self, known_until: int) -> None:
        """Record durably that every kind has to be compared with Sage before it is created.

        Args:
            known_until: what was written up to this instant, the store knows; 0 where it may know nothing.
        """
        self._add_gap({"known_until": known_until, "lost": 0, "began_at": 0})

    def add_loss(self, began_at: int) -> None:
        """Record durably that the store is not complete, and that Sage is read instead.

        Args:
            began_at: when the move began by its witnesses; 0 where none states it.
        """
        self._add_gap({"known_until": 0, "lost": 1, "began_at": began_at})

    def began_at(self) -> int | None:
        """Return when the move began, as the function of this name."""
        self._buffer.flush()
        return began_at(self._buffer.reader, self._business)

    def is_from_start(self) -> bool:
        """Return whether the first run that the store knows is the first of the move."""
        return not any(gap.is_lost for gap in self._gaps())

    def _add_gap(self, gap: Values) -> None:
        number = max((gap.number for gap in self._gaps()), default=0) + 1
        self._buffer.add(KEEP_GAP, {"business": self._business, "number": number, **gap})
        self._buffer.flush()

    def add_compared(self, kinds: Iterable[str], run: str, *, is_whole: bool) -> None:
        """Record durably that a run read what may be missing of each kind, and that it is compared.

        Args:
            is_whole: it read each kind whole, so that earlier readings do not count any more.
        """
        gap = max((gap.number for gap in self._gaps()), default=0)
        for kind in kinds:
            where: Values = {"business": self._business, "kind": kind}
            if is_whole:
                self._buffer.add(FORGET_COMPARED, where)
            self._buffer.add(KEEP_COMPARED, {**where, "run": run, "gap": gap})
        self._buffer.flush()

    def not_compared(self, kinds: Iterable[str]) -> dict[str, int]:
        """Return the kinds that a gap concerns, each with the instant up to which the store knows it."""
        gaps, compared = self._gaps(), dict[str, int]()
        for row in self._rows():
            compared[row.kind] = max(row.gap, compared.get(row.kind, 0))
        since = {kind: [gap for gap in gaps if gap.number > compared.get(kind, 0)] for kind in kinds}
        return {kind: min(gap.known_until for gap in found) for kind, found in since.items() if found}

    def readings(self, kinds: Collection[str]) -> Mapping[str, list[str]]:
        """Return by kind the runs whose readings it was compared by, if there are any."""
        found: dict[str, list[str]] = {}
        for row in sorted(self._rows(), key=lambda row: row.gap):
            if row.kind in kinds:
                found.setdefault(row.kind, []).append(row.run)
        return found

    def _gaps(self) -> list[_Gap]:
        self._buffer.flush()
        return _gaps(self._buffer.reader, self._business)

    def _rows(self) -> list[Row[Any]]:
        self._buffer.flush()
        return self._buffer.reader.rows(_COMPARED, {"business": self._business})


def _gaps(reader: Transaction, business: str) -> list[_Gap]:
    rows = reader.rows(_GAPS, {"business": business})
    return [_Gap(row.number, row.known_until, bool(row.lost), row.began_at) for row in rows]
