"""The tables of a snapshot: created from the declared columns and filled with typed rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path

import duckdb

from sagerecon.model.errors import StoreError
from sagerecon.sources.blocks import Block, loadable
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

#: Between two cells of a line; no cell holds it unquoted.
_SEPARATOR = "\x1f"

#: How DuckDB reads a line of cells.
_CELLS = (
    "header = false, auto_detect = false, delim = '\x1f', quote = '\"', escape = '\"', nullstr = '',"
    f" new_line = '\\n', max_line_size = {MAX_ROW_BYTES}, parallel = false"
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def table_sql(file: SourceFile) -> str:
    """Return the statement that creates the table of `file`: its columns, then `_origin` and `_row`."""
    columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in _columns(file).items())
    return f"CREATE TABLE {quote_identifier(file.name)} ({columns})"


def has_lists(file: SourceFile) -> bool:
    """Return whether a row of the table holds lists."""
    return any(column.type == "list" for column in file.columns)


class RowWriter:
    """Writes the typed rows of a table, one a line, as `load_table` reads them.

    A row with lists is an object of JSON, another a line of cells. Decimals and dates are text in either, so
    that no value becomes a float.
    """

    def __init__(self, file: SourceFile, write: Callable[[str], int]) -> None:
        self._write = write
        self._names = None if has_lists(file) else tuple(column.name for column in file.columns)
        self.count = 0

    def add(self, row: Row) -> None:
        """Write one row."""
        self.count += 1
        if self._names is None:
            self._write(_encode({**row, ROW: self.count}) + "\n")
        else:
            cells = [loadable(row[name]) for name in self._names]
            self._write(_SEPARATOR.join((*cells, loadable(row[ORIGIN]), str(self.count), "")) + "\n")

    def add_block(self, block: Block) -> None:
        """Write the rows of a block; its table has no lists."""
        begin = self.count + 1
        self.count += len(block.lines)
        rows = zip(
            *block.columns,
            repeat(loadable(block.file)),
            map(str, range(begin, self.count + 1)),
            map(str, block.lines),
            strict=False,
        )
        self._write("\n".join(map(_SEPARATOR.join, rows)) + "\n")


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
    """Create the table of `file` and load it from lines that a `RowWriter` wrote.

    Raises:
        StoreError: not all rows were loaded.
    """
    connection.execute(table_sql(file))
    if not rows:
        return
    types = ", ".join(f"{quote_identifier(name)}: '{kind}'" for name, kind in _columns(file).items())
    if has_lists(file):
        rows_of_file = (
            f"SELECT * FROM read_json($lines, format = 'newline_delimited', columns = {{{types}}},"  # noqa: S608 - quoted identifiers
            f" maximum_object_size = {MAX_ROW_BYTES})"
        )
    else:
        rows_of_file = (
            f"SELECT * EXCLUDE (_line) REPLACE (concat_ws(':', _origin, _line) AS _origin)"  # noqa: S608 - quoted identifiers
            f" FROM read_csv($lines, columns = {{{types}, _line: 'BIGINT'}}, {_CELLS})"
        )
    connection.execute(f"INSERT INTO {quote_identifier(file.name)} {rows_of_file}", {"lines": str(lines)})
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
