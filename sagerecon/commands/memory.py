"""Compare the store with Sage before the first write, where it may not know all that was written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagerecon.commands.comparison import Comparison
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.count import counted
from sagerecon.model.draft import OnExisting
from sagerecon.model.entity import Entity
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.pairing.recovery import NUMBER, Found, Likeness, Rung, reason_of
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.budget import Budget
from sagerecon.planning.census import (
    census_kinds,
    census_steps,
    creations,
    has_text_key,
    is_blind,
    kinds_listed,
    kinds_referred_to,
    waiting_creations,
)
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.planner import Calendar, Provenance, plan_reading
from sagerecon.planning.settling import FINAL
from sagerecon.planning.step import AdoptStep, CreateStep, ReadStep, name_of
from sagerecon.runner.ports import Sage
from sagerecon.runner.progress import Progress
from sagerecon.runner.recovery import Adoption, Recovery
from sagerecon.runner.run import RunOutcome, run
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
    patience_ms: int
    should_stop: Callable[[], bool]
    on_notice: Callable[[str], None]
    on_progress: Callable[[Progress], None]

    def require_complete(self) -> Recovery | None:
        """Read the kinds that the plan creates without looking, and compare them with its records.

        A store that has written before is complete up to its last write, so that only what was changed in
        Sage since then is read.

        Returns:
            What waits for a decision, because Sage may hold it under another number; None where nothing does.

        Raises:
            IncompleteStoreError: Sage holds a record that the plan would create, or a kind cannot be read.
            CensusPaused: the call budget is used up, or a stop was requested.
        """
        steps = self._open_creations()
        listings = [step for step in self.plan.steps if isinstance(step, ReadStep)]
        kinds = census_kinds([*listings, *steps], self.catalog)
        if not kinds:
            return None
        last = self.company.history.last_write_at()
        since = instant_text(last - _CLOCKS_APART) if last else ""
        self.on_notice(
            "No witness states that the store is complete. Before the first write, Sage is read: "
            f"{_listing(kinds)}, at least {counted(len(kinds), 'call')}."
        )
        held = self._read(kinds, steps, since)
        comparison = self._comparison(held)
        suspected = [
            step for step in steps if len(comparison.holdings(step.kind)) and comparison.may_be_held(step)
        ]
        if not suspected:
            return None
        referred = [kind for kind in kinds_referred_to(suspected, self.catalog) if kind not in held or since]
        held = {**held, **self._read(referred, steps)}
        found = list(self._comparison(held).compare([step for step in steps if step.kind in held]))
        ours = [step for step, like, body in found if is_blind(step) and _is_ours(like, body)]
        if ours:
            them = "it" if len(ours) == 1 else "them"
            raise IncompleteStoreError(
                f"The store is not complete: Sage holds {counted(len(ours), 'record')} that the plan would"
                f" create again, and the store does not know {them}: {_examples(ours)}. Nothing was written.",
                "Put the newest copy of the store back, then run the same command again. If there is none,"
                " run: sagerecon apply --distrust-store. It adopts what Sage holds already, and reads"
                f" {price_text(self.plan, self.catalog)}.",
            )
        suspects = [(step, self._suspect(step, like)) for step, like, _ in found if _is_suggested(step, like)]
        return Recovery(suspects=suspects) if suspects else None

    def recover(self) -> Recovery:
        """Read every kind of the plan whole, and return what is adopted and what waits for a decision.

        What waits already because Sage may hold it is compared again.

        Raises:
            IncompleteStoreError: a kind cannot be read.
            CensusPaused: the call budget is used up, or a stop was requested.
        """
        steps = self._open_creations()
        waiting = {step.number: step for step in self._unrecorded(waiting_creations(self.plan))}
        compared = sorted((*steps, *waiting.values()), key=lambda step: step.number)
        held = self._read(
            distrusted_kinds(self.plan, self.catalog), _distrusted(self.plan), on_progress=self.on_progress
        )
        adoptions: list[Adoption] = []
        suspects: list[tuple[CreateStep, Suspect]] = []
        cleared: list[CreateStep] = []
        for step, found, body in self._comparison(held).compare(compared):
            if found.likeness is Likeness.EQUAL and step.on_existing is not OnExisting.ERROR:
                adoptions.append(Adoption(step, body, found.entities[0]))
            elif found.likeness is not Likeness.NONE and (is_blind(step) or found.rung is Rung.SPELLING):
                suspects.append((step, self._suspect(step, found)))
            elif found.likeness is Likeness.NONE:
                cleared.append(step)
        return Recovery(adoptions, suspects, cleared, waiting=frozenset(waiting))

    def _suspect(self, step: CreateStep, found: Found) -> Suspect:
        return Suspect.of(step, found.entities, reason_of(name_of(step), found), self.clock.now())

    def suggested(self, run: str) -> Sequence[Suspect]:
        """Return what waits for a decision, because a listing of the plan shows its key in another spelling.

        Args:
            run: that of the plan, which has read its listings.
        """
        listed = kinds_listed(self.plan.steps)
        steps = [
            step
            for step in self._open_creations()
            if step.kind in listed and not is_blind(step) and has_text_key(step, self.catalog)
        ]
        kinds = dict.fromkeys(step.kind for step in steps)
        held = {kind: list(self.company.history.entities_read(run, kind)) for kind in kinds}
        compared = Comparison(self.company, self.catalog, held).compare(steps)
        return [self._suspect(step, like) for step, like, _ in compared if like.rung is Rung.SPELLING]

    def _open_creations(self) -> list[CreateStep]:
        """Return the creations that no run has carried out."""
        begun = next((known for known in self.company.history.runs() if known.plan == self.plan.hash), None)
        reached = self.company.run_log.reached(begun.id) if begun is not None else {}
        return [
            step
            for step in self._unrecorded(creations(self.plan))
            if step.number not in reached or reached[step.number].state not in FINAL
        ]

    def _unrecorded(self, steps: Iterable[CreateStep]) -> Iterator[CreateStep]:
        ids = self.company.id_map
        return (step for step in steps if ids.sage_id(step.kind, step.key) in (None, step.replaces))

    def _comparison(self, held: Mapping[str, Sequence[Entity]]) -> Comparison:
        """Return the comparison with what was read; what is decided to be a record is no other one's."""
        decided = [step for step in self.plan.steps if isinstance(step, AdoptStep)]
        return Comparison(self.company, self.catalog, held, decided)

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
            patience_ms=self.patience_ms,
            should_stop=self.should_stop,
            on_progress=on_progress,
        )
        if outcome.is_interrupted:
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
    steps = _distrusted(plan)
    kinds = dict.fromkeys([*(step.kind for step in steps), *kinds_referred_to(steps, catalog)])
    return [kind for kind in kinds if catalog[kind].can("list")]


def distrust_price(plan: Plan, catalog: Catalog) -> int:
    """Return the calls of `apply --distrust-store` before it writes, if Sage holds what is planned."""
    steps = census_steps(distrusted_kinds(plan, catalog), _distrusted(plan), catalog)
    return sum(step.calls for step in steps)


def _distrusted(plan: Plan) -> list[CreateStep]:
    """Return what a store that is not trusted is compared for: the creations, and those that wait."""
    return [*creations(plan), *waiting_creations(plan)]


def price_text(plan: Plan, catalog: Catalog) -> str:
    """Return what `apply --distrust-store` reads, with its price."""
    kinds = distrusted_kinds(plan, catalog)
    calls = counted(distrust_price(plan, catalog), "call")
    return f"{_listing(kinds)} whole: {calls}, and one more for each further page of what Sage holds"


def _is_ours(found: Found, body: Mapping[str, Any]) -> bool:
    """Return whether an entity was written for a draft: it is equal, or has the number and the contact.

    One with the number that was edited since, in Sage or in the source, is not equal.
    """
    if found.likeness in (Likeness.EQUAL, Likeness.SEVERAL):
        return True
    number = body.get(NUMBER)
    return bool(number) and any(entity.body.get(NUMBER) == number for entity in found.entities)


def _is_suggested(step: CreateStep, found: Found) -> bool:
    """Return whether an entity may be the record by the key ladder, and by its contact where it has one.

    In a business that is in use, an entity of another contact is none of ours.
    """
    if not is_blind(step):
        return found.rung is Rung.SPELLING
    return found.has_contact and found.likeness in (Likeness.SIMILAR, Likeness.UNRESOLVED)


def _examples(steps: Sequence[CreateStep]) -> str:
    names = ", ".join(f"{step.key} ({name_of(step)})" for step in steps[:_EXAMPLES])
    return f"{names}, and {len(steps) - _EXAMPLES:,} more" if len(steps) > _EXAMPLES else names


def _listing(kinds: Sequence[str]) -> str:
    return ", ".join(kinds)
