"""CSV files to typed rows, with the physical line on which each row starts."""

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

#: One cell; a quote that is never closed would otherwise swallow the rest of the file into memory.
MAX_CELL_CHARACTERS = 1_000_000


class CsvReader:
    """Reads the files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """The rows of one file in its order, and what is wrong with them.

        Raises:
            SourceError: the file cannot be read, or is no text of the encoding declared.
        """
        require_format(path, name, "csv")
        encoding = self._encoding(path, name)
        with file_errors(Place(name)), path.open(encoding=encoding, newline="") as stream:
            try:
                yield from self._rows(stream, name)
            except UnicodeError as error:
                raise source_error(_not_in_encoding(path, name, encoding)) from error

    def finish(self) -> Iterator[Finding]:
        """Nothing: a heading says at once what is not there."""
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
                    continue  # an empty line, or nothing but delimiters as spreadsheets leave them
                if table is None:
                    table, width = FlatTable(self._file, cells, Place(name, start)), len(cells)
                    yield from table.faults()
                    continue
                count += 1
                if len(cells) == width:
                    row, findings = table.row(cells, start)
                    yield from findings
                    yield row
                else:
                    yield _ragged(Place(name, start), len(cells), width)
        except csv.Error as error:
            yield _broken(Place(name, line), error)
            return
        if table is None:
            raise source_error(Finding(Code.EMPTY_FILE, Place(name), "the file is empty."))
        if not count:
            yield empty_source_finding(Place(name), self._file, "the file has a heading and no row.")

    def _encoding(self, path: Path, name: str) -> str:
        """The encoding declared, unless the first bytes say it cannot be that one."""
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
                f"the file begins with the mark of {found}, not {self._file.encoding}.",
                f"Say encoding: {found}.",
            )
        )


def _ragged(place: Place, cells: int, width: int) -> Finding:
    return Finding(
        Code.RAGGED_ROW,
        place,
        f"the row has {cells} cell{'' if cells == 1 else 's'} and the heading {width}.",
        "Look for a delimiter inside a cell that is not in quotes.",
    )


def _broken(place: Place, error: csv.Error) -> Finding:
    words = str(error)
    if "unexpected end of data" in words or "field larger" in words:
        return Finding(Code.QUOTE_NOT_CLOSED, place, "a quote is opened in this row and never closed.")
    return Finding(
        Code.NOT_CSV, place, f"not CSV: {words}.", "A quote inside a quoted cell is written twice."
    )


def _not_in_encoding(path: Path, name: str, encoding: str) -> Finding:
    """Finds the line again: the stream has read ahead of the row it gave last."""
    place = Place(name)
    what = "a byte"
    with file_errors(place), path.open("rb") as stream:
        lines = () if encoding.lower().startswith(("utf-16", "utf-32")) else stream
        for number, line in enumerate(lines, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                place, what = Place(name, number), f"the byte 0x{line[error.start]:02x}"
                break
    return Finding(
        Code.NOT_IN_ENCODING,
        place,
        f"{what} is not {encoding.removesuffix('-sig')}.",
        "Say the file's encoding, such as encoding: cp1252.",
    )
