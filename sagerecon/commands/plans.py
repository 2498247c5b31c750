"""Plan a run."""

from __future__ import annotations

from pathlib import Path

from sagerecon.commands.plan_file import budget_of, provenance
from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.model.clock import Clock
from sagerecon.planning.plan import Plan, plan_lines
from sagerecon.planning.planner import Calendar, plan_steps
from sagerecon.project.project import Project, write_private


def plan(
    project: Project, clock: Clock, target: Path | None = None, prepared: Prepared | None = None
) -> Plan:
    """What a run would do, in order and window by window; nothing is sent.

    `prepared` is what `snapshot` gave, where the caller has it still.

    Raises:
        MappingError: the mappings have faults.
        ValidationError: the source has faults that must be settled first.
        CircularReferenceError: records refer to each other in a circle.
    """
    prepared = prepared or prepare(project)
    prepared.insist()
    with project.open_store(clock) as store:
        company = store.company(project.business.id)
        calls = company.history.calls_of_last_day()
        made = plan_steps(
            prepared.outcomes,
            company.id_map.known(),
            project.catalog,
            budget_of(project),
            provenance(project, prepared.snapshot),
            Calendar(clock.now(), booked=tuple(at - clock.now() for at in calls)),
            prepared.findings,
            project.expected_settings(),
        )
    write_private(target or project.plan_file, plan_lines(made))
    return made
