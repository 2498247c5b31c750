"""The records that Sage may hold already: a decision is needed before one of them is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, select

from sagerecon.model.value import canonical, read_json
from sagerecon.pairing.recovery import Suspect
from sagerecon.store.database import Transaction, prepared, upsert
from sagerecon.store.tables import SUSPECTS
from sagerecon.store.write_buffer import WriteBuffer

_ALL = prepared("all_suspects", select(SUSPECTS).where(SUSPECTS.c.business == bindparam("business")))
CLEAR = prepared("clear_suspects", delete(SUSPECTS).where(SUSPECTS.c.business == bindparam("business")))
KEEP = upsert("keep_suspect", SUSPECTS)

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (CLEAR, KEEP)


class Suspects:
    """The suspects of one company, as the latest comparison of the store with Sage found them."""

    def __init__(self, business: str, buffer: WriteBuffer) -> None:
        self._business = business
        self._buffer = buffer

    def read(self, reader: Transaction) -> Mapping[tuple[str, str], Suspect]:
        """Return the suspects by kind and draft key."""
        rows = reader.rows(_ALL, {"business": self._business})
        return {
            (row.kind, row.key): Suspect(row.kind, row.key, tuple(read_json(row.sage_ids)), row.reason)
            for row in rows
        }

    def replace(self, suspects: Sequence[Suspect]) -> None:
        """Replace them with the next commit."""
        self._buffer.add(CLEAR, {"business": self._business})
        for suspect in suspects:
            values = {"sage_ids": canonical(list(suspect.sage_ids)), "reason": suspect.reason}
            self._buffer.add(
                KEEP, {"business": self._business, "kind": suspect.kind, "key": suspect.key, **values}
            )
