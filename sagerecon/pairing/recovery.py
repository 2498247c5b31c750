"""Find by content the records that Sage holds although no store knows it.

A store that was lost, or restored from an old copy, knows less than Sage holds. Each draft that would be
created is compared with the entities of its kind that no record owns: by natural key where it has one, and
by contact, date, amount and lines in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.entity import Entity
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import magnitude
from sagerecon.pairing.adoption import differences, is_other_record
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import as_decimal
from sagerecon.pairing.natural_key import natural_keys, normal_key

#: Fields by which entities are indexed: most kinds have one of them, and Sage answers what was sent.
_INDEXED = ("reference", "date", "name", "item_code", "nominal_code", "description")


#: The field with the number of a document.
NUMBER = "reference"


class Likeness(Enum):
    """What Sage holds that may be a draft."""

    NONE = "none"  #: nothing
    EQUAL = "equal"  #: one entity with the content of the draft
    SEVERAL = "several"  #: more entities with its content than the source has records
    UNRESOLVED = "unresolved"  #: equal as far as it is known what the draft refers to
    SIMILAR = "similar"  #: no equal entity, but one with its key, or with its contact, date and amount


@dataclass(frozen=True, slots=True)
class Found:
    """The entities that may be a draft, and how like it they are."""

    likeness: Likeness
    entities: tuple[Entity, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A draft that would be created, with Sage's ids in the place of its references."""

    body: Mapping[str, Any]  #: without what refers to something that is not found
    is_complete: bool  #: whether every reference was found
    identity: Mapping[str, str]
    amount: Decimal | None
    apart: Collection[str] = ()  #: Sage ids of what it is not, by decision


class Holdings:
    """The entities of one kind in Sage that no record owns. Each is paired at most once."""

    def __init__(self, catalog: Catalog, kind: Kind, entities: Iterable[Entity]) -> None:
        self._catalog = catalog
        self._kind = kind
        self._free = {entity.sage_id: entity for entity in entities if not is_gone(entity)}
        self._unique = [key.field for key in kind.natural_keys if key.is_unique]
        self._indexes: dict[tuple[str, ...], dict[tuple[str, ...], list[str]]] = {}
        self._by_mark: dict[Hashable, list[str]] | None = None

    def __len__(self) -> int:
        return len(self._free)

    def claim(self, wanted: Wanted, twins: int) -> Found:
        """Return what may be the draft. An equal entity is paired with it, and found for no other draft.

        Drafts with the same content are interchangeable: each takes one of the entities with it. Ask for
        what is only similar once every equal entity is paired: the entity may be another draft's.

        Args:
            twins: the drafts with this content that are not paired yet, this one included.
        """
        equal = self.equal(wanted)
        if not wanted.is_complete and equal:
            return Found(Likeness.UNRESOLVED, tuple(equal), "what it refers to was not found in Sage")
        if len(equal) > twins:
            return Found(Likeness.SEVERAL, tuple(equal), f"{len(equal):,} entities in Sage are equal to it")
        if equal:
            return Found(Likeness.EQUAL, (self._free.pop(equal[0].sage_id),))
        similar = self._similar(wanted)
        if similar:
            unlike = "; ".join(differences(self._kind, wanted.body, similar[0].body))
            return Found(Likeness.SIMILAR, tuple(similar), f"an entity in Sage may be it: {unlike}")
        return Found(Likeness.NONE)

    def equal(self, wanted: Wanted) -> list[Entity]:
        """Return the entities that hold all that the draft has, as far as its references were found.

        One with a number is not equal to a draft without one.
        """
        has_number = bool(wanted.body.get(NUMBER))
        return [
            entity
            for entity in self._indexed(wanted.body)
            if entity.sage_id not in wanted.apart
            and has_number == bool(entity.body.get(NUMBER))
            and not differences(self._kind, wanted.body, entity.body)
        ]

    def has_number(self, number: object) -> bool:
        """Return whether an entity has the number, whatever else it holds."""
        return bool(number) and number in self._marks()

    def _indexed(self, body: Mapping[str, Any]) -> list[Entity]:
        """Return the entities that share with `body` the values of the fields that are indexed."""
        fields = tuple(name for name in _INDEXED if _is_text(self._kind, name) and body.get(name))
        if fields not in self._indexes:
            index = self._indexes.setdefault(fields, {})
            for entity in self._free.values():
                index.setdefault(_values(self._kind, entity.body, fields, is_answer=True), []).append(
                    entity.sage_id
                )
        ids = self._indexes[fields].get(_values(self._kind, body, fields, is_answer=False), [])
        return [self._free[sage_id] for sage_id in ids if sage_id in self._free]

    def _similar(self, wanted: Wanted) -> list[Entity]:
        """Return the entities with a key of the draft, or with its contact and its number or amount."""
        kind, body = self._kind, wanted.body
        given = {name: str(body[name]) for name in self._unique if body.get(name)}
        keys = {
            normal_key(self._catalog, kind, NaturalKey(*pair))
            for pair in {**given, **wanted.identity}.items()
        }
        near = {*keys, body.get(NUMBER), _day(body, kind)} - {None, ""}
        ids = dict.fromkeys(sage_id for mark in near for sage_id in self._marks().get(mark, ()))
        found = []
        for entity in (self._free[sage_id] for sage_id in ids if sage_id in self._free):
            if entity.sage_id in wanted.apart:
                continue
            has_key = bool(keys & set(natural_keys(self._catalog, kind, entity.body, self._unique)))
            if has_key or (not is_other_record(kind, body, entity.body) and self._is_alike(wanted, entity)):
                found.append(entity)
        return found

    def _marks(self) -> Mapping[Hashable, Sequence[str]]:
        """Return the ids of the entities by unique key, by number and by date."""
        if self._by_mark is None:
            self._by_mark = {}
            for entity in self._free.values():
                keys = natural_keys(self._catalog, self._kind, entity.body, self._unique)
                for mark in {*keys, entity.body.get(NUMBER), _day(entity.body, self._kind)}:
                    self._by_mark.setdefault(mark, []).append(entity.sage_id)
        return self._by_mark

    def _is_alike(self, wanted: Wanted, entity: Entity) -> bool:
        """Return whether an entity has the draft's number, or its date and amount."""
        kind, body = self._kind, wanted.body
        number = body.get(NUMBER)
        if number and number == entity.body.get(NUMBER):
            return True
        if not _day(body, kind) or _day(body, kind) != _day(entity.body, kind):
            return False
        held = as_decimal(entity.body.get(kind.amount)) if kind.amount else None
        amount = as_decimal(body.get(kind.amount)) if kind.amount else None
        ours = wanted.amount if amount is None else amount
        return held is not None and ours is not None and magnitude(held) == magnitude(ours)


def reason_of(name: str, found: Found) -> str:
    """Return the sentence why a draft is not sent."""
    ids = ", ".join(entity.sage_id for entity in found.entities[:3])
    return f"It is not certain whether Sage holds {name} already: {found.why} (Sage id {ids})."


def _day(body: Mapping[str, Any], kind: Kind) -> str:
    return str(body.get(kind.date) or "")[:10] if kind.date else ""


def _is_text(kind: Kind, name: str) -> bool:
    field = kind.fields.get(name)
    return field is not None and bool(field.answered) and field.type in ("text", "date")


def _values(
    kind: Kind, body: Mapping[str, Any], fields: Sequence[str], *, is_answer: bool
) -> tuple[str, ...]:
    names = [kind.fields[name].answered_as if is_answer else name for name in fields]
    values = [str(body.get(name) or "") for name in names]
    return tuple(
        value[:10] if kind.fields[name].type == "date" else value
        for name, value in zip(fields, values, strict=True)
    )
