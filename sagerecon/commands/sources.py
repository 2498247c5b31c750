"""Read the source and freeze it; prove the mappings."""

from __future__ import annotations

from collections.abc import Callable

from sagerecon.commands.preparation import Compiled, Prepared, compile_project, prepare
from sagerecon.model.clock import Clock
from sagerecon.project.project import Project


def snapshot(project: Project, clock: Clock, progress: Callable[[str, int], None]) -> Prepared:
    """Read the source, freeze it, and hold its figures against each other and against the mappings.

    Raises:
        SourceError: a file cannot be read at all.
        ValidationError: its rows have faults; all of them.
    """
    project.take_snapshot(clock, progress)
    return prepare(project)


def check(project: Project) -> Compiled:
    """Prove the catalog, and the mappings against it, without a row of data and without a call.

    Raises:
        MappingError: with every fault of every file; of the catalog's alone where there is one, for nothing
            can be held to a broken one.
    """
    return compile_project(project)
