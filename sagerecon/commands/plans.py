"""Plan a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sagerecon.commands.budget import call_budget
from sagerecon.commands.plan_file import provenance
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.model.clock import Clock
from sagerecon.model.draft import Outcome
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.pair import (
    NOT_READ,
    ReadFromSage,
    Recorded,
    RecordKey,
    needed_in_full,
    pair_with_recorded,
)
from sagerecon.pairing.position import EntityReading
from sagerecon.planning.plan import Plan, Purpose, plan_lines
from sagerecon.planning.planner import Calendar, plan_steps
from sagerecon.planning.settling import RunState
from sagerecon.project.private_files import write_private
from sagerecon.project.project import Project
from sagerecon.project.store import open_store
from sagerecon.store.run_history import RunHistory


def plan(
    project: Project, clock: Clock, target: Path | None = None, prepared: Prepared | None = None
) -> Plan:
    """Plan a run, in order and window by window, and write the plan. Sends nothing.

    Args:
        target: where to write the plan; by default the project's plan file.
        prepared: the result of `snapshot`, if the caller still has it.

    Raises:
        MappingError: the mappings have errors.
        ValidationError: the source has errors that must be corrected first.
        CircularReferenceError: records refer to each other in a circle.
    """
    prepared = prepared or prepare(project)
    prepared.raise_on_errors()
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        now, calls = company.history.now(), company.history.calls_of_last_day()
        known = company.id_map.known()
        recorded = _recorded(prepared.outcomes, known.contents, company.history)
        positions = pair_with_recorded(
            prepared.outcomes,
            recorded,
            project.catalog,
            {mapping.name: mapping.comparisons for mapping in prepared.compiled.mappings},
            _read_from_sage(recorded, company.history),
        )
        made = plan_steps(
            positions,
            known,
            project.catalog,
            call_budget(project.limits, project.catalog.api),
            provenance(project, prepared.snapshot),
            Calendar(now, booked=tuple(at - now for at in calls)),
            prepared.findings,
            project.expected_settings(),
        )
    write_private(target or project.plan_file, plan_lines(made))
    return made


def _recorded(
    outcomes: Sequence[Outcome], contents: Mapping[RecordKey, str], history: RunHistory
) -> Recorded:
    """Return what earlier runs recorded, with the records in full that pairing compares."""
    needed = needed_in_full(outcomes, contents)
    if not needed:
        return Recorded(contents=contents)
    present = {(outcome.kind, outcome.key) for outcome in outcomes}
    written = {}
    for record in history.written():
        key = (record.kind, record.key)
        if key in needed:  # the answer is most of a record, and not compared where there is no draft
            written[key] = record if key in present else replace(record, answer={})
    return Recorded(contents=contents, written=written)


def _read_from_sage(recorded: Recorded, history: RunHistory) -> ReadFromSage:
    """Return what the newest reading of Sage found of the records that are compared."""
    ours = {(record.kind, record.sage_id) for record in recorded.written.values()}
    is_reading = (run for run in reversed(history.runs()) if run.purpose is Purpose.READ_BACK)
    readings = [run for run in is_reading if run.state is RunState.FINISHED] if ours else []
    for run in readings[:2]:  # the newest may be the one that only looked for deletions
        found = {
            (entity.kind, entity.sage_id): EntityReading(entity, run.started_at)
            for entity in history.entities_read(run.id)
            if (entity.kind, entity.sage_id) in ours and not is_gone(entity)
        }
        if found:
            return ReadFromSage(entities=found)
    return NOT_READ
