"""The rows of a dataset in the order of a key, so that two sides can be compared without holding either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from sagerecon.model.type import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, TEXT, Type
from sagerecon.model.value import Scalar, Value
from sagerecon.sources.bounded import Allowance, BoundedConnection, SqlError
from sagerecon.sources.database import quote_identifier
from sagerecon.sources.files import source_error
from sagerecon.sources.query import CompiledQuery
from sagerecon.sources.sql_finding import sql_finding

_BATCH_ROWS = 1_000

_NUMBERS = (INTEGER, DECIMAL)
_DAYS = (DATE, DATETIME)


class CommonType(Enum):
    """The type by which the columns of two sides are compared."""

    NUMBER = "number"
    DAY = "date"
    TIME = "date and time"
    FLAG = "boolean"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column of a key, and the type by which it is compared."""

    name: str
    type: CommonType


def common_type(left: Type, right: Type) -> CommonType:
    """Return the type by which two columns are compared: text where they have nothing else in common."""
    if left in _NUMBERS and right in _NUMBERS:
        return CommonType.NUMBER
    if left in _DAYS and right in _DAYS:
        return CommonType.DAY if left == right == DATE else CommonType.TIME
    return CommonType.FLAG if left == right == BOOLEAN else CommonType.TEXT


def keyed_rows(
    connection: BoundedConnection, compiled: CompiledQuery, key: Sequence[KeyColumn], seconds: int
) -> Iterator[tuple[tuple[Scalar, ...], Mapping[str, Value]]]:
    """Yield the rows of a query in the order of a key, blank values first, each with its key.

    Args:
        seconds: of execution.

    Raises:
        SourceError: the SQL fails on this data.
    """
    names = tuple(compiled.columns)
    keys = [_key_sql(column, compiled.columns[column.name]) for column in key]
    order = ", ".join(f"{number} NULLS FIRST" for number in range(1, len(keys) + 1))
    sql = f"SELECT {', '.join(keys)}, * FROM (\n{compiled.sql}\n) ORDER BY {order}"  # noqa: S608 - quoted identifiers
    query = None
    try:
        query = connection.query(sql, compiled.values, Allowance(seconds))
        while rows := query.fetch(_BATCH_ROWS):
            for row in rows:
                yield row[: len(keys)], dict(zip(names, row[len(keys) :], strict=True))
    except SqlError as error:
        raise source_error(sql_finding(compiled.query, error, compiled.first_line + 1)) from error
    finally:
        if query is not None:
            query.close()


def _key_sql(column: KeyColumn, declared: Type) -> str:
    name = quote_identifier(column.name)
    match column.type:
        case CommonType.TIME:
            return f"CAST({name} AS TIMESTAMP)"
        case CommonType.TEXT if declared == TEXT:
            return f"nullif({name}, '')"
        case CommonType.TEXT if declared == DECIMAL:
            text = f"CAST({name} AS VARCHAR)"
            return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
        case CommonType.TEXT:
            return f"CAST({name} AS VARCHAR)"
        case _:
            return name
