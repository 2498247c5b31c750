"""Read what Sage holds before the first write, and keep it for the records of later plans."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sagerecon.commands.budget import calendar
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.count import counted
from sagerecon.model.entity import Entity
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.planning.budget import Budget
from sagerecon.planning.census import census_steps, kinds_distrusted, record_counts
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.planner import Provenance, plan_reading
from sagerecon.runner.ports import Sage
from sagerecon.runner.progress import Progress
from sagerecon.runner.run import RunOutcome, run
from sagerecon.store.company import CompanyStore

#: How far Sage's clock and ours may be apart.
_CLOCKS_APART = 5 * MINUTE


class CensusPaused(Exception):
    """Reading Sage was paused or stopped; the same command continues it."""

    def __init__(self, outcome: RunOutcome) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Census:
    """Reads kinds of Sage within the call budget, and records that they were read."""

    company: CompanyStore
    sage: Sage
    clock: Clock
    budget: Budget
    catalog: Catalog
    provenance: Provenance
    patience_ms: int
    should_stop: Callable[[], bool]
    on_progress: Callable[[Progress], None]

    def read(
        self,
        kinds: Collection[str],
        expected: Mapping[str, int],
        known_until: Mapping[str, int] = {},
    ) -> None:
        """Read each kind whole, or what was changed since the store knows it, and record the reading.

        Args:
            expected: by kind, how many entities are expected at least.
            known_until: by kind, the instant up to which the store knows what was written.

        Raises:
            IncompleteStoreError: a kind cannot be read.
            CensusPaused: the call budget is used up, or a stop was requested.
        """
        since = {kind: at for kind, at in known_until.items() if at and kind in kinds}
        whole = [kind for kind in kinds if kind not in since]
        if not kinds:
            return
        texts = {kind: instant_text(at - _CLOCKS_APART) for kind, at in since.items()}
        read = self._carry_out(kinds, expected, texts)
        self.company.memory.add_compared(whole, read, is_whole=True)
        self.company.memory.add_compared(since, read, is_whole=False)

    def _carry_out(
        self, kinds: Collection[str], expected: Mapping[str, int], since: Mapping[str, str]
    ) -> str:
        """Read the kinds, and return the run."""
        reading = plan_reading(
            (),
            list(census_steps(kinds, expected, self.catalog, since)),
            self.company.id_map.fingerprint(),
            self.catalog,
            self.budget,
            self.provenance,
            calendar(self.company, self.clock.now()),
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
            on_progress=self.on_progress,
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
        return outcome.run


def entities_compared(company: CompanyStore, kinds: Collection[str]) -> dict[str, list[Entity]]:
    """Return by kind the entities that were compared with the store when it was not known to be complete.

    They are as they were read then. Those that a run has deleted since are not among them. Of a kind that was
    not read for that, there is no entry.
    """
    deleted = {(step.kind, step.sage_id) for step, _ in company.history.reversals()}
    found: dict[str, dict[str, Entity]] = {}
    for kind, runs in company.memory.readings(kinds).items():
        held = found.setdefault(kind, {})
        for read in runs:
            for entity in company.history.entities_read(read, kind):
                if (kind, entity.sage_id) not in deleted:
                    held[entity.sage_id] = entity
    return {kind: list(held.values()) for kind, held in found.items()}


def may_lack_records(company: CompanyStore, kinds: Collection[str]) -> bool:
    """Return whether an entity of these kinds that was compared with the store belongs to no record."""
    read = {
        found
        for kind, runs in company.memory.readings(kinds).items()
        for each in runs
        for found in company.history.ids_read(each)
        if found[0] == kind
    }
    if not read:
        return False
    return bool(read - {(written.kind, written.sage_id) for written in company.history.ids_written()})


def price_text(plan: Plan, catalog: Catalog) -> str:
    """Return what `apply --distrust-store` reads before it writes, with its price, if Sage holds the plan."""
    kinds = kinds_distrusted(plan, catalog)
    if not kinds:
        return "nothing, for the plan has no record of a kind that Sage lists"
    steps = census_steps(kinds, record_counts(plan.steps), catalog, {})
    calls = counted(sum(step.calls for step in steps), "call")
    return f"{', '.join(kinds)} whole: {calls}, and one more for each further page of what Sage holds"
