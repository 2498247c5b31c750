"""Exact amounts: reading, rounding, summing and writing Decimals. Floats are never used."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from functools import lru_cache

from sagerecon.model.limits import DECIMALS, DIGITS

#: The digits of DuckDB's DECIMAL(38), the widest amount that a source holds.
MAX_DIGITS = DIGITS.most

#: Characters of a number, with its sign and decimal point.
_LONGEST = DIGITS.most + DECIMALS.most + 2

#: So wide that no sum or product of such amounts is rounded. Python's own context rounds the result of every
#: operation to 28 digits, also of `-x`, `abs(x)` and `x.normalize()`: use the functions here instead.
_WIDE = Context(prec=1_000)


class TooManyDigitsError(ValueError):
    """A number has more digits or decimals than can be kept."""


CENT = Decimal("0.01")


def decimal(text: str | int) -> Decimal:
    """Return the exact number written in `text`.

    Raises:
        TooManyDigitsError: The number has more digits or decimals than can be kept.
        ValueError: The text is not a finite number.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not a number") from None
    if not value.is_finite():
        raise ValueError(f"'{text}' is not a finite number")
    # Written out in full, `1e99999999` would take 100 MB.
    is_long = isinstance(text, str) and len(text) > _LONGEST
    if is_long or not -DECIMALS.most <= value.adjusted() < MAX_DIGITS:
        shown = f"'{str(text)[:_LONGEST]}…'" if is_long else f"'{text}'"
        raise TooManyDigitsError(f"{shown} has more than {MAX_DIGITS} digits or {DECIMALS.most} decimals")
    return value


def rounded(value: Decimal, scale: int = 2, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Return `value` rounded to exactly `scale` decimals, by default half away from zero."""
    return value.quantize(_quantum(scale), rounding=rounding, context=_WIDE)


@lru_cache(maxsize=64)
def _quantum(scale: int) -> Decimal:
    return Decimal(1).scaleb(-scale)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, never rounded; zero for no amounts."""
    with localcontext(_WIDE):
        return sum(amounts, Decimal())


def difference(left: Decimal, right: Decimal) -> Decimal:
    """Return `left` less `right`, never rounded."""
    return _WIDE.subtract(left, right)


def negative(value: Decimal) -> Decimal:
    """Return the exact negative of `value`; zero has no sign."""
    return value.copy_negate() if value else value.copy_abs()


def magnitude(value: Decimal) -> Decimal:
    """Return the exact absolute value."""
    return value.copy_abs()


def product(left: Decimal | int, right: Decimal) -> Decimal:
    """Return the exact product, never rounded."""
    return _WIDE.multiply(left, right)


def shifted(value: Decimal, places: int) -> Decimal:
    """Return the exact value with its decimal point moved `places` to the right."""
    return value.scaleb(places, context=_WIDE)


def in_base(amount: Decimal, rate: Decimal) -> Decimal:
    """Return the value of an amount in the base currency, to the penny.

    Args:
        rate: the amount of the other currency for one unit of the base currency, as in Sage's own
            `GBP -> EUR 1.1275`; not zero.
    """
    return amount if rate == 1 else rounded(_WIDE.divide(amount, rate))


def places_of(value: Decimal) -> int:
    """Return how many decimals `value` has, without zeros at its end."""
    exponent = value.normalize(context=_WIDE).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def decimal_text(value: Decimal, least_places: int = 2) -> str:
    """Return `value` as plain digits with at least `least_places` decimals, no exponent and never `-0.00`."""
    if not value:
        value = Decimal()
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return f"{value:.{max(places, least_places)}f}"


def grouped(value: Decimal, places: int = 2) -> str:
    """Return `value` for display, with thousands separators: `-1,234.50`."""
    return f"{rounded(value, places) or Decimal():,.{places}f}"
