"""Detect how a file that is not declared is written: format, encoding, delimiter, heading, sheets, records.

The result is a declaration that the readers accept. What cannot be told from the file is a finding.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import CELL, SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.database_shape import detect_parquet, detect_sqlite
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.detected import Detected, cell_column, column_names, no_part, warning
from sagerecon.sources.files import content_kind, file_errors, require_content, require_format, source_error
from sagerecon.sources.formats import FORMATS, default_encoding, format_of
from sagerecon.sources.headings import (
    SAMPLE_ROWS,
    heading_row,
    no_heading,
    numbered_columns,
    titled_columns,
)
from sagerecon.sources.iif_shape import detect_iif
from sagerecon.sources.json_shape import detect_json, detect_json_lines
from sagerecon.sources.text_encoding import detect_encoding
from sagerecon.sources.xml_shape import detect_xml

#: Characters from which the form of a table is told, whatever the length of a row.
_SAMPLE_CHARACTERS = 1_000_000

#: Lines that a row of titles may take, in which lines are broken.
_HEADING_LINES = 50

#: Bytes by which text is told.
_HEAD = 4096

_DELIMITERS = (",", ";", "\t", "|")

#: The share of rows that have the width of the table.
_MOST_ROWS = 0.8

#: The share of them that is enough below a heading of that width.
_HALF_OF_ROWS = 0.5

#: A line by which Excel is told the delimiter.
_SEP_LINE = re.compile(r"\ufeff?sep=(.)\s*")


def detect_file(path: Path, name: str, part: str = "") -> Detected:
    """Return how a file can be declared, with columns that keep each cell as it is.

    Args:
        path: resolved.
        name: of the table.
        part: the sheet of a workbook, the table of a database, or the records of a format that has several;
            empty for the only one. Of several, the one with most records is shown, and the first sheet.

    Raises:
        SourceError: it cannot be read, or its columns are not detected.
    """
    place = Place(path.name)
    require_content(path, path.name)
    file_format, findings = _format(path)
    require_format(path, path.name, file_format)
    file = SourceFile(
        name=name,
        path=as_pattern(path.name),
        format=file_format,
        columns=(),
        place=place,
        encoding=default_encoding(file_format),
    )
    kind = FORMATS[file_format]
    if part and not kind.has_parts:
        raise no_part(Code.RECORDS_NOT_THERE, place, f"{kind.title} is one table", part, ())
    detected = _detect_kinds(file, part) if kind.records else _DETECTORS[file_format](path, file, part)
    return replace(detected, findings=(*findings, *detected.findings))


def detect_columns(path: Path, like: SourceFile, part: str) -> Sequence[Column]:
    """Return the columns of another file of a table, as far as it is written as the first; none if not.

    Args:
        path: resolved.
        like: as the first file is detected.
        part: as in `detect_file`.
    """
    try:
        if like.format == "csv":
            return titled_columns(_csv_titles(path, like), (), Place(path.name))
        found = detect_file(path, like.name, part).file
    except SourceError:
        return ()  # its reader says what is wrong with it
    return found.columns if found.format == like.format else ()


def _csv_titles(path: Path, like: SourceFile) -> Sequence[str]:
    """Return the cells of the row in which the first file of a table has its titles."""
    with (
        file_errors(Place(path.name)),
        open_bounded(path, SOURCE_FILE) as content,
        TextIOWrapper(content, encoding=like.encoding, errors="replace", newline="") as stream,
    ):
        lines = list(islice(_first_lines(stream), like.skip + _HEADING_LINES))
    rows = _cells([line.removeprefix("\ufeff") for line in lines], like.delimiter, like.skip)
    return next((cells for _, cells in rows), ())


def _detect_kinds(file: SourceFile, kind: str) -> Detected:
    """Return the declaration of a file whose format says which fields each kind of records has."""
    kinds = FORMATS[file.format].records
    if kind not in kinds:
        listed = ", ".join(kinds)
        message = f"{FORMATS[file.format].title} has records of several kinds; name one of {listed}."
        hint = f"Such as {file.place.file}#{next(iter(kinds))}."
        raise source_error(Finding(Code.UNKNOWN_RECORDS, file.place, message, hint))
    names = sorted(kinds[kind])
    columns = (
        replace(cell_column(name, (field,), (), file.place), optional=True)
        for name, field in zip(column_names(names), names, strict=True)
    )
    return Detected(replace(file, records=tuple(kind.split(".")), columns=tuple(columns)))


def as_pattern(name: str) -> str:
    """Return a file name as the pattern that matches it alone."""
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", name)


def _format(path: Path) -> tuple[str, tuple[Finding, ...]]:
    """Return the format of a file by its content, or by its name where the content does not tell it."""
    named, kind = format_of(path.name), content_kind(path, path.name)
    if not kind and named and FORMATS[named].is_binary and _is_text(path):
        kind = FORMATS["csv"].title  # many programs write tables of text as .xls
    elif named and (not kind or kind in FORMATS[named].signatures):
        return named, ()
    found = next((name for name, each in FORMATS.items() if kind in (each.title, *each.signatures[:1])), "")
    if not named or not found:
        return found or named or "csv", ()
    message = f"the name ends in {path.suffix}, and the file is {FORMATS[found].title}. It is read as that."
    finding = warning(Code.WRONG_FORMAT, Place(path.name), message, "Check that it is the right file.")
    return found, (replace(finding, severity=Severity.INFO),)


def _is_text(path: Path) -> bool:
    with file_errors(Place(path.name)), open_bounded(path, SOURCE_FILE) as stream:
        head = stream.read(_HEAD)
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (bool(head) and b"\0" not in head)


def _detect_csv(path: Path, file: SourceFile, _sheet: str) -> Detected:
    encoding, findings = detect_encoding(path)
    with (
        file_errors(Place(path.name)),
        open_bounded(path, SOURCE_FILE) as content,
        TextIOWrapper(content, encoding=encoding, newline="") as stream,
    ):
        lines = list(_first_lines(stream))
    if not any(line.strip() for line in lines):
        raise source_error(Finding(Code.EMPTY_FILE, Place(path.name), "the file is empty."))
    stated = _SEP_LINE.fullmatch(lines[0])
    marks = (stated[1],) if stated else _DELIMITERS
    layouts = [_Layout.of(lines, mark, 1 if stated else 0) for mark in marks]
    layouts.sort(key=lambda layout: layout.rank, reverse=True)
    best = layouts[0]
    rivals = [other for other in layouts[1:] if other.rank >= best.rank and best.width > 1]
    if rivals:
        shown = " and ".join(repr(layout.delimiter) for layout in (best, *rivals))
        message = f"the delimiter may be {shown}; {best.delimiter!r} is used."
        findings.append(warning(Code.AMBIGUOUS_FORM, Place(path.name), message, "Check the columns."))
    declared = replace(
        file,
        encoding=encoding.removesuffix("-sig"),
        delimiter=best.delimiter,
        skip=best.lines_before,
        has_header=best.heading is not None,
        short_rows="pad" if best.has_short_rows else "",
        trailing_delimiter=best.has_trailing_delimiter,
        columns=best.columns(Place(path.name)),
    )
    findings += best.findings(path.name)
    return Detected(declared, findings=tuple(findings))


def _first_lines(stream: TextIOWrapper) -> Iterator[str]:
    characters = 0
    while characters < _SAMPLE_CHARACTERS and (line := stream.readline(_SAMPLE_CHARACTERS)):
        characters += len(line)
        yield line


@dataclass(frozen=True, slots=True)
class _Layout:
    """The lines of a CSV file as cells, with one delimiter."""

    delimiter: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]  #: the number of its first line, and its cells
    width: int  #: of most rows
    heading: int | None  #: the number of the row with the titles

    @classmethod
    def of(cls, lines: Sequence[str], delimiter: str, skip: int) -> _Layout:
        rows = tuple(_cells(lines, delimiter, skip))
        widths = Counter(len(cells) for _, cells in rows)
        width = max(widths, key=lambda each: (widths[each] * (each > 1), each), default=1)
        first = len(rows[0][1]) if rows else 1
        if first > 1 and heading_row([cells for _, cells in rows[:1]], first) == 0:
            width = first  # whatever the rows below it lack
        return cls(delimiter, rows, width, heading_row([cells for _, cells in rows], width))

    @property
    def rank(self) -> tuple[bool, bool, float, int, int]:
        """How well the delimiter fits: the better of two has the greater rank."""
        rows = self.rows[self.heading or 0 :]
        share = sum(len(cells) == self.width for _, cells in rows) / max(len(rows), 1)
        is_table = self.width > 1 and (
            share >= _MOST_ROWS
            or (self.heading is not None and share > _HALF_OF_ROWS)
            or self.has_short_rows
            or self.has_trailing_delimiter
        )
        has_heading = is_table and self.heading is not None
        return is_table, has_heading, round(share, 2), self.width, -(self.heading or 0)

    @property
    def lines_before(self) -> int:
        """The number of lines before the heading."""
        return self.rows[self.heading][0] - 1 if self.heading is not None and self.rows else 0

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles, without a blank one at the end where rows end in a delimiter."""
        cells = self.rows[self.heading][1] if self.heading is not None else ()
        titles = tuple(title.strip() for title in cells)
        return titles[:-1] if titles and not titles[-1] else titles

    @property
    def below(self) -> tuple[tuple[str, ...], ...]:
        """The rows below the titles."""
        return tuple(cells for _, cells in self.rows[0 if self.heading is None else self.heading + 1 :])

    @property
    def has_short_rows(self) -> bool:
        """Whether rows lack cells at their end, and none has too many."""
        widths = {len(cells) for cells in self.below}
        most = len(self.titles) or self.width
        return min(widths, default=most) < most >= max(widths, default=most)

    @property
    def has_trailing_delimiter(self) -> bool:
        """Whether rows end in a delimiter after their last cell."""
        most = len(self.titles)
        longer = [cells for cells in self.below if len(cells) > most > 0]
        return bool(longer) and not any(any(cells[most:]) for cells in longer)

    def columns(self, place: Place) -> tuple[Column, ...]:
        """Return the columns by their titles, or by position; none where the rows are no table."""
        width = len(self.titles) or self.width
        blank = [""] * width
        sample = [(*cells, *blank)[:width] for cells in self.below]
        if self.heading is not None:
            return titled_columns(self.titles, sample, place)
        return numbered_columns(sample, width, place) if self.rank[0] else ()

    def findings(self, name: str) -> Iterator[Finding]:
        """Yield what is to be known about the rows."""
        if self.heading is None:
            yield no_heading(Place(name))
        elif self.has_short_rows:
            message = f"rows end before the last of the {len(self.titles)} titles; what is missing is blank."
            yield replace(warning(Code.RAGGED_ROW, Place(name), message), severity=Severity.INFO)


def _cells(lines: Sequence[str], delimiter: str, skip: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the rows that are not blank; what is no CSV with this delimiter ends them."""
    csv.field_size_limit(CELL.most)
    reader = csv.reader(lines[skip:], delimiter=delimiter)
    line = skip + 1
    try:
        for cells in islice(reader, SAMPLE_ROWS + 100):
            start, line = line, skip + reader.line_num + 1
            if any(cells):
                yield start, tuple(cells)
    except csv.Error:
        return


def _detect_workbook(path: Path, file: SourceFile, sheet: str) -> Detected:
    from sagerecon.sources.workbook_shape import (  # noqa: PLC0415 - openpyxl is large; few look at workbooks
        detect_workbook,
    )

    return detect_workbook(path, file, sheet)


_DETECTORS: dict[str, Callable[[Path, SourceFile, str], Detected]] = {
    "csv": _detect_csv,
    "xlsx": _detect_workbook,
    "ods": _detect_workbook,
    "xls": _detect_workbook,
    "json": detect_json,
    "jsonl": detect_json_lines,
    "xml": detect_xml,
    "iif": detect_iif,
    "parquet": detect_parquet,
    "sqlite": detect_sqlite,
}
