"""The identity of each entity on both sides: the key of our record where it has one, else Sage's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.draft import Draft, Reference, read_reference
from sagerecon.model.entity import Entity, Written
from sagerecon.model.key import NaturalKey
from sagerecon.model.key_path import Kinds
from sagerecon.model.money import decimal
from sagerecon.pairing.natural_key import key_names, linked_key, natural_keys, normal_key

NO_KINDS: Mapping[str, Kind] = {}


@dataclass(frozen=True, slots=True)
class Link:
    """A reference as an identity: a draft key where one of our records has the entity, else Sage's id.

    `shown` is the text for people. It is not compared.
    """

    key: str
    shown: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.shown or self.key


class Identities:
    """The id map, read in both directions.

    Natural keys are learned from what was read back. For entities that were not read, they are learned from
    the answers to what we sent: the answer holds the id to which Sage resolved the key. The same answers say
    what a draft key meant that no record has any more, because its record was renamed since.

    Args:
        written: is read once, before `held`.
        held: what was read back; is read once.
    """

    def __init__(
        self,
        written: Iterable[Written] = (),
        held: Iterable[Entity] = (),
        catalog: Kinds = NO_KINDS,
    ) -> None:
        self._keys: dict[str, str] = {}
        self._merged: dict[str, str] = {}  #: the key of a record -> that of another on the same entity
        self._ids: dict[tuple[str, NaturalKey], str] = {}
        self._referred: dict[Reference, str] = {}  #: by draft key, the Sage id that it stood for when sent
        self._catalog = catalog
        owned: set[str] = set()
        for record in written:
            owned.add(record.key)
            owner = self._keys.setdefault(record.sage_id, record.key)
            if owner != record.key:
                self._merged[record.key] = owner
            for part, sage_id in parts(record, catalog):
                self._keys.setdefault(sage_id, part_of(record.key, part))
            if record.kind in catalog and not record.is_claimed:  # one that is may differ in its links too
                self._learn(record.sent, record.answer, catalog[record.kind].fields)
        shown: dict[tuple[str, NaturalKey], str] = {}
        for entity in held:
            for key in entity_keys(entity, catalog):
                shown.setdefault((entity.kind, key), entity.sage_id)
        self._ids.update(shown)
        self._referred = {
            reference: sage_id
            for reference, sage_id in self._referred.items()
            if sage_id and reference.key not in owned
        }

    def under(self, keys: Mapping[str, str]) -> Identities:
        """Return the identities with records under the keys that they have now.

        Args:
            keys: the key of today by earlier key.
        """
        found = Identities(catalog=self._catalog)
        found._keys = {sage_id: _renamed(key, keys) for sage_id, key in self._keys.items()}
        found._merged = {_renamed(key, keys): _renamed(of, keys) for key, of in self._merged.items()}
        found._ids = self._ids
        today = set(keys.values())
        found._referred = {ref: sage_id for ref, sage_id in self._referred.items() if ref.key not in today}
        return found

    def by_id(self, sage_id: str, shown: str = "") -> Link:
        """Return the link to the entity with this Sage id."""
        key = self._keys.get(sage_id)
        return Link(key, key) if key is not None else Link(sage_id, shown or sage_id)

    def is_ours(self, sage_id: str) -> bool:
        """Return whether one of our records has the entity with this Sage id."""
        return sage_id in self._keys

    def has_record(self, link: Link) -> bool:
        """Return whether a link is to the entity of one of our records, and not known by Sage's id or key."""
        return "/" in link.key.partition("=")[0]

    def by_reference(self, reference: Reference) -> Link:
        """Return the link to the entity that a draft refers to."""
        key = reference.key
        if (referred := self._referred.get(reference)) is not None:
            return self.by_id(referred, str(key))
        if not isinstance(key, NaturalKey):
            owner = self._merged.get(key, key)
            return Link(part_of(owner, reference.part) if reference.part else owner)
        found = key.value if key.field == "id" else self._id_of(reference.kind, key)
        return self.by_id(found, str(key)) if found is not None else Link(_unresolved(key), str(key))

    def _id_of(self, kind: str, key: NaturalKey) -> str | None:
        """Return the Sage id of the entity with a natural key, if need be by the entity that a link names."""
        found = self._ids.get((kind, _normal(kind, key, self._catalog)))
        if found is not None or kind not in self._catalog:
            return found
        crossed = linked_key(self._catalog, self._catalog[kind], key)
        if crossed is None:
            return None
        link, linked, linked_by = crossed
        linked_id = self._id_of(linked.name, linked_by)
        return None if linked_id is None else self._ids.get((kind, NaturalKey(link, linked_id)))

    def _learn(self, sent: object, answer: object, fields: Mapping[str, Field]) -> None:
        if not isinstance(sent, Mapping) or not isinstance(answer, Mapping):
            return
        for name, value in sent.items():
            known = fields.get(name) or Field(name, "")
            found = answer.get(known.answered_as)
            reference = as_reference(value)
            if reference is not None and isinstance(found, dict):
                self._learn_reference(reference, str(found.get("id", "")))
            elif isinstance(value, list) and isinstance(found, list) and len(value) == len(found):
                for item, other in zip(value, found, strict=True):
                    self._learn(item, other, known.fields)
            elif reference is None:
                self._learn(value, found, known.fields)

    def _learn_reference(self, reference: Reference, sage_id: str) -> None:
        if isinstance(reference.key, NaturalKey):
            key = _normal(reference.kind, reference.key, self._catalog)
            self._ids.setdefault((reference.kind, key), sage_id)
        else:
            known = self._referred.setdefault(reference, sage_id)
            if known != sage_id:
                self._referred[reference] = ""  # it stood for several, one after the other


def as_reference(value: object) -> Reference | None:
    """Return a reference from a value or from the JSON of a plan file; None for anything else."""
    if isinstance(value, Reference):
        return value
    if isinstance(value, dict) and "$ref" in value:
        return read_reference(value)
    return None


def as_decimal(value: object) -> Decimal | None:
    """Return a number given as Decimal, integer or text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str | int):
        try:
            return decimal(value)
        except ValueError:
            return None
    return None


def entity_keys(entity: Entity, catalog: Kinds) -> Iterator[NaturalKey]:
    """Yield the natural keys of an entity, in the fields by which its kind can be recognised."""
    if entity.kind in catalog:
        kind = catalog[entity.kind]
        names = key_names(catalog, kind, (key.field for key in kind.natural_keys))
        yield from natural_keys(catalog, kind, entity.body, names)


def draft_keys(draft: Draft, catalog: Kinds) -> Iterator[NaturalKey]:
    """Yield the natural keys that the draft's entity will have, spelt as `entity_keys` spells them."""
    for name, value in draft.identity.items():
        yield _normal(draft.kind, NaturalKey(name, value), catalog)


def _normal(kind: str, key: NaturalKey, catalog: Kinds) -> NaturalKey:
    return normal_key(catalog, catalog[kind], key) if kind in catalog else key


def part_of(key: str, part: str) -> str:
    """Return the identity of a part of our entity; no draft key has a space before its first `/`."""
    return f"{part} of {key}"


def _renamed(identity: str, keys: Mapping[str, str]) -> str:
    """Return the identity of an entity or of a part of one, with its record under today's key."""
    part, of, key = identity.partition(" of ")
    if of and key in keys:
        return part_of(keys[key], part)
    return keys.get(identity, identity)


def value_of(identity: str, field: str) -> str | None:
    """Return the value of an identity that is known by this natural key alone; None for any other."""
    name, separator, value = identity.partition("=")
    return value if separator and name == field else None


def _unresolved(key: NaturalKey) -> str:
    """Return the identity of an entity known by a natural key alone; no draft key has `=` before its `/`."""
    return f"{key.field}={key.value}"


def parts(written: Written, catalog: Kinds) -> Iterator[tuple[str, str]]:
    """Yield the entities that Sage made with a record and inside it, such as a payment on account.

    Yields:
        The name of the part, and its Sage id.
    """
    for part, path in catalog[written.kind].yields.items() if written.kind in catalog else ():
        if isinstance(found := _dig(written.answer, path), str):
            yield part, found


def _dig(answer: object, path: str) -> object:
    for name in path.split("."):
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer
