"""Explain one record, or one of its fields."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.commands.plan_file import open_plan
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.mapping.compiled import CompiledMapping, FieldSource
from sagerecon.model.clock import Clock
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Written
from sagerecon.model.errors import ProjectError
from sagerecon.model.key import draft_key
from sagerecon.model.record import Record
from sagerecon.model.suggestion import suggestion
from sagerecon.planning.step import Step
from sagerecon.project.project import Project
from sagerecon.project.snapshots import open_snapshot
from sagerecon.project.store import open_store
from sagerecon.reconciliation.field_explanation import FieldExplanation, explain_field
from sagerecon.reconciliation.verdict import Verdict, VerdictSummary


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record from its source row to its verdict; None for what has not been reached."""

    record: Record | None
    outcome: Outcome
    step: Step | None
    written: Written | None
    verdict: VerdictSummary | None  #: of the last reconciliation
    field: FieldExplanation | None = None  #: None if the whole record was asked for
    is_read: bool = False  #: whether the entity was found when Sage was last read; asked for a field only


def explain(project: Project, clock: Clock, text: str) -> Explanation:
    """Return the source row, draft, step, entity written and verdict of one record, or of one of its fields.

    Args:
        text: a draft key such as `customers/C001`, or a label such as `invoice 1021`; followed by a dot and a
            field for that field: `customers/C001.main_address.city`.

    Raises:
        ProjectError: no record has that key, or its kind has no such field; similar ones are suggested.
    """
    prepared = prepare(project)
    outcome, path = _find(prepared, text)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        written = next((w for w in company.history.written() if w.key == outcome.key), None)
        judged = company.reconciliations.verdict(outcome.kind, outcome.key)
        basis = company.reconciliations.last_basis()
        held = None
        if path and written is not None and basis is not None:
            read = company.history.entities_read(basis.runs.reading, written.kind)
            held = next((entity for entity in read if entity.sage_id == written.sage_id), None)
    step = None
    if project.plan_file.exists():
        step = next((s for s in open_plan(project).steps if s.key == outcome.key), None)
    mapping = next(m for m in prepared.compiled.mappings if m.name == outcome.key.partition("/")[0])
    record = _read_record(project, mapping, outcome)
    source = mapping.source_of(record, path) if record is not None else FieldSource()
    return Explanation(
        record=record,
        outcome=outcome,
        step=step,
        written=written,
        verdict=VerdictSummary(Verdict(judged[0]), judged[1]) if judged else None,
        field=explain_field(
            path,
            project.catalog[outcome.kind],
            outcome,
            record,
            source.columns,
            source.place,
            written,
            held,
        )
        if path
        else None,
        is_read=held is not None,
    )


def _find(prepared: Prepared, text: str) -> tuple[Outcome, str]:
    """Return the outcome with the key or label `text`, and the field after it; the longest key is meant.

    Keys and labels may contain dots themselves.
    """
    named = {outcome.label: outcome for outcome in reversed(prepared.outcomes)}
    named |= {outcome.key: outcome for outcome in prepared.outcomes}
    key, path = text, ""
    while key not in named:
        key, dot, last = key.rpartition(".")
        if not dot:
            hint = suggestion(text, (outcome.key for outcome in prepared.outcomes))
            raise ProjectError(f"No record has the key '{text}'.", hint or "Keys look like customers/C001.")
        path = f"{last}.{path}" if path else last
    return named[key], path


def _read_record(project: Project, mapping: CompiledMapping, outcome: Outcome) -> Record | None:
    """Read the source record of an outcome from the snapshot; None if none has its key."""
    with open_snapshot(project) as snapshot:
        records = snapshot.records(mapping.dataset, mapping.key)
        return next((r for r in records if draft_key(mapping.name, r.key) == outcome.key), None)
