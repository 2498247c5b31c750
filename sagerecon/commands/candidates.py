"""What one record may be: records written earlier under another key, or entities that Sage holds already.

Nothing is judged: the newest plan, the last reconciliation and the last comparison of a run have named them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Entity, Written
from sagerecon.model.reading import kinds_read_whole
from sagerecon.planning.step import RenameStep, Step, WaitStep
from sagerecon.reconciliation.candidate import Candidate, Found
from sagerecon.reconciliation.field_explanation import field_sides, held_values
from sagerecon.reconciliation.verdict import MayBe, VerdictSummary
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis


@dataclass(frozen=True, slots=True)
class LastRead:
    """What the last reconciliation read of single entities."""

    company: CompanyStore
    basis: Basis | None  #: None before the first

    def entity(self, kind: str, sage_id: str) -> Entity | None:
        """Return an entity as the reading found it; None where it did not."""
        runs = (self.basis.runs.confirmation, self.basis.runs.reading) if self.basis else ()
        found = (self.company.history.entity_read(run, kind, sage_id) for run in runs if run)
        return next((entity for entity in found if entity is not None), None)

    def since(self, kind: str) -> int | None:
        """Return the instant at which the reading of a kind began; None where it was not read whole."""
        if self.basis is None or kind not in kinds_read_whole(self.basis.listings):
            return None
        return min(reading.started_at for reading in self.basis.listings if reading.kind == kind)

    def found(self, kind: str, held: Entity | None, written: Written | None) -> Found:
        """Return whether an entity was found, or is known not to have been there.

        Args:
            written: the record that was written; None for an entity that no run has written.
        """
        if held is not None:
            return Found.FOUND
        began = self.since(kind)
        is_read = began is not None and (written is None or written.written_at <= began)
        return Found.NOT_FOUND if is_read else Found.NOT_READ


def candidates(
    last: LastRead,
    catalog: Catalog,
    outcome: Outcome,
    written: Written | None,
    step: Step | None,
    verdict: VerdictSummary | None,
    recorded: Collection[tuple[str, str]],
    path: str,
) -> Iterator[Candidate]:
    """Yield what a record may be, as far as that is known.

    Args:
        written: what a run wrote under the key of the record.
        step: that of the newest plan.
        verdict: that of the last reconciliation; of what was written since, it says nothing.
        recorded: kind and key of what the id map knows.
        path: the field whose sides are wanted; empty for none.
    """
    began = last.since(outcome.kind) or 0
    named = [*_planned(last.company, outcome, step, recorded)]
    if verdict is not None and (written is None or written.written_at <= began):
        named += verdict.may_be
    suspect = last.company.history.suspect(outcome.kind, outcome.key) if written is None else None
    compared: dict[str, Entity] = {}
    if suspect is not None and (verdict is None or suspect.seen_at > began):
        compared = {entity.sage_id: entity for entity in suspect.entities}
        named += [MayBe(outcome.kind, sage_id) for sage_id in compared]
    own = {(outcome.kind, written.sage_id)} if written is not None else set()
    first: dict[tuple[str, str], MayBe] = {}
    for one in named:
        first.setdefault((one.kind, one.sage_id), one)
    for entity, may_be in first.items():
        if entity not in own:
            yield _candidate(last, catalog, outcome, may_be, compared.get(may_be.sage_id), path)


def _planned(
    company: CompanyStore, outcome: Outcome, step: Step | None, recorded: Collection[tuple[str, str]]
) -> Iterator[MayBe]:
    """Yield what a plan that does not send a record takes it for."""
    earlier: tuple[str, ...] = ()
    if isinstance(step, RenameStep):
        earlier = (step.earlier,)
    elif isinstance(step, WaitStep):
        earlier = step.earlier
        yield from (MayBe(outcome.kind, sage_id) for sage_id in step.may_be)
    for key in earlier:
        is_of_kind = (outcome.kind, key) in recorded
        kinds = [outcome.kind] if is_of_kind else [kind for kind, known in recorded if known == key]
        for kind in kinds:
            if (written := company.history.written_record(kind, key)) is not None:
                yield MayBe(kind, written.sage_id, key)


def _candidate(
    last: LastRead, catalog: Catalog, outcome: Outcome, may_be: MayBe, compared: Entity | None, path: str
) -> Candidate:
    """Return one candidate; `compared` is the entity where a run compared it since the reading."""
    written = last.company.history.written_record(may_be.kind, may_be.key) if may_be.key else None
    held = compared or last.entity(may_be.kind, may_be.sage_id)
    kind = catalog[outcome.kind]
    return Candidate(
        sage_id=may_be.sage_id,
        key=may_be.key,
        name=held.displayed_as if held is not None else "",
        written=written,
        found=last.found(may_be.kind, held, written),
        values=None if held is None else held_values(kind, outcome, written, held),
        sides=field_sides(path, kind, outcome, written, held) if path else (),
    )
