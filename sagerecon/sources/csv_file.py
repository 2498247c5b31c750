"""Reading CSV files into typed rows, with the physical line on which each row starts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import partial
from io import TextIOWrapper
from pathlib import Path

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import CELL, SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.blocks import BLOCK_ROWS
from sagerecon.sources.cell import Cell, CellConverter, CellError, display_text
from sagerecon.sources.csv_rows import CsvRows, LongRowError
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import file_errors, other_encoding_hint, require_format, source_error, text_codec
from sagerecon.sources.flat_table import FlatFormat, flat_rows
from sagerecon.sources.rows import ReadItem, converter

#: A cell in quotes that begins with a blank.
_LATE_QUOTE = re.compile(r'\s+".*"\s*', re.DOTALL)


def _csv_converter(column: Column, file: SourceFile) -> CellConverter:
    """Return the function that converts a cell of a CSV file by its column.

    Raises:
        CellError: by the returned function, if the cell does not match the column, or has a blank before its
            first quote, which is then part of it; of a text a warning.
    """
    convert = converter(column, file)

    def convert_cell(cell: object) -> Cell:
        if not (isinstance(cell, str) and cell[:1].isspace() and _LATE_QUOTE.fullmatch(cell)):
            return convert(cell)
        message = f"{display_text(cell)} begins with a blank, so its quotes are read as part of the cell."
        hint = "Export the file without blanks between a delimiter and a quote."
        if column.type == "text":
            raise CellError(Code.NOT_CSV, message, hint, Severity.WARNING, convert(cell))
        raise CellError(Code.NOT_CSV, message, hint)

    return convert_cell if file.quote == '"' else convert


_CSV = FlatFormat(_csv_converter, "the file", are_short_rows_padded=False, are_rows_chosen=True)


#: Bytes by which the encoding of a file is recognised.
_HEAD = 1024

#: The first line of a CSV file in which Excel states its delimiter.
_STATED_DELIMITER = re.compile(r'"?sep=(.)"?,*', re.IGNORECASE)


class CsvReader:
    """Reads the CSV files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
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
                rows = CsvRows(stream, self._file.delimiter, self._file.quote)
                try:
                    yield from self._skip(rows, name)
                    yield from flat_rows(rows, self._file, name, _CSV, partial(rows.take, BLOCK_ROWS))
                except csv.Error as error:
                    yield _syntax_finding(Place(name, rows.start), error)
                except LongRowError as error:
                    hint = "Check the delimiter, the line ends, and that each quoted cell is closed."
                    yield Finding(Code.TOO_LONG, Place(name, rows.start), str(error), hint)
            except UnicodeError as error:
                raise source_error(_encoding_finding(path, name, encoding)) from error

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the header row has already shown which columns are missing."""
        return iter(())

    def _skip(self, rows: CsvRows, name: str) -> Iterator[Finding]:
        """Read the lines before the table; yield a finding if the first states another delimiter."""
        for _ in range(self._file.skip):
            rows.next_line()
        if not self._file.skip:
            first = rows.next_line()
            stated = _STATED_DELIMITER.fullmatch(first.rstrip("\r\n"))
            if stated is None:
                rows.put_back([first] if first else [])
            else:
                yield from self._check_stated(Place(name, 1), stated[1])

    def _check_stated(self, place: Place, stated: str) -> Iterator[Finding]:
        """Yield a finding if the file states another delimiter than declared."""
        if stated != self._file.delimiter:
            shown = {"\t": '"\\t"'}.get(stated, f"'{stated}'")
            message = f"the file states that its delimiter is {shown}."
            yield Finding(Code.STATED_DELIMITER, place, message, f"Set delimiter: {shown}.")

    def _encoding(self, path: Path, name: str) -> str:
        """Return the codec of the file; errors as `text_codec`.

        Raises:
            SourceError: the file cannot be read.
        """
        with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
            head = stream.read(_HEAD)
        return text_codec(head, self._file.encoding, name)


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
    hint = other_encoding_hint(encoding)
    with file_errors(place), open_bounded(path, SOURCE_FILE) as stream:
        lines = () if encoding.lower().startswith(("utf-16", "utf-32")) else stream
        for number, line in enumerate(lines, start=1):
            try:
                line.decode(encoding)
            except UnicodeError as error:
                place = Place(name, number)
                if isinstance(error, UnicodeDecodeError):
                    subject = f"byte 0x{line[error.start]:02x}"
                if not encoding.lower().startswith("utf") and _is_utf_8(line):
                    hint = "Set encoding: utf-8."
                break
    return Finding(
        Code.NOT_IN_ENCODING,
        place,
        f"{subject} is not valid {encoding.removesuffix('-sig')}.",
        hint,
    )


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeError:
        return False
    return True
