"""What is asked of a source database: a table in a fixed order, or a query."""

from __future__ import annotations

from collections.abc import Sequence

from sagerecon.sources.definitions import SourceFile
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

    Args:
        table: its name, quoted.
        names: of its columns.
    """
    declared = [str(names.index(column.path[0]) + 1) for column in file.columns if column.path[0] in names]
    order = f" ORDER BY {', '.join(declared)}" if declared else ""
    return f"SELECT * FROM {table}{order}"  # noqa: S608 - a quoted name


def database_format(file: SourceFile) -> FlatFormat:
    """Return how the rows of a database are read."""
    what = f"the table '{file.table}'" if file.table else "the result of the query"
    return FlatFormat(typed_converter, what, are_short_rows_padded=False, are_blank_rows_read=True)
