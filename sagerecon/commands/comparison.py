"""The records of a plan beside what was read from Sage, in the order of sending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import OnExisting, node_document, without_references
from sagerecon.model.entity import Entity
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import canonical
from sagerecon.pairing.natural_key import natural_keys, normal_key
from sagerecon.pairing.recovery import Found, Holdings, Likeness, Wanted
from sagerecon.planning.census import is_blind
from sagerecon.planning.step import AdoptStep, CreateStep
from sagerecon.runner.references import resolve_references
from sagerecon.store.company import CompanyStore


class Comparison:
    """The records of a plan beside the entities that were read, in the order of sending."""

    def __init__(
        self,
        company: CompanyStore,
        catalog: Catalog,
        held: Mapping[str, Sequence[Entity]],
        decided: Sequence[AdoptStep] = (),
    ) -> None:
        """Compare with `held` by kind; the entities of `decided` were decided to be these records."""
        self._company = company
        self._catalog = catalog
        self._ids = _FoundIds(company, catalog, held)
        taken = {(step.kind, step.sage_id): step.key for step in decided}
        self._holdings = {
            name: Holdings(
                catalog,
                catalog[name],
                (
                    entity
                    for entity in found
                    if (name, entity.sage_id) not in taken
                    and company.id_map.owner(name, entity.sage_id) is None
                ),
            )
            for name, found in held.items()
        }
        for name, found in held.items():
            for entity in found:
                if key := taken.get((name, entity.sage_id)):
                    self._ids.add(name, key, entity)

    def holdings(self, kind: str) -> Holdings:
        """Return the entities of a kind that no record owns; none of a kind that was not read."""
        return self._holdings.get(kind) or Holdings(self._catalog, self._catalog[kind], ())

    def may_be_held(self, step: CreateStep) -> bool:
        """Return whether an entity may be a record whose step would not find it, whatever they refer to."""
        holdings, wanted = self.holdings(step.kind), self._wanted(step)
        found = holdings.similar(wanted)
        if not is_blind(step):
            return found.is_by_likeness
        return found.likeness is not Likeness.NONE or bool(holdings.equal(wanted))

    def compare(self, steps: Sequence[CreateStep]) -> Iterator[tuple[CreateStep, Found, Mapping[str, Any]]]:
        """Yield each step with what Sage holds of it, and its body with the ids that were found.

        Equal entities are paired first. Then the kinds follow in their order of sending: where one entity may
        be a record, what refers to the record is compared as if it referred to the entity.
        """
        left = Counter(_content(step) for step in steps)
        unpaired = []
        for step in steps:
            wanted = self._wanted(step)
            found = self.holdings(step.kind).claim(wanted, left[_content(step)])
            if found.likeness is not Likeness.EQUAL:
                if (entity := self._adopted_anyway(step, wanted)) is not None:
                    self._ids.add(step.kind, step.key, entity)
                unpaired.append(step)
                continue
            left[_content(step)] -= 1
            self._ids.add(step.kind, step.key, found.entities[0])
            yield step, found, wanted.body
        for kind in dict.fromkeys(step.kind for step in unpaired):
            yield from self._suggest([step for step in unpaired if step.kind == kind], left)

    def _suggest(
        self, steps: Sequence[CreateStep], left: Counter[tuple[str, str]]
    ) -> Iterator[tuple[CreateStep, Found, Mapping[str, Any]]]:
        """Yield each of the steps, all of one kind, with what may be its record."""
        keyed = {
            entity.sage_id
            for step in steps
            for entity in self.holdings(step.kind).with_key(self._wanted(step))
        }
        for step in steps:
            wanted, holdings = self._wanted(step), self.holdings(step.kind)
            found = holdings.claim(wanted, left[_content(step)])
            if found.likeness is Likeness.NONE:
                found = holdings.similar(wanted, keyed)
            if found.likeness is not Likeness.EQUAL and len(found.entities) == 1:
                self._ids.suggest(step.kind, step.key, found.entities[0])
            yield step, found, wanted.body

    def _adopted_anyway(self, step: CreateStep, wanted: Wanted) -> Entity | None:
        """Return the entity that the plan adopts for the record's key whatever else it holds, or None."""
        if step.on_existing is not OnExisting.ADOPT or is_blind(step):
            return None
        found = self.holdings(step.kind).with_key(wanted)
        return found[0] if len(found) == 1 else None

    def _wanted(self, step: CreateStep) -> Wanted:
        missing: list[Any] = []
        suggested = self._ids.suggestions_used
        body = resolve_references(step.body, self._ids, self._catalog, missing)
        if missing:
            known = without_references(step.body, frozenset(missing))
            body = resolve_references(known, self._ids, self._catalog, [])
        return Wanted(
            body=body,
            is_complete=not missing and self._ids.suggestions_used == suggested,
            identity=step.identity,
            amount=step.amount,
            apart=step.apart,
        )


@dataclass(slots=True)
class _FoundIds:
    """The ids of what was read and paired, then those that the store knows, then those suggested."""

    company: CompanyStore
    catalog: Catalog
    held: Mapping[str, Sequence[Entity]]
    drafts: dict[tuple[str, Key], Entity] = field(default_factory=dict)
    keys: dict[str, dict[NaturalKey, list[Entity]]] = field(default_factory=dict)
    suggestions: dict[tuple[str, Key], str] = field(default_factory=dict)
    suggestions_used: int = 0  #: how often one was returned

    def add(self, kind: str, key: str, entity: Entity) -> None:
        """Remember that an entity is the record with this draft key."""
        self.drafts[kind, key] = entity

    def suggest(self, kind: str, key: str, entity: Entity) -> None:
        """Remember that an entity may be the record with this draft key."""
        self.suggestions[kind, key] = entity.sage_id

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Return Sage's id for a draft key, or for a natural key that exactly one entity has."""
        entity = self._entity(kind, key)
        found = entity.sage_id if entity is not None else self.company.id_map.sage_id(kind, key)
        if found is None and (found := self.suggestions.get((kind, key))) is not None:
            self.suggestions_used += 1
        return found

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """Return what Sage answered for the entity with this key, or None where no single entity has it."""
        entity = self._entity(kind, key)
        return entity.body if entity is not None else self.company.id_map.answer(kind, key)

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        """Return every entity known to have a natural key."""
        return self._bearers(kind, key) or self.company.id_map.found(kind, key)

    def _entity(self, kind: str, key: Key) -> Entity | None:
        if not isinstance(key, NaturalKey):
            return self.drafts.get((kind, key))
        bearers = self._bearers(kind, key)
        return bearers[0] if len(bearers) == 1 else None

    def _bearers(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        """Return the entities read that have a natural key."""
        normal = normal_key(self.catalog, self.catalog[kind], key)
        return self._index(kind, normal.field).get(normal, [])

    def _index(self, kind: str, name: str) -> dict[NaturalKey, list[Entity]]:
        index = self.keys.get(f"{kind}.{name}")
        if index is None:
            index = self.keys[f"{kind}.{name}"] = {}
            for entity in self.held.get(kind, ()):
                for key in natural_keys(self.catalog, self.catalog[kind], entity.body, [name]):
                    index.setdefault(key, []).append(entity)
        return index


def _content(step: CreateStep) -> tuple[str, str]:
    return step.kind, canonical(node_document(step.body))
