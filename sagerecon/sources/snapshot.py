"""The snapshot: the typed rows of all source files, with a fingerprint, in one read-only DuckDB file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from sagerecon.files.folders import make_private_folder
from sagerecon.files.reading import open_bounded
from sagerecon.model.clock import instant_text
from sagerecon.model.code import Code
from sagerecon.model.column_figures import ColumnFigures
from sagerecon.model.control import Control
from sagerecon.model.draft import Change
from sagerecon.model.errors import SourceError, StoreError
from sagerecon.model.finding import Finding, Severity, finding_document, read_finding
from sagerecon.model.limits import SNAPSHOT_FILE, SQL_SECONDS
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import Columns
from sagerecon.model.typed import require_types
from sagerecon.model.value import Scalar, Value, canonical
from sagerecon.model.value import fingerprint as fingerprint_of
from sagerecon.sources.bounded import BoundedConnection, SqlError
from sagerecon.sources.database import error_summary, open_for_loading, open_for_reading, storage_errors
from sagerecon.sources.databases import Databases
from sagerecon.sources.dataset import (
    CompiledSources,
    count_records,
    read_control,
    read_records,
    read_rows,
    run_check,
)
from sagerecon.sources.definitions import SourceFile, Sources
from sagerecon.sources.files import source_error
from sagerecon.sources.keyed import KeyColumn, keyed_rows
from sagerecon.sources.look import look_at_rows
from sagerecon.sources.look_alikes import look_alike_keys
from sagerecon.sources.profile import ColumnProfile, profile_table
from sagerecon.sources.query import CompiledQuery
from sagerecon.sources.shaping import shaped_values
from sagerecon.sources.table_reader import ChangeWriter, FileFacts, FindingCollector, read_table
from sagerecon.sources.tables import CHANGE_COLUMNS, CHANGES, load_changes, load_table, table_columns

#: The format of the file. Files of another format are refused.
FORMAT = "snapshot/v2"

#: Changed values that are read at a time.
_CHANGES_AT_A_TIME = 1_000

#: Rows of a snapshot for which each of its queries has one second more: a join of a million rows takes many.
_ROWS_A_SECOND = 20_000

#: Bytes that each of its queries has more for each megabyte of a snapshot: lists of all its lines take more
#: memory than DuckDB counts.
_MEMORY_A_MEGABYTE = 4 << 20

_TAKE_ANOTHER = "Take a new snapshot: sagerecon snapshot"


def take_snapshot(
    sources: Sources,
    folder: Path,
    target: Path,
    taken_at: int,
    progress: Callable[[str, int], None] = lambda _path, _rows: None,
    trusted: Collection[Path] = (),
) -> tuple[str, list[Finding]]:
    """Read all files and write a snapshot to `target`; return its fingerprint and the findings.

    With a finding of severity error nothing is written, the fingerprint is empty, and an existing
    snapshot at `target` is left unchanged.

    Args:
        taken_at: milliseconds since 1970.
        progress: called with the name of a file and the number of its rows read so far.
        trusted: the folders into which a link may lead, besides `folder`.

    Raises:
        SourceError: a file cannot be read; its `findings` include those of all other files.
        StoreError: the snapshot cannot be written.
    """
    with storage_errors(target):
        make_private_folder(target.parent)
        # In the folder of the target, so that the last step is a rename. Created with mode 0700.
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work_folder:
            facts, findings, changes = _read_all(sources, folder, Path(work_folder), progress, trusted)
            if any(finding.severity is Severity.ERROR for finding in findings):
                return "", findings
            fingerprint = _fingerprint(sources, facts)
            new_file = Path(work_folder) / "snapshot.duckdb"
            _write(new_file, Path(work_folder), sources, facts, findings, changes, taken_at, fingerprint)
            _log_of(target).unlink(missing_ok=True)
            new_file.replace(target)
            _sync(target.parent)
    return fingerprint, findings


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What a snapshot says of itself."""

    fingerprint: str
    declarations: str  #: the fingerprint of the file declarations
    taken_at: int  #: milliseconds since 1970
    files: tuple[FileFacts, ...]
    findings: tuple[Finding, ...]  #: from reading the files; none is an error, or there would be no snapshot


def open_snapshot(path: Path, shape: CompiledSources, seconds: int = SQL_SECONDS.most) -> Snapshot:
    """Open the snapshot at `path`. Use it in a `with` statement, which closes it.

    Args:
        shape: all SQL, compiled without an error.
        seconds: of execution, for each query; a large snapshot has more.

    Raises:
        StoreError: there is no snapshot, or it cannot be read.
        SourceError: the file declarations have changed since.
    """
    connection = _open(path, seconds)
    try:
        facts = _read_facts(connection, path, shape.declared)
        _require_tables(connection, shape, path)
        connection.seconds += sum(file.rows for file in facts.files) // _ROWS_A_SECOND
        connection.memory += (path.stat().st_size >> 20) * _MEMORY_A_MEGABYTE
        return Snapshot(connection, shape, facts)
    except BaseException:
        connection.close()
        raise


def read_facts(path: Path, sources: Sources, seconds: int = SQL_SECONDS.most) -> SnapshotFacts:
    """Return what the snapshot at `path` says of itself. Errors as `open_snapshot`."""
    with closing(_open(path, seconds)) as connection:
        return _read_facts(connection, path, sources)


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A value of a source row that was changed on reading or by SQL, as `sources.yaml` declares."""

    origin: Place
    change: Change


class Snapshot:
    """An open snapshot: its source rows, and the datasets, controls and checks over them."""

    def __init__(
        self,
        connection: BoundedConnection,
        shape: CompiledSources,
        facts: SnapshotFacts,
    ) -> None:
        self._connection = connection
        self._shape = shape
        self.facts = facts

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
        """Close the database file."""
        self._connection.close()

    def columns(self, dataset: str) -> Columns:
        """Return the types of a dataset's columns, including `_origin`."""
        return self._dataset(dataset).columns

    def count(self, dataset: str) -> int:
        """Return the number of records of a dataset."""
        return count_records(self._connection, self._dataset(dataset))

    def rows(self, dataset: str) -> Iterator[Mapping[str, Value]]:
        """Yield the rows of a dataset as mappings from column name to value, in the order of its SQL.

        Raises:
            SourceError: the SQL fails on this data.
        """
        return read_rows(self._connection, self._dataset(dataset))

    def look(self, dataset: str, seconds: int) -> tuple[int, list[ColumnFigures]]:
        """Return the number of rows of a dataset, and the figures of its columns; errors as `rows`.

        Args:
            seconds: of execution, for each query.
        """
        return look_at_rows(self._connection, self._dataset(dataset), seconds)

    def keyed_rows(
        self, dataset: str, key: Sequence[KeyColumn], seconds: int
    ) -> Iterator[tuple[tuple[Scalar, ...], Mapping[str, Value]]]:
        """Yield the rows of a dataset in the order of a key, each with its key.

        Args:
            key: its columns.
            seconds: of execution.

        Raises:
            SourceError: the SQL fails on this data.
        """
        return keyed_rows(self._connection, self._dataset(dataset), key, seconds)

    def records(self, dataset: str, key: Sequence[str]) -> Iterator[Record]:
        """Yield the records of a dataset in the order of its SQL, which is the same every time.

        Raises:
            SourceError: the SQL fails on this data, or a column of `key` does not exist.
        """
        return read_records(self._connection, dataset, self._dataset(dataset), key)

    def shaped(self, dataset: str) -> Iterator[SourceChange]:
        """Yield the cells of source rows that the SQL of a dataset gives another value, in no order.

        Raises:
            SourceError: the SQL fails on this data.
        """
        compiled = self._dataset(dataset)
        for value in shaped_values(self._connection, compiled, self._shape.declared.files):
            change = Change(
                field=f"{value.cells.table}.{value.cells.column}",
                before=value.before,
                after=value.after,
                rule=f"SQL of {dataset}",
                place=compiled.query.place,
            )
            yield SourceChange(value.origin, change)

    def look_alike_keys(self, dataset: str, key: Sequence[str]) -> list[Finding]:
        """Return a finding for each group of different keys of a dataset that look alike.

        Raises:
            SourceError: the SQL fails on this data.
        """
        return list(look_alike_keys(self._connection, dataset, self._dataset(dataset), key))

    def changes(self) -> Iterator[SourceChange]:
        """Yield the values that were changed on reading, in no order."""
        files = self._shape.declared.files
        query = self._connection.query(f"SELECT {', '.join(CHANGE_COLUMNS)} FROM {CHANGES}")  # noqa: S608 - constants
        try:
            while rows := query.fetch(_CHANGES_AT_A_TIME):
                for table, origin, column, before, after, rule in rows:
                    places = {each.name: each.place for each in files[table].columns}
                    name = column.partition(".")[0]
                    change = Change(
                        field=f"{table}.{column}", before=before, after=after, rule=rule, place=places[name]
                    )
                    yield SourceChange(Place.parse(origin), change)
        finally:
            query.close()

    def checks(self) -> list[Finding]:
        """Return a finding for each row that breaks a check of the source data."""
        return [found for check in self._shape.checks for found in run_check(self._connection, check)]

    def controls(self) -> list[Control]:
        """Return the control totals of these rows."""
        return [read_control(self._connection, control) for control in self._shape.controls]

    def profile(self) -> list[ColumnProfile]:
        """Return rows, nulls, distinct values, minimum, maximum and length of each column of each table."""
        files = self._shape.declared.files.values()
        return [found for file in files for found in profile_table(self._connection, file)]

    def _dataset(self, name: str) -> CompiledQuery:
        if name not in self._shape.datasets:
            message = f"unknown dataset '{name}'."
            hint = suggestion(name, self._shape.datasets)
            raise source_error(Finding(Code.NO_SUCH_DATASET, Place(self._shape.declared.file), message, hint))
        return self._shape.datasets[name]


def _read_all(
    sources: Sources,
    folder: Path,
    work_folder: Path,
    progress: Callable[[str, int], None],
    trusted: Collection[Path],
) -> tuple[list[FileFacts], list[Finding], int]:
    """Read every table and return the facts of all files, the findings, and the number of changed values.

    Raises:
        SourceError: a file cannot be read. All other files are read first.
    """
    findings = FindingCollector()
    facts: list[FileFacts] = []
    failures: list[SourceError] = []
    with _changes(work_folder).open("x", encoding="utf-8") as stream, Databases() as databases:
        changes = ChangeWriter(stream.write)
        for file in sources.files.values():
            lines = _lines(work_folder, file)
            try:
                facts += read_table(file, folder, lines, findings, changes, progress, trusted, databases)
            except SourceError as error:
                failures.append(error)
                for finding in error.findings:
                    findings.add(finding)
    for finding in changes.findings():
        findings.add(finding)
    if failures:
        raise SourceError(failures[0].message, failures[0].hint, findings.all())
    return facts, findings.all(), changes.count


def _write(
    new_file: Path,
    work_folder: Path,
    sources: Sources,
    facts: Sequence[FileFacts],
    findings: Sequence[Finding],
    changes: int,
    taken_at: int,
    fingerprint: str,
) -> None:
    connection = open_for_loading(new_file)
    try:
        new_file.chmod(0o600)
        for file in sources.files.values():
            lines = _lines(work_folder, file)
            load_table(connection, file, lines, sum(f.rows for f in facts if f.table == file.name))
            lines.unlink()  # now, so that the rows take less disk space
        load_changes(connection, _changes(work_folder), changes)
        meta = {
            "format": FORMAT,
            "fingerprint": fingerprint,
            "taken_at": taken_at,
            "declarations": _declarations(sources),
            "files": [asdict(fact) for fact in facts],
            "findings": [finding_document(finding) for finding in findings],
        }
        connection.execute("CREATE TABLE _snapshot (meta VARCHAR)")
        connection.execute("INSERT INTO _snapshot VALUES ($meta)", {"meta": canonical(meta)})
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    _sync(new_file)


def _open(path: Path, seconds: int) -> BoundedConnection:
    if os.path.lexists(_log_of(path)):
        raise StoreError(f"{_log_of(path)} is no file of a snapshot, and would change it.", _TAKE_ANOTHER)
    try:
        with open_bounded(path, SNAPSHOT_FILE, follow=False):
            pass  # DuckDB follows links, and waits for the other end of a pipe
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}.", _TAKE_ANOTHER) from error
    with storage_errors(path):
        return open_for_reading(path, seconds)


def _read_facts(connection: BoundedConnection, path: Path, sources: Sources) -> SnapshotFacts:
    """Return what `_write` wrote about the snapshot.

    Raises:
        StoreError: the file is another program's, of another format, or damaged.
        SourceError: the file declarations have changed since.
    """
    try:
        with storage_errors(path):
            row = connection.row("SELECT meta FROM _snapshot")
    except SqlError as error:
        raise StoreError(f"{path}: {error_summary(error)}.", _TAKE_ANOTHER) from error
    try:
        meta: dict[str, Any] = json.loads(row[0]) if row else {}
        if meta.pop("format", None) != FORMAT:
            raise StoreError(f"{path} has an unsupported snapshot format.", _TAKE_ANOTHER)
        meta["files"] = tuple(FileFacts(**facts) for facts in meta["files"])
        meta["findings"] = tuple(map(read_finding, meta["findings"]))
        facts = require_types(SnapshotFacts(**meta))
        instant_text(facts.taken_at)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise _damaged(path) from error
    if facts.declarations != _declarations(sources):
        raise SourceError(
            f"The file declarations in {sources.file} have changed since the snapshot was taken.",
            _TAKE_ANOTHER,
        )
    return facts


def _require_tables(connection: BoundedConnection, shape: CompiledSources, path: Path) -> None:
    """Check that the tables are those that the declarations give.

    Raises:
        StoreError: one is missing, or has other columns.
    """
    try:
        is_same = table_columns(connection, shape.tables) == shape.tables
    except SqlError as error:
        raise _damaged(path) from error
    if not is_same:
        raise _damaged(path)


def _damaged(path: Path) -> StoreError:
    return StoreError(f"{path} is damaged, or was changed by another program.", _TAKE_ANOTHER)


def _fingerprint(sources: Sources, facts: Sequence[FileFacts]) -> str:
    """Return the fingerprint of the snapshot: of the bytes of its files and of their declarations."""
    return fingerprint_of(
        {
            "format": FORMAT,
            "declarations": _declarations(sources),
            "files": [[fact.table, fact.path, fact.sha256] for fact in facts],
        }
    )


def _declarations(sources: Sources) -> str:
    """Return the fingerprint of the file declarations, which does not depend on their place in the YAML."""
    return fingerprint_of([_without_places(asdict(file)) for file in _sorted(sources)])


def _sorted(sources: Sources) -> list[SourceFile]:
    return sorted(sources.files.values(), key=lambda file: file.name)


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(part) for key, part in value.items() if not key.endswith("place")}
    if isinstance(value, list | tuple):
        return [_without_places(part) for part in value]
    return value


def _lines(work_folder: Path, file: SourceFile) -> Path:
    return work_folder / f"{file.name}.ndjson"


def _changes(work_folder: Path) -> Path:
    return work_folder / "_changes.ndjson"


def _log_of(path: Path) -> Path:
    """Return the log that DuckDB would carry out when it opens a database; a snapshot has none."""
    return path.with_name(f"{path.name}.wal")


def _sync(path: Path) -> None:
    """Flush a file or folder to disk, so that a power cut cannot leave a name without content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
