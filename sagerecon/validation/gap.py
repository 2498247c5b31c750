"""Find the records whose amounts sum exactly to a gap, if exactly one smallest set of them does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.control import Item
from sagerecon.model.money import shifted

#: Records that are searched. Among more, four of them sum to almost any gap.
MOST_ITEMS = 2_000

#: Records in a set. Larger sets sum to almost any gap.
LARGEST_SET = 4

#: Positions of the records of a set.
Found: TypeAlias = "tuple[int, ...]"


def items_explaining(gap: Decimal, items: Sequence[Item]) -> tuple[Item, ...] | None:
    """Return the smallest set of items that sums exactly to `gap`, or None.

    The result is None, too, where two sets of that size do, where the set would have more than `LARGEST_SET`
    items, and where there are more than `MOST_ITEMS` to choose from.
    """
    candidates = [item for item in items if item.amount]
    if not candidates or len(candidates) > MOST_ITEMS:
        return None
    wanted, amounts = _whole_numbers(gap, [item.amount for item in candidates])
    for search in _SEARCHES:
        found = search(wanted, amounts)
        if found:
            return tuple(candidates[number] for number in found[0]) if len(found) == 1 else None
    return None


def _whole_numbers(gap: Decimal, amounts: Sequence[Decimal]) -> tuple[int, list[int]]:
    """Return the amounts as whole numbers of the finest unit among them, which add up fast and exactly."""
    exponents = [
        exponent for amount in (gap, *amounts) if isinstance(exponent := amount.as_tuple().exponent, int)
    ]
    unit = min(0, *exponents)
    return int(shifted(gap, -unit)), [int(shifted(amount, -unit)) for amount in amounts]


def _ones(wanted: int, amounts: Sequence[int]) -> list[Found]:
    found: list[Found] = [(number,) for number, amount in enumerate(amounts) if amount == wanted]
    return found[:2]


def _twos(wanted: int, amounts: Sequence[int]) -> list[Found]:
    """Return at most a few pairs that sum to `wanted`: each item is paired with earlier ones."""
    found: list[Found] = []
    before: dict[int, list[int]] = {}
    for last, amount in enumerate(amounts):
        found += [(first, last) for first in before.get(wanted - amount, ())[:2]]
        if len(found) > 1:
            return found
        before.setdefault(amount, []).append(last)
    return found


def _threes(wanted: int, amounts: Sequence[int]) -> list[Found]:
    found: list[Found] = []
    before: dict[int, list[int]] = {}
    for middle, amount in enumerate(amounts):
        for last in range(middle + 1, len(amounts)):
            firsts = before.get(wanted - amount - amounts[last])
            if firsts:
                found += [(first, middle, last) for first in firsts[:2]]
                if len(found) > 1:
                    return found
        before.setdefault(amount, []).append(middle)
    return found


def _fours(wanted: int, amounts: Sequence[int]) -> list[Found]:
    """Return at most two sets of four: sums of two earlier items, completed by sums of two later ones."""
    found: list[Found] = []
    count = len(amounts)
    pairs: dict[int, int] = {}  # sum -> first * count + second of one pair before
    many: set[int] = set()  # sums that several pairs have
    for third, amount in enumerate(amounts):
        for fourth in range(third + 1, count):
            rest = wanted - amount - amounts[fourth]
            pair = pairs.get(rest)
            if pair is not None:
                found.append((*divmod(pair, count), third, fourth))
                if len(found) > 1 or rest in many:
                    return [*found, *found]
        for first in range(third):
            both = amounts[first] + amount
            if both in pairs:
                many.add(both)
            else:
                pairs[both] = first * count + third
    return found


_SEARCHES: tuple[Callable[[int, Sequence[int]], list[Found]], ...] = (_ones, _twos, _threes, _fours)
assert len(_SEARCHES) == LARGEST_SET  # noqa: S101 - the constant says what the searches do
