"""Reading the files of one table into typed rows, with all errors reported in one pass."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.sources.csv_file import CsvReader
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import FoundFile, file_errors, find_files, sha256_of, source_error
from sagerecon.sources.json_file import JsonReader
from sagerecon.sources.jsonl_file import JsonLinesReader
from sagerecon.sources.rows import Row
from sagerecon.sources.sie_file import SieReader
from sagerecon.sources.tables import row_line

#: Number of findings with the same code, file and column that are listed; more are only counted.
MAX_SIMILAR_FINDINGS = 20

#: Number of rows between two calls of `progress`.
_PROGRESS_ROWS = 5_000

Progress: TypeAlias = Callable[[str, int], None]


class FormatReader(Protocol):
    """Reads the files of one table. Each format has its own reader."""

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """Yield the rows of one file, and a finding for each error in them."""
        ...

    def finish(self) -> Iterator[Finding]:
        """Yield the findings that are known only after all files of the table were read."""
        ...


def _open_workbook(file: SourceFile) -> FormatReader:
    from sagerecon.sources.xlsx_file import XlsxReader  # noqa: PLC0415 - openpyxl is large; few read workbooks

    return XlsxReader(file)


READERS: dict[str, Callable[[SourceFile], FormatReader]] = {
    "json": JsonReader,
    "jsonl": JsonLinesReader,
    "csv": CsvReader,
    "xlsx": _open_workbook,
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


def read_table(
    file: SourceFile,
    folder: Path,
    lines: Path,
    findings: FindingCollector,
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
        for found_file in found_files:
            try:
                facts.append(_read_file(file, found_file, reader, stream.write, findings, progress))
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
    write: Callable[[str], int],
    findings: FindingCollector,
    progress: Progress,
) -> FileFacts:
    before = _file_state(found)
    sha256 = sha256_of(found.path, found.name)
    count = 0
    for row in reader.rows(found.path, found.name):
        if isinstance(row, Finding):
            findings.add(row)
            continue
        write(row_line(row))
        count += 1
        if count % _PROGRESS_ROWS == 0:
            progress(found.name, count)
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
