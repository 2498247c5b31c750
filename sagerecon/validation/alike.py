"""Find what keeps keys from matching and values from being equal, such as zeros, case, or the sign."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from unicodedata import normalize

from sagerecon.model.money import difference, negative, product, rounded
from sagerecon.model.two_sides import SideKey, Suggestion
from sagerecon.model.value import Scalar

#: Keys of each side that are tried; a comparison of more is one of the wrong files or keys.
MOST_KEYS = 200_000

#: Rules that are suggested for the key, and for each column.
_MOST_RULES = 3

_DATE = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{2,4})|([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MAX_MONTH = 12

#: A text that is an amount.
_AMOUNT = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)*")


def _without_zeros(value: Scalar) -> Scalar:
    return value.lstrip("0") or "0" if isinstance(value, str) and value else value


def _trimmed(value: Scalar) -> Scalar:
    return " ".join(value.split()) if isinstance(value, str) else value


def _folded(value: Scalar) -> Scalar:
    return value.casefold() if isinstance(value, str) else value


def _composed(value: Scalar) -> Scalar:
    return normalize("NFKC", value) if isinstance(value, str) else value


def _letters_and_digits(value: Scalar) -> Scalar:
    return re.sub(r"[\W_]+", "", value) if isinstance(value, str) else value


def _without_zero_decimals(value: Scalar) -> Scalar:
    return re.sub(r"(?<=[0-9])\.0+$", "", value) if isinstance(value, str) else value


def _all_together(value: Scalar) -> Scalar:
    return _without_zeros(_folded(_letters_and_digits(_composed(_without_zero_decimals(value)))))


def _day_and_month_swapped(value: Scalar) -> Scalar:
    if isinstance(value, date):
        return value.replace(month=value.day, day=value.month) if value.day <= _MAX_MONTH else value
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    if found[5]:
        return f"{found[5]}-{found[7]}-{found[6]}"
    return f"{found[3]}{found[2]}{found[1]}{found[2]}{found[4]}"


#: What is left of a value of either side; equal results make a match.
_BOTH_SIDES: dict[str, Callable[[Scalar], Scalar]] = {
    "without leading zeros": _without_zeros,
    "without spaces around and between": _trimmed,
    "in upper and lower case alike": _folded,
    "without .0 at the end": _without_zero_decimals,
    "in the same Unicode form": _composed,
    "without spaces and punctuation": _letters_and_digits,
    "by letters and digits alone, without case and leading zeros": _all_together,
}

#: Rules that are no reason for amounts to be equal: without their marks, 12.3 and 1.23 are alike.
_WITHOUT_MARKS = (
    "without spaces and punctuation",
    "by letters and digits alone, without case and leading zeros",
)

#: What a value of the left side becomes; a result equal to the right value makes a match.
_LEFT_SIDE: dict[str, Callable[[Scalar], Scalar]] = {
    "with day and month swapped": _day_and_month_swapped,
}


def _is_number(value: Scalar) -> bool:
    return isinstance(value, Decimal | int) and not isinstance(value, bool)


def _opposite(left: Decimal, right: Decimal) -> bool:
    return negative(left) == right


def _hundredfold(left: Decimal, right: Decimal) -> bool:
    return product(100, left) == right or product(100, right) == left


def _same_when_rounded(left: Decimal, right: Decimal) -> bool:
    return rounded(left) == rounded(right)


def _a_unit_apart(left: Decimal, right: Decimal) -> bool:
    return abs(difference(left, right)) <= Decimal("0.01")


_NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "with the opposite sign": _opposite,
    "when one is a hundred times the other": _hundredfold,
    "when rounded to 2 decimals": _same_when_rounded,
    "within 0.01": _a_unit_apart,
}


def key_suggestions(missing: Sequence[SideKey], extra: Sequence[SideKey]) -> list[Suggestion]:
    """Return the rules by which keys of one side alone would match a key of the other, the best first.

    A key counts where it matches exactly one key of the other side, and no other key does.

    Args:
        missing: the keys of the left side alone.
        extra: the keys of the right side alone.
    """
    if not missing or not extra:
        return []
    found: list[Suggestion] = []
    for rule, change in _BOTH_SIDES.items():
        found.append(Suggestion(rule, _matches(missing, extra, change, change), len(missing)))
    for rule, change in _LEFT_SIDE.items():
        found.append(Suggestion(rule, _matches(missing, extra, change, lambda value: value), len(missing)))
    return _best(found)


class FieldSuggestions:
    """Counts, column by column, by which rule differing values would be equal."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._differing: Counter[int] = Counter()
        self._equal: Counter[tuple[int, str]] = Counter()

    def add(self, column: int, left: Scalar, right: Scalar) -> None:
        """Count two differing values of the column with this number."""
        self._differing[column] += 1
        for rule in _equalities(left, right):
            self._equal[column, rule] += 1

    def all(self) -> list[Suggestion]:
        """Return the best rules of each column, in the order of the columns."""
        found: list[Suggestion] = []
        for column, differing in sorted(self._differing.items()):
            rules = [
                Suggestion(rule, count, differing, self._columns[column])
                for (number, rule), count in self._equal.items()
                if number == column
            ]
            found += _best(rules)
        return found


def _equalities(left: Scalar, right: Scalar) -> Iterator[str]:
    """Yield the rules by which two differing values are equal."""
    if _is_number(left) and _is_number(right):
        one, other = Decimal(str(left)), Decimal(str(right))
        yield from (rule for rule, is_equal in _NUMBERS.items() if is_equal(one, other))
        return
    if left is None or right is None:
        return
    are_amounts = all(isinstance(side, str) and _AMOUNT.fullmatch(side) for side in (left, right))
    yield from (
        rule
        for rule, change in _BOTH_SIDES.items()
        if change(left) == change(right) and not (are_amounts and rule in _WITHOUT_MARKS)
    )
    yield from (rule for rule, change in _LEFT_SIDE.items() if change(left) == right)


def _matches(
    missing: Sequence[SideKey],
    extra: Sequence[SideKey],
    of_left: Callable[[Scalar], Scalar],
    of_right: Callable[[Scalar], Scalar],
) -> int:
    lefts = Counter(tuple(map(of_left, key)) for key in missing)
    rights = Counter(tuple(map(of_right, key)) for key in extra)
    return sum(count == 1 and rights.get(key) == 1 for key, count in lefts.items())


def _best(found: Sequence[Suggestion]) -> list[Suggestion]:
    """Return the rules by which most are equal; of two with the same count the simpler one."""
    kept: list[Suggestion] = []
    for each in sorted(found, key=lambda each: -each.count):
        if each.count and all(each.count != other.count for other in kept):
            kept.append(each)
    return kept[:_MOST_RULES]
