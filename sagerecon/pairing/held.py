"""What Sage holds, as read back, and where each entity comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from sagerecon.model.clock import instant
from sagerecon.model.entity import Entity, Written


class Origin(Enum):
    """Where an entity in Sage comes from. The values are the classes of the completeness equation."""

    OURS = "ours"  #: created or adopted for one of our records
    PRE_EXISTING = "pre_existing"  #: in Sage before the move began, or supplied by Sage itself
    CREATED_BY_SAGE = "created_by_sage"  #: made by Sage itself: a system record, or along with one of ours
    EXTRA = "extra"  #: none of these


@dataclass(frozen=True, slots=True)
class Held:
    """What was read back, each entity once, without those that are shown only as deleted."""

    entities: tuple[Entity, ...]
    by_id: Mapping[tuple[str, str], Entity]
    deleted: frozenset[str]

    @classmethod
    def collect(cls, held: Iterable[Entity], deleted: Collection[str]) -> Held:
        """Return what was read back. `deleted` are the Sage ids that Sage reports as deleted."""
        by_id: dict[tuple[str, str], Entity] = {}
        gone = set(deleted)
        for entity in held:
            if is_gone(entity):
                gone.add(entity.sage_id)
            else:
                by_id[entity.kind, entity.sage_id] = entity
        return cls(tuple(by_id.values()), by_id, frozenset(gone))


@dataclass(frozen=True, slots=True)
class OriginFacts:
    """The facts from which `origin` derives where an entity without a record comes from."""

    pre_existing: frozenset[str]  #: Sage ids that the first run found, for entities without an instant
    began_at: int | None  #: when the first run began, in milliseconds since 1970; None before, 0 unknown
    created_by_sage: frozenset[str]  #: Sage ids inside the answers to what we created

    @classmethod
    def collect(
        cls, pre_existing: Collection[str], began_at: int | None, records: Iterable[Written]
    ) -> OriginFacts:
        """Return the facts, with the ids inside every answer to a creation."""
        ids = {found for record in records if not record.adopted for found in _inner_ids(record.answer)}
        return cls(frozenset(pre_existing), began_at, frozenset(ids))

    def origin(self, entity: Entity) -> Origin:
        """Return the origin of an entity that belongs to none of our records."""
        if self.began_at is None:
            return Origin.PRE_EXISTING
        created = created_at(entity)
        is_older = created is not None and created <= self.began_at
        is_newer = created is not None and created > self.began_at
        is_system = _is_system_record(entity)
        is_seen = created is None and entity.sage_id in self.pre_existing
        if is_seen or is_older or (is_system and not is_newer):
            return Origin.PRE_EXISTING
        is_sages_own = is_system or entity.sage_id in self.created_by_sage
        return Origin.CREATED_BY_SAGE if is_sages_own else Origin.EXTRA


def _is_system_record(entity: Entity) -> bool:
    """Return whether Sage created an entity for its own use: a system contact, or a control account.

    Users cannot create such a record, so that it needs no review, whenever it was created.
    """
    marks = ("system", "is_control_account")
    return any(entity.body.get(mark) is True for mark in marks)


#: The fields of a draft under which Sage answers what `is_gone` asks for.
GONE_FIELDS = ("status_id", "deleted_at")


def is_gone(entity: Entity) -> bool:
    """Return whether Sage shows an entity only to say that it was deleted or voided."""
    status = entity.body.get("status")
    return bool(entity.body.get("deleted_at")) or (isinstance(status, dict) and status.get("id") == "VOID")


def classify(
    sage: Held, kinds: Collection[str], matched: Collection[str], facts: OriginFacts
) -> dict[str, list[tuple[Origin, Entity]]]:
    """Return the entities of each kind with their origin. `matched` are the Sage ids our records have."""
    classes: dict[str, list[tuple[Origin, Entity]]] = {}
    for entity in sage.entities:
        if entity.kind in kinds:
            origin = Origin.OURS if entity.sage_id in matched else facts.origin(entity)
            classes.setdefault(entity.kind, []).append((origin, entity))
    return classes


def created_at(entity: Entity) -> int | None:
    """Return when Sage created an entity, in whole seconds, rounded down; None where it does not say."""
    text = entity.body.get("created_at")
    try:
        return instant(str(text)) if text else None
    except ValueError:
        return None


def _inner_ids(answer: object, depth: int = 0) -> Iterator[str]:
    """Yield the ids below the top level of an answer."""
    if isinstance(answer, Mapping):
        if depth and isinstance(answer.get("id"), str):
            yield str(answer["id"])
        for child in answer.values():
            yield from _inner_ids(child, depth + 1)
    elif isinstance(answer, list):
        for child in answer:
            yield from _inner_ids(child, depth + 1)
