"""Decide whether an entity in Sage may be adopted for a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.code import Code
from sagerecon.model.draft import OnExisting
from sagerecon.model.entity import Entity
from sagerecon.model.money import decimal
from sagerecon.pairing.canonical import UNANSWERED, answered


def differences(kind: Kind, wanted: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each field that we would send with another value; empty for an equal entity.

    References are compared by id, decimals as numbers, dates and text exactly. Fields that we would not send
    are not compared.
    """
    return list(_differences(kind.fields, wanted, answer, ""))


def is_other_record(kind: Kind, wanted: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Return whether an entity with the same key belongs to another contact or account than ours.

    This matters where the key is not unique: two suppliers may both have an invoice 17.
    """
    links = {name: value for name, value in wanted.items() if _is_link(kind.fields.get(name))}
    return bool(list(_differences(kind.fields, links, answer, "")))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may adopt an entity: its draft key, its name for people, and its body with ids."""

    key: str
    name: str
    identity: Mapping[str, str]
    on_existing: OnExisting
    body: Mapping[str, Any]


def objection_to_adopting(
    record: Candidate, kind: Kind, bearers: Sequence[Entity], owner: str | None
) -> tuple[Code, str] | None:
    """Return the code and the sentence why the first of `bearers` cannot be adopted, or None if it can.

    Args:
        bearers: the entities that have the record's natural keys, at least one.
        owner: the draft key that owns the first of them, None where no record does.
    """
    name = record.name
    key = ", ".join(f"{field} {value}" for field, value in record.identity.items())
    if len(bearers) > 1:
        return Code.AMBIGUOUS, f"Sage holds {len(bearers)} entities that may be {name} ({key})."
    if record.on_existing is OnExisting.ERROR:
        return Code.EXISTS, f"Sage holds {name} already ({key})."
    if record.on_existing is OnExisting.ADOPT:
        return None
    unlike = differences(kind, record.body, bearers[0].body)
    if owner not in (None, record.key):
        unlike.append(f"it belongs to {owner}")
    if unlike:
        return Code.DIFFERS, f"Sage holds {name} already ({key}), and it differs: {'; '.join(unlike)}."
    return None


def _is_link(field: Field | None) -> bool:
    return field is not None and bool(field.refers_to) and field.type != "list"


def _differences(
    fields: Mapping[str, Field], wanted: Mapping[str, Any], answer: Mapping[str, Any], path: str
) -> Iterator[str]:
    for name, ours in wanted.items():
        field = fields.get(name)
        if field is None or not field.answered:
            continue  # the answer never contains it
        theirs = answered(field, answer)
        if theirs is UNANSWERED:
            if field.same_as:
                continue  # the value is that of another entity, which the answer does not show
            theirs = None
        yield from _compare(field, ours, theirs, f"{path}{name}")


def _compare(field: Field, ours: Any, theirs: Any, path: str) -> Iterator[str]:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        yield from _differences(field.fields, ours, theirs, f"{path}.")
    elif isinstance(ours, list):
        yield from _compare_lists(field, ours, theirs if isinstance(theirs, list) else [], path)
    elif _plain(field, ours) != _plain(field, theirs):
        yield f"{path} is '{_shown(theirs)}' and would be '{_shown(ours)}'"


def _compare_lists(field: Field, ours: Sequence[Any], theirs: Sequence[Any], path: str) -> Iterator[str]:
    if not any(isinstance(item, Mapping) for item in ours):
        mine, other = sorted(map(_identifier, ours)), sorted(map(_identifier, theirs))
        if mine != other:
            yield f"{path} is '{', '.join(other)}' and would be '{', '.join(mine)}'"
    elif len(ours) != len(theirs):
        yield f"{path} has {len(theirs)} and would have {len(ours)}"
    else:
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), start=1):
            yield from _differences(field.fields, mine, other, f"{path}.{number}.")


def _plain(field: Field, value: Any) -> Any:
    """Return a value for comparison: None for an absent one and for empty text, numbers as Decimal."""
    if isinstance(value, Mapping):
        value = value.get("id")
    if value is None or value == "":
        return None
    if field.type in ("decimal", "integer") and not isinstance(value, bool):
        try:
            return decimal(str(value))
        except ValueError:
            return str(value)
    if field.type == "boolean":
        return str(value).lower()
    if field.type == "date":
        return str(value)[:10]
    return str(value)


def _identifier(item: Any) -> str:
    return str(item.get("id", "")) if isinstance(item, Mapping) else str(item)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return str(value.get("displayed_as") or value.get("id", ""))
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
