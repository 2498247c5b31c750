"""The snapshot of a project's source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sagerecon.model.clock import Clock
from sagerecon.model.errors import ProjectError, ProjectFileError, ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.project.consent import Consent
from sagerecon.project.private_files import make_private_folder
from sagerecon.project.project import Project
from sagerecon.project.source import declared_sources
from sagerecon.sources import snapshot as snapshots
from sagerecon.sources.database_url import database_address
from sagerecon.sources.dataset import CompiledSources
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.snapshot import Snapshot, SnapshotFacts


def take_snapshot(
    project: Project, clock: Clock, progress: Callable[[str, int], None], target: Path | None = None
) -> str:
    """Freeze the source and return the snapshot's fingerprint. On errors the older snapshot is kept.

    Args:
        progress: receives the file being read and the number of rows so far.
        target: the file of the snapshot, where it is not the project's own.

    Raises:
        ProjectFileError: a table is read from a host to which the user has not consented.
        SourceError: a file cannot be read at all.
        ValidationError: rows have errors; every finding is attached.
    """
    if target is None:
        make_private_folder(project.state)
    sources = declared_sources(project)
    without_consent = [
        each for file in sources.files.values() for each in _without_consent(file, project.consent)
    ]
    if without_consent:
        raise ProjectFileError(without_consent)
    taken, findings = snapshots.take_snapshot(
        sources,
        project.data,
        target or project.snapshot_file,
        clock.now(),
        progress,
        project.data_folders,
    )
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise ValidationError(findings)
    return taken


def _without_consent(file: SourceFile, consent: Consent) -> Iterator[Finding]:
    """Yield a finding where a table is read from a host to which the user has not consented."""
    address = database_address(file.url)
    if address is not None and address.host:
        what = f"The password in {file.password_env}" if file.password_env else f"The query of '{file.name}'"
        yield from consent.host_findings(address.host, file.path_place, what)


@contextmanager
def open_snapshot(project: Project, shape: CompiledSources) -> Iterator[Snapshot]:
    """Open the snapshot for reading.

    Args:
        shape: all SQL of the project, compiled.

    Raises:
        ProjectError: no snapshot has been taken.
    """
    _require_snapshot(project)
    with snapshots.open_snapshot(project.snapshot_file, shape, project.sql_seconds) as snapshot:
        yield snapshot


def snapshot_facts(project: Project) -> SnapshotFacts:
    """Return what the snapshot says of itself.

    Raises:
        ProjectError: no snapshot has been taken.
        SourceError: the file declarations have changed since.
    """
    _require_snapshot(project)
    return snapshots.read_facts(project.snapshot_file, declared_sources(project), project.sql_seconds)


def _require_snapshot(project: Project) -> None:
    if not project.snapshot_file.exists():
        raise ProjectError("No snapshot of the source has been taken.", "Take one: sagerecon snapshot")
