"""The fields of an object, checked against the catalog and compiled into a reader of the object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.context import Context
from sagerecon.mapping.probe import counted_when_given
from sagerecon.mapping.record_context import FREE_TEXT, CompiledValue, Reader, RecordContext, RefusalError
from sagerecon.model.catalog import Field
from sagerecon.model.code import Code
from sagerecon.model.place import Place
from sagerecon.model.suggestion import nearest

#: Compiles the value of one field.
CompileValue: TypeAlias = Callable[[Node, Context, str, Field | None], CompiledValue]


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """The reader of one object: its fields, each with its reader, its path and its place in the mapping."""

    fields: tuple[tuple[str, Reader, str, Place], ...]

    def read(self, record: RecordContext) -> dict[str, Any] | None:
        """Return the object without null and blank fields; None where none is left. Record each fault."""
        made: dict[str, Any] = {}
        for name, read, path, place in self.fields:
            try:
                value = read(record)
            except RefusalError as error:
                record.refuse(error, path, place)
                continue
            if value is not None and value != "":
                made[name] = value
        return made or None


def compile_fields(
    node: Node,
    context: Context,
    known: Mapping[str, Field],
    owner: str,
    prefix: str,
    compile_value: CompileValue,
) -> ObjectReader:
    """Compile the fields of an object.

    Args:
        node: The YAML of the fields, by name.
        context: What they are compiled against.
        known: The fields of the catalog; empty where the catalog does not describe them.
        owner: The name of the object in messages.
        prefix: What comes before the name of a field in its path.
        compile_value: Compiles the value of one field.
    """
    fields: list[tuple[str, Reader, str, Place]] = []
    for name, child in node.children().items():
        path = f"{prefix}{name}"
        field = known.get(name, _ANYTHING)
        if known and not _check_can_be_sent(name, known, owner, child, context):
            field = _ANYTHING
        value = compile_value(child, context, path, field)
        context.keep_reader(path, value.read, child.named_at)
        # The catalog has few fields at the top; lists, and objects it does not describe, have any number.
        read = _counted(value.read) if "[" in path or field.type == "unknown" else value.read
        read = counted_when_given(read, context.probe, path, child.named_at)
        fields.append((name, read, path, child.named_at))
    return ObjectReader(tuple(fields))


def _counted(read: Reader) -> Reader:
    def counted(record: RecordContext) -> Any:
        value = read(record)
        if type(value) is str and len(value) > FREE_TEXT:
            record.spend_text(len(value))
        return value

    return counted


_ANYTHING = Field("", "unknown")


def _check_can_be_sent(
    name: str, known: Mapping[str, Field], owner: str, node: Node, context: Context
) -> bool:
    field = known.get(name)
    if field is None:
        sent = [name for name, field in known.items() if not field.read_only]
        context.faults.add_unknown(
            Code.UNKNOWN_FIELD, node.named_at, f"{owner} has no field '{name}'.", name, sent
        )
        return False
    if field.read_only or not field.create:
        message = (
            f"'{name}' of {owner} is read-only in Sage."
            if field.read_only
            else f"'{name}' of {owner} cannot be set on create."
        )
        context.faults.add(Code.FIELD_NOT_SENT, node.named_at, message, "Remove it.")
        return False
    if context.country and field.countries and context.country not in field.countries:
        message = f"{owner} has no field '{name}' in {context.country}, only in {', '.join(field.countries)}."
        context.faults.add(Code.FIELD_NOT_AVAILABLE, node.named_at, message, "Remove it.")
    if context.edition == "start" and not field.in_start:
        message = f"{owner} has no field '{name}' in the Start edition."
        context.faults.add(Code.FIELD_NOT_AVAILABLE, node.named_at, message, "Remove it.")
    return True


def missing_fields(node: Node, known: Mapping[str, Field], country: str) -> list[str]:
    """Return the fields that Sage requires on create and `node` does not fill.

    One that an unknown name is taken for is not missing: that name has a finding of its own.
    """
    meant = {nearest(name, known) for name in node.children() if name not in known}
    return [
        name
        for name, field in known.items()
        if field.required
        and field.create
        and not field.read_only
        and (not field.countries or country in field.countries)
        and name not in node.children()
        and name not in meant
    ]
