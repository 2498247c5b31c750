"""The source of a project: its declaration, and the snapshot taken of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sagerecon.documents.package import schema
from sagerecon.model.clock import Clock
from sagerecon.model.errors import MappingError, ProjectError, ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.type import Columns
from sagerecon.model.value import fingerprint
from sagerecon.project.private_files import make_private_folder
from sagerecon.project.project import Project
from sagerecon.sources import snapshot as snapshots
from sagerecon.sources.dataset import describe
from sagerecon.sources.definitions import Sources
from sagerecon.sources.snapshot import Snapshot
from sagerecon.sources.sources_yaml import read_sources


def declared_sources(project: Project) -> Sources:
    """Return the declaration in `sources.yaml`.

    Raises:
        MappingError: the file has errors; every finding is attached.
    """
    text = project.text(project.sources_file)
    sources, findings = read_sources(text, project.name(project.sources_file), schema("sources"))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise MappingError(findings)
    return sources


def describe_source(project: Project) -> tuple[Mapping[str, Columns], list[Finding]]:
    """Return the columns of each dataset, without reading any row, and the findings about its SQL."""
    return describe(declared_sources(project), project.parameters)


def take_snapshot(project: Project, clock: Clock, progress: Callable[[str, int], None]) -> str:
    """Freeze the source and return the snapshot's fingerprint. On errors the older snapshot is kept.

    Args:
        progress: receives the file being read and the number of rows so far.

    Raises:
        SourceError: a file cannot be read at all.
        ValidationError: rows have errors; every finding is attached.
    """
    make_private_folder(project.state)
    taken, findings = snapshots.take_snapshot(
        declared_sources(project), project.data, project.snapshot_file, clock.now(), progress
    )
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise ValidationError(findings)
    return taken


@contextmanager
def open_snapshot(project: Project) -> Iterator[Snapshot]:
    """Open the snapshot for reading.

    Raises:
        ProjectError: no snapshot has been taken.
    """
    if not project.snapshot_file.exists():
        raise ProjectError("No snapshot of the source has been taken.", "Take one: sagerecon snapshot.")
    sources = declared_sources(project)
    with snapshots.open_snapshot(project.snapshot_file, sources, project.parameters) as snapshot:
        yield snapshot


def mappings_fingerprint(project: Project) -> str:
    """Return the fingerprint of all that shapes the drafts: mappings, crosswalks, datasets, parameters."""
    texts = project.texts((project.sources_file, *project.mapping_files, *project.crosswalk_files))
    return fingerprint({"files": texts, "parameters": dict(project.parameters)})
