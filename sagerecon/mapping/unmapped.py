"""Find what a mapping leaves out: unmapped columns, missing required fields, unused lets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from sagerecon.documents.document import Node
from sagerecon.mapping.context import Context
from sagerecon.mapping.objects import missing_fields
from sagerecon.mapping.record_context import iso_day
from sagerecon.mapping.scope import PART
from sagerecon.model.catalog import Field, Kind
from sagerecon.model.code import Code
from sagerecon.model.finding import Severity


def check_unmapped(root: Node, context: Context, kind: Kind | None) -> None:
    """Add a finding for each column, required field and let left out; columns named `_…` are exempt."""
    _check_ignored(root, context)
    _check_columns(root, context)
    _check_lets(root, context)
    if kind is not None and _setting(root, "target") != "ignore":
        _check_fields(root, context, kind)


def _setting(root: Node, side: str) -> str:
    node = root.get("unmapped")
    stated = node.get(side) if node is not None else None
    return stated.text if stated is not None else "error"


def _check_ignored(root: Node, context: Context) -> None:
    scope = context.scope
    for name, node in _children(root, "ignore").items():
        until = node.get("until")
        if until is not None and _day(until) is None:
            message = f"'{until.text}' is not a date."
            context.faults.add(Code.NOT_A_DATE, until.place, message, "Write it as 2027-03-31.")
        if scope.columns is not None and name not in scope.columns:
            message = f"the dataset has no column '{name}' to ignore."
            context.faults.add_unknown(Code.UNKNOWN_COLUMN, node.named_at, message, name, scope.columns)
        elif name in scope.used and name not in _key(root):
            context.faults.add(
                Code.IGNORED_AND_USED,
                node.named_at,
                f"column '{name}' is ignored, and the mapping uses it.",
                "Remove it from ignore:.",
                Severity.WARNING,
            )


def _has_ended(node: Node, context: Context) -> bool:
    """Return whether a column was ignored until a day that is past."""
    until = node.get("until")
    day = _day(until) if until is not None else None
    return day is not None and context.today is not None and day < context.today


def _day(node: Node) -> date | None:
    """Return the day that a node states; None where it is no date."""
    try:
        return iso_day(node.text)
    except ValueError:
        return None


def _check_columns(root: Node, context: Context) -> None:
    setting = _setting(root, "source")
    if setting == "ignore" or context.scope.columns is None:
        return
    ignored = _children(root, "ignore")
    ended = {name: node["until"] for name, node in ignored.items() if _has_ended(node, context)}
    place = (root.get("source") or root).named_at
    for name in context.scope.columns:
        if name in ended and name not in context.scope.used:
            context.faults.add(
                Code.UNMAPPED_SOURCE,
                ended[name].place,
                f"column '{name}' was ignored until {ended[name].text}.",
                "Map it, or give it a later day.",
                Severity.WARNING if setting == "warn" else Severity.ERROR,
            )
        if name.startswith("_") or name in context.scope.used or name in ignored or name == PART:
            continue
        context.faults.add(
            Code.UNMAPPED_SOURCE,
            place,
            f"column '{name}' is neither mapped nor ignored.",
            f"Map it, or ignore it with a reason: ignore: {{{name}: {{reason: …}}}}.",
            Severity.WARNING if setting == "warn" else Severity.ERROR,
        )


def _check_lets(root: Node, context: Context) -> None:
    for name, node in _children(root, "let").items():
        if name in context.scope.lets and name not in context.scope.used:
            message = f"the let '{name}' is never used."
            context.faults.add(Code.UNUSED_LET, node.named_at, message, "Remove it.", Severity.WARNING)


def _check_fields(root: Node, context: Context, kind: Kind) -> None:
    fields = root.get("fields")
    if fields is None:
        return
    for node, known, owner in _objects(fields, kind.fields, kind.name):
        for name in missing_fields(node, known, context.country):
            context.faults.add(
                Code.MISSING_FIELD,
                node.named_at,
                f"{owner} lacks the field '{name}'.",
                "Sage requires it.",
            )


def _objects(
    node: Node, known: Mapping[str, Field], owner: str
) -> Iterator[tuple[Node, Mapping[str, Field], str]]:
    """Yield the fields of the entity and of each object and line in it: YAML, catalog fields, name."""
    yield node, known, owner
    for name, child in node.children().items():
        field = known.get(name)
        if field is not None and field.fields:
            for inner in (child, *_children_items(child)):
                fields = inner.get("fields")
                if fields is not None:
                    yield from _objects(fields, field.fields, f"{owner}.{name}")


def _children_items(node: Node) -> tuple[Node, ...]:
    return tuple(part for name in ("items", "choose") for part in ((node.get(name) or node).items()))


def _key(root: Node) -> list[str]:
    source = root.get("source")
    key = source.get("key") if source is not None else None
    return [item.text for item in key.items()] if key is not None else []


def _children(root: Node, name: str) -> Mapping[str, Node]:
    node = root.get(name)
    return node.children() if node is not None else {}
