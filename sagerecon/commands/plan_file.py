"""A project's plan on disk, and whether it still fits what it was made from."""

from __future__ import annotations

from pathlib import Path

from sagerecon.documents.package import catalog_fingerprint
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.planning.plan import Plan, read_plan
from sagerecon.planning.planner import Provenance
from sagerecon.project.project import Project
from sagerecon.project.snapshots import open_snapshot
from sagerecon.project.source import mappings_fingerprint


def provenance(project: Project, snapshot: str) -> Provenance:
    """Return what a plan of this project is made from. `snapshot` is the snapshot's fingerprint."""
    return Provenance(project.business.id, snapshot, mappings_fingerprint(project), catalog_fingerprint())


def open_plan(project: Project, file: Path | None = None) -> Plan:
    """Return the plan in `file`, by default the project's newest.

    Raises:
        ProjectError: there is no such file.
        PlanStaleError: the file is not a complete plan.
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


def raise_if_stale(project: Project, plan: Plan) -> None:
    """Raise if the plan was made from anything but the current business, source, mappings and catalog.

    Raises:
        PlanStaleError: naming what has changed.
    """
    with open_snapshot(project) as snapshot:
        current = provenance(project, snapshot.fingerprint)
    header = plan.header
    for what, planned, now in (
        ("another business", header.business, current.business),
        ("another snapshot of the source", header.snapshot, current.snapshot),
        ("other mappings, crosswalks or parameters", header.mappings, current.mappings),
        ("another catalog of Sage", header.catalog, current.catalog),
    ):
        if planned != now:
            raise PlanStaleError(f"The plan was made from {what}.", "Create a new one: sagerecon plan")
