"""Exact amounts. Decimal only: no float ever touches an amount."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext

#: Wide enough for any ledger: 38 digits, as DuckDB's DECIMAL(38).
_WIDE = Context(prec=38)

CENT = Decimal("0.01")


def decimal(text: str | int) -> Decimal:
    """The exact number written in `text`.

    Raises:
        ValueError: the text is not a plain finite number.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not a number") from None
    if not value.is_finite():
        raise ValueError(f"'{text}' is not a finite number")
    return value


def rounded(value: Decimal, scale: int = 2, rounding: str = ROUND_HALF_UP) -> Decimal:
    """`value` with exactly `scale` decimals; half a unit goes away from zero unless said otherwise."""
    return value.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=_WIDE)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum, never rounded; zero for none."""
    with localcontext(_WIDE):
        return sum(amounts, Decimal())


def decimal_text(value: Decimal, least_places: int = 2) -> str:
    """`value` as plain digits with at least `least_places` decimals and no exponent, never `-0.00`."""
    if not value:
        value = Decimal()
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return f"{value:.{max(places, least_places)}f}"


def grouped(value: Decimal, places: int = 2) -> str:
    """`value` for people, with thousands separated: `-1,234.50`."""
    return f"{rounded(value, places) or Decimal():,.{places}f}"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(total((self.amount, other.amount)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{grouped(self.amount)} {self.currency}"

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self} and {other} are not in one currency")


def money(text: str) -> Money:
    """The amount written as `10.00 GBP`.

    Raises:
        ValueError: not an amount and a three-letter currency.
    """
    amount, _, currency = text.strip().partition(" ")
    if len(currency) != 3 or not currency.isupper():
        raise ValueError(f"'{text}' is not an amount with a currency, such as '10.00 GBP'")
    return Money(decimal(amount.replace(",", "")), currency)
