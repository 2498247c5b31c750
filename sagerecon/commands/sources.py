"""Take a snapshot of the source."""

from __future__ import annotations

from collections.abc import Callable

from sagerecon.commands.preparation import Prepared, prepare
from sagerecon.model.clock import Clock
from sagerecon.project.project import Project
from sagerecon.project.snapshots import take_snapshot


def snapshot(project: Project, clock: Clock, progress: Callable[[str, int], None]) -> Prepared:
    """Read and freeze the source, and check its figures against each other and against the mappings.

    Args:
        progress: receives the file being read and the number of rows so far.

    Raises:
        SourceError: a file cannot be read at all.
        ValidationError: rows have errors; every finding is attached.
    """
    take_snapshot(project, clock, progress)
    return prepare(project)
