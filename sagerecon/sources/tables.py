"""The tables of a snapshot: made from declarations, filled from typed rows."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from sagerecon.model.errors import StoreError
from sagerecon.sources.database import quote_identifier, sql_type
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.rows import Row

#: The largest row as JSON, in bytes; the longest real document of 675 lines takes 200 kB.
MAX_ROW_BYTES = 64 * 1024 * 1024

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def create_table(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> None:
    """Create the empty table of `file`: its columns as declared, then `_origin`."""
    columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in _columns(file).items())
    connection.execute(f"CREATE TABLE {quote_identifier(file.name)} ({columns})")


def row_line(row: Row) -> str:
    """The row as one line of JSON; decimals and dates are text in it, so that nothing is a float."""
    return _encode(row) + "\n"


def load_table(connection: duckdb.DuckDBPyConnection, file: SourceFile, lines: Path, rows: int) -> None:
    """Fill the table of `file` from lines that `row_line` wrote, each column read as the type declared.

    Raises:
        StoreError: not every row arrived.
    """
    create_table(connection, file)
    if not rows:
        return
    types = ", ".join(f"{quote_identifier(name)}: '{kind}'" for name, kind in _columns(file).items())
    connection.execute(
        f"INSERT INTO {quote_identifier(file.name)} SELECT * FROM read_json($lines, "  # noqa: S608 - names of ours
        f"format = 'newline_delimited', columns = {{{types}}}, maximum_object_size = {MAX_ROW_BYTES})",
        {"lines": str(lines)},
    )
    arrived = count_rows(connection, file.name)
    if arrived != rows:
        raise StoreError(f"{arrived} of {rows} rows of {file.name} arrived in the snapshot.")


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows the table has."""
    row = connection.execute(f"SELECT count(*) FROM {quote_identifier(table)}").fetchone()  # noqa: S608 - quoted
    return int(row[0]) if row else 0


def _columns(file: SourceFile) -> dict[str, str]:
    return {**{column.name: sql_type(column) for column in file.columns}, "_origin": "VARCHAR"}
