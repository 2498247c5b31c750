"""Sources for tests: a sources.yaml and data files given as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent

import pytest

from sagerecon.documents import package
from sagerecon.model.finding import Finding
from sagerecon.model.value import Scalar
from sagerecon.sources.dataset import CompiledSources, compile_queries
from sagerecon.sources.definitions import Sources
from sagerecon.sources.snapshot import Snapshot, open_snapshot, take_snapshot
from sagerecon.sources.sources_yaml import read_sources

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(folder: str) -> Path:
    """Return a folder of real data, or skip the test."""
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"the real data is not available: {path}")
    return path


def parse_sources(text: str) -> Sources:
    """Return the sources of a YAML text that has no errors."""
    sources, findings = read_sources(dedent(text), "sources.yaml", package.schema("sources"))
    assert not findings, [str(finding) for finding in findings]
    return sources


def error_messages(text: str) -> list[str]:
    """Return the messages for errors in a YAML text."""
    return [str(f) for f in read_sources(dedent(text), "sources.yaml", package.schema("sources"))[1]]


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the files into the folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def take(tmp_path: Path, text: str, files: Mapping[str, str | bytes]) -> tuple[str, list[Finding]]:
    """Take a snapshot of the files in `tmp_path`; return its fingerprint and the findings."""
    folder = write_files(tmp_path / "data", files)
    return take_snapshot(parse_sources(text), folder, tmp_path / "snapshot.duckdb", 0)


def finding_messages(tmp_path: Path, text: str, files: Mapping[str, str | bytes]) -> list[str]:
    """Take a snapshot of the files and return the messages of its findings."""
    return [str(finding) for finding in take(tmp_path, text, files)[1]]


def compiled(sources: Sources, parameters: Mapping[str, Scalar] | None = None) -> CompiledSources:
    """Return all SQL of a sources.yaml, which has no error."""
    shape, findings = compile_queries(sources, parameters or {})
    assert not findings, findings
    return shape


@contextmanager
def snapshot(
    tmp_path: Path,
    text: str,
    files: Mapping[str, str | bytes],
    parameters: Mapping[str, Scalar] | None = None,
) -> Iterator[Snapshot]:
    """Take a snapshot of the files and yield it opened."""
    fingerprint, findings = take(tmp_path, text, files)
    assert fingerprint, [str(finding) for finding in findings]
    with open_snapshot(tmp_path / "snapshot.duckdb", compiled(parse_sources(text), parameters)) as opened:
        yield opened


def table(columns: str, settings: str = "path: t.csv", name: str = "t") -> str:
    """Return a sources.yaml with one table and a dataset of the same name that selects all of it."""
    return (
        f"sagerecon: sources/v1\nfiles:\n  {name}:\n"
        + indent(dedent(settings).strip(), "    ")
        + "\n    columns:\n"
        + indent(dedent(columns).strip(), "      ")
        + f'\ndatasets:\n  {name}: {{sql: "SELECT * FROM {name}"}}\n'
    )
