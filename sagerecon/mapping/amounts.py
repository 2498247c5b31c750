"""Taxes and shares of an amount that add up to it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from sagerecon.mapping.arithmetic import exact_decimal, rounded_number
from sagerecon.mapping.record_context import RefusalError
from sagerecon.model.code import Code
from sagerecon.model.money import MAX_DIGITS, difference, product

#: So many digits that a quotient of two amounts, which may never end, lies on the right side of a half penny.
_QUOTIENT = Context(prec=1_000)

_PENCE = 2  #: the least decimals of a share


def tax_of_net(
    net: Decimal | int, percent: Decimal | int, scale: int = 2, rounding: str = ROUND_HALF_UP
) -> Decimal:
    """Return the tax to add to a net amount, rounded.

    Raises:
        RefusalError: the percentage is negative, or the result has more than 38 digits.
    """
    return _tax(net, _percentage(percent), Decimal(100), scale, rounding)


def tax_of_gross(
    gross: Decimal | int, percent: Decimal | int, scale: int = 2, rounding: str = ROUND_HALF_UP
) -> Decimal:
    """Return the tax that a gross amount includes, rounded; errors as `tax_of_net`."""
    rate = _percentage(percent)
    return _tax(gross, rate, 100 + rate, scale, rounding)


def net_of_gross(
    gross: Decimal | int, percent: Decimal | int, scale: int = 2, rounding: str = ROUND_HALF_UP
) -> Decimal:
    """Return a gross amount less the tax that it includes: both add up to it; errors as `tax_of_net`."""
    net = difference(exact_decimal(gross), tax_of_gross(gross, percent, scale, rounding))
    return _within_digits(net)


def _percentage(percent: Decimal | int) -> Decimal:
    rate = exact_decimal(percent)
    if rate < 0:
        raise RefusalError(
            Code.NOT_A_NUMBER,
            f"the tax rate is {percent} per cent",
            "Give a percentage of 0 or more, such as 20.",
        )
    return rate


def _tax(amount: Decimal | int, rate: Decimal, whole: Decimal, scale: int, rounding: str) -> Decimal:
    return rounded_number(_QUOTIENT.divide(product(exact_decimal(amount), rate), whole), scale, rounding)


def allocate(total: Decimal | int, weights: Sequence[Decimal | int | None]) -> list[Decimal]:
    """Return the shares of a total in proportion to the weights; their sum is the total, exactly.

    A share has two decimals, or those of the total where it has more. Each is rounded down; what is left
    over is given out in the smallest unit, by the largest remainder, and then by position. A weight that
    is null or zero gets nothing, and a total of the other sign gets the same shares of the other sign.

    Raises:
        RefusalError: the weights sum to zero and the total does not, or a share has more than 38 digits.
    """
    amount = exact_decimal(total)
    scale = max(_PENCE, _decimals(amount))
    units = _whole(amount, scale)
    given = [exact_decimal(0 if weight is None else weight) for weight in weights]
    finest = max(map(_decimals, given), default=0)
    parts = [_whole(weight, finest) for weight in given]
    whole = sum(parts)
    if not whole:
        if units:
            raise RefusalError(
                Code.DIVISION_BY_ZERO,
                f"{amount} cannot be allocated: the weights sum to zero",
                "Allocate it only where they do not: allocate(a, b) if sum(b) != 0.",
            )
        return [_amount(0, scale) for _ in parts]
    direction = -1 if whole < 0 else 1
    divided = [divmod(abs(units) * part * direction, abs(whole)) for part in parts]
    left = abs(units) - sum(share for share, _ in divided)
    by_remainder = sorted(range(len(parts)), key=lambda index: -divided[index][1])  # a stable order
    gets_more = set(by_remainder[:left])
    sign = -1 if units < 0 else 1
    return [_amount(sign * (share + (index in gets_more)), scale) for index, (share, _) in enumerate(divided)]


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _whole(number: Decimal, scale: int) -> int:
    """Return a number with at most `scale` decimals in units of the last of them."""
    return int(number.scaleb(scale, context=_QUOTIENT))


def _amount(units: int, scale: int) -> Decimal:
    return _within_digits(Decimal(f"{units}E-{scale}"))


def _within_digits(amount: Decimal) -> Decimal:
    if len(amount.as_tuple().digits) > MAX_DIGITS:
        raise RefusalError(
            Code.TOO_MANY_DIGITS, f"{amount} has more than {MAX_DIGITS} digits", "Round its parts first."
        )
    return amount
