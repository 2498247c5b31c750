"""`identity:` - the fields of Sage that identify the entity of a record on both sides."""

from __future__ import annotations

from sagerecon.documents.document import Node
from sagerecon.mapping.context import Context
from sagerecon.mapping.record_context import Reader
from sagerecon.mapping.reference import check_key
from sagerecon.mapping.value import compile_value
from sagerecon.model.catalog import Kind
from sagerecon.model.code import Code
from sagerecon.model.key_path import key_path
from sagerecon.model.place import Place


def compile_identity(
    node: Node, fields: Node, context: Context, kind: Kind | None, *, is_looked_for: bool
) -> dict[str, Reader | None]:
    """Compile each identifying field; None where the body has it, else a reader of the source.

    Args:
        fields: the mapped fields.
        is_looked_for: whether an entity with this identity is looked for in Sage.
    """
    mapped = fields.children()
    named = {item.text: item for item in node.items()} | node.children()
    identity: dict[str, Reader | None] = {}
    for name, value in named.items():
        place = value.named_at
        field = name if kind is None else _checked(name, place, kind, context, is_looked_for=is_looked_for)
        if field in mapped:
            identity[field] = None
            if value.text != name and not value.children():
                context.path(value)
        elif node.items():
            context.faults.add(
                Code.IDENTITY_NOT_MAPPED,
                place,
                f"the identity field '{name}' is not mapped.",
                f"Map it under fields:, or name its column: identity: {{{name}: column}}.",
            )
        else:
            identity[field] = (
                compile_value(value, context, "") if value.children() else context.path(value)
            ).read
    return identity


def _checked(name: str, place: Place, kind: Kind, context: Context, *, is_looked_for: bool) -> str:
    """Return the name of an identity field in requests; one that no reading of Sage can find is a finding."""
    path = key_path(context.catalog, kind, name)
    if is_looked_for or path is None:
        check_key(kind, name, place, context)
    return path.sent_as if path is not None and len(path.names) == 1 else name
