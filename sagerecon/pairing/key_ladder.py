"""Find the entity of a record that no run has written: by key, by another spelling, or by its content.

Plan and proof ask these functions alone. Only entities that no record owns are found. What one rung finds for
a record, the next rungs do not find for others.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, OnExisting
from sagerecon.model.entity import Entity
from sagerecon.pairing.agreement import body_differences
from sagerecon.pairing.comparison_rules import ComparisonRules
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Identities, draft_keys, entity_keys
from sagerecon.pairing.marks import content_mark, marks_of_draft, marks_of_entity, marks_of_keys, name_marks
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.recovery import NUMBER, Rung, is_known_by_all_else, is_known_by_name
from sagerecon.pairing.renames import key_fields, names_in
from sagerecon.pairing.suspect import Suspect

#: Entities named in a sentence.
_EXAMPLES = 3


class MatchMethod(Enum):
    """How a match was made, the most reliable first. The value is what people read."""

    ID_MAP = "id map"  #: recorded when the entity was written or adopted
    NATURAL_KEY = "natural key"  #: exactly one entity has the key, and no other record claims it
    AMBIGUOUS = "ambiguous key"  #: several entities have the key; needs review
    SUGGESTION = "suggestion"  #: alike in another spelling or by content; never a match by itself
    NONE = "no match"


@dataclass(frozen=True, slots=True)
class Match:
    """How a record was matched, and the Sage ids that were found."""

    method: MatchMethod
    sage_ids: tuple[str, ...] = ()


NO_MATCH = Match(MatchMethod.NONE)


@dataclass(frozen=True, slots=True)
class HeldMatch:
    """The entities without a record that a draft may be, at least one, and how they were found."""

    entities: tuple[Entity, ...]
    rung: Rung
    suspect: Suspect
    is_adopted: bool  #: the run that creates the draft looks for its key, finds the entity and adopts it

    @property
    def match(self) -> Match:
        """The method, and the Sage ids."""
        ids = tuple(entity.sage_id for entity in self.entities)
        if self.rung is not Rung.KEY:
            return Match(MatchMethod.SUGGESTION, ids)
        return Match(MatchMethod.NATURAL_KEY if len(ids) == 1 else MatchMethod.AMBIGUOUS, ids)


class Candidates:
    """Tells which entities may be one of some drafts, whatever their contacts: a look-up for each entity."""

    def __init__(self, drafts: Iterable[Draft], catalog: Catalog) -> None:
        self._catalog = catalog
        self._marks = {mark for draft in drafts for mark in marks_of_draft(draft, catalog)}

    def has(self, entity: Entity) -> bool:
        """Return whether the entity has a key in any spelling, or date and amount, of one of the drafts."""
        return not self._marks.isdisjoint(marks_of_entity(entity, self._catalog))


@dataclass(frozen=True, slots=True)
class KeyLadder:
    """How drafts are compared with entities that no record owns.

    Args:
        comparisons: the comparison rules of each mapping, by field path.
        seen_at: by kind, when its reading began, in milliseconds since 1970.
        in_doubt: kind and key of the drafts that a run sent without an answer; the next run looks them up.
    """

    catalog: Catalog
    identities: Identities
    comparisons: Mapping[str, Mapping[str, Comparison]]
    seen_at: Mapping[str, int]
    in_doubt: Collection[RecordKey] = frozenset()

    def match(
        self, drafts: Sequence[Draft], unowned: Iterable[Entity], taken: Collection[str] = ()
    ) -> dict[RecordKey, HeldMatch]:
        """Return by kind and key of a draft the entities that it may be.

        Contacts are matched first, so that a document of a contact that was found is found too.

        Args:
            taken: Sage ids that are found by their key alone, for they may be other records.
        """
        candidates = Candidates(drafts, self.catalog)
        held = [entity for entity in unowned if not is_gone(entity) and candidates.has(entity)]
        if not held:
            return {}
        found: dict[RecordKey, HeldMatch] = {}
        contacts: dict[str, str] = {}  # by Sage id, the key of the draft that it may be
        for has_contact in (False, True):
            of_kinds = {kind.name for kind in self.catalog if bool(kind.contact) is has_contact}
            ladder = _Ladder(self, contacts, [entity for entity in held if entity.kind in of_kinds], taken)
            matched = ladder.match([draft for draft in drafts if draft.kind in of_kinds])
            found |= matched
            contacts |= {
                match.entities[0].sage_id: key
                for (_, key), match in matched.items()
                if len(match.entities) == 1
            }
        return found

    def unlike(self, draft: Draft, entity: Entity) -> tuple[str, ...]:
        """Return the fields of a draft that an entity does not hold, by the rules of its mapping."""
        fields = self.catalog[draft.kind].fields
        rules = ComparisonRules(fields, self.comparisons.get(draft.mapping, {}), self.identities)
        return body_differences(draft.body, entity, rules, is_tolerant=True)

    def made(self, draft: Draft, entities: tuple[Entity, ...], rung: Rung) -> HeldMatch:
        """Return the match of a draft with the entities that a rung has found."""
        unlike = self.unlike(draft, entities[0])
        is_one = len(entities) == 1
        is_looked_for = rung is Rung.KEY and is_one and _has_identity(draft, entities[0], self.catalog)
        is_equal = is_one and not unlike
        is_in_doubt = (draft.kind, draft.key) in self.in_doubt
        suspect = Suspect(
            kind=draft.kind,
            key=draft.key,
            entities=entities,
            reason=_doubt(draft, entities) if is_in_doubt else _reason(draft, entities, rung, unlike),
            seen_at=self.seen_at.get(draft.kind, 0),
            is_equal=is_equal,
            is_adoptable=is_equal
            and rung is Rung.KEY
            and not is_in_doubt
            and draft.on_existing is not OnExisting.ERROR,
        )
        match draft.on_existing:
            case OnExisting.ADOPT:
                is_adopted = is_looked_for
            case OnExisting.ADOPT_IF_EQUAL:
                is_adopted = is_looked_for and not unlike
            case _:
                is_adopted = False
        return HeldMatch(entities, rung, suspect, is_adopted)


class _Ladder:
    """The rungs for drafts whose contacts have been matched."""

    def __init__(
        self, by: KeyLadder, contacts: Mapping[str, str], held: Sequence[Entity], taken: Collection[str]
    ) -> None:
        self._by = by
        self._contacts = contacts
        self._taken = set(taken)
        self._index: dict[Hashable, list[Entity]] = {}
        for entity in held:
            for mark in marks_of_entity(entity, by.catalog):
                self._index.setdefault(mark, []).append(entity)

    def match(self, drafts: Sequence[Draft]) -> dict[RecordKey, HeldMatch]:
        """Return what the rungs find, the most reliable first."""
        found: dict[RecordKey, HeldMatch] = {}
        rungs = {
            Rung.KEY: self._with_key,
            Rung.SPELLING: self._spelt,
            Rung.CONTENT: self._like,
            Rung.DATE_AND_AMOUNT: self._dated,
            Rung.OTHER_FIELDS: self._alike,
            Rung.NAME: self._named,
        }
        for rung, find in rungs.items():
            claimed: set[str] = set()
            for draft in drafts:
                if (draft.kind, draft.key) in found:
                    continue
                entities = tuple(find(draft))
                if entities:
                    found[draft.kind, draft.key] = self._by.made(draft, entities, rung)
                    claimed |= {entity.sage_id for entity in entities}
            self._taken |= claimed
        return found

    def _with_key(self, draft: Draft) -> Iterator[Entity]:
        """Yield the entities with a key of the draft or its number, and with its contact or a unique key."""
        catalog = self._by.catalog
        kind, keys = catalog[draft.kind], set(draft_keys(draft, catalog))
        unique = {key.field for key in kind.natural_keys if key.is_unique}
        number = draft.body.get(NUMBER)
        for entity in self._marked(marks_of_keys(draft, catalog)):
            shared = keys.intersection(entity_keys(entity, catalog))
            has_number = bool(number) and entity.body.get(NUMBER) == number
            is_ours = self._has_contact(draft, entity) or any(key.field in unique for key in shared)
            if (shared or has_number) and is_ours:
                yield entity

    def _spelt(self, draft: Draft) -> Iterator[Entity]:
        """Yield the entities with a key of the draft, or its number, in another spelling."""
        for entity in self._marked(marks_of_keys(draft, self._by.catalog)):
            if entity.sage_id not in self._taken and self._has_contact(draft, entity):
                yield entity

    def _like(self, draft: Draft) -> Iterator[Entity]:
        """Yield the entities with the draft's contact, date and amount."""
        if contact := self._contact(draft.kind, draft.body):
            yield from self._of_content(draft, contact)

    def _dated(self, draft: Draft) -> Iterator[Entity]:
        """Yield the entities without a contact that have the date and amount of a draft without one."""
        if not self._contact(draft.kind, draft.body):
            yield from self._of_content(draft, "")

    def _of_content(self, draft: Draft, contact: str) -> Iterator[Entity]:
        mark = content_mark(draft.kind, draft.body, draft.amount, self._by.catalog[draft.kind])
        for entity in self._marked([mark] if mark is not None else ()):
            if entity.sage_id not in self._taken and contact == self._contact(entity.kind, entity.body):
                yield entity

    def _alike(self, draft: Draft) -> Iterator[Entity]:
        """Yield the entities that differ from the draft in keys alone, of a kind without date or amount."""
        kind = self._by.catalog[draft.kind]
        keys = key_fields(kind, draft.identity)
        marks = name_marks(draft.body, kind, keys) if is_known_by_all_else(kind) else ()
        for entity in self._marked(marks):
            is_free = entity.sage_id not in self._taken and self._has_contact(draft, entity)
            if is_free and keys.issuperset(self._by.unlike(draft, entity)):
                yield entity

    def _named(self, draft: Draft) -> Iterator[Entity]:
        """Yield the entities with the name of the draft, in any spelling; a description is no name."""
        kind = self._by.catalog[draft.kind]
        keys = key_fields(kind, draft.identity)
        names = {found for found in names_in(draft.body, kind, keys) if found[0].endswith("name")}
        marks = name_marks(draft.body, kind, keys) if names and is_known_by_name(kind) else ()
        for entity in self._marked(marks):
            is_free = entity.sage_id not in self._taken and self._has_contact(draft, entity)
            if is_free and not names.isdisjoint(names_in(entity.body, kind, ())):
                yield entity

    def _marked(self, marks: Iterable[Hashable]) -> Iterable[Entity]:
        """Return the entities with one of the marks, each once."""
        found = {entity.sage_id: entity for mark in marks for entity in self._index.get(mark, ())}
        return found.values()

    def _has_contact(self, draft: Draft, entity: Entity) -> bool:
        """Return whether an entity has the contact of the draft; any has, where the draft names none."""
        wanted = self._contact(draft.kind, draft.body)
        return not wanted or wanted == self._contact(entity.kind, entity.body)

    def _contact(self, kind: str, body: Mapping[str, Any]) -> str:
        name = self._by.catalog[kind].contact
        found = FieldReader(body, self._by.identities).link(name) if name else ""
        return self._contacts.get(found, found)


def _has_identity(draft: Draft, entity: Entity, catalog: Catalog) -> bool:
    """Return whether the entity has the identity by which a run looks for the draft."""
    return not set(draft_keys(draft, catalog)).isdisjoint(entity_keys(entity, catalog))


def _doubt(draft: Draft, entities: Sequence[Entity]) -> str:
    """Return the sentence about a draft that a run has sent, and that may be in Sage by that."""
    return (
        f"A run sent {draft.label or draft.key}, and its answer never came: it may be the entity that Sage"
        f" holds ({_ids(entities)}). Apply looks it up before it writes."
    )


def _ids(entities: Sequence[Entity]) -> str:
    return "Sage id " + ", ".join(entity.sage_id for entity in entities[:_EXAMPLES])


def _reason(draft: Draft, entities: Sequence[Entity], rung: Rung, unlike: Sequence[str]) -> str:
    """Return the sentence why a draft is not created."""
    name = draft.label or draft.key
    ids = _ids(entities)
    if len(entities) > 1:
        return f"Sage holds {len(entities):,} entities that may be {name} ({rung.value}; {ids})."
    if not unlike and rung is Rung.KEY:
        return f"Sage holds {name} already, and no run is known to have written it ({ids})."
    how = f"it differs in {', '.join(unlike)}" if unlike else "it is equal in what Sage shows"
    return f"Sage may hold {name} already ({rung.value}): {how} ({ids})."
