"""The fields of an object, checked against the catalog, and how the object is read off a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.context import Context
from sagerecon.mapping.frame import Frame, Read, RefusalError, Typed
from sagerecon.model.catalog import Field
from sagerecon.model.code import Code
from sagerecon.model.place import Place

#: Compiles the value of one field.
CompileValue: TypeAlias = Callable[[Node, Context, str, Field | None], Typed]


@dataclass(frozen=True, slots=True)
class Plan:
    """The fields of one object, each with how it is read, its path and its place in the mapping."""

    fields: tuple[tuple[str, Read, str, Place], ...]

    def read(self, frame: Frame) -> dict[str, Any] | None:
        """The object, without what is null or blank; null where nothing is left. Each fault is remembered."""
        made: dict[str, Any] = {}
        for name, read, path, place in self.fields:
            try:
                value = read(frame)
            except RefusalError as error:
                frame.refuse(error, path, place)
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
) -> Plan:
    """The plan of the fields in `node`. `known` are those of the catalog, empty where it says nothing.

    `owner` names the object in messages, `prefix` stands before the paths of its fields.
    """
    plan: list[tuple[str, Read, str, Place]] = []
    for name, child in node.children().items():
        path = f"{prefix}{name}"
        field = known.get(name, _ANYTHING)
        if known and not _may_be_sent(name, known, owner, child, context):
            field = _ANYTHING
        value = compile_value(child, context, path, field)
        plan.append((name, value.read, path, child.named_at))
    return Plan(tuple(plan))


_ANYTHING = Field("", "unknown")


def _may_be_sent(name: str, known: Mapping[str, Field], owner: str, node: Node, context: Context) -> bool:
    field = known.get(name)
    if field is None:
        sent = [name for name, field in known.items() if not field.read_only]
        context.faults.unknown(
            Code.UNKNOWN_FIELD, node.named_at, f"{owner} has no field '{name}'.", name, sent
        )
        return False
    if field.read_only or not field.create:
        message = (
            f"{owner} takes no '{name}': Sage sets it."
            if field.read_only
            else f"{name} cannot be sent in a create."
        )
        context.faults.add(Code.FIELD_NOT_SENT, node.named_at, message, "Take it out.")
        return False
    if context.country and field.countries and context.country not in field.countries:
        message = (
            f"{owner} has no '{name}' in {context.country}; there it is for {', '.join(field.countries)}."
        )
        context.faults.add(Code.FIELD_NOT_AVAILABLE, node.named_at, message, "Take it out.")
    if context.edition == "start" and not field.in_start:
        message = f"{owner} has no '{name}' in the start edition."
        context.faults.add(Code.FIELD_NOT_AVAILABLE, node.named_at, message, "Take it out.")
    return True


def missing_fields(node: Node, known: Mapping[str, Field], country: str) -> list[str]:
    """The fields that Sage requires on create and `node` does not mention."""
    return [
        name
        for name, field in known.items()
        if field.required
        and field.create
        and not field.read_only
        and (not field.countries or country in field.countries)
        and name not in node.children()
    ]
