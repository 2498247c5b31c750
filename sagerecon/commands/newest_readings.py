"""What Sage held of each kind when it was last read whole.

A reading that failed does not undo what an earlier one has found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from sagerecon.model.entity import Entity
from sagerecon.model.reading import kinds_read_whole
from sagerecon.pairing.owners import RecordKey
from sagerecon.reconciliation.sage_readings import TRIAL_BALANCE
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis, ReadingRuns


def entities_of(company: CompanyStore, basis: Basis) -> Iterator[Entity]:
    """Yield the entities that the readings of a reconciliation found, each once, without the report."""
    history, again = company.history, basis.runs.confirmation
    confirmed = frozenset(history.ids_read(again))
    for entity in history.entities_read(basis.runs.reading):
        if entity.kind != TRIAL_BALANCE and (entity.kind, entity.sage_id) not in confirmed:
            yield entity
    yield from history.entities_read(again)


@dataclass(frozen=True, slots=True)
class NewestReadings:
    """The readings of a reconciliation and, for the kinds that it did not read whole, earlier ones."""

    company: CompanyStore
    basis: Basis
    earlier: Mapping[str, ReadingRuns] = field(default_factory=dict)  #: by kind, those that read it whole

    @classmethod
    def of(cls, company: CompanyStore, basis: Basis) -> NewestReadings:
        """Return the newest whole reading of each kind that was ever read whole."""
        whole = kinds_read_whole(basis.listings)
        newest = company.reconciliations.newest_whole()
        return cls(company, basis, {kind: runs for kind, runs in newest.items() if kind not in whole})

    def entities(self) -> Iterator[Entity]:
        """Yield the entities of every kind, each as it was read last."""
        read_since = set()
        for entity in entities_of(self.company, self.basis):
            if entity.kind in self.earlier:
                read_since.add((entity.kind, entity.sage_id))
            yield entity
        for kind, runs in self.earlier.items():
            for run in _runs(runs):
                for entity in self.company.history.entities_read(run, kind):
                    if (kind, entity.sage_id) not in read_since:
                        yield entity

    def unowned(self, kinds: Set[str]) -> Set[RecordKey]:
        """Return kind and Sage id of the entities of these kinds that no record owns.

        What a run has deleted since, or did not find any more, is not among them. Of a kind that was never
        read whole nothing is known.
        """
        history = self.company.history
        wanted = dict.fromkeys(kinds & kinds_read_whole(self.basis.listings), self.basis.runs)
        wanted |= {kind: runs for kind, runs in self.earlier.items() if kind in kinds}
        kinds_of: dict[str, set[str]] = {}
        for kind, runs in wanted.items():
            for run in _runs(runs):
                kinds_of.setdefault(run, set()).add(kind)
        read = {
            found for run, of_run in kinds_of.items() for found in history.ids_read(run) if found[0] in of_run
        }
        if not read:
            return frozenset()
        owned = {(written.kind, written.sage_id) for written in history.ids_written()}
        missed = {(found.kind, found.sage_id) for found, _ in history.looks() if not found.body}
        return read - owned - missed - history.ids_deleted()


def _runs(runs: ReadingRuns) -> tuple[str, ...]:
    return tuple(filter(None, (runs.reading, runs.confirmation)))
