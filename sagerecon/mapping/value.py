"""The value of one field: from a column, a constant, an expression, a reference, a choice or a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.constants import constant_of
from sagerecon.mapping.context import Context
from sagerecon.mapping.expression import common_type
from sagerecon.mapping.fit import fit, fit_constant, item_field, type_of_field
from sagerecon.mapping.frame import NOTHING, Frame, Read, RefusalError, Typed, a
from sagerecon.mapping.lists import each_item, fixed_items, picked_item
from sagerecon.mapping.objects import compile_fields
from sagerecon.mapping.reference import compile_reference
from sagerecon.model.catalog import Field
from sagerecon.model.code import Code
from sagerecon.model.place import Place
from sagerecon.model.type import UNKNOWN, Type

#: What a value may come from; exactly one of them stands in each value.
SOURCES = ("from", "value", "expr", "ref", "choose", "fields", "items")


def compile_value(node: Node, context: Context, path: str, field: Field | None = None) -> Typed:
    """The value that `node` describes, as `field` takes it.

    Changes are remembered under `path`; without a path none are. `field` is None for a `let`.
    """
    value = _compile_whole(node, context, path, field)
    if (condition := node.get("when")) is not None:
        return Typed(value.type, _only(context.condition(condition), value.read), value.constants, value.kind)
    return value


def _compile_whole(node: Node, context: Context, path: str, field: Field | None) -> Typed:
    if node.get("each") is not None:
        if field is not None and field.type not in ("list", "unknown"):
            message = f"{path} is {a(field.type)}, and each: makes a list."
            context.faults.add(Code.WRONG_FIELD_TYPE, node["each"].named_at, message, "Use pick:.")
            return NOTHING
        item = item_field(field) if field is not None else None
        return each_item(
            node, context, lambda inner: _compile_core(node, inner, f"{path}[]" if path else "", item)
        )
    if node.get("pick") is not None:
        return picked_item(node, context, lambda inner: _compile_core(node, inner, path, field))
    return _compile_core(node, context, path, field)


def _compile_core(node: Node, context: Context, path: str, field: Field | None) -> Typed:
    source = _source(node, context)
    if source is None:
        return NOTHING
    if source == "fields":
        return _object(node, context, path, field)
    if source == "items":
        return _items(node["items"], context, path, field)
    if source == "choose":
        value = _chosen(node["choose"], context, path, field)
        if node.get("do") is None and node.get("default") is None:
            return value
    elif source == "ref":
        value = compile_reference(node["ref"], context, path)
    elif source == "value":
        plain = field is not None and node.get("do") is None
        value = fit_constant(node["value"], field) if plain and field else constant_of(node["value"])
    else:
        value = context.path(node["from"]) if source == "from" else context.expression(node["expr"])
    value = context.through(value, node.get("do"), path)
    if (default := node.get("default")) is not None:
        value = _with_default(value, default, context, path, field)
    if field is None:
        return value
    read = fit(value, field, node[source], path, context.catalog, context.faults)
    return Typed(type_of_field(field), read, kind=value.kind)


def _source(node: Node, context: Context) -> str | None:
    found = [name for name in SOURCES if name in node.children()]
    if len(found) == 1:
        return found[0]
    if not found:
        context.faults.add(
            Code.NO_SOURCE,
            node.named_at,
            "nothing says where the value comes from.",
            f"Write one of {', '.join(SOURCES)}.",
        )
    else:
        context.faults.add(
            Code.TWO_SOURCES,
            node[found[1]].named_at,
            f"the value has {' and '.join(found)}.",
            "Keep one of them.",
        )
    return None


def _object(node: Node, context: Context, path: str, field: Field | None) -> Typed:
    if field is None or field.type not in ("object", "unknown"):
        where = path or "a let"
        what = a(field.type) if field is not None else "one value"
        hint = "Make its lines with each: or items:." if field is not None and field.type == "list" else ""
        context.faults.add(
            Code.WRONG_FIELD_TYPE, node["fields"].named_at, f"{where} is {what}, not an object.", hint
        )
        return NOTHING
    prefix = f"{path}." if path else ""
    plan = compile_fields(node["fields"], context, field.fields, path, prefix, compile_value)
    return Typed(type_of_field(field), plan.read)


def _items(node: Node, context: Context, path: str, field: Field | None) -> Typed:
    if field is None or field.type not in ("list", "unknown"):
        where = path or "a let"
        context.faults.add(Code.WRONG_FIELD_TYPE, node.named_at, f"{where} is no list.", "")
        return NOTHING
    inner = item_field(field)
    values = [
        compile_value(item, context, f"{path}[{number}]", inner)
        for number, item in enumerate(node.items(), start=1)
    ]
    return fixed_items(values)


def _chosen(node: Node, context: Context, path: str, field: Field | None) -> Typed:
    """The first branch whose condition holds; without one, what `otherwise` says."""
    branches: list[tuple[Read, Read]] = []
    values: list[tuple[Typed, Node]] = []
    otherwise: Read | None = None
    for branch in node.items():
        rest = branch.get("otherwise")
        if rest is not None:
            typed = _otherwise(rest, context, path, field)
            values.append((typed, rest))
            otherwise = typed.read
        elif (when := branch.get("when")) is not None:
            typed = _compile_whole(branch, context, path, field)
            values.append((typed, branch))
            branches.append((context.condition(when), typed.read))
    if otherwise is None:
        hint = "End it with {otherwise: omit}, {otherwise: quarantine} or another value."
        context.faults.add(
            Code.NO_OTHERWISE, node.place, "nothing says what holds where no branch does.", hint
        )
        return NOTHING
    type_ = type_of_field(field) if field is not None else _common(values, context)
    kinds = {typed.kind for typed, _ in values if typed.kind}
    return Typed(type_, _first(branches, otherwise), kind=kinds.pop() if len(kinds) == 1 else "")


def _otherwise(node: Node, context: Context, path: str, field: Field | None) -> Typed:
    if node.children():
        return compile_value(node, context, path, field)
    if node.value == "quarantine":
        return Typed(UNKNOWN, _no_branch)
    return NOTHING


def _no_branch(_: Frame) -> Any:
    raise RefusalError(
        Code.NO_CHOICE, "no branch of choose holds", "Add a branch for it, or say otherwise: omit."
    )


def _common(values: Sequence[tuple[Typed, Node]], context: Context) -> Type:
    common = UNKNOWN
    for typed, node in values:
        joined = common_type(common, typed.type)
        if joined is None:
            message = f"another branch gives {a(common)}, and this one {a(typed.type)}."
            context.faults.add(Code.MIXED_TYPES, node.place, message)
            return UNKNOWN
        common = joined
    return common


def _first(branches: Sequence[tuple[Read, Read]], otherwise: Read) -> Read:
    def read(frame: Frame) -> Any:
        for condition, value in branches:
            if condition(frame):
                return value(frame)
        return otherwise(frame)

    return read


def _only(condition: Read, read: Read) -> Read:
    return lambda frame: read(frame) if condition(frame) else None


def _with_default(value: Typed, node: Node, context: Context, path: str, field: Field | None) -> Typed:
    wanted = value.type if value.type != UNKNOWN else type_of_field(field) if field is not None else None
    stated = node.get("value") if node.children() else node
    if (expression := node.get("expr")) is not None:
        instead = context.expression(expression)
    elif (column := node.get("from")) is not None:
        instead = context.path(column)
    elif stated is not None:
        instead = constant_of(stated, wanted)
    else:
        return value
    joined = common_type(value.type, instead.type)
    if joined is None:
        message = f"the value is {a(value.type)}, and its default is {a(instead.type)}."
        context.faults.add(Code.MIXED_TYPES, node.place, message)
        return NOTHING
    when = node.get("when")
    test = _is_null if when is not None and when.value in (None, "null") else _is_blank
    both_known = bool(value.constants and instead.constants)
    constants = (*value.constants, *instead.constants) if both_known else ()
    read = _defaulted(value.read, instead.read, test, path, node.place)
    if field is not None:  # what it may become is checked now, and not only with the rest of the value
        stated_default = Typed(instead.type, instead.read, instead.constants)
        fit(stated_default, field, node, path, context.catalog, context.faults)
    return Typed(joined, read, constants)


def _defaulted(read: Read, instead: Read, test: Callable[[Any], bool], path: str, place: Place) -> Read:
    def defaulted(frame: Frame) -> Any:
        value = read(frame)
        if not test(value):
            return value
        other = instead(frame)
        if path and other is not None:
            frame.change(path, value, other, "default", place)
        return other

    return defaulted


def _is_null(value: Any) -> bool:
    return value is None


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
