"""A project's plan on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.planning.plan import (
    READ_ANEW,
    Plan,
    Purpose,
    find_step,
    read_outline,
    read_plan,
    steps_not_sent,
)
from sagerecon.planning.step import Step
from sagerecon.project.project import Project


def open_plan(project: Project, file: Path | None = None) -> Plan:
    """Return the plan in `file`, by default the project's newest.

    Raises:
        ProjectError: there is no such file.
        PlanStaleError: the file is not a complete plan, or its plan writes nothing.
    """
    path = file or project.plan_file
    if not path.exists():
        raise ProjectError(f"There is no plan {project.name(path)}.", "Create one: sagerecon plan")
    plan = read_plan_file(path, project.name(path))
    if plan.header.purpose is not Purpose.LOAD:
        raise PlanStaleError(f"{project.name(path)} writes nothing to Sage.", READ_ANEW)
    return plan


def read_plan_file(path: Path, name: str) -> Plan:
    """Return the plan in a file, read line by line.

    Raises:
        ProjectError: the file cannot be read.
        PlanStaleError: it is not a complete plan file.
    """
    with _lines(path, name) as lines:
        return read_plan(lines, name)


def open_outline(project: Project) -> Plan | None:
    """Return the newest plan without the bodies of its steps, or None; errors as `read_plan_file`."""
    if not project.plan_file.exists():
        return None
    name = project.name(project.plan_file)
    with _lines(project.plan_file, name) as lines:
        return read_outline(lines, name)


def not_sent(project: Project, plan: str) -> Plan | None:
    """Return the project's newest plan with the steps alone that wait or are quarantined.

    None where it has another hash than `plan`, or is no complete plan: what needs it refuses it.
    """
    if not project.plan_file.exists():
        return None
    name = project.name(project.plan_file)
    try:
        with _lines(project.plan_file, name) as lines:
            found = steps_not_sent(lines, name)
    except (ProjectError, PlanStaleError):
        return None
    return found if found.hash == plan else None


def planned_step(project: Project, key: str) -> Step | None:
    """Return the step of one record in the project's newest plan, or None; errors as `read_plan_file`."""
    if not project.plan_file.exists():
        return None
    name = project.name(project.plan_file)
    with _lines(project.plan_file, name) as lines:
        return find_step(lines, name, key)


@contextmanager
def _lines(path: Path, name: str) -> Iterator[Iterable[bytes]]:
    try:
        with path.open("rb") as lines:  # lines of bytes end at "\n" alone, lines of text at ten characters
            yield lines
    except OSError as error:
        raise ProjectError(f"{name} cannot be read: {error.strerror or error}.") from error
