"""The `columns:` of a `sources.yaml`, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from sagerecon.model.code import Code
from sagerecon.model.document import Node
from sagerecon.model.finding import Finding
from sagerecon.sources.definitions import MAX_SCALE, NAME, Column

#: Decimals a column keeps where it does not say: money.
MONEY_SCALE = 2

#: Keys of a column that mean something for these types only.
_FITS = {
    "scale": ("decimal",),
    "format": ("date", "datetime"),
    "words": ("boolean",),
    "columns": ("list",),
}


def read_columns(node: Node, form: str) -> tuple[Column, ...]:
    """The columns under `node`, those of a list's items included."""
    formats = _formats(node, "date")
    return tuple(_column(name, child, form, formats) for name, child in _columns(node))


def check_columns(node: Node, form: str) -> Iterator[Finding]:
    """What the schema cannot say about the columns under `node`."""
    if "date" in node:
        yield from _check_formats(node["date"], "date")
    for name, child in _columns(node):
        yield from _faults(name, child, form)


def _column(name: str, node: Node, form: str, dates: tuple[str, ...]) -> Column:
    kind = _text(node, "type")
    words = node.get("words")
    return Column(
        name=name,
        type=kind,
        path=_path(node, form) or (() if _is_self(node) else (name,)),
        place=node.named_at,
        required=_flag(node, "required"),
        optional=_flag(node, "optional"),
        scale=_scale(node),
        formats=_formats(node, "format") or (dates if kind == "date" else ()),
        words={
            word.casefold(): truth.value is True
            for word, truth in (words.children() if words is not None else {}).items()
        },
        columns=tuple(_column(inner, child, form, dates) for inner, child in _columns(node)),
    )


def _faults(name: str, node: Node, form: str) -> Iterator[Finding]:
    kind = _text(node, "type")
    if not NAME.fullmatch(name):
        yield Finding(
            Code.BAD_NAME,
            node.named_at,
            f"'{name}' cannot be the name of a column.",
            f"Use small letters, digits and _, and say where it stands: {name.lower()}: "
            f"{{{'path' if form == 'json' else 'column'}: {name}}}.",
        )
    wrong, right = ("column", "path") if form == "json" else ("path", "column")
    if wrong in node and form:
        place = node[wrong].named_at
        yield Finding(
            Code.KEY_NOT_FOR_FORMAT, place, f"'{wrong}' means nothing for {form}.", f"Use '{right}'."
        )
    for key, types in _FITS.items():
        if key in node and kind and kind not in types:
            yield Finding(Code.KEY_NOT_FOR_TYPE, node[key].named_at, f"'{key}' means nothing for {kind}.")
    if kind == "list":
        yield from _check_list(name, node, form)
    if "format" in node:
        yield from _check_formats(node["format"], kind)
    if "scale" in node and _scale(node) > MAX_SCALE:
        yield Finding(
            Code.SCALE_TOO_LARGE, node["scale"].place, f"a column keeps at most {MAX_SCALE} decimals."
        )


def _check_list(name: str, node: Node, form: str) -> Iterator[Finding]:
    if form in ("csv", "xlsx"):
        yield Finding(
            Code.LIST_IN_FLAT_FILE,
            node.named_at,
            f"'{name}' cannot be a list: a cell of {form} holds one value.",
            "Gather the rows in a dataset: list({…}).",
        )
    if not _columns(node):
        yield Finding(Code.LIST_WITHOUT_COLUMNS, node.named_at, f"the list '{name}' needs columns.")
    for inner, child in _columns(node):
        yield from _faults(inner, child, form)


def _check_formats(node: Node, kind: str) -> Iterator[Finding]:
    """A format must give back the day it has written, else it would swap or lose something."""
    sample = datetime(2017, 3, 31, 14, 5, 6)  # noqa: DTZ001 - only to try the format
    for item in node.items() or (node,):
        try:
            back = datetime.strptime(sample.strftime(item.text), item.text)  # noqa: DTZ007
        except (ValueError, re.error):
            back = None
        if back is None or back.date() != sample.date():
            yield Finding(
                Code.BAD_FORMAT,
                item.place,
                f"'{item.text}' does not give a {kind}.",
                "For 31/03/2017 write %d/%m/%Y.",
            )


def _columns(node: Node) -> list[tuple[str, Node]]:
    child = node.get("columns")
    return list(child.children().items()) if child is not None else []


def _path(node: Node, form: str) -> tuple[str, ...]:
    child = node.get("path" if form == "json" else "column")
    if child is None or _is_self(node):
        return ()
    if child.items():
        return tuple(item.text for item in child.items())
    return tuple(child.text.split(".")) if form == "json" else (child.text,)


def _is_self(node: Node) -> bool:
    """`path: .` is the item itself, for a list of plain values."""
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


def _text(node: Node, key: str) -> str:
    child = node.get(key)
    return child.text if child is not None else ""


def _flag(node: Node, key: str) -> bool:
    child = node.get(key)
    return child is not None and child.value is True
