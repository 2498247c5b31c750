"""Compile the value of one field: a column, constant, expression, reference, `choose`, object or list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.constants import compile_constant
from sagerecon.mapping.context import Context
from sagerecon.mapping.expression import common_type
from sagerecon.mapping.fit import fit, fit_constant, item_field, type_of_field
from sagerecon.mapping.lists import compile_each, compile_items, compile_pick
from sagerecon.mapping.objects import compile_fields
from sagerecon.mapping.probe import Part, counted_outcomes, counted_when_read
from sagerecon.mapping.record_context import (
    NOTHING,
    CompiledValue,
    Reader,
    RecordContext,
    RefusalError,
    with_article,
)
from sagerecon.mapping.reference import compile_reference
from sagerecon.model.catalog import Field
from sagerecon.model.code import Code
from sagerecon.model.place import Place
from sagerecon.model.type import UNKNOWN, Type

#: The keys that give a value its source; each value has exactly one of them.
SOURCES = ("from", "value", "expr", "ref", "choose", "fields", "items")


def compile_value(node: Node, context: Context, path: str, field: Field | None = None) -> CompiledValue:
    """Compile the value that `node` describes, converted to the type of `field`.

    Args:
        node: The YAML of the value.
        context: What the value is compiled against.
        path: The path of the field, under which changes are recorded; empty where they are not.
        field: The field of Sage; None for a `let`, a label or an identity.
    """
    value = _compile_with_lists(node, context, path, field)
    if (condition := node.get("when")) is not None:
        test = counted_outcomes(context.condition(condition), context.probe, "when", condition.place)
        return CompiledValue(value.type, _read_if(test, value.read), value.constants, value.kind)
    return value


def _compile_with_lists(node: Node, context: Context, path: str, field: Field | None) -> CompiledValue:
    if node.get("each") is not None:
        if field is not None and field.type not in ("list", "unknown"):
            message = f"{path} is {with_article(field.type)}, and each: gives a list."
            context.faults.add(
                Code.WRONG_FIELD_TYPE, node["each"].named_at, message, "Use pick:, which gives one value."
            )
            return NOTHING
        item = item_field(field) if field is not None else None
        return compile_each(
            node, context, lambda inner: _compile_source(node, inner, f"{path}[]" if path else "", item)
        )
    if node.get("pick") is not None:
        return compile_pick(node, context, lambda inner: _compile_source(node, inner, path, field))
    return _compile_source(node, context, path, field)


def _compile_source(node: Node, context: Context, path: str, field: Field | None) -> CompiledValue:
    source = _find_source(node, context)
    if source is None:
        return NOTHING
    if source == "fields":
        return _compile_object(node, context, path, field)
    if source == "items":
        return _compile_items(node["items"], context, path, field)
    if source == "choose":
        value = _compile_choose(node["choose"], context, path, field)
        if node.get("do") is None and node.get("default") is None:
            return value
    elif source == "ref":
        value = compile_reference(node["ref"], context, path)
    elif source == "value":
        plain = field is not None and node.get("do") is None
        value = fit_constant(node["value"], field) if plain and field else compile_constant(node["value"])
    else:
        value = context.path(node["from"]) if source == "from" else context.expression(node["expr"])
    value = context.apply_transforms(value, node.get("do"), path)
    if (default := node.get("default")) is not None:
        value = _compile_default(value, default, context, path, field)
    if field is None:
        return value
    read = fit(value, field, node[source], path, context.catalog, context.faults)
    return CompiledValue(type_of_field(field), read, kind=value.kind)


def _find_source(node: Node, context: Context) -> str | None:
    found = [name for name in SOURCES if name in node.children()]
    if len(found) == 1:
        return found[0]
    if not found:
        context.faults.add(
            Code.NO_SOURCE,
            node.named_at,
            f"the field has no source ({', '.join(SOURCES)}).",
            "Add one of them.",
        )
    else:
        context.faults.add(
            Code.TWO_SOURCES,
            node[found[1]].named_at,
            f"the field has several sources: {' and '.join(found)}.",
            "Keep one of them.",
        )
    return None


def _compile_object(node: Node, context: Context, path: str, field: Field | None) -> CompiledValue:
    if field is None or field.type not in ("object", "unknown"):
        where = path or "a let"
        what = with_article(field.type) if field is not None else "a single value"
        hint = (
            "Describe its items with each: or items:." if field is not None and field.type == "list" else ""
        )
        context.faults.add(
            Code.WRONG_FIELD_TYPE, node["fields"].named_at, f"{where} is {what}, not an object.", hint
        )
        return NOTHING
    prefix = f"{path}." if path else ""
    reader = compile_fields(node["fields"], context, field.fields, path, prefix, compile_value)
    return CompiledValue(type_of_field(field), reader.read)


def _compile_items(node: Node, context: Context, path: str, field: Field | None) -> CompiledValue:
    if field is None or field.type not in ("list", "unknown"):
        where = path or "a let"
        context.faults.add(Code.WRONG_FIELD_TYPE, node.named_at, f"{where} is not a list.")
        return NOTHING
    inner = item_field(field)
    values = [
        compile_value(item, context, f"{path}[{number}]", inner)
        for number, item in enumerate(node.items(), start=1)
    ]
    return compile_items(values)


def _compile_choose(node: Node, context: Context, path: str, field: Field | None) -> CompiledValue:
    """Compile a `choose`: the first branch whose condition is true, else its `otherwise`."""
    branches: list[tuple[Reader, Reader]] = []
    values: list[tuple[CompiledValue, Node]] = []
    otherwise: Reader | None = None
    for branch in node.items():
        rest = branch.get("otherwise")
        if rest is not None:
            typed = _compile_otherwise(rest, context, path, field)
            values.append((typed, rest))
            otherwise = counted_when_read(typed.read, context.probe, Part.BRANCH, "otherwise", rest.named_at)
        elif (when := branch.get("when")) is not None:
            typed = _compile_with_lists(branch, context, path, field)
            values.append((typed, branch))
            read = counted_when_read(typed.read, context.probe, Part.BRANCH, when.text, branch.place)
            branches.append((context.condition(when), read))
    if otherwise is None:
        hint = "End it with {otherwise: omit}, {otherwise: quarantine} or another value."
        context.faults.add(Code.NO_OTHERWISE, node.place, "choose has no otherwise branch.", hint)
        return NOTHING
    type_ = type_of_field(field) if field is not None else _common_type(values, context)
    kinds = {typed.kind for typed, _ in values if typed.kind}
    return CompiledValue(type_, _read_first(branches, otherwise), kind=kinds.pop() if len(kinds) == 1 else "")


def _compile_otherwise(node: Node, context: Context, path: str, field: Field | None) -> CompiledValue:
    if node.children():
        return compile_value(node, context, path, field)
    if node.value == "quarantine":
        return CompiledValue(UNKNOWN, _no_branch)
    return NOTHING


def _no_branch(_: RecordContext) -> Any:
    raise RefusalError(
        Code.NO_CHOICE, "no branch of choose applies", "Add a branch for it, or write otherwise: omit."
    )


def _common_type(values: Sequence[tuple[CompiledValue, Node]], context: Context) -> Type:
    common = UNKNOWN
    for typed, node in values:
        joined = common_type(common, typed.type)
        if joined is None:
            message = f"the branches have different types: {common} and {typed.type}."
            context.faults.add(Code.MIXED_TYPES, node.place, message)
            return UNKNOWN
        common = joined
    return common


def _read_first(branches: Sequence[tuple[Reader, Reader]], otherwise: Reader) -> Reader:
    def read(record: RecordContext) -> Any:
        for condition, value in branches:
            if condition(record):
                return value(record)
        return otherwise(record)

    return read


def _read_if(condition: Reader, read: Reader) -> Reader:
    return lambda record: read(record) if condition(record) else None


def _compile_default(
    value: CompiledValue, node: Node, context: Context, path: str, field: Field | None
) -> CompiledValue:
    wanted = value.type if value.type != UNKNOWN else type_of_field(field) if field is not None else None
    stated = node.get("value") if node.children() else node
    if (expression := node.get("expr")) is not None:
        instead = context.expression(expression)
    elif (column := node.get("from")) is not None:
        instead = context.path(column)
    elif stated is not None:
        instead = compile_constant(stated, wanted)
    else:
        return value
    joined = common_type(value.type, instead.type)
    if joined is None:
        message = f"the value and its default have different types: {value.type} and {instead.type}."
        context.faults.add(Code.MIXED_TYPES, node.place, message)
        return NOTHING
    when = node.get("when")
    test = _is_null if when is not None and when.value in (None, "null") else _is_blank
    both_known = bool(value.constants and instead.constants)
    constants = _without_doubles((*value.constants, *instead.constants)) if both_known else ()
    other = counted_when_read(instead.read, context.probe, Part.DEFAULT, path or "default", node.place)
    read = _read_with_default(value.read, other, test, path, node.place)
    if field is not None:  # the default alone is checked: a finding about it belongs to its own place
        stated_default = CompiledValue(instead.type, instead.read, instead.constants)
        fit(stated_default, field, node, path, context.catalog, context.faults)
    return CompiledValue(joined, read, constants)


def _without_doubles(constants: Sequence[tuple[Any, Place]]) -> tuple[tuple[Any, Place], ...]:
    """Return the constants without those that a let gives both to a value and to its default."""
    return tuple({id(constant): constant for constant in constants}.values())


def _read_with_default(
    read: Reader, instead: Reader, test: Callable[[Any], bool], path: str, place: Place
) -> Reader:
    def defaulted(record: RecordContext) -> Any:
        value = read(record)
        if not test(value):
            return value
        other = instead(record)
        if path and other is not None:
            record.change(path, value, other, "default", place)
        return other

    return defaulted


def _is_null(value: Any) -> bool:
    return value is None


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
