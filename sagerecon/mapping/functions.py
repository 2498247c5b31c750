"""Every function an expression may call, by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

from sagerecon.mapping.arithmetic import EXACT
from sagerecon.mapping.frame import NUMBERS, RefusalError, iso_day, plain_text
from sagerecon.mapping.function import Function, Gives, ListFunction
from sagerecon.model.code import Code
from sagerecon.model.money import decimal, rounded
from sagerecon.model.type import BOOLEAN, DATE, DECIMAL, INTEGER, TEXT, UNKNOWN, Type


def _always(type_: Type) -> Gives:
    return lambda _: type_


def _common(types: Sequence[Type]) -> Type:
    known = [type_ for type_ in types if type_ != UNKNOWN]
    return DECIMAL if DECIMAL in known else known[0] if known else UNKNOWN


def _round(number: Any, places: int) -> Decimal:
    return rounded(Decimal(number), places)


def _read_decimal(value: Any) -> Decimal:
    try:
        return decimal(value if isinstance(value, int) else str(value).strip())
    except ValueError as error:
        raise RefusalError(Code.NOT_A_NUMBER, f"{error}") from None


def _read_date(value: Any) -> date:
    text = plain_text(value)[:10] if isinstance(value, date) else str(value).strip()
    try:
        return iso_day(text)
    except ValueError:
        raise RefusalError(Code.NOT_A_DATE, f"'{text}' is not a date such as 2017-03-31") from None


def _days(day: date, count: int) -> date:
    try:
        return day + timedelta(days=count)
    except OverflowError:
        raise RefusalError(Code.NOT_A_DATE, f"{day} and {count} days is outside the calendar") from None


def _sum(values: list[Any]) -> Decimal:
    return reduce(EXACT.add, [Decimal(value) for value in values if value is not None], Decimal())


def _known(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _scalar(type_: Type, _: int) -> bool:
    return type_.name in ("integer", "decimal", "text", "date", "datetime", "unknown")


def _number(type_: Type, _: int) -> bool:
    return type_.name in (*NUMBERS, "unknown")


def _countable(type_: Type, arguments: int) -> bool:
    return arguments == 1 or _condition(type_, arguments)


def _condition(type_: Type, _: int) -> bool:
    return type_.name in ("boolean", "unknown")


_FUNCTIONS = (
    Function(
        "abs", "abs(number)", "The number without its sign.", ("number",), _common, abs, ("abs(-2.5)", "2.5")
    ),
    Function(
        "round",
        "round(number, places)",
        "The number with so many decimals; half a unit goes away from zero.",
        ("number", "integer"),
        _always(DECIMAL),
        _round,
        ("round(2.345, 2)", "2.35"),
    ),
    Function(
        "upper", "upper(text)", "In capitals.", ("text",), _always(TEXT), str.upper, ("upper('ab')", "AB")
    ),
    Function(
        "lower",
        "lower(text)",
        "In small letters.",
        ("text",),
        _always(TEXT),
        str.lower,
        ("lower('AB')", "ab"),
    ),
    Function(
        "trim",
        "trim(text)",
        "Without blanks at its ends.",
        ("text",),
        _always(TEXT),
        str.strip,
        ("trim(' a ')", "a"),
    ),
    Function(
        "left",
        "left(text, n)",
        "The first n characters.",
        ("text", "integer"),
        _always(TEXT),
        lambda text, n: text[: max(n, 0)],
        ("left('GB123', 2)", "GB"),
    ),
    Function(
        "right",
        "right(text, n)",
        "The last n characters.",
        ("text", "integer"),
        _always(TEXT),
        lambda text, n: text[-n:] if n > 0 else "",
        ("right('GB123', 3)", "123"),
    ),
    Function(
        "replace",
        "replace(text, old, new)",
        "With each `old` as `new`.",
        ("text", "text", "text"),
        _always(TEXT),
        lambda text, old, new: text.replace(old, new) if old else text,
        ("replace('a-b', '-', '')", "ab"),
    ),
    Function(
        "length",
        "length(text)",
        "How many characters it has.",
        ("text",),
        _always(INTEGER),
        len,
        ("length('abc')", "3"),
    ),
    Function(
        "starts_with",
        "starts_with(text, start)",
        "Whether it begins so.",
        ("text", "text"),
        _always(BOOLEAN),
        lambda text, start: text.startswith(start),
        ("starts_with('abc', 'ab')", "true"),
    ),
    Function(
        "ends_with",
        "ends_with(text, end)",
        "Whether it ends so.",
        ("text", "text"),
        _always(BOOLEAN),
        lambda text, end: text.endswith(end),
        ("ends_with('abc', 'bc')", "true"),
    ),
    Function(
        "is_blank",
        "is_blank(value)",
        "Whether it is null or nothing but blanks.",
        ("any",),
        _always(BOOLEAN),
        lambda value: value is None or (isinstance(value, str) and not value.strip()),
        ("is_blank('  ')", "true"),
        sees_null=True,
    ),
    Function(
        "coalesce",
        "coalesce(value, value, …)",
        "The first that is not null.",
        ("any",),
        _common,
        lambda *values: next((value for value in values if value is not None), None),
        ("coalesce(null, 'b')", "b"),
        repeats=True,
        sees_null=True,
    ),
    Function(
        "text",
        "text(value)",
        "As text: plain digits, ISO dates, true or false.",
        ("any",),
        _always(TEXT),
        plain_text,
        ("text(1.50)", "1.50"),
    ),
    Function(
        "decimal",
        "decimal(value)",
        "The exact number written in a text.",
        ("any",),
        _always(DECIMAL),
        _read_decimal,
        ("decimal('12.10')", "12.10"),
    ),
    Function(
        "date",
        "date(value)",
        "The day written as 2017-03-31, or the day of a date with time.",
        ("any",),
        _always(DATE),
        _read_date,
        ("date('2017-03-31')", "2017-03-31"),
    ),
    Function(
        "days",
        "days(date, n)",
        "The day n days later; earlier where n is negative.",
        ("date", "integer"),
        _always(DATE),
        _days,
        ("days(date('2017-03-31'), 1)", "2017-04-01"),
    ),
    Function(
        "year",
        "year(date)",
        "Its year as a number.",
        ("date",),
        _always(INTEGER),
        lambda day: day.year,
        ("year(date('2017-03-31'))", "2017"),
    ),
    Function(
        "month",
        "month(date)",
        "Its month, 1 to 12.",
        ("date",),
        _always(INTEGER),
        lambda day: day.month,
        ("month(date('2017-03-31'))", "3"),
    ),
    Function(
        "min",
        "min(value, value, …)",
        "The least; with one argument, of a list.",
        ("any",),
        _common,
        lambda *values: min(values),
        ("min(2, 1.5)", "1.5"),
        repeats=True,
    ),
    Function(
        "max",
        "max(value, value, …)",
        "The greatest; with one argument, of a list.",
        ("any",),
        _common,
        lambda *values: max(values),
        ("max(2, 1.5)", "2"),
        repeats=True,
    ),
)

_LIST_FUNCTIONS = (
    ListFunction(
        "count",
        "count(list) or count(list, condition)",
        "How many items there are, or how many meet the condition.",
        _countable,
        lambda _: INTEGER,
        lambda values: sum(value is not False and value is not None for value in values),
        ("count([1, 2, 3], item > 1)", "2"),
    ),
    ListFunction(
        "sum",
        "sum(list) or sum(list, number)",
        "The exact sum, zero for none; nulls are passed over.",
        _number,
        lambda _: DECIMAL,
        _sum,
        ("sum([1.10, 2.20], item * 2)", "6.60"),
    ),
    ListFunction(
        "any",
        "any(list, condition)",
        "Whether one item meets the condition.",
        _condition,
        lambda _: BOOLEAN,
        any,
        ("any([1, 2], item == 2)", "true"),
        needs_body=True,
    ),
    ListFunction(
        "all",
        "all(list, condition)",
        "Whether every item meets the condition; true for none.",
        _condition,
        lambda _: BOOLEAN,
        all,
        ("all([1, 2], item == 2)", "false"),
        needs_body=True,
    ),
    ListFunction(
        "min",
        "min(list) or min(list, value)",
        "The least item, null for none.",
        _scalar,
        lambda type_: type_,
        lambda values: min(_known(values), default=None),
        ("min([3, 1])", "1"),
    ),
    ListFunction(
        "max",
        "max(list) or max(list, value)",
        "The greatest item, null for none.",
        _scalar,
        lambda type_: type_,
        lambda values: max(_known(values), default=None),
        ("max([3, 1])", "3"),
    ),
)

FUNCTIONS = {function.name: function for function in _FUNCTIONS}
LIST_FUNCTIONS = {function.name: function for function in _LIST_FUNCTIONS}
