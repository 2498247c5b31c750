"""The tables of a snapshot: created from the declared columns and filled with typed rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import duckdb

from sagerecon.model.errors import StoreError
from sagerecon.sources.bounded import BoundedConnection
from sagerecon.sources.cell import CellChange
from sagerecon.sources.database import quote_identifier, sql_type
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.rows import ORIGIN, ROW, Row

#: Maximum size of a row as JSON, in bytes. A real document of 675 lines takes 200 kB.
MAX_ROW_BYTES = 64 * 1024 * 1024

#: The table of the values changed on reading, and its columns.
CHANGES = "_changes"
CHANGE_COLUMNS = ("table_name", "origin", "column_name", "before", "after", "rule")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def table_sql(file: SourceFile) -> str:
    """Return the statement that creates the table of `file`: its columns, then `_origin` and `_row`."""
    columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in _columns(file).items())
    return f"CREATE TABLE {quote_identifier(file.name)} ({columns})"


def row_line(row: Row) -> str:
    """Return the row as one line of JSON. Decimals and dates are text, so that no value becomes a float."""
    return _encode(row) + "\n"


def change_line(table: str, change: CellChange) -> str:
    """Return a value changed on reading as one line of JSON."""
    values = (table, change.origin, change.column, change.before, change.after, change.rule)
    return _encode(dict(zip(CHANGE_COLUMNS, values, strict=True))) + "\n"


def load_changes(connection: duckdb.DuckDBPyConnection, lines: Path, count: int) -> None:
    """Create the table of the values changed on reading, and load it from lines written by `change_line`."""
    columns = ", ".join(f"{quote_identifier(name)} VARCHAR" for name in CHANGE_COLUMNS)
    connection.execute(f"CREATE TABLE {CHANGES} ({columns})")
    if count:
        types = ", ".join(f"{name}: 'VARCHAR'" for name in CHANGE_COLUMNS)
        connection.execute(
            f"INSERT INTO {CHANGES} SELECT * FROM read_json($lines, format = 'newline_delimited', "  # noqa: S608 - constants
            f"columns = {{{types}}}, maximum_object_size = {MAX_ROW_BYTES})",
            {"lines": str(lines)},
        )


def load_table(connection: duckdb.DuckDBPyConnection, file: SourceFile, lines: Path, rows: int) -> None:
    """Create the table of `file` and load it from lines written by `row_line`.

    Raises:
        StoreError: not all rows were loaded.
    """
    connection.execute(table_sql(file))
    if not rows:
        return
    types = ", ".join(f"{quote_identifier(name)}: '{kind}'" for name, kind in _columns(file).items())
    connection.execute(
        f"INSERT INTO {quote_identifier(file.name)} SELECT * FROM read_json($lines, "  # noqa: S608 - quoted identifiers
        f"format = 'newline_delimited', columns = {{{types}}}, maximum_object_size = {MAX_ROW_BYTES})",
        {"lines": str(lines)},
    )
    loaded = count_rows(connection, file.name)
    if loaded != rows:
        raise StoreError(
            f"Only {loaded} of {rows} rows of table '{file.name}' were loaded into the snapshot."
        )


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of rows of the table."""
    row = connection.execute(f"SELECT count(*) FROM {quote_identifier(table)}").fetchone()  # noqa: S608 - quoted identifier
    return int(row[0]) if row else 0


def table_columns(connection: BoundedConnection, tables: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of each table with their types.

    Raises:
        SqlError: a table does not exist, or is a view.
    """
    return {name: _described(connection, name) for name in tables}


def _described(connection: BoundedConnection, table: str) -> list[tuple[str, str]]:
    # A view has no rowid. The catalog, as `duckdb_columns()`, takes ten times as long.
    query = connection.query(f"SELECT *, rowid FROM {quote_identifier(table)} LIMIT 0")  # noqa: S608 - quoted identifier
    try:
        return [(name, str(kind)) for name, kind in query.description]
    finally:
        query.close()


def _columns(file: SourceFile) -> dict[str, str]:
    return {**{column.name: sql_type(column) for column in file.columns}, ORIGIN: "VARCHAR", ROW: "BIGINT"}
