"""Looks up a record whose outcome is unknown: which listing to read, and what its entities show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sagerecon.model.call import Call
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.clock import MINUTE, instant_text
from sagerecon.model.draft import OnExisting
from sagerecon.model.entity import Entity
from sagerecon.pairing.adoption import differences
from sagerecon.pairing.held import GONE_FIELDS, created_at, is_gone
from sagerecon.pairing.natural_key import identity_keys, key_answer_fields, natural_keys
from sagerecon.planning.cost import listing_query
from sagerecon.planning.settling import Attempt
from sagerecon.planning.step import CreateStep

#: How far Sage's clock and ours may be apart.
CLOCKS_APART = 5 * MINUTE

#: Filters that narrow a listing by a field of the record, as the record has it.
_BY_FIELD = ("contact_id", "bank_account_id")


#: When an entity was created, and whether Sage shows it only as deleted.
_CREATED_AND_GONE = ("created_at", *GONE_FIELDS)


class Found(Enum):
    """What a look-up shows."""

    OURS = "ours"  #: one entity is the record
    ABSENT = "absent"  #: it was never saved
    UNCERTAIN = "uncertain"  #: needs review
    UNKNOWN = "unknown"  #: Sage did not answer


@dataclass(frozen=True, slots=True)
class LookUp:
    """The result of a look-up, with the reason where it needs review or failed."""

    found: Found
    entity: Entity | None = None
    why: str = ""
    alike: tuple[Entity, ...] = ()  #: the entities that it may be


def listing(attempt: Attempt, catalog: Catalog) -> Call | None:
    """Return the call for the listing that shows the record if it was saved, or None where Sage has none.

    The listing is narrowed by natural key where Sage can search for it, else by the record's contact or bank
    account and its date, else by the time of change.
    """
    kind, wanted = catalog[attempt.step.kind], sent_fields(attempt)
    if not kind.can("list"):
        return None
    fields = [kind.fields[name].answered_as for name in (*wanted, *_CREATED_AND_GONE) if name in kind.fields]
    fields += (shown for name in attempt.step.identity for shown in key_answer_fields(catalog, kind, name))
    query = listing_query(kind, fields, kind.items_per_page or catalog.api.items_per_page)
    return Call("GET", kind.path, {**query, **_narrowed(kind, attempt, wanted)})


def judge(
    attempt: Attempt, catalog: Catalog, entities: Sequence[Entity], owner: Callable[[str, str], str | None]
) -> LookUp:
    """Return what the entities of `listing` show about the attempt.

    Args:
        owner: returns the draft key recorded for an entity, by kind and Sage id.
    """
    kind, wanted = catalog[attempt.step.kind], sent_fields(attempt)
    free = [e for e in entities if not is_gone(e) and not is_another(e.sage_id, attempt, owner)]
    equal = [entity for entity in free if not differences(kind, wanted, entity.body)]
    ours = [entity for entity in equal if _adopts_any_age(attempt) or _is_young(entity, attempt)]
    if len(ours) == 1:
        return LookUp(Found.OURS, ours[0])
    if ours:
        return _uncertain(f"{len(ours)} entities in Sage are equal to it", ours)
    if equal:
        return _uncertain("an entity in Sage is equal to it and dated before it was sent", equal)
    same_key = _with_same_key(catalog, kind, attempt, free)
    if same_key is not None:
        why = "; ".join(differences(kind, wanted, same_key.body))
        return _uncertain(f"an entity in Sage has its key and differs: {why}", [same_key])
    return LookUp(Found.ABSENT)


def is_another(sage_id: str, attempt: Attempt, owner: Callable[[str, str], str | None]) -> bool:
    """Return whether an entity is recorded for, or was decided to be, another record than the attempt's.

    Args:
        owner: returns the draft key recorded for an entity, by kind and Sage id.
    """
    step = attempt.step
    apart = (*step.apart, step.replaces) if isinstance(step, CreateStep) else ()
    return sage_id in apart or owner(step.kind, sage_id) not in (None, step.key)


def _uncertain(why: str, alike: Sequence[Entity]) -> LookUp:
    return LookUp(Found.UNCERTAIN, why=why, alike=tuple(alike))


def sent_fields(attempt: Attempt) -> Mapping[str, Any]:
    """Return the fields an attempt sends, without wrapper and idempotency id."""
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


def _adopts_any_age(attempt: Attempt) -> bool:
    """Return whether an equal entity is adopted whenever it was created, so that no clock is asked."""
    step = attempt.step
    if not isinstance(step, CreateStep) or not step.identity:
        return False
    return step.on_existing in (OnExisting.ADOPT, OnExisting.ADOPT_IF_EQUAL)


def _is_young(entity: Entity, attempt: Attempt) -> bool:
    """Return whether the attempt may have created it: Sage does not date it before the sending."""
    made = created_at(entity)
    return made is None or made >= attempt.first_sent_at - CLOCKS_APART


def _with_same_key(
    catalog: Catalog, kind: Kind, attempt: Attempt, entities: Sequence[Entity]
) -> Entity | None:
    unique = [key.field for key in kind.natural_keys if key.is_unique]
    keys = identity_keys(catalog, kind, attempt.step.identity, sent_fields(attempt))
    ours = {key for name, key in keys if name in unique}
    return next((e for e in entities if ours & set(natural_keys(catalog, kind, e.body, unique))), None)
