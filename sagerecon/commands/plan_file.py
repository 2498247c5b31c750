"""A project's plan on disk, and whether it still fits what it was made from."""

from __future__ import annotations

from pathlib import Path

from sagerecon.documents.package import catalog, catalog_fingerprint
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, read_plan
from sagerecon.planning.planner import Provenance
from sagerecon.project.project import Project


def budget_of(project: Project) -> Budget:
    """The call budget: the profile's limits, unless the project names its own."""
    limits = project.limits
    profile = catalog().api.limit_profiles[limits.profile]
    return Budget(
        per_minute=limits.per_minute or profile.per_minute,
        per_day=limits.per_day or profile.per_day,
        reserve=limits.reserve,
        settle=limits.settle,
    )


def provenance(project: Project, snapshot: str) -> Provenance:
    """What a plan of this project is made from."""
    return Provenance(project.business.id, snapshot, project.content(), catalog_fingerprint())


def open_plan(project: Project, file: Path | None = None) -> Plan:
    """The plan in `file`, or the project's newest.

    Raises:
        ProjectError: there is none.
        PlanStaleError: the file is not a whole plan.
    """
    path = file or project.plan_file
    if not path.exists():
        raise ProjectError(f"There is no plan {project.name(path)}.", "Create one: sagerecon plan")
    return read_plan_file(path, project.name(path))


def read_plan_file(path: Path, name: str) -> Plan:
    """Return the plan in a file, read line by line.

    Raises:
        ProjectError: the file cannot be read.
        PlanStaleError: it is not a complete plan file.
    """
    try:
        with path.open("rb") as lines:  # lines of bytes end at "\n" alone, lines of text at ten characters
            return read_plan(lines, name)
    except OSError as error:
        raise ProjectError(f"{name} cannot be read: {error.strerror or error}.") from error


def refuse_stale(project: Project, made: Plan) -> None:
    """Nothing where the plan was made from what is there now.

    Raises:
        PlanStaleError: it is of another business, source, mapping or catalog.
    """
    with project.open_snapshot() as frozen:
        now = provenance(project, frozen.fingerprint)
    header = made.header
    for what, planned, current in (
        ("another business", header.business, now.business),
        ("another snapshot of the source", header.snapshot, now.snapshot),
        ("other mappings, crosswalks or parameters", header.mappings, now.mappings),
        ("another catalog of Sage", header.catalog, now.catalog),
    ):
        if planned != current:
            raise PlanStaleError(f"The plan was made from {what}.", "Make it again: sagerecon plan.")
