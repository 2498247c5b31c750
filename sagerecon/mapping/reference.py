"""`ref:` - a field that refers to another record, or to an entity that is in Sage already."""

from __future__ import annotations

from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.constants import compile_constant
from sagerecon.mapping.context import Context
from sagerecon.mapping.fit import natural_value
from sagerecon.mapping.record_context import (
    NOTHING,
    REFERENCE,
    CompiledValue,
    Reader,
    RecordContext,
    RefusalError,
    plain_text,
    with_article,
)
from sagerecon.model.catalog import Field, Kind
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.draft import Reference
from sagerecon.model.key import NaturalKey, draft_key, source_key
from sagerecon.model.key_path import KeyPath, key_path, why_never_found
from sagerecon.model.place import Place


def compile_reference(node: Node, context: Context, path: str) -> CompiledValue:
    """Compile a reference; a null key quarantines the record, or with `on_missing: omit` omits the field."""
    if (mapping := node.get("mapping")) is not None:
        return _compile_record_reference(node, mapping, context, path)
    if (kind := node.get("kind")) is not None:
        return _compile_entity_reference(node, kind, context, path)
    context.faults.add(
        Code.NO_TARGET,
        node.named_at,
        "the reference has neither mapping nor kind.",
        "Add mapping: for a record of another mapping, or kind: for an entity in Sage.",
    )
    return NOTHING


def compile_record_key(node: Node, context: Context, path: str = "") -> Reader | None:
    """Compile the draft key of a record of another mapping; None, with a finding, where that is not possible.

    The reader gives `customers/C001`, or null where a part of the key is blank.
    """
    header = context.headers.get(node["mapping"].text)
    by = node.get("by")
    if header is None:
        name = node["mapping"].text
        context.faults.add_unknown(
            Code.UNKNOWN_MAPPING,
            node["mapping"].place,
            f"there is no mapping '{name}'.",
            name,
            context.headers,
        )
        return None
    if by is None:
        context.faults.add(Code.MISSING_KEY, node.named_at, "the reference needs the key 'by'.")
        return None
    parts = by.items() or (by,)
    if header.key and len(parts) != len(header.key):
        key = ", ".join(header.key)
        message = f"the key of {header.name} is {key}, and by: has {counted(len(parts), 'part')}."
        context.faults.add(
            Code.WRONG_KEY, by.place, message, "Name one column for each part of the key, in that order."
        )
        return None
    reads = [_compile_key_part(part, node.get("do"), context, path) for part in parts]
    name = header.name

    def read(record: RecordContext) -> Any:
        values = [read(record) for read in reads]
        if any(value is None or value == "" for value in values):
            return None
        return draft_key(name, source_key(plain_text(value) for value in values))

    return read


def _compile_record_reference(node: Node, mapping: Node, context: Context, path: str) -> CompiledValue:
    key = compile_record_key(node, context, path)
    header = context.headers.get(mapping.text)
    if key is None or header is None:
        return NOTHING
    part = _check_part(node, context.catalog.kinds.get(header.kind), context)
    kind, on_null = header.kind, _null_handler(node, f"the key of the record in {header.name} is blank")

    def read(record: RecordContext) -> Any:
        text = key(record)
        return Reference(kind, text, part) if text is not None else on_null()

    return CompiledValue(REFERENCE, read, kind="" if part else kind)


def _compile_entity_reference(node: Node, kind_node: Node, context: Context, path: str) -> CompiledValue:
    kind = context.catalog.kinds.get(kind_node.text)
    by = node.get("by")
    if kind is None:
        context.faults.add_unknown(
            Code.UNKNOWN_KIND,
            kind_node.place,
            f"there is no kind '{kind_node.text}'.",
            kind_node.text,
            context.catalog.kinds,
        )
        return NOTHING
    if by is None or len(by.children()) != 1:
        hint = "For example: by: {nominal_code: account}."
        context.faults.add(
            Code.WRONG_KEY, (by or node).named_at, f"by: must name one field of {kind.name}.", hint
        )
        return NOTHING
    (name, source), *_ = by.children().items()
    path_of_key = check_key(kind, name, source.named_at, context)
    if path_of_key is None:
        return NOTHING
    value = _compile_key_part(source, node.get("do"), context, path)
    part = _check_part(node, kind, context)
    reference = _entity_reader(
        kind.name,
        name,
        path_of_key.field,
        value,
        part,
        _null_handler(node, f"the key of the {kind.name.replace('_', ' ')} is blank"),
    )
    return CompiledValue(REFERENCE, reference, kind="" if part else kind.name)


def check_key(kind: Kind, name: str, place: Place, context: Context) -> KeyPath | None:
    """Return the path to a natural key; None, with a finding, where no reading of Sage can find it."""
    path = key_path(context.catalog, kind, name)
    if path is None:
        first = name.partition(".")[0]
        context.faults.add_unknown(
            Code.UNKNOWN_FIELD, place, f"{kind.name} has no field '{name}'.", first, kind.fields
        )
    elif why := why_never_found(context.catalog, kind, name):
        keys = ", ".join(key.field for key in kind.natural_keys)
        context.faults.add(
            Code.KEY_NEVER_FOUND,
            place,
            f"no {kind.name} can be found by {name}: {why}.",
            f"Natural keys of {kind.name}: {keys}." if keys else "Refer to it by id.",
        )
        return None
    return path


def _entity_reader(
    kind: str, name: str, field: Field | None, value: Reader, part: str, on_null: Any
) -> Reader:
    def read(record: RecordContext) -> Any:
        found = value(record)
        if found is None or found == "":
            return on_null()
        return Reference(kind, NaturalKey(name, str(natural_value(found, field))), part)

    return read


def _compile_key_part(node: Node, do: Node | None, context: Context, path: str) -> Reader:
    """Compile one part of a key: a path, `{value: …}` or `{expr: …}`."""
    if (stated := node.get("value")) is not None:
        value = compile_constant(stated)
    elif (expression := node.get("expr")) is not None:
        value = context.expression(expression)
    else:
        value = context.path(node)
    value = context.apply_transforms(value, do, path)
    if value.type.name in ("list", "object", "reference"):
        context.faults.add(
            Code.WRONG_KEY, node.place, f"a key must be a single value, not {with_article(value.type)}."
        )
    return value.read


def _check_part(node: Node, kind: Kind | None, context: Context) -> str:
    part = node.get("part")
    if part is None:
        return ""
    if kind is not None and part.text not in kind.yields:
        message = f"{kind.name} has no part '{part.text}'."
        context.faults.add_unknown(Code.UNKNOWN_PART, part.place, message, part.text, kind.yields)
    return part.text


def _null_handler(node: Node, what: str) -> Any:
    missing = node.get("on_missing")
    if missing is not None and missing.text == "omit":
        return lambda: None

    def refuse() -> None:
        raise RefusalError(Code.NO_REFERENCE, what, "Fill it in in the source, or write on_missing: omit.")

    return refuse
