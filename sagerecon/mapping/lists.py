"""Lists in the target (`each`, `items`), and a single item picked from a list (`pick`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.context import Context
from sagerecon.mapping.probe import counted_outcomes
from sagerecon.mapping.record_context import (
    NOTHING,
    CompiledValue,
    Reader,
    RecordContext,
    RefusalError,
    with_article,
)
from sagerecon.mapping.scope import for_each, spend_texts
from sagerecon.model.code import Code
from sagerecon.model.type import UNKNOWN, list_of

#: Compiles the value of one item, with the name of the item in scope.
CompileItem: TypeAlias = Callable[[Context], CompiledValue]


def compile_each(node: Node, context: Context, compile_item: CompileItem) -> CompiledValue:
    """Compile an `each`: the values of the items of a list, without those that are null or blank."""
    walked = _compile_iteration(node["each"], context)
    if walked is None:
        return NOTHING
    items, name, inner, where = walked
    value = compile_item(inner)

    def one(record: RecordContext) -> Any:
        record.indices[-1] += 1
        return value.read(record) if where is None or where(record) else None

    each = for_each(name, items, one)

    def read(record: RecordContext) -> Any:
        record.indices.append(-1)
        try:
            made = [item for item in each(record) if item is not None and item != ""]
        finally:
            record.indices.pop()
        return made or None

    return CompiledValue(list_of(value.type), read, kind=value.kind)


def compile_pick(node: Node, context: Context, compile_item: CompileItem) -> CompiledValue:
    """Compile a `pick`: the value of the one item that meets `where`; null where none does."""
    pick = node["pick"]
    walked = _compile_iteration(pick, context)
    if walked is None:
        return NOTHING
    items, name, inner, where = walked
    value = compile_item(inner)
    expect = pick.get("expect")
    expected = expect.text if expect is not None else "at_most_one"

    test = for_each(name, items, where) if where is not None else None

    def chosen(record: RecordContext) -> list[Any]:
        there = items(record) or ()
        found = list(compress(there, test(record))) if test is not None else list(there)
        if expected == "first":
            return found[:1]
        _check_count(len(found), expected)
        return found

    made = for_each(name, chosen, value.read)
    read = _read_single(made)
    return CompiledValue(value.type, read, kind=value.kind)


def compile_items(values: Sequence[CompiledValue]) -> CompiledValue:
    """Return the list of `values`, without those that are null or blank."""
    reads = [value.read for value in values]

    def read(record: RecordContext) -> Any:
        made = [one for read in reads if (one := read(record)) is not None and one != ""]
        spend_texts(record, made)
        return made or None

    return CompiledValue(list_of(values[0].type if values else UNKNOWN), read)


def _read_single(made: Callable[[RecordContext], list[Any]]) -> Reader:
    return lambda record: next(iter(made(record)), None)


def _check_count(count: int, expected: str) -> None:
    if count > 1:
        raise RefusalError(
            Code.TOO_MANY_ITEMS,
            f"{count} items meet the condition; at most one is allowed",
            "Narrow where:, or write expect: first.",
        )
    if not count and expected == "exactly_one":
        raise RefusalError(Code.NO_ITEM, "no item meets the condition; exactly one is required")


def _compile_iteration(node: Node, context: Context) -> tuple[Reader, str, Context, Reader | None] | None:
    """Return the list, the name of its items, the context inside it, and the condition; None on a fault."""
    source = node.get("from") or node.get("each") if node.children() else node
    if source is None:
        return None
    items = context.path(source)
    if items.type.name not in ("list", "unknown"):
        context.faults.add(
            Code.NOT_A_LIST, source.place, f"'{source.text}' is {with_article(items.type)}, not a list."
        )
        return None
    given = node.get("as")
    name = given.text if given is not None else "item"
    if context.scope.is_taken(name):
        place = given.place if given is not None else source.place
        context.faults.add(
            Code.NAME_TAKEN, place, f"the name '{name}' is already in use.", "Choose another: as: line."
        )
        return None
    inner = context.within(context.scope.with_element(name, items.type.item or UNKNOWN))
    where = node.get("where")
    if where is None:
        return items.read, name, inner, None
    return (
        items.read,
        name,
        inner,
        counted_outcomes(inner.condition(where), inner.probe, "where", where.place),
    )
