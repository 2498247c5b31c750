"""Reading and checking the `columns:` of a `sources.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagerecon.documents.document import Node
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.sources.dates import DateFormat
from sagerecon.sources.definitions import MAX_SCALE, NAME, Column
from sagerecon.sources.formats import is_nested
from sagerecon.sources.notation import Notation
from sagerecon.sources.notation_yaml import TYPES_OF_KEY, check_notation, read_notation
from sagerecon.sources.row_rules_yaml import read_column_address

#: Default number of decimals of a column: money.
MONEY_SCALE = 2

_INVALID = re.compile(r"[^a-z0-9_]+")

#: Keys of a column that apply to some types only.
_TYPES_OF_KEY = {
    "scale": ("decimal",),
    "format": ("date", "datetime"),
    "words": ("boolean",),
    "columns": ("list",),
    "round": ("decimal",),
    **TYPES_OF_KEY,
}

#: Keys of a column of a flat file.
_FLAT_KEYS = ("occurrence", "fill_down")


def read_columns(node: Node, file_format: str, notation: Notation) -> tuple[Column, ...]:
    """Return the columns declared under `node`, including the columns of list items.

    Args:
        file_format: one of `FORMATS`, or empty where it is not known.
        notation: of the file.
    """
    formats = _formats(node, "date")
    return tuple(_column(name, child, file_format, formats, notation) for name, child in _columns(node))


def check_columns(node: Node, file_format: str, notation: Notation) -> Iterator[Finding]:
    """Yield a finding for each error in the columns under `node` that the JSON Schema cannot express."""
    if "date" in node:
        yield from _check_formats(node["date"], "date", notation)
    for name, child in _columns(node):
        yield from _check_column(name, child, file_format, notation)


def _column(name: str, node: Node, file_format: str, dates: tuple[str, ...], notation: Notation) -> Column:
    _, number, occurrence = read_column_address(node)
    own = read_notation(node, notation)
    column_type = _text(node, "type")
    words = node.get("words")
    return Column(
        name=name,
        type=column_type,
        path=_path(node, file_format) or (() if _is_self(node) else (name,)),
        place=node.named_at,
        required=_flag(node, "required"),
        optional=_flag(node, "optional"),
        scale=_scale(node),
        formats=_formats(node, "format") or (dates if column_type == "date" else ()),
        words={
            text.casefold(): value.value is True
            for text, value in (words.children() if words is not None else {}).items()
        },
        number=number,
        occurrence=occurrence,
        fill_down=_flag(node, "fill_down"),
        round=_whole(node, "round"),
        notation=own if own != notation else None,
        columns=tuple(_column(inner, child, file_format, dates, notation) for inner, child in _columns(node)),
    )


def _check_column(name: str, node: Node, file_format: str, notation: Notation) -> Iterator[Finding]:
    column_type = _text(node, "type")
    own = read_notation(node, notation)
    if own != notation:
        yield from check_notation(node, own)
    own_key, other_key = ("path", "column") if is_nested(file_format) else ("column", "path")
    if not NAME.fullmatch(name):
        yield Finding(
            Code.BAD_NAME,
            node.named_at,
            f"'{name}' is not a valid column name.",
            "Use lower-case letters, digits and _, and give the name in the file separately: "
            f"{_INVALID.sub('_', name.lower())}: {{{own_key}: {name}}}.",
        )
    if other_key in node and file_format:
        place = node[other_key].named_at
        yield Finding(
            Code.KEY_NOT_FOR_FORMAT,
            place,
            f"'{other_key}' does not apply to {file_format}.",
            f"Use '{own_key}'.",
        )
    for key in _FLAT_KEYS:
        if key in node and is_nested(file_format):
            message = f"'{key}' does not apply to {file_format}."
            yield Finding(Code.KEY_NOT_FOR_FORMAT, node[key].named_at, message)
    column = node.get("column")
    if column is not None and not column.text:
        message = f"'{name}' has no title by which its column could be found."
        hint = "Give its position: column: 1. If the file has no header row, set header: none."
        yield Finding(Code.BAD_NAME, column.place, message, hint)
    if "occurrence" in node and column is not None and type(column.value) is int:
        message = "'occurrence' does not apply to a column that is given by its position."
        yield Finding(Code.KEY_NOT_FOR_TYPE, node["occurrence"].named_at, message)
    for key, types in _TYPES_OF_KEY.items():
        if key in node and column_type and column_type not in types:
            yield Finding(
                Code.KEY_NOT_FOR_TYPE, node[key].named_at, f"'{key}' does not apply to {column_type}."
            )
    if column_type == "list":
        yield from _check_list(name, node, file_format, notation)
    if "format" in node:
        yield from _check_formats(node["format"], column_type, own)
    places = _whole(node, "round")
    if places is not None and places > _scale(node):
        message = f"round is {places}, and the column keeps {_scale(node)} decimals."
        yield Finding(Code.SCALE_TOO_LARGE, node["round"].place, message, f"Set scale: {places}.")
    if "scale" in node and _scale(node) > MAX_SCALE:
        yield Finding(
            Code.SCALE_TOO_LARGE, node["scale"].place, f"scale is {_scale(node)}; the maximum is {MAX_SCALE}."
        )


def _check_list(name: str, node: Node, file_format: str, notation: Notation) -> Iterator[Finding]:
    if file_format and not is_nested(file_format):
        yield Finding(
            Code.LIST_IN_FLAT_FILE,
            node.named_at,
            f"'{name}' cannot be a list: a {file_format} cell holds one value.",
            "Group the rows in a dataset instead: list({…}).",
        )
    if not _columns(node):
        yield Finding(Code.LIST_WITHOUT_COLUMNS, node.named_at, f"list '{name}' declares no columns.")
    for inner, child in _columns(node):
        yield from _check_column(inner, child, file_format, notation)


def _check_formats(node: Node, column_type: str, notation: Notation) -> Iterator[Finding]:
    """Yield a finding for each format that does not read back its date, century or hour."""
    for item in node.items() or (node,):
        date_format = DateFormat(item.text)
        if not date_format.is_complete:
            yield Finding(
                Code.BAD_FORMAT,
                item.place,
                f"'{item.text}' is not a complete {column_type} format.",
                "For 31/03/2017 use %d/%m/%Y.",
            )
        elif not date_format.has_certain_hour:
            message = f"'{item.text}' does not tell the hours of the morning from those of the afternoon."
            yield Finding(
                Code.BAD_FORMAT, item.place, message, "Use %I with %p for 02:05 PM, and %H for 14:05."
            )
        elif date_format.is_short_year and not notation.century:
            yield Finding(
                Code.CENTURY_MISSING,
                item.place,
                f"'{item.text}' has years of two digits, and their century is not declared.",
                "Set century: 1950 if they lie in 1950 to 2049.",
            )


def _columns(node: Node) -> list[tuple[str, Node]]:
    child = node.get("columns")
    return list(child.children().items()) if child is not None else []


def _path(node: Node, file_format: str) -> tuple[str, ...]:
    child = node.get("path" if is_nested(file_format) else "column")
    if child is None or _is_self(node):
        return ()
    if child.items():
        return tuple(item.text for item in child.items())
    return tuple(child.text.split(".")) if is_nested(file_format) else (" ".join(child.text.split()),)


def _is_self(node: Node) -> bool:
    """Return whether the path is `.`, which means the item itself in a list of plain values."""
    child = node.get("path")
    return child is not None and child.value == "."


def _formats(node: Node, key: str) -> tuple[str, ...]:
    child = node.get(key)
    if child is None:
        return ()
    return tuple(item.text for item in child.items() or (child,))


def _scale(node: Node) -> int:
    child = node.get("scale")
    return child.value if child is not None and isinstance(child.value, int) else MONEY_SCALE


def _whole(node: Node, key: str) -> int | None:
    child = node.get(key)
    return child.value if child is not None and type(child.value) is int else None


def _text(node: Node, key: str) -> str:
    child = node.get(key)
    return child.text if child is not None else ""


def _flag(node: Node, key: str) -> bool:
    child = node.get(key)
    return child is not None and child.value is True
