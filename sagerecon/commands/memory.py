"""Compare the store with Sage before the first write, where it may not know all that was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.count import counted
from sagerecon.model.draft import OnExisting, node_document, without_references
from sagerecon.model.entity import Entity
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.value import canonical
from sagerecon.pairing.natural_key import natural_keys, normal_key
from sagerecon.pairing.recovery import Found, Holdings, Likeness, Suspect, Wanted, reason_of
from sagerecon.planning.budget import Budget
from sagerecon.planning.census import blind_kinds, census_steps, creations, is_blind, kinds_referred_to
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.planner import Calendar, Provenance, plan_reading
from sagerecon.planning.settling import FINAL
from sagerecon.planning.step import CreateStep, name_of
from sagerecon.runner.ports import Sage
from sagerecon.runner.progress import Progress
from sagerecon.runner.recovery import Adoption, Recovery
from sagerecon.runner.references import resolve_references
from sagerecon.runner.run import Ended, RunOutcome, run
from sagerecon.store.company import CompanyStore

#: How far Sage's clock and ours may be apart.
_CLOCKS_APART = 5 * MINUTE

#: Records named in a message.
_EXAMPLES = 3


class CensusPaused(Exception):
    """Reading Sage was paused or stopped; the same command continues it."""

    def __init__(self, outcome: RunOutcome) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Memory:
    """The comparison of one company's store with Sage, for one plan."""

    plan: Plan
    company: CompanyStore
    sage: Sage
    clock: Clock
    budget: Budget
    catalog: Catalog
    provenance: Provenance
    should_stop: Callable[[], bool]
    on_notice: Callable[[str], None]
    on_progress: Callable[[Progress], None]

    def require_complete(self) -> None:
        """Read the kinds that the plan creates without looking, and compare them with its records.

        A store that has written before is complete up to its last write, so that only what was changed in
        Sage since then is read.

        Raises:
            IncompleteStoreError: Sage holds a record that the plan would create, or a kind cannot be read.
            CensusPaused: the call budget is used up, or a stop was requested.
        """
        steps = self._open_creations()
        kinds = blind_kinds(steps)
        if not kinds:
            return
        last = self.company.history.last_write_at()
        since = instant_text(last - _CLOCKS_APART) if last else ""
        self.on_notice(
            "No witness states that the store is complete. Before the first write, Sage is read: "
            f"{_listing(kinds)}, at least {counted(len(kinds), 'call')}."
        )
        held = self._read(kinds, steps, since)
        comparison = _Comparison(self.company, self.catalog, held)
        blind = [step for step in steps if is_blind(step) and len(comparison.holdings(step.kind))]
        suspected = [step for step in blind if comparison.may_be_held(step)]
        if not suspected:
            return
        referred = [kind for kind in kinds_referred_to(suspected, self.catalog) if kind not in held or since]
        held = {**held, **self._read(referred, steps)}
        found = _Comparison(self.company, self.catalog, held).compare(
            [step for step in steps if step.kind in held]
        )
        equal = [
            step
            for step, like, _ in found
            if is_blind(step) and like.likeness in (Likeness.EQUAL, Likeness.SEVERAL)
        ]
        if equal:
            raise IncompleteStoreError(
                f"The store is not complete: Sage holds {counted(len(equal), 'record')} that the plan would"
                f" create again, and the store does not know them: {_examples(equal)}. Nothing was written.",
                "Put the newest copy of the store back, then run the same command again. If there is none,"
                " run: sagerecon apply --distrust-store, which adopts what Sage holds already. It reads"
                f" {price_text(self.plan, self.catalog)}.",
            )

    def recover(self) -> Recovery:
        """Read every kind of the plan whole, and return what is adopted and what waits for a decision.

        Raises:
            IncompleteStoreError: a kind cannot be read.
            CensusPaused: the call budget is used up, or a stop was requested.
        """
        steps = self._open_creations()
        held = self._read(
            distrusted_kinds(self.plan, self.catalog), creations(self.plan), on_progress=self.on_progress
        )
        adoptions: list[Adoption] = []
        suspects: list[tuple[CreateStep, Suspect]] = []
        for step, found, body in _Comparison(self.company, self.catalog, held).compare(steps):
            if found.likeness is Likeness.EQUAL and step.on_existing is not OnExisting.ERROR:
                adoptions.append(Adoption(step, body, found.entities[0]))
            elif found.likeness is not Likeness.NONE and is_blind(step):
                ids = tuple(entity.sage_id for entity in found.entities)
                suspect = Suspect(step.kind, step.key, ids, reason_of(name_of(step), found))
                suspects.append((step, suspect))
        return Recovery(adoptions, suspects)

    def _open_creations(self) -> list[CreateStep]:
        """Return the creations that no run has carried out."""
        begun = next((known for known in self.company.history.runs() if known.plan == self.plan.hash), None)
        reached = self.company.run_log.reached(begun.id) if begun is not None else {}
        recorded = self.company.id_map.known().contents
        return [
            step
            for step in creations(self.plan)
            if (step.kind, step.key) not in recorded
            and (step.number not in reached or reached[step.number].state not in FINAL)
        ]

    def _read(
        self,
        kinds: Collection[str],
        steps: Sequence[CreateStep],
        since: str = "",
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> dict[str, list[Entity]]:
        """Return the entities of each kind that no record owns, and those that one owns for references."""
        if not kinds:
            return {}
        now = self.clock.now()
        reading = plan_reading(
            (),
            list(census_steps(kinds, steps, self.catalog, since)),
            self.company.id_map.fingerprint(),
            self.catalog,
            self.budget,
            self.provenance,
            Calendar(now, booked=tuple(at - now for at in self.company.history.calls_of_last_day())),
            Purpose.CENSUS,
        )
        outcome = run(
            reading,
            self.sage,
            self.company.run_log,
            self.clock,
            self.budget,
            self.catalog,
            should_stop=self.should_stop,
            on_progress=on_progress,
        )
        if outcome.ended is not Ended.FINISHED:
            raise CensusPaused(outcome)
        for found in self.company.history.readings(outcome.run):
            if not found.is_whole:
                raise IncompleteStoreError(
                    "It is not known whether the store is complete, because Sage could not be read whole:"
                    f" {found.why_incomplete} Nothing was written.",
                    "Run the same command again.",
                )
        held: dict[str, list[Entity]] = {kind: [] for kind in kinds}
        for entity in self.company.history.entities_read(outcome.run):
            held[entity.kind].append(entity)
        return held


def distrusted_kinds(plan: Plan, catalog: Catalog) -> list[str]:
    """Return the kinds that `apply --distrust-store` reads: those created, and those referred to."""
    steps = creations(plan)
    kinds = dict.fromkeys([*(step.kind for step in steps), *kinds_referred_to(steps, catalog)])
    return [kind for kind in kinds if catalog[kind].can("list")]


def distrust_price(plan: Plan, catalog: Catalog) -> int:
    """Return the calls of `apply --distrust-store` before it writes, if Sage holds what is planned."""
    steps = census_steps(distrusted_kinds(plan, catalog), creations(plan), catalog)
    return sum(step.calls for step in steps)


def price_text(plan: Plan, catalog: Catalog) -> str:
    """Return what `apply --distrust-store` reads, with its price."""
    kinds = distrusted_kinds(plan, catalog)
    calls = counted(distrust_price(plan, catalog), "call")
    return f"{_listing(kinds)} whole: {calls}, and one more for each further page of what Sage holds"


class _Comparison:
    """The records of a plan beside the entities that were read, in the order of sending."""

    def __init__(self, company: CompanyStore, catalog: Catalog, held: Mapping[str, Sequence[Entity]]) -> None:
        self._company = company
        self._catalog = catalog
        self._ids = _FoundIds(company, catalog, held)
        self._holdings = {
            name: Holdings(catalog[name], (e for e in found if company.id_map.owner(name, e.sage_id) is None))
            for name, found in held.items()
        }

    def holdings(self, kind: str) -> Holdings:
        """Return the entities of a kind that no record owns; none of a kind that was not read."""
        return self._holdings.get(kind) or Holdings(self._catalog[kind], ())

    def may_be_held(self, step: CreateStep) -> bool:
        """Return whether an entity has all that the step sends, apart from references that are not known."""
        return bool(self.holdings(step.kind).equal(self._wanted(step)))

    def compare(self, steps: Sequence[CreateStep]) -> Iterator[tuple[CreateStep, Found, Mapping[str, Any]]]:
        """Yield each step with what Sage holds of it, and its body with the ids that were found."""
        left = Counter(_content(step) for step in steps)
        for step in steps:
            wanted = self._wanted(step)
            found = self.holdings(step.kind).claim(wanted, left[_content(step)])
            left[_content(step)] -= 1
            if found.likeness is Likeness.EQUAL or self._is_adopted_anyway(step, found):
                self._ids.add(step.kind, step.key, found.entities[0])
            yield step, found, wanted.body

    def _is_adopted_anyway(self, step: CreateStep, found: Found) -> bool:
        """Return whether the plan adopts an entity of the record's key whatever else it holds."""
        return step.on_existing is OnExisting.ADOPT and len(found.entities) == 1 and not is_blind(step)

    def _wanted(self, step: CreateStep) -> Wanted:
        missing: list[Any] = []
        body = resolve_references(step.body, self._ids, self._catalog, missing)
        if missing:
            known = without_references(step.body, frozenset(missing))
            body = resolve_references(known, self._ids, self._catalog, [])
        return Wanted(
            body=body,
            is_complete=not missing,
            identity=step.identity,
            amount=step.amount,
        )


@dataclass(slots=True)
class _FoundIds:
    """The ids of what was read and paired, then those that the store knows."""

    company: CompanyStore
    catalog: Catalog
    held: Mapping[str, Sequence[Entity]]
    found: dict[tuple[str, Key], Entity] = field(default_factory=dict)
    keys: dict[str, dict[NaturalKey, list[Entity]]] = field(default_factory=dict)

    def add(self, kind: str, key: str, entity: Entity) -> None:
        """Remember that an entity is the record with this draft key."""
        self.found[kind, key] = entity

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Return Sage's id for a draft key, or for a natural key that exactly one entity has."""
        entity = self._entity(kind, key)
        return entity.sage_id if entity is not None else self.company.id_map.sage_id(kind, key)

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """Return what Sage answered for the entity with this key, or None where no single entity has it."""
        entity = self._entity(kind, key)
        return entity.body if entity is not None else self.company.id_map.answer(kind, key)

    def _entity(self, kind: str, key: Key) -> Entity | None:
        if not isinstance(key, NaturalKey):
            return self.found.get((kind, key))
        bearers = self._index(kind, key.field).get(normal_key(self.catalog[kind], key), [])
        return bearers[0] if len(bearers) == 1 else None

    def _index(self, kind: str, name: str) -> dict[NaturalKey, list[Entity]]:
        index = self.keys.get(f"{kind}.{name}")
        if index is None:
            index = self.keys[f"{kind}.{name}"] = {}
            for entity in self.held.get(kind, ()):
                for key in natural_keys(self.catalog[kind], entity.body, [name]):
                    index.setdefault(key, []).append(entity)
        return index


def _content(step: CreateStep) -> tuple[str, str]:
    return step.kind, canonical(node_document(step.body))


def _examples(steps: Sequence[CreateStep]) -> str:
    names = ", ".join(f"{step.key} ({name_of(step)})" for step in steps[:_EXAMPLES])
    return f"{names}, and {len(steps) - _EXAMPLES:,} more" if len(steps) > _EXAMPLES else names


def _listing(kinds: Sequence[str]) -> str:
    return ", ".join(kinds)
