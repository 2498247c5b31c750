"""Transforms that read, round and turn numbers, and those of dates."""

from __future__ import annotations

import calendar
import decimal as exact
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sagerecon.mapping.frame import RefusalError, iso_day, plain_text
from sagerecon.mapping.transform import Example, Options, Parameter, Step, Transform, day_of, simple
from sagerecon.model.code import Code
from sagerecon.model.money import decimal, rounded
from sagerecon.model.type import DATE, DECIMAL, INTEGER

_ROUNDING = {
    "half_up": exact.ROUND_HALF_UP,
    "half_even": exact.ROUND_HALF_EVEN,
    "down": exact.ROUND_DOWN,
    "up": exact.ROUND_UP,
}
#: No ledger has a number of more digits, and writing one out would take for ever: `1e999999`.
_LARGEST = 38
_NUMBERS = ("integer", "decimal")


def read_number(text: str, point: str = ".", thousands: str = "") -> Decimal:
    """The exact number written in `text` with these marks; blank text is refused like any other non-number.

    Raises:
        RefusalError: it is not a number.
    """
    plain = text.strip()
    if thousands:
        plain = plain.replace(thousands, "")
    if point != ".":
        plain = plain.replace(".", "?").replace(point, ".")
    try:
        number = decimal(plain)
    except ValueError:
        hint = "Say how it is written: {decimal: {point: ',', thousands: '.'}}." if "," in text else ""
        raise RefusalError(Code.NOT_A_NUMBER, f"'{text}' is not a number", hint) from None
    if number.adjusted() > _LARGEST:
        raise RefusalError(Code.NOT_A_NUMBER, f"'{text}' has more digits than any ledger")
    return number


def _decimal(options: Options) -> Step:
    point, thousands = options["point"], options["thousands"]

    def apply(value: Any, _: Any) -> Any:
        return read_number(value, point, thousands) if isinstance(value, str) else Decimal(value)

    return Step(apply, DECIMAL)


def _integer(options: Options) -> Step:
    del options

    def apply(value: Any, _: Any) -> Any:
        number = read_number(value) if isinstance(value, str) else value
        if number != int(number):
            raise RefusalError(
                Code.NOT_WHOLE, f"{number} is not a whole number", "Round it first: {money: 0}."
            )
        return int(number)

    return Step(apply, INTEGER)


def _money(options: Options) -> Step:
    scale, rounding = options["scale"], _ROUNDING[options["rounding"]]

    def apply(value: Any, _: Any) -> Any:
        number = read_number(value) if isinstance(value, str) else Decimal(value)
        try:
            return rounded(number, scale, rounding)
        except exact.InvalidOperation:
            raise RefusalError(Code.NOT_A_NUMBER, f"{number} has more than 38 digits") from None

    return Step(apply, DECIMAL)


def _turned(function: Callable[[Any], Any]) -> Callable[[Options], Step]:
    return lambda options: Step(lambda value, _: function(value), options.input.type)


def _date(options: Options) -> Step:
    pattern = options["format"]

    def apply(value: Any, _: Any) -> Any:
        if isinstance(value, date):
            return day_of(value)
        text = str(value).strip()
        try:
            if pattern == "iso":
                return iso_day(text)
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            wanted = "a date such as 2017-03-31" if pattern == "iso" else f"a date written {pattern}"
            raise RefusalError(
                Code.NOT_A_DATE, f"'{text}' is not {wanted}", "Say how it is written: {date: '%d/%m/%Y'}."
            ) from None

    return Step(apply, DATE)


def _moved(options: Options) -> Step:
    span = timedelta(days=options["days"])

    def apply(value: Any, _: Any) -> Any:
        try:
            return value + span
        except OverflowError:
            raise RefusalError(
                Code.NOT_A_DATE, f"{plain_text(value)} moved by {span.days} days is no date"
            ) from None

    return Step(apply, options.input.type)


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


NUMBER_TRANSFORMS = (
    Transform(
        "decimal",
        "The exact number written in a text.",
        ("text", *_NUMBERS),
        _decimal,
        Example("{decimal: {point: ',', thousands: '.'}}", "'1.234,50'", "1234.50"),
        (Parameter("point", "text", "."), Parameter("thousands", "text", "")),
    ),
    Transform(
        "integer",
        "The whole number written in a text; anything behind the point quarantines the record.",
        ("text", *_NUMBERS),
        _integer,
        Example("integer", "'0042'", "42"),
    ),
    Transform(
        "money",
        "The amount with so many decimals, half a unit away from zero unless told otherwise.",
        ("text", *_NUMBERS),
        _money,
        Example("{money: {scale: 2, rounding: half_up}}", "'2.345'", "2.35"),
        (
            Parameter("scale", "integer", 2, least=0),
            Parameter("rounding", "word", "half_up", words=tuple(_ROUNDING)),
        ),
        alters=True,
    ),
    Transform(
        "negate",
        "With its sign turned.",
        _NUMBERS,
        _turned(lambda value: -value if value else value),
        Example("negate", "5", "-5"),
    ),
    Transform("abs", "Without its sign.", _NUMBERS, _turned(abs), Example("abs", "-5", "5")),
    Transform(
        "date",
        "The day written in a text (ISO unless a format is given), or the day of a date with time.",
        ("text", "date", "datetime"),
        _date,
        Example("{date: '%d/%m/%Y'}", "'31/03/2017'", "'2017-03-31'"),
        (Parameter("format", "text", "iso"),),
    ),
    Transform(
        "add_days",
        "So many days later; earlier where the number is negative.",
        ("date", "datetime"),
        _moved,
        Example("[date, {add_days: -1}]", "'2017-04-01'", "'2017-03-31'"),
        (Parameter("days", "integer", required=True),),
        alters=True,
    ),
    Transform(
        "month_end",
        "The last day of its month.",
        ("date",),
        simple(month_end, DATE),
        Example("[date, month_end]", "'2016-02-03'", "'2016-02-29'"),
        alters=True,
    ),
)
