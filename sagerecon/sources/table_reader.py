"""Reading the files of one table into typed rows, with all errors reported in one pass."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.sources.blocks import Block
from sagerecon.sources.cell import CellChange, display_text
from sagerecon.sources.csv_file import CsvReader
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import FoundFile, file_errors, find_files, sha256_of, source_error
from sagerecon.sources.iif_file import IifReader
from sagerecon.sources.json_file import JsonReader
from sagerecon.sources.jsonl_file import JsonLinesReader
from sagerecon.sources.parquet_file import ParquetReader
from sagerecon.sources.rows import Note, ReadItem
from sagerecon.sources.sie_file import SieReader
from sagerecon.sources.tables import RowWriter, change_line
from sagerecon.sources.xml_file import XmlReader, open_saft

#: Number of findings with the same code, file and column that are listed; more are only counted.
MAX_SIMILAR_FINDINGS = 20

#: Number of rows between two calls of `progress`.
_PROGRESS_ROWS = 5_000

#: Changes that are shown of those of one column by one rule.
_EXAMPLES = 3

#: The item of a list in the name of a column.
_ITEM = re.compile(r"item \d+, ")

Progress: TypeAlias = Callable[[str, int], None]


class FormatReader(Protocol):
    """Reads the files of one table. Each format has its own reader."""

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of one file, one or many at once, and a note for each error or change in them."""
        ...

    def finish(self) -> Iterator[Finding]:
        """Yield the findings that are known only after all files of the table were read."""
        ...


def _open_workbook(file: SourceFile) -> FormatReader:
    from sagerecon.sources.xlsx_file import XlsxReader  # noqa: PLC0415 - openpyxl is large; few read workbooks

    return XlsxReader(file)


def _open_sqlite(file: SourceFile) -> FormatReader:
    from sagerecon.sources.sqlite_file import SqliteReader  # noqa: PLC0415 - few read databases

    return SqliteReader(file)


READERS: dict[str, Callable[[SourceFile], FormatReader]] = {
    "json": JsonReader,
    "jsonl": JsonLinesReader,
    "csv": CsvReader,
    "xlsx": _open_workbook,
    "xml": XmlReader,
    "saft": open_saft,
    "iif": IifReader,
    "parquet": ParquetReader,
    "sqlite": _open_sqlite,
    "sie": SieReader,
}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a snapshot: its name, content hash and size."""

    table: str
    path: str  #: relative to the data folder
    sha256: str
    rows: int
    bytes: int


class FindingCollector:
    """Collects findings; many similar ones are counted instead of listed."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._last: dict[tuple[str, str, int], Finding] = {}

    def add(self, finding: Finding) -> None:
        """Add a finding, or only count it if there are many similar ones."""
        group = (finding.place.file, finding.code, finding.place.column)
        self._counts[group] += 1
        if self._counts[group] <= MAX_SIMILAR_FINDINGS:
            self._findings.append(finding)
        self._last[group] = finding

    def all(self) -> list[Finding]:
        """Return the findings in the order of their places, and one for each group of counted findings."""
        rest = [
            replace(
                self._last[group],
                place=Place(group[0]),
                message=f"{count - MAX_SIMILAR_FINDINGS} more findings such as: {self._last[group].message}",
            )
            for group, count in self._counts.items()
            if count > MAX_SIMILAR_FINDINGS
        ]
        return [*sorted(self._findings, key=lambda found: (found.place, found.code)), *rest]


class ChangeWriter:
    """Writes the values that were changed on reading, one a line, and summarises them."""

    def __init__(self, write: Callable[[str], int]) -> None:
        self._write = write
        self.count = 0
        self._by_rule: dict[tuple[str, str, str], list[CellChange]] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, table: str, change: CellChange) -> None:
        """Write one change of a table."""
        self._write(change_line(table, change))
        self.count += 1
        group = (table, _ITEM.sub("item, ", change.column), change.rule)
        self._counts[group] += 1
        examples = self._by_rule.setdefault(group, [])
        if len(examples) < _EXAMPLES:
            examples.append(change)

    def findings(self) -> Iterator[Finding]:
        """Yield for each column and rule the number of values that it changed, with examples."""
        for group, count in self._counts.items():
            _, column, rule = group
            examples = self._by_rule[group]
            shown = ", ".join(
                f"{display_text(change.before)} to {display_text(change.after)}"
                + (f" ({change.origin})" if number else "")
                for number, change in enumerate(examples)
            )
            more = ", ..." if count > len(examples) else ""
            yield Finding(
                Code.CHANGED_ON_READING,
                Place.parse(examples[0].origin),
                f"{column}: {counted(count, 'value')} changed by {rule}: {shown}{more}.",
                severity=Severity.INFO,
            )


@dataclass(frozen=True, slots=True)
class _Notes:
    """Where the notes on the rows of a table go."""

    file: SourceFile
    findings: FindingCollector
    changes: ChangeWriter

    def add(self, note: Note) -> None:
        if isinstance(note, CellChange):
            self.changes.add(self.file.name, note)
        else:
            self.findings.add(note)


def read_table(
    file: SourceFile,
    folder: Path,
    lines: Path,
    findings: FindingCollector,
    changes: ChangeWriter,
    progress: Progress,
    trusted: Collection[Path],
) -> list[FileFacts]:
    """Read the files of a table, write the typed rows to `lines`, and return the facts of the files.

    Args:
        trusted: the folders into which a link may lead, besides `folder`.

    Raises:
        SourceError: a file cannot be read. The other files of the table are read first.
        OSError: the rows cannot be written.
    """
    found_files = find_files(folder, file, trusted)
    if not found_files:
        message = f"the file does not exist, so table '{file.name}' is empty."
        findings.add(Finding(Code.NO_FILE, Place(file.path), message, severity=Severity.INFO))
    reader = READERS[file.format](file)
    facts: list[FileFacts] = []
    failures: list[Finding] = []
    with lines.open("x", encoding="utf-8") as stream:
        os.chmod(stream.fileno(), 0o600)  # noqa: PTH101 - by descriptor, not by name
        rows = RowWriter(file, stream.write)
        for found_file in found_files:
            try:
                notes = _Notes(file, findings, changes)
                facts.append(_read_file(file, found_file, reader, rows, notes, progress))
            except SourceError as error:
                failures += error.findings
    if failures:
        raise SourceError(f"{failures[0].place}: {failures[0].message}", failures[0].hint, failures)
    for finding in reader.finish():
        findings.add(finding)
    return facts


def _read_file(
    file: SourceFile,
    found: FoundFile,
    reader: FormatReader,
    rows: RowWriter,
    notes: _Notes,
    progress: Progress,
) -> FileFacts:
    before = _file_state(found)
    sha256 = sha256_of(found.path, found.name)
    first = reported = rows.count
    for read in reader.rows(found.path, found.name):
        if isinstance(read, Block):
            rows.add_block(read)
        elif isinstance(read, dict):
            rows.add(read)
        else:
            notes.add(read)
        if rows.count >= reported + _PROGRESS_ROWS:
            reported = rows.count
            progress(found.name, reported - first)
    count = rows.count - first
    progress(found.name, count)
    if _file_state(found) != before:
        place = Place(found.name)
        raise source_error(
            Finding(Code.FILE_CHANGED, place, "the file changed while it was read.", "Run the command again.")
        )
    return FileFacts(table=file.name, path=found.name, sha256=sha256, rows=count, bytes=before[0])


def _file_state(found: FoundFile) -> tuple[int, int]:
    with file_errors(Place(found.name)):
        state = found.path.stat()
    return state.st_size, state.st_mtime_ns
