"""What Sage holds, as read back, and where each entity comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import SECOND, instant
from sagerecon.model.entity import Entity, Written
from sagerecon.model.posting import LedgerRole
from sagerecon.pairing.identity import parts

#: What Sage makes at once has instants of creation that are no further apart, in milliseconds. Sage's own
#: example of a new business has 4 seconds between its first bank account and its chart of accounts.
_MOMENT = 5 * SECOND


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
    #: By Sage id of a part of what we adopted, such as the ledger account of a bank account, when the whole
    #: was created. What Sage created in the same moment, it made along with the whole.
    wholes: Mapping[str, int] = field(default_factory=dict)
    #: Where it is not known when the move began: by kind of account, until when Sage set the business up.
    set_up: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def collect(
        cls,
        pre_existing: Collection[str],
        began_at: int | None,
        records: Iterable[Written],
        sage: Held,
        catalog: Catalog,
    ) -> OriginFacts:
        """Return the facts, with the ids inside every answer to a creation."""
        ids: set[str] = set()
        wholes: dict[str, int] = {}
        for record in records:
            if not record.adopted:
                ids.update(_inner_ids(record.answer))
            elif created := created_at(Entity(record.kind, record.sage_id, record.answer)):
                wholes.update((sage_id, created) for _, sage_id in parts(record, catalog))
        set_up = _set_up(sage, catalog) if began_at == 0 else {}
        return cls(frozenset(pre_existing), began_at, frozenset(ids), wholes, set_up)

    def origin(self, entity: Entity) -> Origin:
        """Return the origin of an entity that belongs to none of our records."""
        if self.began_at is None:
            return Origin.PRE_EXISTING
        created = created_at(entity)
        began_at = self.began_at or self.set_up.get(entity.kind, 0)
        is_older = created is not None and created <= began_at
        is_newer = created is not None and created > began_at
        is_system = _is_system_record(entity)
        is_seen = created is None and entity.sage_id in self.pre_existing
        if is_seen or is_older or (is_system and not is_newer):
            return Origin.PRE_EXISTING
        is_sages_own = is_system or entity.sage_id in self.created_by_sage or self._is_part(entity, created)
        return Origin.CREATED_BY_SAGE if is_sages_own else Origin.EXTRA

    def _is_part(self, entity: Entity, created: int | None) -> bool:
        """Return whether Sage made an entity along with one that we adopted."""
        whole = self.wholes.get(entity.sage_id)
        return whole is not None and created is not None and abs(created - whole) <= _MOMENT


def _set_up(sage: Held, catalog: Catalog) -> Mapping[str, int]:
    """Return by kind of account until when Sage set the business up; empty where no control account shows it.

    Its chart and its first bank accounts are as old as the first control accounts, which no user can create.
    Accounts created later may be a user's.
    """
    controls = (created_at(entity) for entity in sage.entities if _is_control_account(entity))
    first = min((created for created in controls if created), default=None)
    if first is None:
        return {}
    roles = (LedgerRole.ACCOUNT, LedgerRole.BANK_ACCOUNT)
    return {kind.name: first + _MOMENT for kind in catalog.ledger_kinds if any(map(kind.has_role, roles))}


def _is_control_account(entity: Entity) -> bool:
    return entity.body.get("is_control_account") is True


def _is_system_record(entity: Entity) -> bool:
    """Return whether Sage created an entity for its own use: a system contact, or a control account.

    Users cannot create such a record, so that it needs no review, whenever it was created.
    """
    return entity.body.get("system") is True or _is_control_account(entity)


#: The fields of a draft under which Sage answers what `is_gone` asks for.
GONE_FIELDS = ("status_id", "deleted_at")


def is_gone(entity: Entity) -> bool:
    """Return whether Sage shows an entity only to say that it was deleted or voided."""
    status = entity.body.get("status")
    return bool(entity.body.get("deleted_at")) or (isinstance(status, dict) and status.get("id") == "VOID")


def is_absent(entity: Entity) -> bool:
    """Return whether an entity that was asked for by its id was not found in Sage, or is shown as deleted."""
    return not entity.body or is_gone(entity)


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
