"""Reading CSV files into typed rows, with the physical line on which each row starts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import empty_source_finding, file_errors, require_format, source_error
from sagerecon.sources.flat_table import FlatTable
from sagerecon.sources.rows import Row

#: Without a limit, a quote that is never closed would read the rest of the file into memory.
MAX_CELL_CHARACTERS = 1_000_000


class CsvReader:
    """Reads the CSV files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """Yield the rows of one file in its order, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, or is not text in the declared encoding.
        """
        require_format(path, name, "csv")
        encoding = self._encoding(path, name)
        with file_errors(Place(name)), path.open(encoding=encoding, newline="") as stream:
            try:
                yield from self._rows(stream, name)
            except UnicodeError as error:
                raise source_error(_encoding_finding(path, name, encoding)) from error

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the header row has already shown which columns are missing."""
        return iter(())

    def _rows(self, stream: TextIO, name: str) -> Iterator[Row | Finding]:
        csv.field_size_limit(MAX_CELL_CHARACTERS)
        reader = csv.reader(stream, delimiter=self._file.delimiter, quotechar=self._file.quote, strict=True)
        table: FlatTable | None = None
        width = 0
        count = 0
        skipped = sum(1 for _ in islice(stream, self._file.skip))
        line = skipped + 1
        try:
            for cells in reader:
                start, line = line, skipped + reader.line_num + 1
                if not any(cells):
                    continue  # an empty line, or a line of delimiters as spreadsheets write it
                if table is None:
                    table, width = FlatTable(self._file, cells, Place(name, start)), len(cells)
                    yield from table.header_findings()
                    continue
                count += 1
                if len(cells) == width:
                    row, findings = table.row(cells, start)
                    yield from findings
                    yield row
                else:
                    yield _wrong_width(Place(name, start), len(cells), width)
        except csv.Error as error:
            yield _syntax_finding(Place(name, line), error)
            return
        if table is None:
            raise source_error(Finding(Code.EMPTY_FILE, Place(name), "the file is empty."))
        if not count:
            yield empty_source_finding(Place(name), self._file, "the file has a header row but no data rows.")

    def _encoding(self, path: Path, name: str) -> str:
        """Return the declared encoding.

        Raises:
            SourceError: the byte-order mark of the file contradicts the declared encoding.
        """
        with file_errors(Place(name)), path.open("rb") as stream:
            head = stream.read(4)
        declared = self._file.encoding.lower().replace("_", "-")
        if head.startswith(b"\xef\xbb\xbf") and not declared.startswith("utf"):
            found = "utf-8"
        elif head.startswith((b"\xff\xfe", b"\xfe\xff")) and not declared.startswith("utf-16"):
            found = "utf-16"
        else:
            return "utf-8-sig" if declared in ("utf-8", "utf8") else self._file.encoding
        raise source_error(
            Finding(
                Code.NOT_IN_ENCODING,
                Place(name, 1, 1),
                f"the file starts with a byte-order mark of {found}, not {self._file.encoding}.",
                f"Set encoding: {found}.",
            )
        )


def _wrong_width(place: Place, cells: int, width: int) -> Finding:
    return Finding(
        Code.RAGGED_ROW,
        place,
        f"the row has {cells} cell{'' if cells == 1 else 's'}; the header row has {width}.",
        "Check for a delimiter inside an unquoted cell.",
    )


def _syntax_finding(place: Place, error: csv.Error) -> Finding:
    text = str(error)
    if "unexpected end of data" in text or "field larger" in text:
        return Finding(Code.QUOTE_NOT_CLOSED, place, "a quoted cell starts in this row and is never closed.")
    return Finding(Code.NOT_CSV, place, f"invalid CSV: {text}.", "Write a quote inside a quoted cell twice.")


def _encoding_finding(path: Path, name: str, encoding: str) -> Finding:
    """Return the finding for a byte that is not in the encoding, with its line.

    The file is read again to find the line, because the stream reads ahead of the current row.
    """
    place = Place(name)
    subject = "a byte"
    with file_errors(place), path.open("rb") as stream:
        lines = () if encoding.lower().startswith(("utf-16", "utf-32")) else stream
        for number, line in enumerate(lines, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                place, subject = Place(name, number), f"byte 0x{line[error.start]:02x}"
                break
    return Finding(
        Code.NOT_IN_ENCODING,
        place,
        f"{subject} is not valid {encoding.removesuffix('-sig')}.",
        "Set the encoding of the file, such as encoding: cp1252.",
    )
