"""Open a project and its clock; make a new project."""

from __future__ import annotations

import os
from pathlib import Path

from sagerecon.model.clock import Clock, SystemClock
from sagerecon.model.errors import ProjectError
from sagerecon.project.project import Project, read_project
from sagerecon.rehearsal.clock import SharedClock

#: Names the file of the virtual clock that a sandbox and its clients share in a rehearsal.
REHEARSAL_CLOCK = "SAGERECON_REHEARSAL_CLOCK"


def open_project(folder: Path) -> Project:
    """The project in `folder`."""
    return read_project(folder)


def open_clock(project: Project) -> Clock:
    """The machine's time; for a project at a sandbox, the virtual time the sandbox lives in, if it names one.

    Raises:
        ProjectError: a virtual time is named and the project moves into Sage itself.
    """
    shared = os.environ.get(REHEARSAL_CLOCK)
    if not shared:
        return SystemClock()
    if not project.address:
        raise ProjectError(f"{REHEARSAL_CLOCK} is set, and Sage itself keeps real time.", "Unset it.")
    return SharedClock(Path(shared))
