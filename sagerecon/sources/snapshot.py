"""The snapshot: the source's rows, typed, fingerprinted and frozen in one DuckDB file."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from sagerecon.model.code import Code
from sagerecon.model.control import Control
from sagerecon.model.document import suggestion
from sagerecon.model.errors import SourceError, StoreError
from sagerecon.model.finding import Finding, Severity, finding_document, read_finding
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.type import Columns
from sagerecon.model.value import Scalar, Value, canonical
from sagerecon.model.value import fingerprint as fingerprint_of
from sagerecon.sources.database import open_for_loading, open_for_reading, storage_errors
from sagerecon.sources.dataset import (
    CompiledSources,
    compile_queries,
    count_records,
    read_control,
    read_records,
    read_rows,
    run_check,
)
from sagerecon.sources.definitions import SourceFile, Sources
from sagerecon.sources.files import source_error
from sagerecon.sources.profile import ColumnProfile, profile_table
from sagerecon.sources.query import CompiledQuery
from sagerecon.sources.table_reader import FileFacts, FindingCollector, read_table
from sagerecon.sources.tables import load_table

#: The layout of the file; another one is refused.
FORMAT = "snapshot/v1"


def take_snapshot(
    sources: Sources,
    folder: Path,
    target: Path,
    taken_at: int,
    progress: Callable[[str, int], None] = lambda _path, _rows: None,
) -> tuple[str, list[Finding]]:
    """The fingerprint of the snapshot written to `target`, and what was found while reading.

    With a finding of severity error nothing is written and the fingerprint is empty; an older
    snapshot at `target` stays as it was. `taken_at` is milliseconds since 1970; `progress` is told
    the file and the rows read of it so far.

    Raises:
        SourceError: a file cannot be read at all; its `findings` hold everything else that was found.
        StoreError: the snapshot cannot be written.
    """
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that the last step is a rename; mkdtemp makes it 0700.
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as beside:
            facts, findings = _read_all(sources, folder, Path(beside), progress)
            if any(finding.severity is Severity.ERROR for finding in findings):
                return "", findings
            fingerprint = _fingerprint(sources, facts)
            made = Path(beside) / "snapshot.duckdb"
            _write(made, Path(beside), sources, facts, findings, taken_at, fingerprint)
            made.replace(target)
            _sync(target.parent)
    return fingerprint, findings


def open_snapshot(path: Path, sources: Sources, parameters: Mapping[str, Scalar]) -> Snapshot:
    """The snapshot at `path`, to be closed by its user (`with`).

    Raises:
        StoreError: there is none, or it cannot be read.
        SourceError: it was taken with other declarations, or the SQL of a dataset does not fit it.
    """
    shape, findings = compile_queries(sources, parameters)
    if findings:
        raise SourceError(f"{findings[0].place}: {findings[0].message}", findings[0].hint, findings)
    with storage_errors(path):
        connection = open_for_reading(path)
    try:
        with storage_errors(path):
            meta = _meta(connection, path)
        _refuse_other_declarations(meta, sources)
        return Snapshot(connection, shape, sources, meta)
    except BaseException:
        connection.close()
        raise


class Snapshot:
    """Frozen source rows, and the datasets and controls shaped from them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        shape: CompiledSources,
        sources: Sources,
        meta: Mapping[str, Any],
    ) -> None:
        self._connection = connection
        self._shape = shape
        self._sources = sources
        self._findings: list[Finding] = meta["findings"]
        self.fingerprint: str = meta["fingerprint"]
        self.taken_at: int = meta["taken_at"]
        self.files: tuple[FileFacts, ...] = meta["files"]

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def findings(self) -> list[Finding]:
        """What was found while the files were read; no errors, for with one there is no snapshot."""
        return list(self._findings)

    def columns(self, dataset: str) -> Columns:
        """The types of a dataset's columns, `_origin` among them."""
        return self._dataset(dataset).columns

    def count(self, dataset: str) -> int:
        """How many records a dataset has."""
        return count_records(self._connection, self._dataset(dataset))

    def rows(self, dataset: str) -> Iterator[Mapping[str, Value]]:
        """A dataset's rows one by one by column name, in the SQL's order.

        Raises:
            SourceError: the SQL fails on this data.
        """
        return read_rows(self._connection, self._dataset(dataset))

    def records(self, dataset: str, key: Sequence[str]) -> Iterator[Record]:
        """A dataset's records one by one in the SQL's order, the same order every time.

        Raises:
            SourceError: the SQL fails on this data, or a column of `key` is not there.
        """
        return read_records(self._connection, dataset, self._dataset(dataset), key)

    def checks(self) -> list[Finding]:
        """A finding for each row that breaks a rule of the source itself."""
        return [found for check in self._shape.checks for found in run_check(self._connection, check)]

    def controls(self) -> list[Control]:
        """The control totals taken on these rows."""
        return [read_control(self._connection, control) for control in self._shape.controls]

    def profile(self) -> list[ColumnProfile]:
        """Rows, nulls, distinct values, least, greatest and longest of each column of each table."""
        return [
            found for file in self._sources.files.values() for found in profile_table(self._connection, file)
        ]

    def _dataset(self, name: str) -> CompiledQuery:
        if name not in self._shape.datasets:
            message = f"there is no dataset '{name}'."
            hint = suggestion(name, self._shape.datasets)
            raise source_error(Finding(Code.NO_SUCH_DATASET, Place(self._sources.file), message, hint))
        return self._shape.datasets[name]


def _read_all(
    sources: Sources, folder: Path, beside: Path, progress: Callable[[str, int], None]
) -> tuple[list[FileFacts], list[Finding]]:
    """Every table read; a file that cannot be read stops the rest no earlier than at the end."""
    findings = FindingCollector()
    facts: list[FileFacts] = []
    failures: list[SourceError] = []
    for file in sources.files.values():
        try:
            facts += read_table(file, folder, _lines(beside, file), findings, progress)
        except SourceError as error:
            failures.append(error)
            for finding in error.findings:
                findings.add(finding)
    if failures:
        raise SourceError(failures[0].message, failures[0].hint, findings.all())
    return facts, findings.all()


def _write(
    made: Path,
    beside: Path,
    sources: Sources,
    facts: Sequence[FileFacts],
    findings: Sequence[Finding],
    taken_at: int,
    fingerprint: str,
) -> None:
    connection = open_for_loading(made)
    try:
        made.chmod(0o600)
        for file in sources.files.values():
            lines = _lines(beside, file)
            load_table(connection, file, lines, sum(f.rows for f in facts if f.table == file.name))
            lines.unlink()  # at once, so that the rows never lie on the disk thrice
        meta = {
            "format": FORMAT,
            "fingerprint": fingerprint,
            "taken_at": taken_at,
            "declarations": _declarations(sources),
            "files": [dataclasses.asdict(fact) for fact in facts],
            "findings": [finding_document(finding) for finding in findings],
        }
        connection.execute("CREATE TABLE _snapshot (meta VARCHAR)")
        connection.execute("INSERT INTO _snapshot VALUES ($meta)", {"meta": canonical(meta)})
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    _sync(made)


def _meta(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any]:
    row = connection.execute("SELECT meta FROM _snapshot").fetchone()
    meta: dict[str, Any] = json.loads(row[0]) if row else {}
    if meta.get("format") != FORMAT:
        raise StoreError(f"{path} is a snapshot of another format.", "Take it again: sagerecon snapshot.")
    meta["files"] = tuple(FileFacts(**facts) for facts in meta["files"])
    meta["findings"] = [read_finding(document) for document in meta["findings"]]
    return meta


def _refuse_other_declarations(meta: Mapping[str, Any], sources: Sources) -> None:
    if meta["declarations"] != _declarations(sources):
        raise SourceError(
            f"The files of {sources.file} are declared otherwise than when the snapshot was taken.",
            "Take it again: sagerecon snapshot.",
        )


def _fingerprint(sources: Sources, facts: Sequence[FileFacts]) -> str:
    """The name of what the snapshot holds: the bytes of the files and how they were to be read."""
    return fingerprint_of(
        {
            "format": FORMAT,
            "declarations": _declarations(sources),
            "files": [[fact.table, fact.path, fact.sha256] for fact in facts],
        }
    )


def _declarations(sources: Sources) -> str:
    """The fingerprint of how the files are to be read, wherever that stands in the YAML."""
    return fingerprint_of([_without_places(dataclasses.asdict(file)) for file in _sorted(sources)])


def _sorted(sources: Sources) -> list[SourceFile]:
    return sorted(sources.files.values(), key=lambda file: file.name)


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(part) for key, part in value.items() if key != "place"}
    if isinstance(value, list | tuple):
        return [_without_places(part) for part in value]
    return value


def _lines(beside: Path, file: SourceFile) -> Path:
    return beside / f"{file.name}.ndjson"


def _sync(path: Path) -> None:
    """Have the disk hold it, so that no power cut leaves a name without content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
