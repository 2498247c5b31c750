"""Reading every declared file into typed rows, all faults in one pass."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
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
from sagerecon.sources.rows import Row
from sagerecon.sources.tables import row_line
from sagerecon.sources.xlsx_file import XlsxReader

#: Alike faults of one file and column that are told one by one; a million would tell no more.
MAX_SIMILAR_FINDINGS = 20

#: Rows between two words of progress.
_PROGRESS_ROWS = 5_000

Progress: TypeAlias = Callable[[str, int], None]


class Reader(Protocol):
    """Reads the files of one table; one module per format."""

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]: ...

    def finish(self) -> Iterator[Finding]: ...


READERS: dict[str, Callable[[SourceFile], Reader]] = {
    "json": JsonReader,
    "csv": CsvReader,
    "xlsx": XlsxReader,
}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file as it was when the snapshot was taken."""

    table: str
    path: str  #: relative to the data folder
    sha256: str
    rows: int
    bytes: int


class FindingCollector:
    """What was found, with alike faults counted rather than repeated."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._more: Counter[tuple[str, str, int]] = Counter()
        self._last: dict[tuple[str, str, int], Finding] = {}

    def add(self, finding: Finding) -> None:
        """Keep a finding, or count it where many like it were kept."""
        like = (finding.place.file, finding.code, finding.place.column)
        self._more[like] += 1
        if self._more[like] <= MAX_SIMILAR_FINDINGS:
            self._findings.append(finding)
        self._last[like] = finding

    def all(self) -> list[Finding]:
        """The findings in the order of their places, and a last one for those only counted."""
        rest = [
            replace(
                self._last[like],
                place=Place(like[0]),
                message=f"{count - MAX_SIMILAR_FINDINGS} more findings like this: {self._last[like].message}",
            )
            for like, count in self._more.items()
            if count > MAX_SIMILAR_FINDINGS
        ]
        return [*sorted(self._findings, key=lambda found: (found.place, found.code)), *rest]


def read_table(
    file: SourceFile, folder: Path, lines: Path, findings: FindingCollector, progress: Progress
) -> list[FileFacts]:
    """The facts of the table's files, whose typed rows are written to `lines`.

    Raises:
        SourceError: a file cannot be read at all; the table's other files were read all the same.
        OSError: the rows cannot be written.
    """
    found = find_files(folder, file)
    if not found:
        message = f"the file is not there, so {file.name} is empty."
        findings.add(Finding(Code.NO_FILE, Place(file.path), message, severity=Severity.INFO))
    reader = READERS[file.format](file)
    facts: list[FileFacts] = []
    failures: list[Finding] = []
    with lines.open("x", encoding="utf-8") as stream:
        os.chmod(stream.fileno(), 0o600)  # noqa: PTH101 - the open file, not its name
        for one in found:
            try:
                facts.append(_read_file(file, one, reader, stream.write, findings, progress))
            except SourceError as error:
                failures += error.findings
    if failures:
        raise SourceError(f"{failures[0].place}: {failures[0].message}", failures[0].hint, failures)
    for finding in reader.finish():
        findings.add(finding)
    return facts


def _read_file(
    file: SourceFile,
    one: FoundFile,
    reader: Reader,
    write: Callable[[str], int],
    findings: FindingCollector,
    progress: Progress,
) -> FileFacts:
    before = _state(one)
    sha256 = sha256_of(one.path, one.name)
    count = 0
    for row in reader.rows(one.path, one.name):
        if isinstance(row, Finding):
            findings.add(row)
            continue
        write(row_line(row))
        count += 1
        if count % _PROGRESS_ROWS == 0:
            progress(one.name, count)
    progress(one.name, count)
    if _state(one) != before:
        place = Place(one.name)
        raise source_error(
            Finding(Code.FILE_CHANGED, place, "the file changed while it was read.", "Start again.")
        )
    return FileFacts(file.name, one.name, sha256, count, before[0])


def _state(one: FoundFile) -> tuple[int, int]:
    with file_errors(Place(one.name)):
        state = one.path.stat()
    return state.st_size, state.st_mtime_ns
