"""Values of fields that were not sent, and that were edited in Sage since.

A field that was left empty and is filled now was edited by a user. So was an amount that Sage calculated and
no longer holds: a discount on a line changes the total of an invoice. Both are compared with Sage's answer to
the write, wherever in the record they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagerecon.model.catalog import Field
from sagerecon.model.comparison import How
from sagerecon.model.entity import NOISE, Entity, Written
from sagerecon.model.posting import BASE_CURRENCY
from sagerecon.model.value import canonical
from sagerecon.pairing.canonical import UNANSWERED, answered, paired_items, typed, wanted_tree
from sagerecon.pairing.comparison_rules import ComparisonRules, Edit, equal, rule_of
from sagerecon.pairing.identity import as_reference

_BLANK: tuple[Any, ...] = (None, "", [], {})

#: Switches that Sage sets when a document is used.
_SET_IN_USE = frozenset({"sent"})

#: How the names of amounts and rates end.
_AMOUNTS = ("amount", "percentage", "total")


@dataclass(frozen=True, slots=True)
class UnsentEdits:
    """The values that were edited in Sage though they were never sent."""

    filled: tuple[Edit, ...]
    calculated: tuple[Edit, ...]  #: amounts that follow from others; they count where nothing else was edited


@dataclass(frozen=True, slots=True)
class _Value:
    """A field that can be sent and was not, with what Sage answered at the write and what it holds now."""

    path: str
    known: Field
    before: Any
    now: Any


def unsent_edits(written: Written, held: Entity, by: ComparisonRules) -> UnsentEdits:
    """Return the values that were never sent, and that Sage no longer holds as it answered the write.

    These are fields that were blank, amounts, switches and days. Others, such as a status, change in use. A
    field that another record of ours has filled, such as the main address of a contact, is not among them.
    """
    found = [
        value
        for value in _values(by.fields, written.sent, dict(written.answer), held.body, "", by)
        if UNANSWERED not in (value.before, value.now) and not _is_ignored(value, by)
    ]
    return UnsentEdits(
        filled=tuple(_edit(value) for value in found if _is_filled(value) and not _is_total(value)),
        calculated=tuple(_edit(value) for value in found if _is_total(value) and _is_other(value)),
    )


def is_all_shown(written: Written, held: Entity, by: ComparisonRules) -> bool:
    """Return whether an answer shows each value that was never sent and that the one to the write showed."""
    values = _values(by.fields, written.sent, dict(written.answer), held.body, "", by)
    return all(value.now is not UNANSWERED or value.before is UNANSWERED for value in values)


def not_named(edits: Iterable[Edit], paths: Collection[str]) -> tuple[Edit, ...]:
    """Return the edits of values that are at none of the paths, and that hold none of them."""
    return tuple(
        edit
        for edit in edits
        if not any(path == edit.path or path.startswith((f"{edit.path}.", f"{edit.path}[")) for path in paths)
    )


def _values(
    fields: Mapping[str, Field], sent: Mapping[str, Any], then: Any, now: Any, path: str, by: ComparisonRules
) -> Iterator[_Value]:
    """Yield the fields that were not sent, of an object and of those inside it, that are not as they were."""
    for name, known in fields.items():
        if known.read_only or not (known.create or known.update) or name.startswith(BASE_CURRENCY):
            continue
        before, after = _part(known, then), _part(known, now)
        if before == after:
            continue
        place, ours = f"{path}{name}", sent.get(name)
        if known.fields and isinstance(ours, list | tuple):
            yield from _of_rows(known, ours, before, after, place, by)
        elif _is_ours(after, known, by):
            continue
        elif known.fields and isinstance(after, Mapping) and isinstance(ours or before, Mapping):
            yield from _values(known.fields, ours or {}, before, after, f"{place}.", by)
        elif name not in sent:
            yield _Value(place, known, before, after)


def _of_rows(
    known: Field, sent: Iterable[Any], before: Any, now: Any, place: str, by: ComparisonRules
) -> Iterator[_Value]:
    """Yield the fields of the rows of a list, each row beside the one that was sent."""
    rows = [row for row in sent if isinstance(row, Mapping) and as_reference(row) is None]
    anchor = [wanted_tree(row, known.fields, by.identities) for row in rows]
    then, _ = paired_items(anchor, before if isinstance(before, list) else (), known, by.identities)
    after, _ = paired_items(anchor, now if isinstance(now, list) else (), known, by.identities)
    for number, (row, first, second) in enumerate(zip(rows, then, after, strict=True)):
        if first is not None and second is not None:
            yield from _values(known.fields, row, first, second, f"{place}[{number}].", by)


def _part(known: Field, content: Any) -> Any:
    """Return a field of an object; None where the object is, UNANSWERED where it has no such field."""
    if content is None:
        return None
    return answered(known, content) if isinstance(content, Mapping) else UNANSWERED


def _is_filled(value: _Value) -> bool:
    """Return whether a value is filled that was blank, or is a switch or a day that is another one now."""
    if value.known.type == "boolean":
        return value.known.name not in _SET_IN_USE and bool(value.before) != bool(value.now)
    if value.known.type == "date" and value.before not in _BLANK:
        return not equal(typed(value.before, "date"), typed(value.now, "date"))
    return _is_blank(value.before, value.known) and not _is_blank(value.now, value.known)


def _is_total(value: _Value) -> bool:
    """Return whether Sage calculates a value from others: it had one at once, or it is named as a total."""
    is_named = value.known.name.startswith("total") or value.known.name.endswith("total_amount")
    return _is_amount(value.known) and (is_named or not _is_blank(value.before, value.known))


def _is_other(value: _Value) -> bool:
    return not equal(typed(value.before, "decimal"), typed(value.now, "decimal"))


def _is_amount(known: Field) -> bool:
    """Return whether a field is an amount or a rate; quantities, prices and balances change in use."""
    return known.type == "decimal" and known.name.endswith(_AMOUNTS)


def _is_blank(value: Any, known: Field) -> bool:
    if value in _BLANK:
        return True
    if _is_amount(known):
        return equal(typed(value, "decimal"), 0)
    if not isinstance(value, dict) or not known.fields or known.refers_to:
        return False
    return all(part in _BLANK for name, part in value.items() if name not in NOISE and name != "id")


def _is_ours(value: Any, known: Field, by: ComparisonRules) -> bool:
    """Return whether a value is an entity inside another, or several, that our own records made.

    A link to an entity of ours is none: a user has set it.
    """
    if isinstance(value, list):
        return bool(value) and all(_is_ours(item, known, by) for item in value)
    sage_id = value.get("id") if isinstance(value, dict) and not known.refers_to else None
    return isinstance(sage_id, str) and (sage_id in by.ours or by.identities.is_ours(sage_id))


def _is_ignored(value: _Value, by: ComparisonRules) -> bool:
    """Return whether the rules of the mapping ignore the field, or what it is a part of."""
    parts = value.path.split(".")
    return any(rule_of(".".join(parts[:end]), by).how is How.IGNORE for end in range(1, len(parts) + 1))


def _edit(value: _Value) -> Edit:
    return Edit(value.path, _text(value.before), _text(value.now), _mark(value))


def _mark(value: _Value) -> str:
    if value.known.refers_to and isinstance(value.now, dict):
        return str(value.now.get("id"))
    return canonical(_lasting(value.now))


def _lasting(value: Any) -> Any:
    """Return an answered value without what changes by itself."""
    if isinstance(value, dict):
        return {name: _lasting(child) for name, child in value.items() if name not in NOISE}
    return [_lasting(child) for child in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    """Return a value of an answer for people."""
    if isinstance(value, dict):
        return str(value.get("displayed_as") or value.get("id") or value)
    return "" if value in _BLANK else str(value)
