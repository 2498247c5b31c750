"""What the SQL of a dataset makes of a row: the cell of the source beside the value of the dataset."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagerecon.model.place import Place
from sagerecon.model.type import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, TEXT, Type, list_of
from sagerecon.model.value import Scalar
from sagerecon.sources.bounded import BoundedConnection, SqlError
from sagerecon.sources.database import quote_identifier, type_of
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
    """Yield the cells to which a dataset gives another value, where it names their row in `_origin`.

    These are the values that follow from one cell of the row alone, such as `trim(name)`, and have its type:
    of columns, and of the fields of lists. A cell that the dataset has unchanged as well is left out, and so
    is a number from which several values are worked out, such as a debit and a credit.

    Raises:
        SourceError: the SQL fails on this data.
    """
    if compiled.columns.get(ORIGIN) not in (TEXT, list_of(TEXT)):
        return
    try:
        for table, shaped in _shaped_cells(connection, compiled, files).items():
            yield from _differing(connection, compiled, table, shaped)
    except SqlError as error:
        raise source_error(sql_finding(compiled.query, error, compiled.first_line + 1)) from error


@dataclass(frozen=True, slots=True)
class _Shaped:
    """Cells, and the SQL of the value that a dataset gives them."""

    cells: Cells
    sql: str
    values: Mapping[str, Scalar]  #: the parameters that the SQL uses


def _shaped_cells(
    connection: BoundedConnection, compiled: CompiledQuery, files: Mapping[str, SourceFile]
) -> Mapping[str, Sequence[_Shaped]]:
    """Return by table the cells of which a dataset makes a value by an expression."""
    declared = {file.name: {column.name: column for column in file.columns} for file in files.values()}
    tables = {name: (*columns, ORIGIN) for name, columns in declared.items()}
    try:
        (statement,) = _statements(connection, compiled.sql)
        found = lineage(statement, tables, _aggregates(connection))
    except (RecursionError, LookupError, TypeError, ValueError):
        return {}  # of a form that is not known: nothing can be said of its columns
    cells_found = {cells for cells in found.values() if cells is not None}
    by_column: dict[tuple[str, str], list[_Shaped]] = {}
    for cells in sorted(cells_found, key=lambda cells: (cells.table, cells.column, cells.shape)):
        column = declared[cells.table].get(cells.column)
        if not cells.shape or column is None or Cells(cells.table, cells.column) in cells_found:
            continue
        shaped = _sql_of(connection, cells, compiled.values)
        if _type_of(connection, shaped) in _COMPARED.get(column.type, ()):
            by_column.setdefault((cells.table, cells.column), []).append(shaped)
    by_table: dict[str, list[_Shaped]] = {}
    for (table, name), values in by_column.items():
        is_shared_out = declared[table][name].type in ("decimal", "integer") and len(values) > 1
        if not is_shared_out:
            by_table.setdefault(table, []).extend(values)
    return by_table


def _statements(connection: BoundedConnection, sql: str) -> Any:
    """Return the statements of an SQL text as DuckDB describes them."""
    (text,) = connection.row("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql})
    return json.loads(text)["statements"]


#: What DuckDB says of itself, which is the same for every connection of the process.
_KNOWN: dict[str, frozenset[str]] = {}


def _aggregates(connection: BoundedConnection) -> frozenset[str]:
    """Return the names of DuckDB's aggregates; asking for them takes as long as starting it."""
    if "aggregates" not in _KNOWN:
        (names,) = connection.row(
            "SELECT list(DISTINCT function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'"
        )
        _KNOWN["aggregates"] = frozenset(names)
    return _KNOWN["aggregates"]


def _sql_of(connection: BoundedConnection, cells: Cells, values: Mapping[str, Scalar]) -> _Shaped:
    """Return the SQL of an expression; it is null where it fails, as it may for a row that is not read."""
    text = '{"error": false, "statements": [{"node": %s, "named_param_map": []}]}'
    (query,) = _statements(connection, "SELECT 1")
    query["node"]["select_list"] = [json.loads(cells.shape) | {"alias": ""}]
    (sql,) = connection.row(
        "SELECT json_deserialize_sql($text::JSON)", {"text": text % json.dumps(query["node"])}
    )
    expression = sql.removeprefix("SELECT ")
    used = {name: value for name, value in values.items() if re.search(rf"\${name}\b", expression)}
    return _Shaped(cells, f"TRY({expression})", used)


def _type_of(connection: BoundedConnection, shaped: _Shaped) -> Type | str | None:
    """Return the type of the value; None where DuckDB cannot work it out for one row."""
    table = quote_identifier(shaped.cells.table)
    try:
        query = connection.query(f"SELECT {shaped.sql} FROM {table} LIMIT 0", shaped.values)  # noqa: S608 - of the project's own SQL
    except SqlError:
        return None
    try:
        return type_of(query.description[0][1])
    finally:
        query.close()


def _differing(
    connection: BoundedConnection, compiled: CompiledQuery, table: str, shaped: Sequence[_Shaped]
) -> Iterator[ShapedValue]:
    """Yield the values that differ, of the rows of a table that the dataset names in `_origin`."""
    pairs = [(quote_identifier(each.cells.column), each.sql) for each in shaped]
    flags = [f"{before} IS DISTINCT FROM {after}" for before, after in pairs]
    values = [f"CAST({each} AS VARCHAR)" for pair in pairs for each in pair]
    named = f"unnest({ORIGIN})" if compiled.columns[ORIGIN] != TEXT else ORIGIN
    query = connection.query(
        f"SELECT {', '.join([ORIGIN, *values, *flags])} FROM {quote_identifier(table)} "  # noqa: S608 - quoted identifiers
        f"WHERE ({' OR '.join(flags)}) AND {ORIGIN} IN (SELECT {named} FROM (\n{compiled.sql}\n))",
        {**compiled.values, **{name: value for each in shaped for name, value in each.values.items()}},
    )
    count = len(pairs)
    try:
        while rows := query.fetch(_BATCH):
            for origin, *found in rows:
                place = Place.parse(origin)
                for number, each in enumerate(shaped):
                    if found[2 * count + number]:
                        before, after = found[2 * number] or "", found[2 * number + 1] or ""
                        yield ShapedValue(place, each.cells, before, after)
    finally:
        query.close()
