"""The records that Sage may hold already: a decision is needed before one of them is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Row, bindparam, delete, select

from sagerecon.model.entity import Entity
from sagerecon.model.typed import require_types
from sagerecon.model.value import canonical, read_json
from sagerecon.pairing.suspect import Suspect
from sagerecon.store.database import Transaction, Values, prepared, upsert
from sagerecon.store.stored import reads_rows
from sagerecon.store.tables import SUSPECTS
from sagerecon.store.write_buffer import WriteBuffer

_ALL = prepared("all_suspects", select(SUSPECTS).where(SUSPECTS.c.business == bindparam("business")))
_OF_RECORD = prepared(
    "suspect_of_record",
    select(SUSPECTS).where(
        SUSPECTS.c.business == bindparam("business"),
        SUSPECTS.c.kind == bindparam("kind"),
        SUSPECTS.c.key == bindparam("key"),
    ),
)
KEEP = upsert("keep_suspect", SUSPECTS)
FORGET = prepared(
    "forget_suspect",
    delete(SUSPECTS).where(
        SUSPECTS.c.business == bindparam("business"),
        SUSPECTS.c.kind == bindparam("kind"),
        SUSPECTS.c.key == bindparam("key"),
    ),
)

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (KEEP, FORGET)


class Suspects:
    """The suspects of one company, as comparisons with Sage found them."""

    def __init__(self, business: str, buffer: WriteBuffer) -> None:
        self._business = business
        self._buffer = buffer

    def read(self, reader: Transaction) -> Mapping[tuple[str, str], Suspect]:
        """Return the suspects by kind and draft key."""
        rows = reader.rows(_ALL, {"business": self._business})
        return {(row.kind, row.key): _suspect(row) for row in rows}

    def of(self, reader: Transaction, kind: str, key: str) -> Suspect | None:
        """Return the suspect of one record; None where it has none."""
        row = reader.one(_OF_RECORD, {"business": self._business, "kind": kind, "key": key})
        return None if row is None else _suspect(row)

    def keep(self, suspects: Sequence[Suspect]) -> None:
        """Keep them with the next commit, each in place of an earlier one of the same record."""
        for suspect in suspects:
            values: Values = {
                "sage_ids": canonical(list(suspect.sage_ids)),
                "reason": suspect.reason,
                "entities": canonical([entity.body for entity in suspect.entities]),
                "content": suspect.content,
                "seen_at": suspect.seen_at,
                "by_key": int(suspect.by_key),
            }
            where: Values = {"business": self._business, "kind": suspect.kind, "key": suspect.key}
            self._buffer.add(KEEP, {**where, **values})

    def forget(self, kind: str, key: str) -> None:
        """Forget the suspect of one record with the next commit."""
        self._buffer.add(FORGET, {"business": self._business, "kind": kind, "key": key})


@reads_rows
def _suspect(row: Row[tuple[str]]) -> Suspect:
    """Read one row; a store of an earlier version kept no more than the ids of the entities."""
    ids = read_json(row.sage_ids)
    bodies = read_json(row.entities or "[]") or [{} for _ in ids]
    suspect = Suspect(
        kind=row.kind,
        key=row.key,
        entities=tuple(Entity(row.kind, *found) for found in zip(ids, bodies, strict=True)),
        reason=row.reason,
        content=row.content,
        seen_at=row.seen_at,
        by_key=bool(row.by_key),
    )
    return require_types(suspect)
