"""The values that were changed before a record was mapped, by the row of the source they are in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

from sagerecon.model.draft import Change
from sagerecon.model.outcome_document import change_document, read_change
from sagerecon.model.place import Place
from sagerecon.sources.snapshot import SourceChange

#: Rows that are written at a time.
_BATCH = 1_000


class RowChanges:
    """Holds changes in a temporary database, which SQLite keeps in memory while it is small.

    A million changes need as little memory as a hundred thousand.
    """

    def __init__(self, changes: Iterable[SourceChange]) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; CREATE TABLE changes (origin TEXT, change TEXT); BEGIN;"
        )
        rows = ((each.origin.address, json.dumps(change_document(each.change))) for each in changes)
        self._is_empty = True
        while batch := list(islice(rows, _BATCH)):
            self._is_empty = False
            self._database.executemany("INSERT INTO changes VALUES (?, ?)", batch)
        self._database.execute("CREATE INDEX by_origin ON changes (origin)")

    def __bool__(self) -> bool:
        return not self._is_empty

    def of(self, origin: Place) -> Iterator[Change]:
        """Yield the changes in one row, in the order in which they were found."""
        query = "SELECT change FROM changes WHERE origin = ? ORDER BY rowid"
        for (change,) in self._database.execute(query, (origin.address,)):
            yield read_change(json.loads(change))
