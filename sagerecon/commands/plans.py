"""Plan a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sagerecon.commands.budget import calendar, call_budget
from sagerecon.commands.census import price_text
from sagerecon.commands.decision_effects import decisions_in_effect, without_effect
from sagerecon.commands.last_reading import LastReading, recorded_and_read
from sagerecon.commands.memory import NO_WITNESS, NOT_COMPARED, created_again, incomplete
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.commands.provenance import provenance
from sagerecon.commands.unknown_entities import freed_entities, unknown_entities
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.code import Code
from sagerecon.model.control import Item
from sagerecon.model.count import counted
from sagerecon.model.errors import IncompleteStoreError, ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.decide import DecidedPositions, pair_as_decided
from sagerecon.pairing.held_references import with_held_references
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import Standing
from sagerecon.planning.census import census_due
from sagerecon.planning.opening import in_sage
from sagerecon.planning.plan import Plan, Purpose, plan_lines
from sagerecon.planning.planner import plan_steps
from sagerecon.planning.settling import RunState
from sagerecon.project.private_files import write_private
from sagerecon.project.project import Project
from sagerecon.project.store import open_store
from sagerecon.report.not_carried import plan_not_carried
from sagerecon.store.company import CompanyStore
from sagerecon.store.run_history import RunHistory
from sagerecon.validation.invariants import concerns_opening, is_opening, opening_control_closes


def plan(
    project: Project, clock: Clock, target: Path | None = None, prepared: Prepared | None = None
) -> Plan:
    """Plan a run, in order and window by window, and write the plan. Sends nothing.

    Args:
        target: where to write the plan; by default the project's plan file.
        prepared: the result of `snapshot`, if the caller still has it.

    Raises:
        MappingError: the mappings have errors.
        ValidationError: the source has errors that must be corrected first, or the opening control account
            would not end at zero.
        CircularReferenceError: records refer to each other in a circle.
    """
    prepared = prepared or prepare(project)
    prepared.raise_on_errors()
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        known = replace(company.id_map.known(), counts=_counts(company.history))
        decided = decided_positions(project, prepared, known.contents, company, clock)
        comparisons = prepared.compiled.comparisons
        made = plan_steps(
            decided.positions,
            known,
            project.catalog,
            call_budget(project.limits, project.catalog.api),
            provenance(project, prepared.snapshot, clock),
            calendar(company, company.history.now()),
            [
                *prepared.findings,
                *without_effect(decided.settlement),
            ],
            project.expected_settings(),
            comparisons,
            project.stop_when_blocked,
            decided.settlement,
            decided.earlier,
            decided.undecided,
        )
        if found := list(_opening_is_open(made, decided, company.history, project.catalog)):
            raise ValidationError((*prepared.findings, *found))
        findings = (*made.header.findings, *_memory(made, company, project.catalog))
        header = replace(made.header, findings=findings, reconciliation=company.reconciliations.last_number())
        made = replace(made, header=header)
    write_private(target or project.plan_file, plan_lines(made))
    return made


def decided_positions(
    project: Project,
    prepared: Prepared,
    contents: Mapping[RecordKey, str],
    company: CompanyStore,
    clock: Clock,
    *,
    last: LastReading | None = None,
) -> DecidedPositions:
    """Return the position of each record of the snapshot, with the decisions in effect about it.

    Args:
        contents: the fingerprint of the body that was recorded, by kind and draft key.
        last: the readings to compare with; by default those of the last reconciliation that was recorded.

    Raises:
        ProjectFileError: `decisions.yaml` has errors.
    """
    outcomes = tuple(prepared.outcomes)  # read from their file once; the positions keep them
    decisions = decisions_in_effect(project, clock)
    if decisions.entries:
        decisions = replace(decisions, renamed=company.history.renamed_keys())
    last = last or LastReading.recorded(company)
    recorded, read = recorded_and_read(
        tuple(with_held_references(outcomes, contents.keys())),
        prepared.compiled.rules,
        contents,
        company,
        project.catalog,
        last,
        has_renames=any(entry.standing is Standing.RENAMED_IN_SOURCE for entry in decisions.entries),
    )

    def paired(unknown: Sequence[Position]) -> DecidedPositions:
        rules = prepared.compiled.comparisons
        return pair_as_decided(outcomes, recorded, project.catalog, rules, read, decisions, unknown)

    found = paired(unknown := unknown_entities(company, project.catalog, last))
    known = {(at.kind, at.key) for at in unknown}
    freed = {entity: reading for entity, reading in found.freed.items() if entity not in known}
    if not freed or last is None:
        return found
    return paired([*unknown, *freed_entities(company, project.catalog, last, freed)])


def _opening_is_open(
    made: Plan, decided: DecidedPositions, history: RunHistory, catalog: Catalog
) -> Iterator[Finding]:
    """Yield a finding if the opening control account would not end at zero, by the decisions in effect."""
    kinds = {kind.name for kind in catalog if concerns_opening(kind)}
    found = list(in_sage(made.steps, decided, kinds, history.renamed_keys()))
    drafts = [draft for record in found for draft in record.drafts]
    others = [one for one in found if is_opening(catalog[one.kind]) and one.why_other is not None]
    others.sort(key=lambda one: not one.is_decided)
    reasons = [one.why_other for one in others if one.why_other]
    yield from opening_control_closes(drafts, catalog, reasons, list(_absent_openings(made, catalog)))


def _absent_openings(made: Plan, catalog: Catalog) -> Iterator[Item]:
    """Yield the opening records that a plan quarantines or leaves out, with their amounts."""
    for record in plan_not_carried(made):
        if record.amount and is_opening(catalog[record.kind]):
            why = f"{record.state} by rule {record.rule}" if record.rule else record.state
            place = record.origins[0] if record.origins else NOWHERE
            yield Item("", f"{record.name}, {why}", record.amount, place)


def _memory(made: Plan, company: CompanyStore, catalog: Catalog) -> Iterator[Finding]:
    """Yield what `apply` does before its first write where the store may lack what was written to Sage."""
    try:
        is_witnessed = company.run_log.is_witnessed()
    except IncompleteStoreError as error:
        hint = f"{error.hint} --distrust-store reads {price_text(made, catalog)}."
        yield _refused(error.message, hint)
        return
    if again := created_again(made, company, catalog):
        found = incomplete(again, price_text(made, catalog))
        yield _refused(found.message, found.hint)
        return
    kinds = census_due(made.steps, catalog, is_witnessed=is_witnessed)
    if is_witnessed:
        kinds = list(company.memory.not_compared(kinds))
    if kinds:
        why = NOT_COMPARED if is_witnessed else NO_WITNESS
        yield Finding(
            code=Code.CENSUS,
            place=NOWHERE,
            message=f"Before its first write, apply reads what Sage holds: {', '.join(kinds)}. That takes at"
            f" least {counted(len(kinds), 'call')} more than the plan. {why}",
            severity=Severity.INFO,
        )


def _refused(message: str, hint: str) -> Finding:
    return Finding(
        code=Code.INCOMPLETE_STORE,
        place=NOWHERE,
        message=f"{message} Apply refuses this plan: it may create records that Sage holds.",
        hint=hint,
        severity=Severity.WARNING,
    )


def _counts(history: RunHistory) -> dict[str, int]:
    """Return the number of entities of each kind that the newest reading found, where it was read whole."""
    counts: dict[str, int] = {}
    for run in history.runs():
        if run.purpose is Purpose.READ_BACK and run.state is RunState.FINISHED:
            whole = (reading for reading in history.readings(run.id) if reading.is_whole)
            counts.update({r.kind: r.count for r in whole if r.key.endswith("/read-back")})
    return counts
