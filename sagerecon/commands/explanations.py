"""Explain one record."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.commands.plan_file import open_plan
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.model.clock import Clock
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Written
from sagerecon.model.errors import ProjectError
from sagerecon.model.record import Record
from sagerecon.model.suggestion import suggestion
from sagerecon.planning.step import Step
from sagerecon.project.project import Project
from sagerecon.project.snapshots import open_snapshot
from sagerecon.project.store import open_store
from sagerecon.reconciliation.verdict import Verdict, VerdictSummary


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record from its source row to its verdict; None for what has not been reached."""

    record: Record | None
    outcome: Outcome
    step: Step | None
    written: Written | None
    verdict: VerdictSummary | None  #: of the last reconciliation


def explain(project: Project, clock: Clock, key: str) -> Explanation:
    """Return the source row, draft, step, entity written and verdict of one record.

    Args:
        key: a draft key such as `customers/C001`, or a label such as `invoice 1021`.

    Raises:
        ProjectError: no record has that key; similar keys are suggested.
    """
    prepared = prepare(project)
    outcome = _find(prepared, key)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        written = next((w for w in company.history.written() if w.key == outcome.key), None)
        judged = company.reconciliations.verdict(outcome.kind, outcome.key)
    step = None
    if project.plan_file.exists():
        step = next((s for s in open_plan(project).steps if s.key == outcome.key), None)
    return Explanation(
        record=_read_record(project, prepared, outcome),
        outcome=outcome,
        step=step,
        written=written,
        verdict=VerdictSummary(Verdict(judged[0]), judged[1]) if judged else None,
    )


def _find(prepared: Prepared, key: str) -> Outcome:
    for outcome in prepared.outcomes:
        if key in (outcome.key, outcome.label):
            return outcome
    hint = suggestion(key, (outcome.key for outcome in prepared.outcomes))
    raise ProjectError(f"No record has the key '{key}'.", hint or "Keys look like customers/C001.")


def _read_record(project: Project, prepared: Prepared, outcome: Outcome) -> Record | None:
    """Read the source record of an outcome from the snapshot; None if none has its key."""
    name = outcome.key.partition("/")[0]
    mapping = next(mapping for mapping in prepared.compiled.mappings if mapping.name == name)
    with open_snapshot(project) as snapshot:
        records = snapshot.records(mapping.dataset, mapping.key)
        return next((record for record in records if f"{name}/{record.key}" == outcome.key), None)
