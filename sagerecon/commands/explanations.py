"""Explain one record, or one of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sagerecon.commands.candidates import LastRead, candidates
from sagerecon.commands.mappings import Compiled
from sagerecon.commands.past_records import past_record
from sagerecon.commands.plan_file import planned_step
from sagerecon.commands.preparation import prepare
from sagerecon.commands.prepared_outcomes import PreparedOutcomes
from sagerecon.model.clock import Clock
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Written
from sagerecon.model.errors import ProjectError
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.record import Record
from sagerecon.model.suggestion import suggestion
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.step import Step
from sagerecon.project.project import Project
from sagerecon.project.store import open_store
from sagerecon.reconciliation.candidate import Candidate, Found
from sagerecon.reconciliation.field_explanation import FieldExplanation, explain_field
from sagerecon.reconciliation.verdict import MayBe, VerdictSummary
from sagerecon.store.company import CompanyStore

#: The verdicts on what may be in Sage: a store of an earlier version does not name what it may be.
_MAY_BE = frozenset({Verdict.RENAMED, Verdict.ALREADY_IN_SAGE, Verdict.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record from its source row to its verdict; None for what has not been reached."""

    record: Record | None  #: None where the source no longer has it
    outcome: Outcome
    step: Step | None
    written: Written | None
    verdict: VerdictSummary | None  #: of the last reconciliation
    candidates: tuple[Candidate, ...] = ()  #: what it may be, where that is to be decided
    field: FieldExplanation | None = None  #: None if the whole record was asked for
    found: Found = Found.NOT_READ  #: what was written under its key, when Sage was last read


def explain(project: Project, clock: Clock, text: str) -> Explanation:
    """Return the source row, draft, step, entity written and verdict of one record, or of one of its fields.

    Args:
        text: a draft key such as `customers/C001`, or a label such as `invoice 1021`; followed by a dot and a
            field for that field: `customers/C001.main_address.city`. A record that the source no longer has
            is found by its key, its label, or the name that Sage shows.

    Raises:
        ProjectError: no record has that key, or its kind has no such field; similar ones are suggested.
    """
    prepared = prepare(project)
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        contents = company.id_map.known().contents
        outcomes = prepared.outcomes_with(contents)
        outcome, record, path = _find(prepared.outcomes, outcomes, company, text)
        written = company.history.written_record(outcome.kind, outcome.key)
        verdict = _last_verdict(company, outcome)
        step = planned_step(project, outcome.key)
        last = LastRead(company, company.reconciliations.last_basis())
        held = None if written is None else last.entity(written.kind, written.sage_id)
        may_be = tuple(
            candidates(last, project.catalog, outcome, written, step, verdict, contents.keys(), path)
        )
        is_known = written is not None or (verdict is not None and verdict.verdict not in _MAY_BE)
        found = last.found(outcome.kind, held, written) if is_known else Found.NOT_READ
    columns, mapped_at = _source_of(prepared.compiled, record, outcome.key, path)
    kind, is_elsewhere = project.catalog[outcome.kind], any(candidate.sides for candidate in may_be)
    field = (
        explain_field(
            path, kind, outcome, record, columns, mapped_at, written, held, is_elsewhere=is_elsewhere
        )
        if path
        else None
    )
    return Explanation(
        record=record,
        outcome=outcome,
        step=step,
        written=written,
        verdict=verdict,
        candidates=may_be,
        found=found,
        field=field,
    )


def _last_verdict(company: CompanyStore, outcome: Outcome) -> VerdictSummary | None:
    """Return the verdict on a record in the last reconciliation; None where it has none."""
    judged = company.reconciliations.verdict(outcome.kind, outcome.key)
    if judged is None:
        return None
    may_be = tuple(MayBe(*one) for one in judged.may_be)
    return VerdictSummary(Verdict(judged.verdict), judged.reason, may_be)


def _source_of(
    compiled: Compiled, record: Record | None, key: str, path: str
) -> tuple[tuple[str, ...], Place]:
    """Return the columns that a field is made from, and where it is mapped; nothing without a source row."""
    if record is None:
        return (), NOWHERE
    mapping = next(m for m in compiled.mappings if m.name == key.partition("/")[0])
    source = mapping.source_of(record, path)
    return tuple(source.columns), source.place


def _find(
    outcomes: PreparedOutcomes, now: Sequence[Outcome], company: CompanyStore, text: str
) -> tuple[Outcome, Record | None, str]:
    """Return the outcome with the key or label `text`, its source row, and the field after the key.

    Keys and labels may contain dots themselves; the longest key is meant. What the source has precedes what
    only earlier runs had.

    Args:
        now: the outcomes by what earlier runs recorded.
    """
    for key, path in _readings(text):
        if (position := _position(outcomes, key)) is not None:
            return now[position], outcomes.record(position), path
    for key, path in _readings(text):
        if (past := past_record(company, outcomes, key)) is not None:
            return past, None, path
    keys = list(outcomes.keys())
    example = f"Keys look like {keys[0]}." if keys else "The source has no records."
    raise ProjectError(f"No record has the key '{text}'.", suggestion(text, keys) or example)


def _readings(text: str) -> Iterator[tuple[str, str]]:
    """Yield each way to read a text as a key and the field after it, the longest key first."""
    key, path = text, ""
    while key:
        yield key, path
        key, _, last = key.rpartition(".")
        path = f"{last}.{path}" if path else last


def _position(outcomes: PreparedOutcomes, name: str) -> int | None:
    found = outcomes.with_key(name)
    return outcomes.with_label(name) if found is None else found
