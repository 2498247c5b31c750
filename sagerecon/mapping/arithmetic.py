"""What the operators of an expression do: exact, and with null never equal to anything."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import (
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Any

from sagerecon.mapping.frame import Frame, Read, RefusalError, a, plain_text, type_of
from sagerecon.model.code import Code

#: 38 digits, as DuckDB's DECIMAL(38). Sums and products must fit exactly; only a quotient is rounded.
EXACT = Context(prec=38, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
DIVISION = Context(prec=38, traps=[InvalidOperation, Overflow, DivisionByZero])

_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}

_SIGNS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": DIVISION.divide,
    "%": EXACT.remainder,
}


def comparison(op: str, left: Read, right: Read, *, guarded: bool) -> Read:
    """Whether two values compare as `op` says; never with null.

    `guarded` checks at run time what the types could not say beforehand.
    """
    compare = _ORDER[op]

    def read(frame: Frame) -> bool:
        one, other = left(frame), right(frame)
        if one is None or other is None:
            return False
        if guarded:
            _must_mix(one, other)
        return bool(compare(one, other))

    return read


def comparison_with(op: str, left: Read, right: Any) -> Read:
    """Whether a value compares with a constant as `op` says; null never does."""
    compare = _ORDER[op]

    def read(frame: Frame) -> bool:
        value = left(frame)
        return value is not None and bool(compare(value, right))

    return read


def null_test(value: Read, is_null: bool) -> Read:
    """Whether a value is null, or is not."""
    return (lambda frame: value(frame) is None) if is_null else (lambda frame: value(frame) is not None)


def membership(value: Read, within: Read, *, wanted: bool) -> Read:
    """Whether a value is among the items of a list, or part of a text; never with null."""

    def read(frame: Frame) -> bool:
        one, many = value(frame), within(frame)
        if one is None or many is None:
            return False
        return (one in many) is wanted

    return read


def both(left: Read, right: Read) -> Read:
    """Whether both hold."""
    return lambda frame: bool(left(frame) and right(frame))


def either(left: Read, right: Read) -> Read:
    """Whether at least one holds."""
    return lambda frame: bool(left(frame) or right(frame))


def negation(value: Read) -> Read:
    """Whether it does not hold; what is not known does not hold."""
    return lambda frame: not value(frame)


def choice(test: Read, yes: Read, no: Read) -> Read:
    """The one value or the other."""
    return lambda frame: yes(frame) if test(frame) else no(frame)


def joined(parts: Sequence[Read]) -> Read:
    """The texts one after the other."""
    return lambda frame: "".join([part(frame) for part in parts])


def as_text(value: Read, is_text: bool) -> Read:
    """The value as text; null is none at all."""
    return (lambda frame: value(frame) or "") if is_text else (lambda frame: plain_text(value(frame)))


def nth(items: Read, index: int) -> Read:
    """The item at `index`, or null where the list is shorter."""

    def read(frame: Frame) -> Any:
        found = items(frame)
        return found[index] if isinstance(found, list | tuple) and -len(found) <= index < len(found) else None

    return read


def negative(value: Read) -> Read:
    """The number with its sign turned, or null."""

    def read(frame: Frame) -> Any:
        number = value(frame)
        return None if number is None else -_number(number)

    return read


def calculation(sign: str, left: Read, right: Read) -> Read:
    """The result of an arithmetic sign, or null where one side is null."""
    calculate = _SIGNS[sign]

    def read(frame: Frame) -> Any:
        one, other = left(frame), right(frame)
        if one is None or other is None:
            return None
        both_whole = type(one) is type(other) is int and sign != "/"
        try:
            result = calculate(_decimal(one), _decimal(other))
        except (DivisionByZero, InvalidOperation):
            raise _impossible(sign, one, other) from None
        except (Inexact, Overflow):
            raise RefusalError(
                Code.TOO_MANY_DIGITS, f"{one} {sign} {other} has more than 38 digits", "Round it first."
            ) from None
        return int(result) if both_whole else result

    return read


def _impossible(sign: str, one: Any, other: Any) -> RefusalError:
    if sign in "/%" and not other:
        return RefusalError(
            Code.DIVISION_BY_ZERO,
            f"{one} {sign} {other} divides by zero",
            "Test the divisor first: a / b if b != 0.",
        )
    return RefusalError(Code.NOT_A_NUMBER, f"{one} {sign} {other} cannot be worked out")


def _decimal(value: Any) -> Decimal:
    return value if type(value) is Decimal else Decimal(_number(value))


def _number(value: Any) -> Any:
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return value
    raise RefusalError(Code.NOT_A_NUMBER, f"{a(type_of(value))} ('{plain_text(value)}') is no number")


def _must_mix(one: Any, other: Any) -> None:
    left, right = type_of(one).name, type_of(other).name
    numbers = {"integer", "decimal"}
    if left != right and not {left, right} <= numbers:
        raise RefusalError(Code.NOT_COMPARABLE, f"{a(left)} cannot be compared with {a(right)}")
