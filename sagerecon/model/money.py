"""Exact amounts: reading, rounding, summing and writing Decimals. Floats are never used."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext

#: Wide enough for any ledger: 38 digits, as DuckDB's DECIMAL(38).
_WIDE = Context(prec=38)

CENT = Decimal("0.01")


def decimal(text: str | int) -> Decimal:
    """Return the exact number written in `text`.

    Raises:
        ValueError: The text is not a finite number.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not a number") from None
    if not value.is_finite():
        raise ValueError(f"'{text}' is not a finite number")
    return value


def rounded(value: Decimal, scale: int = 2, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Return `value` rounded to exactly `scale` decimals, by default half away from zero."""
    return value.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=_WIDE)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, never rounded; zero for no amounts."""
    with localcontext(_WIDE):
        return sum(amounts, Decimal())


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
