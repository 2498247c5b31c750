"""Looks a record up whose outcome is unknown: which listing to read, and what its entities say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sagerecon.model.call import Call
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.clock import MINUTE, instant, instant_text
from sagerecon.model.entity import Entity
from sagerecon.pairing.adoption import differences
from sagerecon.planning.cost import listing_query
from sagerecon.planning.request import natural_keys
from sagerecon.planning.settling import Attempt

#: How far Sage's clock and ours may be apart.
CLOCKS_APART = 5 * MINUTE

#: Filters that narrow a listing by a field of the record, as the record has it.
_BY_FIELD = ("contact_id", "bank_account_id")


class Found(Enum):
    """What a look-up says."""

    OURS = "ours"  #: one entity is the record
    ABSENT = "absent"  #: it was never made
    UNCERTAIN = "uncertain"  #: a person must look
    UNKNOWN = "unknown"  #: Sage did not answer


@dataclass(frozen=True, slots=True)
class LookUp:
    """What a look-up came to, and why where a person must look."""

    found: Found
    entity: Entity | None = None
    why: str = ""


def listing(attempt: Attempt, catalog: Catalog) -> Call | None:
    """The listing in which the record stands if it was made, or None where Sage has none.

    By natural key where Sage can search for it, else by what the record hangs on and its date, else by
    when it changed.
    """
    kind, wanted = catalog[attempt.step.kind], wanted_by(attempt)
    if not kind.can("list"):
        return None
    names = [*wanted, *attempt.step.identity, "created_at"]
    fields = [kind.fields[name].answered_as for name in names if name in kind.fields]
    query = listing_query(kind, fields, kind.items_per_page or catalog.api.items_per_page)
    return Call("GET", kind.path, {**query, **_narrowed(kind, attempt, wanted)})


def judge(
    attempt: Attempt, catalog: Catalog, entities: Sequence[Entity], owner: Callable[[str, str], str | None]
) -> LookUp:
    """What the entities of `listing` say. `owner` gives the draft key that has an entity already."""
    kind, wanted, key = catalog[attempt.step.kind], wanted_by(attempt), attempt.step.key
    free = [e for e in entities if owner(kind.name, e.sage_id) in (None, key) and _is_young(e, attempt)]
    equal = [entity for entity in free if not differences(kind, wanted, entity.body)]
    if len(equal) == 1:
        return LookUp(Found.OURS, equal[0])
    if equal:
        return LookUp(Found.UNCERTAIN, why=f"{len(equal)} entities in Sage look like it")
    bears = _bearer(kind, attempt, free)
    if bears is not None:
        why = "; ".join(differences(kind, wanted, bears.body))
        return LookUp(Found.UNCERTAIN, why=f"Sage holds one with its key that differs: {why}")
    return LookUp(Found.ABSENT)


def wanted_by(attempt: Attempt) -> Mapping[str, Any]:
    """The fields an attempt sends, without wrapper and idempotency."""
    body: Mapping[str, Any] = attempt.body[attempt.step.kind]
    return {name: value for name, value in body.items() if name != "idempotency_id"}


def _narrowed(kind: Kind, attempt: Attempt, wanted: Mapping[str, Any]) -> dict[str, str]:
    identity = attempt.step.identity
    for key in kind.natural_keys:
        if key.filter == "search" and identity.get(key.field):
            return {"search": identity[key.field]}
    query = {name: str(wanted[name]) for name in _BY_FIELD if name in kind.filters and wanted.get(name)}
    if {"from_date", "to_date"} <= set(kind.filters) and wanted.get("date"):
        query |= {"from_date": str(wanted["date"]), "to_date": str(wanted["date"])}
    if not query and kind.changed_since:
        query[kind.changed_since] = instant_text(attempt.first_sent_at - CLOCKS_APART)
    return query


def _is_young(entity: Entity, attempt: Attempt) -> bool:
    """Whether it may have been made by the attempt: not before it was sent, as far as Sage says."""
    made = entity.body.get("created_at")
    return not made or instant(str(made)) >= attempt.first_sent_at - CLOCKS_APART


def _bearer(kind: Kind, attempt: Attempt, entities: Sequence[Entity]) -> Entity | None:
    unique = [key.field for key in kind.natural_keys if key.is_unique]
    ours = set(natural_keys(kind, attempt.step.identity, unique))
    return next((e for e in entities if ours & set(natural_keys(kind, e.body, unique))), None)
