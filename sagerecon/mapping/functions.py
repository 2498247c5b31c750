"""All functions that an expression may call, by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, Inexact, Overflow, Underflow
from functools import reduce
from typing import Any

from sagerecon.mapping.amounts import allocate, net_of_gross, tax_of_gross, tax_of_net
from sagerecon.mapping.arithmetic import EXACT, absolute, rounded_number
from sagerecon.mapping.function import Function, ListFunction, ResultType
from sagerecon.mapping.letter_case import title
from sagerecon.mapping.record_context import NUMBERS, RefusalError, iso_day, plain_text, replaced
from sagerecon.model.code import Code
from sagerecon.model.money import MAX_DIGITS, decimal
from sagerecon.model.type import BOOLEAN, DATE, DECIMAL, INTEGER, TEXT, UNKNOWN, Type, list_of


def _fixed(type_: Type) -> ResultType:
    return lambda _: type_


def _common_type(types: Sequence[Type]) -> Type:
    known = [type_ for type_ in types if type_ != UNKNOWN]
    return DECIMAL if DECIMAL in known else known[0] if known else UNKNOWN


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


def _replace(text: str, old: str, new: str) -> str:
    return replaced(text, old, new) if old else text


def _days(day: date, count: int) -> date:
    try:
        return day + timedelta(days=count)
    except OverflowError:
        raise RefusalError(Code.NOT_A_DATE, f"{day} plus {count} days is outside the calendar") from None


def _split(text: str, separator: str) -> list[str]:
    return [part.strip() for part in (text.split(separator) if separator else (text,))]


def _substring(text: str, start: int, count: int) -> str:
    return text[start - 1 : start - 1 + max(count, 0)] if start > 0 else ""


def _null_if(value: Any, other: Any) -> Any:
    return None if value == other else value


def _nth(items: list[Any], number: int) -> Any:
    index = number - 1 if number > 0 else number
    return items[index] if number and -len(items) <= index < len(items) else None


def _item_type(types: Sequence[Type]) -> Type:
    return types[0].item or UNKNOWN


def _first_type(types: Sequence[Type]) -> Type:
    return types[0]


def _sum(values: list[Any]) -> Decimal:
    try:
        return reduce(EXACT.add, [Decimal(value) for value in values if value is not None], Decimal())
    except (Inexact, Overflow, Underflow):
        raise RefusalError(
            Code.TOO_MANY_DIGITS, f"the sum has more than {MAX_DIGITS} digits", "Round its parts first."
        ) from None


def _without_nulls(values: list[Any]) -> list[Any]:
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
        name="abs",
        signature="abs(number)",
        about="The absolute value.",
        parameter_types=("number",),
        result_type=_common_type,
        apply=absolute,
        example=("abs(-2.5)", "2.5"),
    ),
    Function(
        name="round",
        signature="round(number, places)",
        about="The number rounded to `places` decimals, half away from zero.",
        parameter_types=("number", "integer"),
        result_type=_fixed(DECIMAL),
        apply=rounded_number,
        example=("round(2.345, 2)", "2.35"),
    ),
    Function(
        name="upper",
        signature="upper(text)",
        about="The text in upper case.",
        parameter_types=("text",),
        result_type=_fixed(TEXT),
        apply=str.upper,
        example=("upper('ab')", "AB"),
    ),
    Function(
        name="lower",
        signature="lower(text)",
        about="The text in lower case.",
        parameter_types=("text",),
        result_type=_fixed(TEXT),
        apply=str.lower,
        example=("lower('AB')", "ab"),
    ),
    Function(
        name="trim",
        signature="trim(text)",
        about="The text without leading and trailing white space.",
        parameter_types=("text",),
        result_type=_fixed(TEXT),
        apply=str.strip,
        example=("trim(' a ')", "a"),
    ),
    Function(
        name="left",
        signature="left(text, n)",
        about="The first n characters.",
        parameter_types=("text", "integer"),
        result_type=_fixed(TEXT),
        apply=lambda text, n: text[: max(n, 0)],
        example=("left('GB123', 2)", "GB"),
    ),
    Function(
        name="right",
        signature="right(text, n)",
        about="The last n characters.",
        parameter_types=("text", "integer"),
        result_type=_fixed(TEXT),
        apply=lambda text, n: text[-n:] if n > 0 else "",
        example=("right('GB123', 3)", "123"),
    ),
    Function(
        name="replace",
        signature="replace(text, old, new)",
        about="The text with each `old` replaced by `new`.",
        parameter_types=("text", "text", "text"),
        result_type=_fixed(TEXT),
        apply=_replace,
        example=("replace('a-b', '-', '')", "ab"),
    ),
    Function(
        name="length",
        signature="length(text)",
        about="The number of characters.",
        parameter_types=("text",),
        result_type=_fixed(INTEGER),
        apply=len,
        example=("length('abc')", "3"),
    ),
    Function(
        name="starts_with",
        signature="starts_with(text, start)",
        about="Whether the text begins with `start`.",
        parameter_types=("text", "text"),
        result_type=_fixed(BOOLEAN),
        apply=lambda text, start: text.startswith(start),
        example=("starts_with('abc', 'ab')", "true"),
    ),
    Function(
        name="ends_with",
        signature="ends_with(text, end)",
        about="Whether the text ends with `end`.",
        parameter_types=("text", "text"),
        result_type=_fixed(BOOLEAN),
        apply=lambda text, end: text.endswith(end),
        example=("ends_with('abc', 'bc')", "true"),
    ),
    Function(
        name="is_blank",
        signature="is_blank(value)",
        about="Whether the value is null, empty or white space.",
        parameter_types=("any",),
        result_type=_fixed(BOOLEAN),
        apply=lambda value: value is None or (isinstance(value, str) and not value.strip()),
        example=("is_blank('  ')", "true"),
        accepts_null=True,
    ),
    Function(
        name="coalesce",
        signature="coalesce(value, value, …)",
        about="The first argument that is not null.",
        parameter_types=("any",),
        result_type=_common_type,
        apply=lambda *values: next((value for value in values if value is not None), None),
        example=("coalesce(null, 'b')", "b"),
        is_variadic=True,
        accepts_null=True,
    ),
    Function(
        name="text",
        signature="text(value)",
        about="The value as text: plain digits, ISO dates, true or false.",
        parameter_types=("any",),
        result_type=_fixed(TEXT),
        apply=plain_text,
        example=("text(1.50)", "1.50"),
    ),
    Function(
        name="decimal",
        signature="decimal(value)",
        about="The exact number written in a text.",
        parameter_types=("any",),
        result_type=_fixed(DECIMAL),
        apply=_read_decimal,
        example=("decimal('12.10')", "12.10"),
    ),
    Function(
        name="date",
        signature="date(value)",
        about="The date written as 2017-03-31, or the date of a date with time.",
        parameter_types=("any",),
        result_type=_fixed(DATE),
        apply=_read_date,
        example=("date('2017-03-31')", "2017-03-31"),
    ),
    Function(
        name="days",
        signature="days(date, n)",
        about="The date n days later; earlier for a negative n.",
        parameter_types=("date", "integer"),
        result_type=_fixed(DATE),
        apply=_days,
        example=("days(date('2017-03-31'), 1)", "2017-04-01"),
    ),
    Function(
        name="year",
        signature="year(date)",
        about="The year as a number.",
        parameter_types=("date",),
        result_type=_fixed(INTEGER),
        apply=lambda day: day.year,
        example=("year(date('2017-03-31'))", "2017"),
    ),
    Function(
        name="month",
        signature="month(date)",
        about="The month, 1 to 12.",
        parameter_types=("date",),
        result_type=_fixed(INTEGER),
        apply=lambda day: day.month,
        example=("month(date('2017-03-31'))", "3"),
    ),
    Function(
        name="min",
        signature="min(value, value, …)",
        about="The smallest argument; with one argument, the smallest item of a list.",
        parameter_types=("any",),
        result_type=_common_type,
        apply=lambda *values: min(values),
        example=("min(2, 1.5)", "1.5"),
        is_variadic=True,
    ),
    Function(
        name="max",
        signature="max(value, value, …)",
        about="The largest argument; with one argument, the largest item of a list.",
        parameter_types=("any",),
        result_type=_common_type,
        apply=lambda *values: max(values),
        example=("max(2, 1.5)", "2"),
        is_variadic=True,
    ),
    Function(
        name="title",
        signature="title(text)",
        about="The text with a capital at the beginning of each word, as by the transform `title`.",
        parameter_types=("text",),
        result_type=_fixed(TEXT),
        apply=title,
        example=('title("O\'BRIEN LTD")', "O'Brien Ltd"),
    ),
    Function(
        name="substring",
        signature="substring(text, start, n)",
        about="The n characters from the one numbered `start`, 1 for the first; empty outside the text.",
        parameter_types=("text", "integer", "integer"),
        result_type=_fixed(TEXT),
        apply=_substring,
        example=("substring('GB123', 3, 2)", "12"),
    ),
    Function(
        name="split",
        signature="split(text, separator)",
        about="The list of the parts between separators, each trimmed.",
        parameter_types=("text", "text"),
        result_type=_fixed(list_of(TEXT)),
        apply=_split,
        example=("split('a, b', ',')", "a, b"),
    ),
    Function(
        name="nth",
        signature="nth(list, n)",
        about="The item at a position, 1 for the first, -1 for the last; null if the list is shorter.",
        parameter_types=("list", "integer"),
        result_type=_item_type,
        apply=_nth,
        example=("nth(['a', 'b'], 2)", "b"),
    ),
    Function(
        name="nullif",
        signature="nullif(value, other)",
        about="Null where both are equal, else the value.",
        parameter_types=("any", "any"),
        result_type=_first_type,
        apply=_null_if,
        example=("nullif('N/A', 'N/A') == null", "true"),
        accepts_null=True,
        is_of_one_type=True,
    ),
    Function(
        name="tax_of_net",
        signature="tax_of_net(net, rate)",
        about="The tax to add to a net amount at a percentage, rounded to 2 decimals, half away from zero.",
        parameter_types=("number", "number"),
        result_type=_fixed(DECIMAL),
        apply=tax_of_net,
        example=("tax_of_net(100.01, 20)", "20.00"),
    ),
    Function(
        name="tax_of_gross",
        signature="tax_of_gross(gross, rate)",
        about="The tax that a gross amount includes, rounded to 2 decimals, half away from zero.",
        parameter_types=("number", "number"),
        result_type=_fixed(DECIMAL),
        apply=tax_of_gross,
        example=("tax_of_gross(120.01, 20)", "20.00"),
    ),
    Function(
        name="net_of_gross",
        signature="net_of_gross(gross, rate)",
        about="The gross amount less `tax_of_gross`, so that both add up to it.",
        parameter_types=("number", "number"),
        result_type=_fixed(DECIMAL),
        apply=net_of_gross,
        example=("net_of_gross(120.01, 20)", "100.01"),
    ),
    Function(
        name="allocate",
        signature="allocate(total, weights)",
        about="The shares of a total in proportion to weights, to the penny; their sum is the total.",
        parameter_types=("number", "numbers"),
        result_type=_fixed(list_of(DECIMAL)),
        apply=allocate,
        example=("allocate(100, [1, 1, 1])", "33.34, 33.33, 33.33"),
    ),
)

_LIST_FUNCTIONS = (
    ListFunction(
        name="values",
        signature="values(list, value)",
        about="The list of the value of each item.",
        accepts=_scalar,
        result_type=list_of,
        apply=lambda values: values,
        example=("sum(values([1, 2], item * 2))", "6"),
        needs_body=True,
    ),
    ListFunction(
        name="count",
        signature="count(list) or count(list, condition)",
        about="The number of items, or of the items that meet the condition.",
        accepts=_countable,
        result_type=lambda _: INTEGER,
        apply=lambda values: sum(value is not False and value is not None for value in values),
        example=("count([1, 2, 3], item > 1)", "2"),
    ),
    ListFunction(
        name="sum",
        signature="sum(list) or sum(list, number)",
        about="The exact sum; zero for an empty list; nulls are skipped.",
        accepts=_number,
        result_type=lambda _: DECIMAL,
        apply=_sum,
        example=("sum([1.10, 2.20], item * 2)", "6.60"),
    ),
    ListFunction(
        name="any",
        signature="any(list, condition)",
        about="Whether at least one item meets the condition.",
        accepts=_condition,
        result_type=lambda _: BOOLEAN,
        apply=any,
        example=("any([1, 2], item == 2)", "true"),
        needs_body=True,
    ),
    ListFunction(
        name="all",
        signature="all(list, condition)",
        about="Whether every item meets the condition; true for an empty list.",
        accepts=_condition,
        result_type=lambda _: BOOLEAN,
        apply=all,
        example=("all([1, 2], item == 2)", "false"),
        needs_body=True,
    ),
    ListFunction(
        name="min",
        signature="min(list) or min(list, value)",
        about="The smallest item; null for an empty list.",
        accepts=_scalar,
        result_type=lambda type_: type_,
        apply=lambda values: min(_without_nulls(values), default=None),
        example=("min([3, 1])", "1"),
    ),
    ListFunction(
        name="max",
        signature="max(list) or max(list, value)",
        about="The largest item; null for an empty list.",
        accepts=_scalar,
        result_type=lambda type_: type_,
        apply=lambda values: max(_without_nulls(values), default=None),
        example=("max([3, 1])", "3"),
    ),
)

FUNCTIONS = {function.name: function for function in _FUNCTIONS}
LIST_FUNCTIONS = {function.name: function for function in _LIST_FUNCTIONS}
