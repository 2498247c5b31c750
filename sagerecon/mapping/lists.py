"""Lists in a target: one item for each of the source's, one picked out of them, or a fixed few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.context import Context
from sagerecon.mapping.frame import NOTHING, Frame, Read, RefusalError, Typed, a
from sagerecon.mapping.scope import for_each
from sagerecon.model.code import Code
from sagerecon.model.type import UNKNOWN, list_of

#: Compiles what stands for one item, with the item's name in scope.
Body: TypeAlias = Callable[[Context], Typed]


def each_item(node: Node, context: Context, body: Body) -> Typed:
    """A list with what `body` makes of each item; items it makes nothing of are not in it."""
    walked = _walked(node["each"], context)
    if walked is None:
        return NOTHING
    items, name, inner, where = walked
    value = body(inner)

    def one(frame: Frame) -> Any:
        frame.indices[-1] += 1
        return value.read(frame) if where is None or where(frame) else None

    each = for_each(name, items, one)

    def read(frame: Frame) -> Any:
        frame.indices.append(-1)
        try:
            made = [item for item in each(frame) if item is not None and item != ""]
        finally:
            frame.indices.pop()
        return made or None

    return Typed(list_of(value.type), read, kind=value.kind)


def picked_item(node: Node, context: Context, body: Body) -> Typed:
    """What `body` makes of the one item that meets `where`; null for none."""
    pick = node["pick"]
    walked = _walked(pick, context)
    if walked is None:
        return NOTHING
    items, name, inner, where = walked
    value = body(inner)
    expect = pick.get("expect")
    expected = expect.text if expect is not None else "at_most_one"

    test = for_each(name, items, where) if where is not None else None

    def chosen(frame: Frame) -> list[Any]:
        there = items(frame) or ()
        found = list(compress(there, test(frame))) if test is not None else list(there)
        if expected == "first":
            return found[:1]
        _check_count(len(found), expected)
        return found

    made = for_each(name, chosen, value.read)
    read = _only_one(made)
    return Typed(value.type, read, kind=value.kind)


def fixed_items(values: Sequence[Typed]) -> Typed:
    """A list of these values; those that are null are not in it."""
    reads = [value.read for value in values]

    def read(frame: Frame) -> Any:
        made = [one for read in reads if (one := read(frame)) is not None and one != ""]
        return made or None

    return Typed(list_of(values[0].type if values else UNKNOWN), read)


def _only_one(made: Callable[[Frame], list[Any]]) -> Read:
    return lambda frame: next(iter(made(frame)), None)


def _check_count(count: int, expected: str) -> None:
    if count > 1:
        raise RefusalError(
            Code.TOO_MANY_ITEMS,
            f"{count} items meet the condition, and at most one may",
            "Narrow where:, or say expect: first.",
        )
    if not count and expected == "exactly_one":
        raise RefusalError(Code.NO_ITEM, "no item meets the condition, and exactly one must")


def _walked(node: Node, context: Context) -> tuple[Read, str, Context, Read | None] | None:
    """The list, the name of its items, the context inside it, and the condition on an item."""
    source = node.get("from") or node.get("each") if node.children() else node
    if source is None:
        return None
    items = context.path(source)
    if items.type.name not in ("list", "unknown"):
        context.faults.add(Code.NOT_A_LIST, source.place, f"'{source.text}' is {a(items.type)}, not a list.")
        return None
    given = node.get("as")
    name = given.text if given is not None else "item"
    if context.scope.is_taken(name):
        place = given.place if given is not None else source.place
        context.faults.add(
            Code.NAME_TAKEN, place, f"the name '{name}' is taken already.", "Give the item another: as: line."
        )
        return None
    inner = context.within(context.scope.with_element(name, items.type.item or UNKNOWN))
    where = node.get("where")
    return items.read, name, inner, inner.condition(where) if where is not None else None
