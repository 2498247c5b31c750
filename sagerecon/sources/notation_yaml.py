"""Reading and checking how a file or a column of a `sources.yaml` writes its cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sagerecon.documents.document import Node
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.sources.notation import Notation

#: The types of the columns to which a key applies.
TYPES_OF_KEY = {
    "decimal": ("decimal", "integer"),
    "thousands": ("decimal", "integer"),
    "grouping": ("decimal", "integer"),
    "currency": ("decimal", "integer"),
    "signs": ("decimal", "integer"),
    "dash": ("decimal", "integer"),
    "exponent": ("decimal", "integer"),
    "percent": ("decimal", "integer"),
    "century": ("date", "datetime"),
    "excel_serial": ("date", "datetime"),
    "pad_zeros": ("date", "datetime"),
    "drop_time": ("date",),
    "controls": ("text", "decimal", "integer", "boolean", "date", "datetime"),
    "null_words": ("text", "decimal", "integer", "boolean", "date", "datetime"),
}


def read_notation(node: Node, default: Notation) -> Notation:
    """Return the notation that the keys of `node` declare; of a key that is not there, that of `default`."""
    declared = {key: _value(key, node[key]) for key in TYPES_OF_KEY if key in node}
    return replace(default, **declared) if declared else default


def check_notation(node: Node, notation: Notation) -> Iterator[Finding]:
    """Yield a finding for each error in the keys of `node` that the JSON Schema cannot express.

    Args:
        notation: what they declare.
    """
    if notation.decimal == notation.thousands:
        place = (node.get("thousands") or node.get("decimal") or node).place
        yield Finding(Code.SAME_MARKS, place, f"decimal and thousands are both '{notation.decimal}'.")
    if notation.grouping and not notation.thousands:
        place = (node.get("grouping") or node).place
        yield Finding(
            Code.SAME_MARKS, place, "grouping is declared, and no separator.", "Set thousands: ','."
        )
    for key in ("currency", "signs"):
        for text, place in _texts(node, key):
            if not text.strip(".,' ") or any(character in "0123456789-+()%" for character in text):
                message = f"'{text}' is no {'sign of a currency' if key == 'currency' else 'mark'}."
                yield Finding(Code.SAME_MARKS, place, message, "Use letters or a sign such as £.")


def _texts(node: Node, key: str) -> Iterator[tuple[str, Any]]:
    child = node.get(key)
    if child is None:
        return
    for text, inner in child.children().items():
        yield text, inner.named_at
    for inner in child.items() or (() if child.children() else (child,)):
        yield inner.text, inner.place


def _value(key: str, node: Node) -> Any:
    match key:
        case "currency" | "null_words":
            return tuple("null" if item.value is None else _text(item) for item in node.items() or (node,))
        case "signs":
            return tuple((mark, child.text == "negative") for mark, child in node.children().items())
        case "excel_serial" if node.value is True:
            return 1900
        case "excel_serial" | "century":
            return node.value if isinstance(node.value, int) else 0
        case "exponent" | "pad_zeros" | "drop_time":
            return node.value is True
        case _:
            return node.text


def _text(node: Node) -> str:
    return str(node.value).lower() if isinstance(node.value, bool) else node.text
