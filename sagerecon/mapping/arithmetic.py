"""Compile the operators of an expression: exact arithmetic, and comparisons that are false with null."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
)
from typing import Any

from sagerecon.mapping.record_context import (
    FREE_TEXT,
    Reader,
    RecordContext,
    RefusalError,
    plain_text,
    require_text,
    type_of,
    with_article,
)
from sagerecon.model.code import Code
from sagerecon.model.limits import DECIMALS
from sagerecon.model.money import MAX_DIGITS, magnitude, rounded
from sagerecon.model.money import negative as negative_amount


def _context(*traps: type[DecimalException]) -> Context:
    traps = (*traps, InvalidOperation, Overflow, Underflow, DivisionByZero)
    return Context(prec=MAX_DIGITS, Emin=-DECIMALS.most, Emax=DECIMALS.most, traps=list(traps))


#: 38 digits, as DuckDB's DECIMAL(38). Sums and products must be exact; only a quotient is rounded.
EXACT = _context(Inexact)
DIVISION = _context()

#: So few texts, each within its limit, take little memory before the length of all is checked.
_FEW_PARTS = 20

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


def comparison(op: str, left: Reader, right: Reader, *, guarded: bool) -> Reader:
    """Return a reader of the comparison `op` of two values; false where one is null.

    `guarded` checks the types at run time, where they are not known before.
    """
    compare = _ORDER[op]

    def read(record: RecordContext) -> bool:
        one, other = left(record), right(record)
        if one is None or other is None:
            return False
        if guarded:
            _raise_on_mixed_types(one, other)
        return bool(compare(one, other))

    return read


def comparison_with(op: str, left: Reader, right: Any) -> Reader:
    """Return a reader of the comparison `op` of a value with a constant; false for null."""
    compare = _ORDER[op]

    def read(record: RecordContext) -> bool:
        value = left(record)
        return value is not None and bool(compare(value, right))

    return read


def null_test(value: Reader, is_null: bool) -> Reader:
    """Return a reader that tests whether a value is null (`is_null`) or is not."""
    return (lambda record: value(record) is None) if is_null else (lambda record: value(record) is not None)


def membership(value: Reader, within: Reader, *, wanted: bool) -> Reader:
    """Return a reader that tests whether a value is in a list or a text; false where one is null."""

    def read(record: RecordContext) -> bool:
        one, many = value(record), within(record)
        if one is None or many is None:
            return False
        if isinstance(many, str) and not isinstance(one, str):
            raise RefusalError(
                Code.NOT_COMPARABLE, f"{with_article(type_of(one))} cannot be searched for in text"
            )
        return (one in many) is wanted

    return read


def both(left: Reader, right: Reader) -> Reader:
    """Return a reader that is true where both are."""
    return lambda record: bool(left(record) and right(record))


def either(left: Reader, right: Reader) -> Reader:
    """Return a reader that is true where at least one is."""
    return lambda record: bool(left(record) or right(record))


def negation(value: Reader) -> Reader:
    """Return a reader that is true where the value is false or null."""
    return lambda record: not value(record)


def choice(test: Reader, yes: Reader, no: Reader) -> Reader:
    """Return a reader of `yes` where `test` is true, else of `no`."""
    return lambda record: yes(record) if test(record) else no(record)


def joined(parts: Sequence[Reader]) -> Reader:
    """Return a reader of the concatenated texts."""
    are_few = len(parts) <= _FEW_PARTS

    def read(record: RecordContext) -> str:
        texts = [part(record) for part in parts]
        if not are_few:
            require_text(sum(map(len, texts)))
        made = "".join(texts)
        if len(made) > FREE_TEXT:
            record.spend_text(len(made))
        return made

    return read


def as_text(value: Reader, is_text: bool) -> Reader:
    """Return a reader of the value as text; null gives an empty text."""
    return (lambda record: value(record) or "") if is_text else (lambda record: plain_text(value(record)))


def nth(items: Reader, index: int) -> Reader:
    """Return a reader of the item at `index`; null where the list is shorter."""

    def read(record: RecordContext) -> Any:
        found = items(record)
        return found[index] if isinstance(found, list | tuple) and -len(found) <= index < len(found) else None

    return read


def negative(value: Reader) -> Reader:
    """Return a reader of the negated number; null for null."""

    def read(record: RecordContext) -> Any:
        number = value(record)
        return None if number is None else negated(_number(number))

    return read


def negated(number: int | Decimal) -> int | Decimal:
    """Return the exact negative of a number."""
    return negative_amount(number) if isinstance(number, Decimal) else -number


def absolute(number: int | Decimal) -> int | Decimal:
    """Return the exact absolute value of a number."""
    return magnitude(number) if isinstance(number, Decimal) else abs(number)


def rounded_number(number: Any, scale: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Return a number rounded to `scale` decimals.

    Raises:
        RefusalError: the result has more than 38 digits.
    """
    try:
        result = rounded(Decimal(number), scale, rounding)
    except ArithmeticError:  # also of the number of decimals itself, where that is enormous
        result = None
    if result is None or len(result.as_tuple().digits) > MAX_DIGITS:
        raise RefusalError(
            Code.TOO_MANY_DIGITS, f"{number} with {scale} decimals has more than {MAX_DIGITS} digits"
        )
    return result


def calculation(sign: str, left: Reader, right: Reader) -> Reader:
    """Return a reader of the result of an arithmetic operator; null where one operand is null."""
    calculate = _SIGNS[sign]

    def read(record: RecordContext) -> Any:
        one, other = left(record), right(record)
        if one is None or other is None:
            return None
        both_whole = type(one) is type(other) is int and sign != "/"
        try:
            result = calculate(exact_decimal(one), exact_decimal(other))
        except (DivisionByZero, InvalidOperation):
            raise _calculation_error(sign, one, other) from None
        except (Inexact, Overflow, Underflow):
            raise RefusalError(
                Code.TOO_MANY_DIGITS,
                f"{one} {sign} {other} has more than {MAX_DIGITS} digits",
                "Round it first.",
            ) from None
        return int(result) if both_whole else result

    return read


def _calculation_error(sign: str, one: Any, other: Any) -> RefusalError:
    if sign in "/%" and not other:
        return RefusalError(
            Code.DIVISION_BY_ZERO,
            f"{one} {sign} {other} divides by zero",
            "Test the divisor first: a / b if b != 0.",
        )
    return RefusalError(Code.NOT_A_NUMBER, f"{one} {sign} {other} cannot be calculated")


def exact_decimal(value: Any) -> Decimal:
    """Return a number as a decimal.

    Raises:
        RefusalError: the value is not a number; text is never converted.
    """
    return value if type(value) is Decimal else Decimal(_number(value))


def _number(value: Any) -> Any:
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return value
    raise RefusalError(
        Code.NOT_A_NUMBER, f"{with_article(type_of(value))} ('{plain_text(value)}') is not a number"
    )


def _raise_on_mixed_types(one: Any, other: Any) -> None:
    left, right = type_of(one).name, type_of(other).name
    numbers = {"integer", "decimal"}
    if left != right and not {left, right} <= numbers:
        raise RefusalError(
            Code.NOT_COMPARABLE, f"{with_article(left)} cannot be compared with {with_article(right)}"
        )
