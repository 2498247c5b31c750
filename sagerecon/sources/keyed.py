"""The rows of a dataset in the order of a key, so that two sides can be compared without holding either."""

from __future__ import annotations

import re
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

#: A number with decimals, written without leading zeros or thousands marks.
_WITH_DECIMALS = re.compile(r"-?(?:0|[1-9][0-9]*)[.][0-9]+")

_NUMBERS = (INTEGER, DECIMAL)
_DAYS = (DATE, DATETIME)


class CommonType(Enum):
    """The type by which the columns of two sides are compared."""

    NUMBER = "number"
    DAY = "date"
    TIME = "date and time"
    FLAG = "boolean"
    DIGITS = "number beside text"
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
    if (left in _NUMBERS and right == TEXT) or (left == TEXT and right in _NUMBERS):
        return CommonType.DIGITS
    return CommonType.FLAG if left == right == BOOLEAN else CommonType.TEXT


def plain_digits(text: str) -> str:
    """Return a text without zeros at the end of its decimals where it is a number as a key has it.

    Codes such as `0010` are returned as they are.
    """
    return text.rstrip("0").rstrip(".") if _WITH_DECIMALS.fullmatch(text) else text


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
        case CommonType.DIGITS if declared == TEXT:
            stripped = f"rtrim(rtrim({name}, '0'), '.')"
            is_number = f"regexp_full_match({name}, '{_WITH_DECIMALS.pattern}')"
            return f"CASE WHEN {is_number} THEN {stripped} ELSE nullif({name}, '') END"
        case CommonType.TEXT if declared == TEXT:
            return f"nullif({name}, '')"
        case CommonType.DIGITS | CommonType.TEXT if declared == DECIMAL:
            text = f"CAST({name} AS VARCHAR)"
            return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
        case CommonType.DIGITS | CommonType.TEXT:
            return f"CAST({name} AS VARCHAR)"
        case _:
            return name
