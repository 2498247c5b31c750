"""Explain one record."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.commands.plan_file import open_plan
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.commands.verification import judge
from sagerecon.model.clock import Clock
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Written
from sagerecon.model.errors import ProjectError
from sagerecon.model.record import Record
from sagerecon.model.suggestion import suggestion
from sagerecon.planning.step import Step
from sagerecon.project.project import Project
from sagerecon.reconciliation.verdict import RecordVerdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record's way from its source row to its verdict."""

    record: Record | None
    outcome: Outcome
    step: Step | None
    written: Written | None
    verdict: RecordVerdict | None


def explain(project: Project, clock: Clock, key: str) -> Explanation:
    """Source row -> draft -> step -> request -> Sage id -> verdict, for one draft key.

    Raises:
        ProjectError: no record has that key; the nearest are named.
    """
    prepared = prepare(project)
    outcome = _outcome(prepared, key)
    with project.open_store(clock) as store:
        company = store.company(project.business.id)
        written = next((w for w in company.history.written() if w.key == outcome.key), None)
        readings = project.readings()
        verdict = None
        if readings:
            judged = judge(project, prepared, company.history, company.reconciliations, readings)
            verdict = next((v for v in judged.verdicts if v.key == outcome.key), None)
    step = None
    if project.plan_file.exists():
        step = next((s for s in open_plan(project).steps if s.key == outcome.key), None)
    return Explanation(_record(project, prepared, outcome), outcome, step, written, verdict)


def _record(project: Project, prepared: Prepared, outcome: Outcome) -> Record | None:
    """The record behind an outcome: the one of its mapping whose rows it came from."""
    name = outcome.key.partition("/")[0]
    mapping = next(mapping for mapping in prepared.compiled.mappings if mapping.name == name)
    with project.open_snapshot() as frozen:
        records = frozen.records(mapping.dataset, mapping.key)
        return next((record for record in records if f"{name}/{record.key}" == outcome.key), None)


def _outcome(prepared: Prepared, key: str) -> Outcome:
    """The outcome of a record by its draft key, or by `kind/key` in Sage's words."""
    for outcome in prepared.outcomes:
        if key in (outcome.key, outcome.label):
            return outcome
    hint = suggestion(key, (outcome.key for outcome in prepared.outcomes))
    raise ProjectError(f"No record has the key '{key}'.", hint or "Keys look like customers/C001.")
