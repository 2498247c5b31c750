"""The result of a reconciliation as JSON, whose long lists are rows of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, delete, select

from sagerecon.model.errors import StoreError
from sagerecon.model.rows import Row, Rows
from sagerecon.store.database import Database, Transaction, Values, prepared, upsert
from sagerecon.store.stored import read_object, reads_rows
from sagerecon.store.tables import RESULT_ROWS

#: Stands in the document for a list; its value is the number of the list.
_LIST = "$list"

_KEEP = upsert("keep_result_row", RESULT_ROWS)
_DELETE = prepared(
    "delete_result_rows", delete(RESULT_ROWS).where(RESULT_ROWS.c.business == bindparam("business"))
)
_ROWS = prepared(
    "result_rows",
    select(RESULT_ROWS.c.document)
    .where(
        RESULT_ROWS.c.business == bindparam("business"),
        RESULT_ROWS.c.reconciliation == bindparam("reconciliation"),
        RESULT_ROWS.c.list == bindparam("list"),
    )
    .order_by(RESULT_ROWS.c.position),
)


def without_rows(document: Any) -> tuple[str, list[Rows]]:
    """Return a document as JSON in its own order, and its lists of rows, whose places it numbers."""
    lists: list[Rows] = []

    def place_of(value: object) -> object:
        if not isinstance(value, Rows):
            raise TypeError(f"{type(value).__name__} is no JSON value")
        lists.append(value)
        return {_LIST: len(lists) - 1, "count": len(value)}

    return json.dumps(document, default=place_of), lists


def replace_rows(transaction: Transaction, business: str, reconciliation: int, lists: list[Rows]) -> None:
    """Keep the rows of a reconciliation instead of those of the one before, which are not read any more."""
    transaction.run(_DELETE, {"business": business})
    for number, rows in enumerate(lists):
        for position, row in enumerate(rows):
            place: Values = {"reconciliation": reconciliation, "list": number, "position": position}
            transaction.run(_KEEP, {"business": business, **place, "document": json.dumps(row)})


@reads_rows
def with_rows(database: Database, business: str, reconciliation: int, text: str) -> Any:
    """Return the document of a reconciliation; its rows are read from the store whenever they are asked for.

    Raises:
        StoreError: when they are read and a newer reconciliation has replaced them.
        DamagedStoreError: it is not a document.
    """

    def list_at(document: dict[str, Any]) -> object:
        if _LIST not in document:
            return document
        number, count = int(document[_LIST]), int(document["count"])
        place: Values = {"business": business, "reconciliation": reconciliation, "list": number}
        return Rows(count, lambda: _read(database, place, count))

    document = json.loads(text, object_hook=list_at)
    if not isinstance(document, dict):
        raise TypeError(f"{type(document).__name__} in place of a document")
    return document


def _read(database: Database, place: Values, count: int) -> Iterator[Row]:
    found = 0
    for row in database.stream(_ROWS, place):
        yield read_object(row.document)
        found += 1
    if found < count:
        raise StoreError(
            "A newer reconciliation was recorded while this one was read.", "Run the same command again."
        )
