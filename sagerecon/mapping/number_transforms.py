"""Transforms of numbers and dates."""

from __future__ import annotations

import calendar
import decimal as exact
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sagerecon.mapping.arithmetic import absolute, negated, rounded_number
from sagerecon.mapping.record_context import RefusalError, iso_day, plain_text
from sagerecon.mapping.transform import (
    BoundTransform,
    Example,
    Options,
    Parameter,
    Transform,
    day_of,
    without_options,
)
from sagerecon.model.code import Code
from sagerecon.model.limits import DAYS, DIGITS
from sagerecon.model.money import TooManyDigitsError, decimal
from sagerecon.model.type import DATE, DECIMAL, INTEGER

_ROUNDING = {
    "half_up": exact.ROUND_HALF_UP,
    "half_even": exact.ROUND_HALF_EVEN,
    "down": exact.ROUND_DOWN,
    "up": exact.ROUND_UP,
}
_NUMBERS = ("integer", "decimal")

#: Dates that a transform keeps after it has read them: those of eleven years.
_KEPT_DAYS = 4_096


def read_number(text: str, point: str = ".", thousands: str = "") -> Decimal:
    """Return the exact number written in `text` with this decimal point and thousands separator.

    Raises:
        RefusalError: The text is not a number; blank text is not one either.
    """
    plain = text.strip()
    if thousands:
        plain = plain.replace(thousands, "")
    if point != ".":
        plain = plain.replace(".", "?").replace(point, ".")
    try:
        return decimal(plain)
    except TooManyDigitsError as error:
        raise RefusalError(Code.NOT_A_NUMBER, str(error)) from None
    except ValueError:
        hint = "State its format: {decimal: {point: ',', thousands: '.'}}." if "," in text else ""
        raise RefusalError(Code.NOT_A_NUMBER, f"'{text}' is not a number", hint) from None


def _decimal(options: Options) -> BoundTransform:
    point, thousands = options["point"], options["thousands"]

    def apply(value: Any, _: Any) -> Any:
        return read_number(value, point, thousands) if isinstance(value, str) else Decimal(value)

    return BoundTransform(apply, DECIMAL)


def _integer(options: Options) -> BoundTransform:
    del options

    def apply(value: Any, _: Any) -> Any:
        number = read_number(value) if isinstance(value, str) else value
        if number != int(number):
            raise RefusalError(
                Code.NOT_WHOLE, f"{number} is not a whole number", "Round it first: {money: 0}."
            )
        return int(number)

    return BoundTransform(apply, INTEGER)


def _money(options: Options) -> BoundTransform:
    scale, rounding = options["scale"], _ROUNDING[options["rounding"]]

    def apply(value: Any, _: Any) -> Any:
        number = read_number(value) if isinstance(value, str) else Decimal(value)
        return rounded_number(number, scale, rounding)

    return BoundTransform(apply, DECIMAL)


def _number_step(function: Callable[[Any], Any]) -> Callable[[Options], BoundTransform]:
    return lambda options: BoundTransform(lambda value, _: function(value), options.input.type)


def _date(options: Options) -> BoundTransform | None:
    pattern = options["format"]
    if pattern != "iso" and not _is_format(pattern):
        message = f"date: '{pattern}' is not a format of dates."
        options.faults.add(Code.WRONG_OPTION, options.place, message, "For example: {date: '%d/%m/%Y'}.")
        return None

    @lru_cache(maxsize=_KEPT_DAYS)
    def read(text: str) -> date:
        if pattern == "iso":
            return iso_day(text)
        return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone

    def apply(value: Any, _: Any) -> Any:
        if isinstance(value, date):
            return day_of(value)
        text = str(value).strip()
        try:
            return read(text)
        except ValueError:
            wanted = "a date such as 2017-03-31" if pattern == "iso" else f"a date of the format {pattern}"
            raise RefusalError(
                Code.NOT_A_DATE, f"'{text}' is not {wanted}", "State its format: {date: '%d/%m/%Y'}."
            ) from None

    return BoundTransform(apply, DATE)


def _is_format(pattern: str) -> bool:
    try:
        written = date(2017, 3, 31).strftime(pattern)
        datetime.strptime(written, pattern)  # noqa: DTZ007 - a day has no zone
    except (ValueError, re.error):  # Python's own errors for a wrong directive, and for one that comes twice
        return False
    return True


def _add_days(options: Options) -> BoundTransform:
    span = timedelta(days=options["days"])

    def apply(value: Any, _: Any) -> Any:
        try:
            return value + span
        except OverflowError:
            raise RefusalError(
                Code.NOT_A_DATE, f"{plain_text(value)} plus {span.days} days is outside the calendar"
            ) from None

    return BoundTransform(apply, options.input.type)


def month_end(day: date) -> date:
    """Return the last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


NUMBER_TRANSFORMS = (
    Transform(
        name="decimal",
        about="Converts text to the exact number written in it.",
        input_types=("text", *_NUMBERS),
        build=_decimal,
        example=Example("{decimal: {point: ',', thousands: '.'}}", "'1.234,50'", "1234.50"),
        parameters=(Parameter("point", "text", "."), Parameter("thousands", "text", "")),
    ),
    Transform(
        name="integer",
        about="Converts text to a whole number; decimals other than zero quarantine the record.",
        input_types=("text", *_NUMBERS),
        build=_integer,
        example=Example("integer", "'0042'", "42"),
    ),
    Transform(
        name="money",
        about="Rounds to a number of decimals, half away from zero by default.",
        input_types=("text", *_NUMBERS),
        build=_money,
        example=Example("{money: {scale: 2, rounding: half_up}}", "'2.345'", "2.35"),
        parameters=(
            Parameter("scale", "integer", 2, minimum=0, maximum=DIGITS.most),
            Parameter("rounding", "word", "half_up", choices=tuple(_ROUNDING)),
        ),
        reports_change=True,
    ),
    Transform(
        name="negate",
        about="Negates the number.",
        input_types=_NUMBERS,
        build=_number_step(negated),
        example=Example("negate", "5", "-5"),
    ),
    Transform(
        name="abs",
        about="Takes the absolute value.",
        input_types=_NUMBERS,
        build=_number_step(absolute),
        example=Example("abs", "-5", "5"),
    ),
    Transform(
        name="date",
        about="Converts text (ISO, or the format given) or a date with time to a date.",
        input_types=("text", "date", "datetime"),
        build=_date,
        example=Example("{date: '%d/%m/%Y'}", "'31/03/2017'", "'2017-03-31'"),
        parameters=(Parameter("format", "text", "iso"),),
    ),
    Transform(
        name="add_days",
        about="Adds days; a negative number subtracts them.",
        input_types=("date", "datetime"),
        build=_add_days,
        example=Example("[date, {add_days: -1}]", "'2017-04-01'", "'2017-03-31'"),
        parameters=(Parameter("days", "integer", required=True, minimum=-DAYS.most, maximum=DAYS.most),),
        reports_change=True,
    ),
    Transform(
        name="month_end",
        about="Moves to the last day of the month.",
        input_types=("date",),
        build=without_options(month_end, DATE),
        example=Example("[date, month_end]", "'2016-02-03'", "'2016-02-29'"),
        reports_change=True,
    ),
)
