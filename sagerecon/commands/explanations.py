"""Explain one record, or one of its fields."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.commands.plan_file import planned_step
from sagerecon.commands.preparation import prepare
from sagerecon.commands.prepared_outcomes import PreparedOutcomes
from sagerecon.model.clock import Clock
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Written
from sagerecon.model.errors import ProjectError
from sagerecon.model.record import Record
from sagerecon.model.suggestion import suggestion
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.step import Step
from sagerecon.project.project import Project
from sagerecon.project.store import open_store
from sagerecon.reconciliation.field_explanation import FieldExplanation, explain_field
from sagerecon.reconciliation.verdict import VerdictSummary


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record from its source row to its verdict; None for what has not been reached."""

    record: Record
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
    position, path = _find(prepared.outcomes, text)
    outcome, record = prepared.outcomes[position], prepared.outcomes.record(position)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        written = company.history.written_record(outcome.kind, outcome.key)
        judged = company.reconciliations.verdict(outcome.kind, outcome.key)
        basis = company.reconciliations.last_basis()
        held = None
        if path and written is not None and basis is not None:
            runs = filter(None, (basis.runs.confirmation, basis.runs.reading))
            found = (company.history.entity_read(run, written.kind, written.sage_id) for run in runs)
            held = next((entity for entity in found if entity is not None), None)
    step = planned_step(project, outcome.key)
    mapping = next(m for m in prepared.compiled.mappings if m.name == outcome.key.partition("/")[0])
    source = mapping.source_of(record, path)
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


def _find(outcomes: PreparedOutcomes, text: str) -> tuple[int, str]:
    """Return the position of the outcome with the key or label `text`, and the field after it.

    Keys and labels may contain dots themselves; the longest key is meant.
    """
    key, path = text, ""
    while (position := _position(outcomes, key)) is None:
        key, dot, last = key.rpartition(".")
        if not dot:
            hint = suggestion(text, outcomes.keys())
            raise ProjectError(f"No record has the key '{text}'.", hint or "Keys look like customers/C001.")
        path = f"{last}.{path}" if path else last
    return position, path


def _position(outcomes: PreparedOutcomes, name: str) -> int | None:
    found = outcomes.with_key(name)
    return outcomes.with_label(name) if found is None else found
