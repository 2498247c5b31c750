"""Transforms of numbers and money."""

from __future__ import annotations

import decimal as exact
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sagerecon.mapping.amounts import net_of_gross, tax_of_gross, tax_of_net
from sagerecon.mapping.arithmetic import absolute, negated, rounded_number
from sagerecon.mapping.record_context import RefusalError
from sagerecon.mapping.transform import (
    SAME_TYPE,
    BoundTransform,
    Example,
    Group,
    Options,
    Parameter,
    Transform,
)
from sagerecon.model.code import Code
from sagerecon.model.limits import DIGITS
from sagerecon.model.money import TooManyDigitsError, decimal
from sagerecon.model.type import DECIMAL, INTEGER

_ROUNDING = {
    "half_up": exact.ROUND_HALF_UP,
    "half_even": exact.ROUND_HALF_EVEN,
    "down": exact.ROUND_DOWN,
    "up": exact.ROUND_UP,
}
_NUMBERS = ("integer", "decimal")


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


def _percentage_step(
    function: Callable[[Decimal, Decimal, int, str], Decimal],
) -> Callable[[Options], BoundTransform]:
    """Return the `build` of a transform of an amount by a percentage, rounded as its options say."""

    def build(options: Options) -> BoundTransform:
        rate, scale, rounding = options["rate"], options["scale"], _ROUNDING[options["rounding"]]

        def apply(value: Any, _: Any) -> Any:
            amount = read_number(value) if isinstance(value, str) else value
            return function(amount, rate, scale, rounding)

        return BoundTransform(apply, DECIMAL)

    return build


_SCALE = Parameter("scale", "integer", 2, minimum=0, maximum=DIGITS.most)
_ROUNDS = Parameter("rounding", "word", "half_up", choices=tuple(_ROUNDING))
_RATE = Parameter("rate", "number", required=True)

NUMBER_TRANSFORMS = (
    Transform(
        name="decimal",
        group=Group.NUMBERS,
        gives="decimal",
        about="Converts text to the exact number written in it.",
        input_types=("text", *_NUMBERS),
        build=_decimal,
        example=Example("{decimal: {point: ',', thousands: '.'}}", "'1.234,50'", "1234.50"),
        parameters=(Parameter("point", "text", "."), Parameter("thousands", "text", "")),
    ),
    Transform(
        name="integer",
        group=Group.NUMBERS,
        gives="integer",
        about="Converts text to a whole number; decimals other than zero quarantine the record.",
        input_types=("text", *_NUMBERS),
        build=_integer,
        example=Example("integer", "'0042'", "42"),
    ),
    Transform(
        name="money",
        group=Group.NUMBERS,
        gives="decimal",
        about="Rounds to a number of decimals, half away from zero by default.",
        input_types=("text", *_NUMBERS),
        build=_money,
        example=Example("{money: {scale: 2, rounding: half_up}}", "'2.345'", "2.35"),
        parameters=(_SCALE, _ROUNDS),
        reports_change=True,
    ),
    Transform(
        name="negate",
        group=Group.NUMBERS,
        gives=SAME_TYPE,
        about="Negates the number.",
        input_types=_NUMBERS,
        build=_number_step(negated),
        example=Example("negate", "5", "-5"),
    ),
    Transform(
        name="abs",
        group=Group.NUMBERS,
        gives=SAME_TYPE,
        about="Takes the absolute value.",
        input_types=_NUMBERS,
        build=_number_step(absolute),
        example=Example("abs", "-5", "5"),
    ),
    Transform(
        name="tax_of_net",
        group=Group.NUMBERS,
        gives="decimal",
        about="Calculates the tax to add to a net amount, at a percentage.",
        input_types=("text", *_NUMBERS),
        build=_percentage_step(tax_of_net),
        example=Example("{tax_of_net: {rate: 17.5}}", "'0.60'", "0.11"),
        parameters=(_RATE, _SCALE, _ROUNDS),
        reports_change=True,
        note="Rounded once, half away from zero by default.",
    ),
    Transform(
        name="tax_of_gross",
        group=Group.NUMBERS,
        gives="decimal",
        about="Calculates the tax that a gross amount includes, at a percentage.",
        input_types=("text", *_NUMBERS),
        build=_percentage_step(tax_of_gross),
        example=Example("{tax_of_gross: {rate: 17.5}}", "'117.51'", "17.50"),
        parameters=(_RATE, _SCALE, _ROUNDS),
        reports_change=True,
        note="The tax is rounded once: gross × rate ÷ (100 + rate).",
    ),
    Transform(
        name="net_of_gross",
        group=Group.NUMBERS,
        gives="decimal",
        about="Takes the tax that a gross amount includes away, at a percentage.",
        input_types=("text", *_NUMBERS),
        build=_percentage_step(net_of_gross),
        example=Example("{net_of_gross: {rate: 17.5}}", "'117.51'", "100.01"),
        parameters=(_RATE, _SCALE, _ROUNDS),
        reports_change=True,
        note="It is the gross less `tax_of_gross` of the same options, so that both add up to the gross.",
    ),
)
