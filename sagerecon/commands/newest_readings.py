"""What Sage held of each kind when it was last read whole.

A reading that failed does not undo what an earlier one has found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from sagerecon.model.entity import Entity, Written
from sagerecon.model.reading import kinds_read_whole
from sagerecon.pairing.held import is_absent, is_gone
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.read_from_sage import ReadFromSage, as_listed
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


def read_until(company: CompanyStore, written: Iterable[Written], basis: Basis) -> int:
    """Return an instant up to which every record was written before Sage was read; 0 where it is not known.

    Args:
        written: every record of an earlier run.
    """
    is_newest = basis.runs.id_map == company.id_map.fingerprint()
    return max((record.written_at for record in written), default=0) if is_newest else 0


@dataclass(frozen=True, slots=True)
class NewestReadings:
    """The readings of a reconciliation and, for the kinds that it did not read whole, earlier ones."""

    company: CompanyStore
    basis: Basis
    earlier: Mapping[str, Basis] = field(default_factory=dict)  #: by kind, the newest that read it whole

    @classmethod
    def of(cls, company: CompanyStore, basis: Basis) -> NewestReadings:
        """Return the newest whole reading of each kind that was ever read whole."""
        whole = kinds_read_whole(basis.listings)
        return cls(company, basis, company.reconciliations.newest_whole(besides=whole))

    def entities(self) -> Iterator[Entity]:
        """Yield the entities of every kind, each as it was read last."""
        read_since = set()
        for entity in entities_of(self.company, self.basis):
            if entity.kind in self.earlier:
                read_since.add((entity.kind, entity.sage_id))
            yield entity
        for entity in self._read_earlier():
            if (entity.kind, entity.sage_id) not in read_since:
                yield entity

    def deleted(self) -> frozenset[str]:
        """Return the Sage ids that Sage has ever reported as deleted, or showed so: a deletion is final."""
        history, log = self.company.history, self.company.reconciliations
        runs = dict.fromkeys(filter(None, (*log.runs_of_deletions(), self.basis.runs.deletions)))
        reported = {sage_id for run in runs for _, sage_id in history.ids_read(run)}
        return frozenset(reported | {entity.sage_id for entity in self._read_earlier() if is_gone(entity)})

    def as_read(
        self, found: Iterable[Entity], written: Iterable[Written], identities: Identities
    ) -> ReadFromSage:
        """Return what these readings say about entities that they found.

        Args:
            found: those of `entities` that matter.
            written: the records that are compared.
        """
        shown, records = tuple(found), tuple(written)
        until = read_until(self.company, records, self.basis)
        read = as_listed(self.basis.listings, shown, self.deleted(), identities, until)
        for kind, basis in self.earlier.items():
            listings = [listing for listing in basis.listings if listing.kind == kind]
            of_kind = (entity for entity in shown if entity.kind == kind)
            until = read_until(self.company, records, basis)
            read = read.with_earlier(as_listed(listings, of_kind, read_until=until))
        return read

    def unowned(self, kinds: Set[str]) -> Set[RecordKey]:
        """Return kind and Sage id of the entities of these kinds that no record owns.

        What a run has deleted since, or did not find when it looked, is not among them. Of a kind that was
        never read whole nothing is known.
        """
        history = self.company.history
        wanted = dict.fromkeys(kinds & kinds_read_whole(self.basis.listings), self.basis.runs)
        wanted |= {kind: basis.runs for kind, basis in self.earlier.items() if kind in kinds}
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
        began = {kind: _began(kind, self.earlier.get(kind, self.basis)) for kind in wanted}
        missed = {
            (found.kind, found.sage_id)
            for found, at in history.looks()
            if is_absent(found) and at >= began.get(found.kind, 0)
        }
        return read - owned - missed - history.ids_deleted()

    def _read_earlier(self) -> Iterator[Entity]:
        """Yield the entities of the kinds that the reconciliation did not read whole, as they were before."""
        for kind, basis in self.earlier.items():
            if kind == TRIAL_BALANCE:
                continue
            for run in _runs(basis.runs):
                yield from self.company.history.entities_read(run, kind)


def _began(kind: str, basis: Basis) -> int:
    return min(listing.started_at for listing in basis.listings if listing.kind == kind)


def _runs(runs: ReadingRuns) -> tuple[str, ...]:
    return tuple(filter(None, (runs.reading, runs.confirmation)))
