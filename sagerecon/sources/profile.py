"""Figures about the columns of a snapshot: nulls, distinct values, minimum, maximum."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.value import Scalar
from sagerecon.sources.bounded import BoundedConnection
from sagerecon.sources.database import quote_identifier
from sagerecon.sources.definitions import Column, SourceFile


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of one table. `distinct`, `minimum` and `maximum` are None for a list."""

    table: str
    column: str
    type: str
    rows: int
    nulls: int
    distinct: int | None
    minimum: Scalar
    maximum: Scalar
    max_length: int | None  #: characters of a text, items of a list


def profile_table(connection: BoundedConnection, file: SourceFile) -> list[ColumnProfile]:
    """Return the profile of each declared column of the table, in order."""
    return [_profile(connection, file.name, column) for column in file.columns]


def _profile(connection: BoundedConnection, table: str, column: Column) -> ColumnProfile:
    name = quote_identifier(column.name)
    is_list = column.type == "list"
    span = "NULL, NULL, NULL" if is_list else f"count(DISTINCT {name}), min({name}), max({name})"
    length = {"text": "length", "list": "len"}.get(column.type)
    max_length = f"max({length}({name}))" if length else "NULL"
    row = connection.row(
        f"SELECT count(*), count(*) - count({name}), {span}, {max_length} FROM {quote_identifier(table)}"  # noqa: S608
    )
    return ColumnProfile(table, column.name, column.type, *(row or (0, 0, None, None, None, None)))
