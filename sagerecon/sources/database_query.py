"""What is asked of a source database: a table in a fixed order, or a query."""

from __future__ import annotations

from collections.abc import Sequence

from sagerecon.sources.database import quote_identifier
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.flat_table import FlatFormat
from sagerecon.sources.typed_cells import typed_converter


def column_query(table: str) -> str:
    """Return the SQL whose result has the columns of a table and no rows.

    Args:
        table: its name, quoted.
    """
    return f"SELECT * FROM {table} LIMIT 0"  # noqa: S608 - a quoted name


def table_query(file: SourceFile, table: str, names: Sequence[str]) -> str:
    """Return the SQL that reads a table, in the order of its declared columns so that it is always the same.

    A column that is not declared has no values: one that cannot be read is then no trouble.

    Args:
        table: its name, quoted.
        names: of its columns.
    """
    declared = [number for column in file.columns if (number := _number(column, names)) <= len(names)]
    picked = [
        quote_identifier(name) if number in declared else "NULL" for number, name in enumerate(names, start=1)
    ]
    order = f" ORDER BY {', '.join(map(str, declared))}" if declared else ""
    return f"SELECT {', '.join(picked)} FROM {table}{order}"  # noqa: S608 - quoted names


def _number(column: Column, names: Sequence[str]) -> int:
    """Return the number of a declared column in a table, from 1; a larger one if the table lacks it."""
    return column.number or [*names, column.path[0]].index(column.path[0]) + 1


def database_format(file: SourceFile) -> FlatFormat:
    """Return how the rows of a database are read."""
    what = f"the table '{file.table}'" if file.table else "the result of the query"
    return FlatFormat(typed_converter, what, are_short_rows_padded=False, are_blank_rows_read=True)
