"""What stands in Sage: ours, there before, come along with one of ours, or extra."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sagerecon.model.clock import instant
from sagerecon.model.entity import Entity, Written


@dataclass(frozen=True, slots=True)
class Held:
    """What was read back, each entity once, without those shown only as deleted."""

    entities: tuple[Entity, ...]
    by_id: Mapping[tuple[str, str], Entity]
    deleted: frozenset[str]

    @classmethod
    def of(cls, held: Iterable[Entity], deleted: Collection[str]) -> Held:
        by_id: dict[tuple[str, str], Entity] = {}
        gone = set(deleted)
        for entity in held:
            if is_gone(entity):
                gone.add(entity.sage_id)
            else:
                by_id[entity.kind, entity.sage_id] = entity
        return cls(tuple(by_id.values()), by_id, frozenset(gone))


@dataclass(frozen=True, slots=True)
class Past:
    """What tells whether an entity stood in Sage before the move, or came along with one of ours."""

    before: frozenset[str]
    began_at: int | None
    came_along: frozenset[str]

    @classmethod
    def of(cls, before: Collection[str], began_at: int | None, records: Iterable[Written]) -> Past:
        ids = {found for record in records if not record.adopted for found in _inner_ids(record.answer)}
        return cls(frozenset(before), began_at, frozenset(ids))

    def part(self, entity: Entity) -> str:
        """Its class in the completeness equation of Sage's side."""
        created = _moment(entity.body.get("created_at"))
        is_older = created is not None and self.began_at is not None and created < self.began_at
        is_newer = created is not None and self.began_at is not None and created >= self.began_at
        is_system = entity.body.get("system") is True or entity.body.get("is_control_account") is True
        if entity.sage_id in self.before or is_older or (is_system and not is_newer):
            return "there_before"
        return "came_along" if entity.sage_id in self.came_along else "extra"


def is_gone(entity: Entity) -> bool:
    """Whether Sage shows an entity only to say that it was deleted or voided."""
    status = entity.body.get("status")
    return bool(entity.body.get("deleted_at")) or (isinstance(status, dict) and status.get("id") == "VOID")


def owners_of(records: Iterable[Written]) -> dict[str, str]:
    """Sage id -> the key of the record that stands for it: one that was written before one adopted."""
    owners: dict[str, str] = {}
    for record in sorted(records, key=lambda record: (record.adopted, record.written_at, record.key)):
        owners.setdefault(record.sage_id, record.key)
    return owners


def classify(
    sage: Held, kinds: Collection[str], matched: Collection[str], past: Past
) -> dict[str, list[tuple[str, Entity]]]:
    classes: dict[str, list[tuple[str, Entity]]] = {}
    for entity in sage.entities:
        if entity.kind in kinds:
            part = "ours" if entity.sage_id in matched else past.part(entity)
            classes.setdefault(entity.kind, []).append((part, entity))
    return classes


def _moment(text: object) -> int | None:
    try:
        return instant(str(text)) if text else None
    except ValueError:
        return None


def _inner_ids(answer: object, depth: int = 0) -> Iterator[str]:
    """The ids below the top of an answer."""
    if isinstance(answer, dict):
        if depth and isinstance(answer.get("id"), str):
            yield str(answer["id"])
        for child in answer.values():
            yield from _inner_ids(child, depth + 1)
    elif isinstance(answer, list):
        for child in answer:
            yield from _inner_ids(child, depth + 1)
