"""Reading CSV files into typed rows, with the physical line on which each row starts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import CELL, CSV_ROW, SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import file_errors, require_format, source_error
from sagerecon.sources.flat_table import FlatFormat, RawRow, flat_rows
from sagerecon.sources.rows import Row, converter

_CSV = FlatFormat(converter, "the file", are_short_rows_padded=False)


class _LongRowError(Exception):
    """A row is longer than it may be."""


class _Lines:
    """The lines of a CSV file, up to the longest row. A quoted cell may hold line ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.of_row = 0  #: characters read since the last row; whoever takes a row sets it to 0

    def __iter__(self) -> Iterator[str]:
        most = CSV_ROW.most
        while line := self._stream.readline(most + 1):
            self.of_row += len(line)
            if self.of_row > most:
                raise _LongRowError
            yield line


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
        with (
            file_errors(Place(name)),
            open_bounded(path, SOURCE_FILE) as content,
            TextIOWrapper(content, encoding=encoding, newline="") as stream,
        ):
            try:
                yield from flat_rows(self._rows(stream, name), self._file, name, _CSV)
            except UnicodeError as error:
                raise source_error(_encoding_finding(path, name, encoding)) from error

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the header row has already shown which columns are missing."""
        return iter(())

    def _rows(self, stream: TextIO, name: str) -> Iterator[RawRow | Finding]:
        """Yield the rows that are not blank, with the line on which each starts.

        A finding is the last that is yielded: what follows cannot be read.
        """
        csv.field_size_limit(CELL.most)
        lines = _Lines(stream)
        line = 1
        try:
            skipped = self._skip(lines)
            line = skipped + 1
            delimiter, quote = self._file.delimiter, self._file.quote
            reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
            for cells in reader:
                lines.of_row = 0
                start, line = line, skipped + reader.line_num + 1
                if any(cells):  # or it is an empty line, or one of delimiters as spreadsheets write it
                    yield start, cells
        except csv.Error as error:
            yield _syntax_finding(Place(name, line), error)
        except _LongRowError:
            message = f"the row is longer than a row may be; {CSV_ROW.sentence}."
            hint = "Check the delimiter, the line ends, and that each quoted cell is closed."
            yield Finding(Code.TOO_LONG, Place(name, line), message, hint)

    def _skip(self, lines: _Lines) -> int:
        """Read the lines before the header row, and return their number."""
        skipped = 0
        for _ in islice(lines, self._file.skip):
            lines.of_row = 0
            skipped += 1
        return skipped

    def _encoding(self, path: Path, name: str) -> str:
        """Return the declared encoding.

        Raises:
            SourceError: the byte-order mark of the file contradicts the declared encoding.
        """
        with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
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


def _syntax_finding(place: Place, error: csv.Error) -> Finding:
    text = str(error)
    if "field larger" in text:
        hint = "Check that each quoted cell is closed."
        return Finding(Code.TOO_LONG, place, f"a cell of this row is too long; {CELL.sentence}.", hint)
    if "unexpected end of data" in text:
        return Finding(Code.QUOTE_NOT_CLOSED, place, "a quoted cell starts in this row and is never closed.")
    return Finding(Code.NOT_CSV, place, f"invalid CSV: {text}.", "Write a quote inside a quoted cell twice.")


def _encoding_finding(path: Path, name: str, encoding: str) -> Finding:
    """Return the finding for a byte that is not in the encoding, with its line.

    The file is read again to find the line, because the stream reads ahead of the current row.
    """
    place = Place(name)
    subject = "a byte"
    with file_errors(place), open_bounded(path, SOURCE_FILE) as stream:
        lines = () if encoding.lower().startswith(("utf-16", "utf-32")) else stream
        for number, line in enumerate(lines, start=1):
            try:
                line.decode(encoding)
            except UnicodeError as error:
                place = Place(name, number)
                if isinstance(error, UnicodeDecodeError):
                    subject = f"byte 0x{line[error.start]:02x}"
                break
    return Finding(
        Code.NOT_IN_ENCODING,
        place,
        f"{subject} is not valid {encoding.removesuffix('-sig')}.",
        "Set the encoding of the file, such as encoding: cp1252.",
    )
