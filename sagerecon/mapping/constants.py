"""Constants written in a mapping, converted to the type that is needed where they are used."""

from __future__ import annotations

from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.record_context import CompiledValue, constant, iso_day, type_of
from sagerecon.model.money import decimal
from sagerecon.model.type import DATE, DECIMAL, INTEGER, TEXT, Type, list_of


def compile_constant(node: Node, wanted: Type | None = None) -> CompiledValue:
    """Return the value of a YAML node, converted to `wanted` where its text allows that.

    `12.10` and `2017-03-31` are text in YAML; they become a decimal and a date where one is needed.
    """
    if node.items():
        items = [compile_constant(item, wanted.item if wanted else None) for item in node.items()]
        types = {item.type.name for item in items}
        item_type = items[0].type if len(types) == 1 else TEXT
        return constant([item.constants[0][0] for item in items], list_of(item_type), node.place)
    value: Any = [] if isinstance(node.value, tuple) else node.value
    if wanted is not None:
        value = _as(value, wanted)
    return constant(value, type_of(value), node.place)


def _as(value: Any, wanted: Type) -> Any:
    try:
        if wanted == DECIMAL and isinstance(value, str | int) and not isinstance(value, bool):
            return decimal(value)
        if wanted == DATE and isinstance(value, str):
            return iso_day(value)
        if wanted == INTEGER and isinstance(value, str) and value.isascii() and value.isdecimal():
            return int(value)
    except ValueError:
        return value
    if wanted == TEXT and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
