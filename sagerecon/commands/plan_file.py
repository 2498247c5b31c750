"""A project's plan on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sagerecon.files.reading import open_bounded
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.model.limits import PLAN_FILE, PLAN_LINE
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
from sagerecon.project.private_files import is_there
from sagerecon.project.project import Project


def open_plan(project: Project, file: Path | None = None) -> Plan:
    """Return the plan in `file`, by default the project's newest.

    Raises:
        ProjectError: there is no such file.
        PlanStaleError: the file is not a complete plan, or its plan writes nothing.
    """
    path = file or project.plan_file
    if not is_there(path):
        raise ProjectError(f"There is no plan {project.name(path)}.", "Create one: sagerecon plan")
    plan = read_plan_file(path, project.name(path), is_named=file is not None)
    if plan.header.purpose is not Purpose.LOAD:
        raise PlanStaleError(f"{project.name(path)} writes nothing to Sage.", READ_ANEW)
    return plan


def read_plan_file(path: Path, name: str, *, is_named: bool = False) -> Plan:
    """Return the plan in a file, read line by line.

    Args:
        is_named: the user named the file, so that a link is followed.

    Raises:
        ProjectError: the file cannot be read.
        PlanStaleError: it is not a complete plan file.
    """
    with _lines(path, name, is_named=is_named) as lines:
        return read_plan(lines, name)


def open_outline(project: Project) -> Plan | None:
    """Return the newest plan without the bodies of its steps, or None; errors as `read_plan_file`."""
    if not is_there(project.plan_file):
        return None
    name = project.name(project.plan_file)
    with _lines(project.plan_file, name) as lines:
        return read_outline(lines, name)


def not_sent(project: Project, plan: str) -> Plan | None:
    """Return the project's newest plan with the steps alone that wait, are quarantined or left out.

    None where it has another hash than `plan`, or is no complete plan: what needs it refuses it.
    """
    if not is_there(project.plan_file):
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
    if not is_there(project.plan_file):
        return None
    name = project.name(project.plan_file)
    with _lines(project.plan_file, name) as lines:
        return find_step(lines, name, key)


@contextmanager
def _lines(path: Path, name: str, *, is_named: bool = False) -> Iterator[Iterable[bytes]]:
    r"""Yield the lines of a plan file, which end at `\n` alone; one that is too long for a plan in pieces.

    Args:
        is_named: the user named the file, so that a link is followed.
    """
    try:
        with open_bounded(path, PLAN_FILE, follow=is_named) as stream:
            yield iter(partial(stream.readline, PLAN_LINE.most), b"")
    except OSError as error:
        raise ProjectError(f"{name} cannot be read: {error.strerror or error}.") from error
