"""Explain one field of a record: its source cells, and its value on each side."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.count import counted
from sagerecon.model.draft import Change, Draft, Outcome
from sagerecon.model.entity import Entity, Written
from sagerecon.model.errors import ProjectError
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.suggestion import suggestion
from sagerecon.model.value import Value
from sagerecon.pairing.canonical import Row, Tree, flat, held_tree, joined, shown, wanted_tree
from sagerecon.pairing.comparison_rules import without_positions
from sagerecon.pairing.identity import Identities

#: The position at the end of a path. A list of values without fields is one value, in any order.
_POSITION = re.compile(r"\[\d+\]$")

#: The position of an entry in a list.
_ENTRY = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class FieldSides:
    """One value of a field on each side, as text; None where that side does not have the field."""

    path: str
    draft: str | None
    sent: str | None
    sage: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldExplanation:
    """One field of one record, from the cells it was made from to what Sage holds."""

    path: str
    cells: tuple[tuple[str, Value], ...]  #: column and value
    mapping: Place  #: where the field is mapped; no place if it is not
    changes: tuple[Change, ...]
    sides: tuple[FieldSides, ...]  #: several where the field is an object or a list


def explain_field(
    path: str,
    kind: Kind,
    outcome: Outcome,
    record: Record | None,
    columns: Iterable[str],
    mapping: Place,
    written: Written | None,
    held: Entity | None,
    *,
    is_elsewhere: bool = False,
) -> FieldExplanation:
    """Return one field of a record on every side.

    Args:
        path: the field, such as `name`, `main_address.city` or `invoice_lines[0].unit_price`. Without a
            position it means the field in every line.
        columns: those of the record that the field is made from.
        mapping: where the field is mapped; no place if it is not.
        held: the entity as Sage held it when it was last read.
        is_elsewhere: a record or an entity that the record may be has the field.

    Raises:
        ProjectError: the kind has no such field, a similar one is suggested; or a list has no entry at the
            position of the path on any side.
    """
    _require_field(path, kind)
    rows = _rows(path, kind, outcome, written, held)
    if not is_elsewhere:
        _require_position(path, {leaf for row in rows for leaf in row})
    return FieldExplanation(
        path=path,
        cells=tuple((name, record.values.get(name)) for name in columns) if record is not None else (),
        mapping=mapping,
        changes=(*_source_changes(outcome, record, columns, mapping), *_changes(path, outcome)),
        sides=tuple(_sides(path, *rows)),
    )


def field_sides(
    path: str, kind: Kind, outcome: Outcome, written: Written | None, held: Entity | None
) -> tuple[FieldSides, ...]:
    """Return a field that the kind has on every side, as `explain_field` does."""
    return tuple(_sides(path, *_rows(path, kind, outcome, written, held)))


def held_values(kind: Kind, outcome: Outcome, written: Written | None, held: Entity) -> dict[str, Any]:
    """Return the fields that a draft sends, or that were written, as Sage holds them."""
    identities = Identities([written] if written else [], [held])
    draft, sent = _wanted_sides(kind, outcome, written, identities)
    found = _document(held_tree(joined(draft, sent), held.body, kind.fields, identities))
    return dict(found) if isinstance(found, dict) else {}


def _rows(
    path: str, kind: Kind, outcome: Outcome, written: Written | None, held: Entity | None
) -> tuple[Row, Row, Row]:
    """Return the leaves of the draft, of what was sent and of what Sage holds."""
    identities = Identities([written] if written else [], [held] if held else [])
    draft, sent = _wanted_sides(kind, outcome, written, identities)
    top = without_positions(path).partition(".")[0]
    anchor = joined(joined(sent, draft), {top: _unset(kind.fields[top])})
    sage = flat(held_tree(anchor, held.body, kind.fields, identities)) if held is not None else {}
    return flat(draft), flat(sent), sage


def _wanted_sides(
    kind: Kind, outcome: Outcome, written: Written | None, identities: Identities
) -> tuple[Tree, Tree]:
    """Return the draft and what was sent; empty where there is none."""
    draft: Tree = wanted_tree(outcome.body, kind.fields, identities) if isinstance(outcome, Draft) else {}
    return draft, wanted_tree(written.sent, kind.fields, identities) if written is not None else {}


def _document(tree: Tree) -> Any:
    """Return canonical values as JSON, with their leaves as people read them."""
    if isinstance(tree, dict):
        return {name: _document(child) for name, child in tree.items()}
    if isinstance(tree, tuple):
        return [_document(child) for child in tree]
    return None if tree is None else shown(tree)


def field_document(found: FieldExplanation) -> dict[str, Any]:
    """Return the explanation of a field as JSON."""
    return {
        "field": found.path,
        "source": dict(found.cells),
        "mapping": str(found.mapping),
        "values": sides_document(found.sides),
    }


def sides_document(found: Iterable[FieldSides]) -> list[dict[str, Any]]:
    """Return the values of a field on each side as JSON."""
    return [
        {"field": sides.path, "draft": sides.draft, "sent": sides.sent, "sage": sides.sage} for sides in found
    ]


def _require_field(path: str, kind: Kind) -> None:
    """Check that the catalog knows every part of the path, as far as it describes the parts of an object."""
    known: Mapping[str, Field] = kind.fields
    owner = kind.name
    for name in without_positions(path).split("."):
        if not known and owner != kind.name:
            return
        if name not in known:
            hint = suggestion(name, known) or f"Show its fields: sagerecon catalog show {kind.name}"
            raise ProjectError(f"{owner} has no field '{name}'.", hint)
        owner, known = f"{owner}.{name}", known[name].fields


def _require_position(path: str, leaves: Collection[str]) -> None:
    """Check that the lists which the path goes through are long enough on one side at least."""
    for found in _ENTRY.finditer(path):
        listed, position = path[: found.start()], int(found[1])
        inside = (_ENTRY.match(leaf, len(listed)) for leaf in leaves if leaf.startswith(listed))
        places = {int(place[1]) for place in inside if place}
        if places and position > (last := max(places)):
            raise ProjectError(
                f"There is no {listed}[{position}]: the list has {counted(last + 1, 'item')}.",
                f"Name one of {listed}[0] to {listed}[{last}]." if last else f"Name {listed}[0].",
            )


def _unset(field: Field) -> Tree:
    return dict.fromkeys(field.fields) if field.type == "object" else None


def _source_changes(
    outcome: Outcome, record: Record | None, columns: Iterable[str], mapping: Place
) -> list[Change]:
    """Return what reading and SQL changed of the values of columns, in that order.

    A change of a source row names the cell; that it is of a column shows in the value that it gave.
    """
    if record is None or not isinstance(outcome, Draft):
        return []
    reached: set[str] = set()
    for name in columns:
        value = record.values.get(name)
        if value is None or isinstance(value, str | int | Decimal | date):
            reached.add(shown(value))
    found: list[Change] = []
    for change in reversed(outcome.changes):
        if change.place.file != mapping.file and change.after in reached:
            found.insert(0, change)
            reached.add(change.before)
    return found


def _changes(path: str, outcome: Outcome) -> Iterator[Change]:
    """Yield the changes of the field; in a list, those in every line."""
    for change in outcome.changes if isinstance(outcome, Draft) else ():
        if _is_in(change.field, without_positions(path)):
            yield change


def _sides(path: str, draft: Row, sent: Row, sage: Row) -> Iterator[FieldSides]:
    for leaf in dict.fromkeys((*draft, *sent, *sage)):
        if _is_in(leaf, path):
            values = (shown(row[leaf]) if leaf in row else None for row in (draft, sent, sage))
            yield FieldSides(leaf, *values)


def _is_in(leaf: str, path: str) -> bool:
    """Return whether a leaf is the field at `path`, a part of it, or the list of values that `path` is in."""
    if "[" not in path:
        leaf = without_positions(leaf)
    return leaf in (path, _POSITION.sub("", path)) or leaf.startswith((f"{path}.", f"{path}["))
