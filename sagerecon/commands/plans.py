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
from sagerecon.pairing.pair import Recorded, RecordKey, needed_in_full, pair_with_recorded
from sagerecon.planning.plan import Plan, plan_lines
from sagerecon.planning.planner import Calendar, plan_steps
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
        now, calls = clock.now(), company.history.calls_of_last_day()
        known = company.id_map.known()
        positions = pair_with_recorded(
            prepared.outcomes,
            _recorded(prepared.outcomes, known.contents, company.history),
            project.catalog,
            {mapping.name: mapping.comparisons for mapping in prepared.compiled.mappings},
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
    written = {
        (record.kind, record.key): replace(record, answer={})  # most of its size, and not compared
        for record in history.written()
        if (record.kind, record.key) in needed
    }
    return Recorded(contents=contents, written=written)
