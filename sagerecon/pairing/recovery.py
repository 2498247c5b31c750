"""Find by content the records that Sage holds although no store knows it.

A store that was lost, or restored from an old copy, knows less than Sage holds. Each draft that would be
created is compared with the entities of its kind that no record owns: by contact, date, amount, lines and all
else that it has, then by the rungs of the key ladder. Only an equal entity is adopted; what a rung finds is
a suggestion, because the source may have been numbered anew since.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.entity import Entity
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import magnitude
from sagerecon.model.posting import LedgerRole
from sagerecon.pairing.adoption import differences, is_other_record
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import as_decimal
from sagerecon.pairing.natural_key import natural_keys, normal_key
from sagerecon.pairing.renames import key_fields, names_in, spelling

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
    SIMILAR = "similar"  #: no equal entity, but one that a rung finds


class Rung(Enum):
    """How an entity is found that may be a draft without being equal to it, the most reliable first."""

    KEY = "key"  #: its unique key, or its contact and number
    SPELLING = "spelling"  #: the same without case, accents, punctuation and leading zeros
    CONTENT = "contact, date and amount"
    DATE_AND_AMOUNT = "date and amount"  #: of a record without a contact
    OTHER_FIELDS = "all other fields"  #: all that is sent but its keys, of a kind without a date or an amount
    NAME = "same name"  #: of a kind without a date, such as a contact


@dataclass(frozen=True, slots=True)
class Found:
    """The entities that may be a draft, and how like it they are."""

    likeness: Likeness
    entities: tuple[Entity, ...] = ()
    why: str = ""
    rung: Rung | None = None  #: by which a similar entity was found
    has_contact: bool = False  #: whether the contact is the draft's too; also where the kind has none

    @property
    def is_by_likeness(self) -> bool:
        """Whether a rung below the key has found it: a run that looks for the key does not find it."""
        return self.rung not in (None, Rung.KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A draft that would be created, with Sage's ids in the place of its references."""

    body: Mapping[str, Any]  #: without what refers to something that is not found
    is_complete: bool  #: whether every reference was found, and no entity in its place is only suggested
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
        """Return what is equal to the draft. An equal entity is paired with it, and found for no other draft.

        Drafts with the same content are interchangeable: each takes one of the entities with it.

        Args:
            twins: the drafts with this content that are not paired yet, this one included.
        """
        equal = tuple(self.equal(wanted))
        if not equal:
            return Found(likeness=Likeness.NONE)
        if not wanted.is_complete:
            has_contact = self._has_contact(wanted)
            why = "what it refers to was not found in Sage for certain"
            return Found(likeness=Likeness.UNRESOLVED, entities=equal, why=why, has_contact=has_contact)
        if len(equal) > twins:
            why = f"{len(equal):,} entities in Sage are equal to it"
            return Found(likeness=Likeness.SEVERAL, entities=equal, why=why)
        return Found(likeness=Likeness.EQUAL, entities=(self._free.pop(equal[0].sage_id),))

    def similar(self, wanted: Wanted, keyed: Collection[str] = ()) -> Found:
        """Return what the first rung finds that finds anything.

        Ask once every equal entity is paired: an entity may be another draft's.

        Args:
            keyed: the Sage ids of entities with the key of some draft; no other rung finds them.
        """
        rungs = {
            Rung.KEY: self.with_key,
            Rung.SPELLING: self._spelt,
            Rung.CONTENT: self._like,
            Rung.DATE_AND_AMOUNT: self._dated,
            Rung.OTHER_FIELDS: self._alike,
            Rung.NAME: self._named,
        }
        for rung, find in rungs.items():
            others = {*wanted.apart, *(keyed if rung is not Rung.KEY else ())}
            found = [entity for entity in find(wanted) if entity.sage_id not in others]
            if found:
                unlike = "; ".join(differences(self._kind, wanted.body, found[0].body))
                return Found(
                    likeness=Likeness.SIMILAR,
                    entities=tuple(found),
                    why=f"an entity in Sage may be it: {unlike}",
                    rung=rung,
                    has_contact=self._has_contact(wanted),
                )
        return Found(likeness=Likeness.NONE)

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

    def with_key(self, wanted: Wanted) -> list[Entity]:
        """Return the entities with a unique key of the draft, or with its contact and a key or its number."""
        keys = self._keys_of(wanted)
        return [
            entity
            for entity in self._marked({*keys, wanted.body.get(NUMBER)})
            if not self._is_other(wanted, entity)
            or any(key in keys for key in self._keys_in(entity) if key.field in self._unique)
        ]

    def _spelt(self, wanted: Wanted) -> list[Entity]:
        """Return the entities with a key of the draft, or its number, in another spelling."""
        keys = self._keys_of(wanted)
        marks = {_spelt(key.field, key.value) for key in keys} | {_spelt(NUMBER, wanted.body.get(NUMBER))}
        return [entity for entity in self._marked(marks) if not self._is_other(wanted, entity)]

    def _like(self, wanted: Wanted) -> list[Entity]:
        """Return the entities with the draft's contact, date and amount; none, if it has no contact."""
        return self._of_content(wanted) if self._names_contact(wanted) else []

    def _dated(self, wanted: Wanted) -> list[Entity]:
        """Return the entities with the date and amount of a draft without a contact."""
        return [] if self._names_contact(wanted) else self._of_content(wanted)

    def _of_content(self, wanted: Wanted) -> list[Entity]:
        """Return the entities with the draft's date and amount, and with its contact if it has one."""
        kind, body = self._kind, wanted.body
        amount = as_decimal(body.get(kind.amount)) if kind.amount else None
        amount = wanted.amount if amount is None else amount
        return [
            entity
            for entity in self._marked({_day(body, kind)} if amount is not None else ())
            if not self._is_other(wanted, entity)
            and (held := as_decimal(entity.body.get(kind.amount)) if kind.amount else None) is not None
            and magnitude(held) == magnitude(amount or Decimal())
        ]

    def _alike(self, wanted: Wanted) -> list[Entity]:
        """Return the entities that differ in keys alone, of a kind without a date or an amount."""
        keys = key_fields(self._kind, wanted.identity)
        body = {name: value for name, value in wanted.body.items() if name not in keys}
        is_dated = bool(self._kind.date and not self._kind.amount and body.get(self._kind.date))
        is_known = is_dated or any(names_in(body, self._kind, keys))
        if not is_known or not is_known_by_all_else(self._kind):
            return []
        return [entity for entity in self._indexed(body) if not differences(self._kind, body, entity.body)]

    def _named(self, wanted: Wanted) -> list[Entity]:
        """Return the entities with the name of the draft, in any spelling; a description is no name."""
        if not is_known_by_name(self._kind):
            return []
        names = names_in(wanted.body, self._kind, key_fields(self._kind, wanted.identity))
        marks = [(path, name) for path, name in names if path.endswith("name") and name]
        return [entity for entity in self._marked(marks) if not self._is_other(wanted, entity)]

    def _has_contact(self, wanted: Wanted) -> bool:
        """Return whether the contact of a draft was found, where its kind has one."""
        return not self._kind.contact or self._names_contact(wanted)

    def _names_contact(self, wanted: Wanted) -> bool:
        return bool(self._kind.contact) and bool(wanted.body.get(f"{self._kind.contact}_id"))

    def _is_other(self, wanted: Wanted, entity: Entity) -> bool:
        return is_other_record(self._kind, wanted.body, entity.body)

    def _keys_of(self, wanted: Wanted) -> set[NaturalKey]:
        given = {name: str(wanted.body[name]) for name in self._unique if wanted.body.get(name)}
        pairs = {**given, **wanted.identity}.items()
        return {normal_key(self._catalog, self._kind, NaturalKey(*pair)) for pair in pairs}

    def _keys_in(self, entity: Entity) -> Iterator[NaturalKey]:
        fields = (key.field for key in self._kind.natural_keys)
        return natural_keys(self._catalog, self._kind, entity.body, fields)

    def _marked(self, marks: Collection[Hashable]) -> list[Entity]:
        """Return the free entities that bear one of the marks, each once."""
        known = self._marks()
        wanted = (mark for mark in marks if mark not in (None, ""))
        ids = dict.fromkeys(sage_id for mark in wanted for sage_id in known.get(mark, ()))
        return [self._free[sage_id] for sage_id in ids if sage_id in self._free]

    def _marks(self) -> Mapping[Hashable, Sequence[str]]:
        """Return the ids of the entities by key and by number, as written and as spelt, and by date."""
        if self._by_mark is None:
            self._by_mark = {}
            for entity in self._free.values():
                keys, number = list(self._keys_in(entity)), entity.body.get(NUMBER)
                spelt = {_spelt(key.field, key.value) for key in keys} | {_spelt(NUMBER, number)}
                for mark in {*keys, number, *spelt, _day(entity.body, self._kind)}:
                    self._by_mark.setdefault(mark, []).append(entity.sage_id)
        return self._by_mark


def is_known_by_all_else(kind: Kind) -> bool:
    """Return whether an entity that differs from a record in its key alone may be the record.

    An account is what its code says: Sage's own chart has accounts of many names.
    """
    return not kind.has_role(LedgerRole.ACCOUNT)


def is_known_by_name(kind: Kind) -> bool:
    """Return whether an entity that has the name of a record may be the record: contacts alone."""
    return kind.has_role(LedgerRole.CONTACT)


def reason_of(name: str, found: Found) -> str:
    """Return the sentence why a draft is not sent."""
    ids = ", ".join(entity.sage_id for entity in found.entities[:3])
    return f"It is not certain whether Sage holds {name} already: {found.why} (Sage id {ids})."


def _spelt(field: str, value: object) -> Hashable:
    """Return the mark of a key or number in any spelling; None where it has no letter or digit."""
    spelt = spelling(str(value or ""))
    return (field, spelt) if spelt else None


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
