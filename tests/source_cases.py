"""Sources for tests: a declaration and files as text, read the way the program reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent

import pytest

from sagerecon.documents import package
from sagerecon.model.finding import Finding
from sagerecon.model.value import Scalar
from sagerecon.sources.definitions import Sources
from sagerecon.sources.snapshot import Snapshot, open_snapshot, take_snapshot
from sagerecon.sources.sources_yaml import read_sources

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared(folder: str) -> Path:
    """A folder of real data, or the test is skipped."""
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"the real data is not here: {path}")
    return path


def declared(text: str) -> Sources:
    """The sources of a YAML text without a fault."""
    sources, findings = read_sources(dedent(text), "sources.yaml", package.schema("sources"))
    assert not findings, [str(finding) for finding in findings]
    return sources


def faults(text: str) -> list[str]:
    """What is wrong with a YAML text, as people read it."""
    return [str(f) for f in read_sources(dedent(text), "sources.yaml", package.schema("sources"))[1]]


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder with these files in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def take(tmp_path: Path, text: str, files: Mapping[str, str | bytes]) -> tuple[str, list[Finding]]:
    """The fingerprint and findings of a snapshot of these files, written to `tmp_path`."""
    folder = write_files(tmp_path / "data", files)
    return take_snapshot(declared(text), folder, tmp_path / "snapshot.duckdb", 0)


def found(tmp_path: Path, text: str, files: Mapping[str, str | bytes]) -> list[str]:
    """What is found while these files are read, as people read it."""
    return [str(finding) for finding in take(tmp_path, text, files)[1]]


@contextmanager
def snapshot(
    tmp_path: Path,
    text: str,
    files: Mapping[str, str | bytes],
    parameters: Mapping[str, Scalar] | None = None,
) -> Iterator[Snapshot]:
    """An open snapshot of these files."""
    fingerprint, findings = take(tmp_path, text, files)
    assert fingerprint, [str(finding) for finding in findings]
    with open_snapshot(tmp_path / "snapshot.duckdb", declared(text), parameters or {}) as opened:
        yield opened


def table(columns: str, settings: str = "path: t.csv", name: str = "t") -> str:
    """A sources.yaml with one table and a dataset of the same name that gives all of it."""
    return (
        f"sagerecon: sources/v1\nfiles:\n  {name}:\n"
        + indent(dedent(settings).strip(), "    ")
        + "\n    columns:\n"
        + indent(dedent(columns).strip(), "      ")
        + f'\ndatasets:\n  {name}: {{sql: "SELECT * FROM {name}"}}\n'
    )
