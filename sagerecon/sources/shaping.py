"""What the SQL of a dataset makes of a row: the cell of the source beside the value of the dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sagerecon.model.place import Place
from sagerecon.model.type import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, TEXT
from sagerecon.sources.bounded import BoundedConnection, SqlError
from sagerecon.sources.database import quote_identifier
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import source_error
from sagerecon.sources.lineage import Cells, lineage
from sagerecon.sources.query import CompiledQuery
from sagerecon.sources.rows import ORIGIN
from sagerecon.sources.sql_finding import sql_finding

#: The types of a dataset's column whose values are compared with those of a column of a file.
_COMPARED = {
    "text": (TEXT,),
    "decimal": (DECIMAL, INTEGER),
    "integer": (DECIMAL, INTEGER),
    "date": (DATE, DATETIME),
    "datetime": (DATE, DATETIME),
    "boolean": (BOOLEAN,),
}

#: Rows fetched at a time.
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class ShapedValue:
    """A cell of the source that the SQL of a dataset gives another value."""

    origin: Place
    cells: Cells
    before: str
    after: str


def shaped_values(
    connection: BoundedConnection, compiled: CompiledQuery, files: Mapping[str, SourceFile]
) -> Iterator[ShapedValue]:
    """Yield the values of a dataset that differ from the cells from which they are made.

    These are the values that follow from one cell of the row alone, such as `trim(name)`, and have its type.
    A cell that the dataset has unchanged as well is left out.

    Raises:
        SourceError: the SQL fails on this data.
    """
    if compiled.columns.get(ORIGIN) != TEXT:
        return
    try:
        by_table = _shaped_columns(connection, compiled, files)
        for table, pairs in by_table.items():
            yield from _differing(connection, compiled, table, pairs)
    except SqlError as error:
        raise source_error(sql_finding(compiled.query, error, compiled.first_line + 1)) from error


def _shaped_columns(
    connection: BoundedConnection, compiled: CompiledQuery, files: Mapping[str, SourceFile]
) -> dict[str, list[tuple[str, Cells]]]:
    """Return by table the columns of a dataset that an expression makes of one of its columns."""
    declared = {file.name: {column.name: column for column in file.columns} for file in files.values()}
    tables = {name: (*columns, ORIGIN) for name, columns in declared.items()}
    (text,) = connection.row("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": compiled.sql})
    try:
        (statement,) = json.loads(text)["statements"]
        found = lineage(statement, tables)
    except (RecursionError, LookupError, TypeError, ValueError):
        return {}  # of a form that is not known: nothing can be said of its columns
    origin = found.get(ORIGIN)
    unchanged = {cells for cells in found.values() if cells is not None and not cells.is_shaped}
    shaped: dict[str, list[tuple[str, Cells]]] = {}
    for name, cells in found.items():
        if cells is None or not cells.is_shaped or origin is None or cells.table != origin.table:
            continue
        column = declared[cells.table].get(cells.column)
        is_compared = column is not None and compiled.columns.get(name) in _COMPARED.get(column.type, ())
        if is_compared and Cells(cells.table, cells.column) not in unchanged:
            shaped.setdefault(cells.table, []).append((name, cells))
    return shaped


def _differing(
    connection: BoundedConnection, compiled: CompiledQuery, table: str, pairs: Sequence[tuple[str, Cells]]
) -> Iterator[ShapedValue]:
    both = [(f"s.{quote_identifier(cells.column)}", f"d.{quote_identifier(name)}") for name, cells in pairs]
    values = ", ".join(f"CAST({before} AS VARCHAR), CAST({after} AS VARCHAR)" for before, after in both)
    differ = " OR ".join(f"{before} IS DISTINCT FROM {after}" for before, after in both)
    flags = ", ".join(f"{before} IS DISTINCT FROM {after}" for before, after in both)
    query = connection.query(
        f"SELECT d.{ORIGIN}, {values}, {flags} FROM (\n{compiled.sql}\n) AS d "  # noqa: S608 - quoted identifiers
        f"JOIN {quote_identifier(table)} AS s ON s.{ORIGIN} = d.{ORIGIN} WHERE {differ}",
        compiled.values,
    )
    count = len(pairs)
    try:
        while rows := query.fetch(_BATCH):
            for origin, *found in rows:
                place = Place.parse(origin)
                for number, (_, cells) in enumerate(pairs):
                    if found[2 * count + number]:
                        before, after = found[2 * number] or "", found[2 * number + 1] or ""
                        yield ShapedValue(place, cells, before, after)
    finally:
        query.close()
