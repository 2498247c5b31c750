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
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import CELL, SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.detected import Detected, cell_column, column_names, warning
from sagerecon.sources.files import file_errors, require_format, source_error
from sagerecon.sources.formats import FORMATS, default_encoding, format_of
from sagerecon.sources.json_shape import detect_json, detect_json_lines

#: Rows from which the form of a table is told.
SAMPLE_ROWS = 1_000

#: Characters from which it is told, whatever the length of a row.
_SAMPLE_CHARACTERS = 1_000_000

#: Bytes that are checked at a time.
_PIECE = 1 << 20

_DELIMITERS = (",", ";", "\t", "|")

#: The share of rows that have the width of the table.
_MOST_ROWS = 0.8

#: Encodings of files without a byte-order mark that are not UTF-8, the most usual first.
_LEGACY = ("cp1252", "cp850", "mac_roman")

#: A line by which Excel is told the delimiter.
_SEP_LINE = re.compile(r"\ufeff?sep=(.)\s*")

#: A cell that is no title: a number, an amount, a date.
_VALUE = re.compile(r"[-+(]?[£$€]?\s*[0-9][0-9.,:/' -]*[)%]?")


def detect_file(path: Path, name: str, part: str = "") -> Detected:
    """Return how a file can be declared, with columns that keep each cell as it is.

    Args:
        path: resolved.
        name: of the table.
        part: the sheet of a workbook, or the kind of records of a format that has several; empty for its only
            one, or the first that has rows.

    Raises:
        SourceError: it cannot be read, or its columns are not detected.
    """
    file_format = format_of(path.name) or _format_by_content(path)
    require_format(path, path.name, file_format)
    file = SourceFile(
        name=name,
        path=as_pattern(path.name),
        format=file_format,
        columns=(),
        place=Place(path.name),
        encoding=default_encoding(file_format),
    )
    if FORMATS[file_format].records:
        return _detect_kinds(file, part)
    if file_format not in _DETECTORS:
        message = f"the columns of {FORMATS[file_format].title} files are not detected."
        hint = "Declare the file in sources.yaml."
        raise source_error(Finding(Code.UNKNOWN_FORMAT, Place(path.name), message, hint))
    return _DETECTORS[file_format](path, file, part)


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


def _format_by_content(path: Path) -> str:
    with file_errors(Place(path.name)), open_bounded(path, SOURCE_FILE) as stream:
        head = stream.read(1024).removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    return "json" if re.match(rb"""[{\[]\s*["{\[]""", head) else "csv"


def _detect_csv(path: Path, file: SourceFile, _sheet: str) -> Detected:
    encoding, findings = _encoding(path)
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


def _columns(titles: Sequence[str], sample: Sequence[Sequence[object]], place: Place) -> tuple[Column, ...]:
    """Return a column for each title; its type is that of the cells."""
    columns = []
    for number, (name, title) in enumerate(zip(column_names(titles), titles, strict=True)):
        if title:
            column = cell_column(name, (title,), [cells[number] for cells in sample], place)
            several = titles.count(title) > 1
            occurrence = titles[: number + 1].count(title) if several else 0
            columns.append(replace(column, occurrence=occurrence))
    return tuple(columns)


def _numbered(sample: Sequence[Sequence[object]], width: int, place: Place) -> tuple[Column, ...]:
    """Return a column for each position of a table without titles."""
    columns = []
    for number in range(1, width + 1):
        name = f"column_{number}"
        column = cell_column(name, (name,), [row[number - 1] for row in sample], place)
        columns.append(replace(column, number=number))
    return tuple(columns)


def _first_lines(stream: TextIOWrapper) -> Iterator[str]:
    characters = 0
    while characters < _SAMPLE_CHARACTERS and (line := stream.readline(_SAMPLE_CHARACTERS)):
        characters += len(line)
        yield line


def _encoding(path: Path) -> tuple[str, list[Finding]]:
    """Return the encoding of a text file, and a warning where the bytes alone do not tell it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    place = Place(path.name)
    with file_errors(place), open_bounded(path, SOURCE_FILE) as stream:
        head = stream.read(4096)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig", []
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", []
        if (wide := _wide_encoding(head)) is not None:
            return wide, []
        stream.seek(0)
        try:
            while piece := stream.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8", []
        stream.seek(0)
        sample = b"".join(line for line in islice(stream, 200_000) if not line.isascii())[:_PIECE]
    readings = {name: words for name in _LEGACY if (words := _words(sample, name))}
    if not readings:
        return "cp1252", []
    first, *others = readings
    shown = "; ".join(f"{name} reads {', '.join(words)}" for name, words in readings.items())
    message = f"the bytes are not UTF-8, and do not tell the encoding: {shown}. {first} is used."
    hint = f"Check the letters. If they are wrong, set encoding: {others[0]}." if others else ""
    return first, [warning(Code.AMBIGUOUS_FORM, place, message, hint)]


def _wide_encoding(head: bytes) -> str | None:
    """Return the form of UTF-16 in which every other byte of a text without a mark is zero, or None."""
    half = len(head) // 2
    if half and head[1::2].count(0) > half * 0.4:
        return "utf-16-le"
    return "utf-16-be" if half and head[0::2].count(0) > half * 0.4 else None


def _words(sample: bytes, encoding: str) -> list[str]:
    """Return words with other than ASCII letters as an encoding reads them; none where it cannot."""
    try:
        text = sample.decode(encoding)
    except UnicodeError:
        return []
    words = re.findall(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", text)
    return [f"'{word[:20]}'" for word in dict.fromkeys(words)][:3]


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
        if first > 1 and _heading([cells for _, cells in rows[:1]], first) == 0:
            width = first  # whatever the rows below it lack
        return cls(delimiter, rows, width, _heading([cells for _, cells in rows], width))

    @property
    def rank(self) -> tuple[bool, bool, float, int]:
        """How well the delimiter fits: the better of two has the greater rank."""
        rows = self.rows[self.heading or 0 :]
        share = sum(len(cells) == self.width for _, cells in rows) / max(len(rows), 1)
        is_table = self.width > 1 and (
            share >= _MOST_ROWS or self.has_short_rows or self.has_trailing_delimiter
        )
        return is_table, is_table and self.heading is not None, round(share, 2), self.width

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
            return _columns(self.titles, sample, place)
        return _numbered(sample, width, place) if self.rank[0] else ()

    def findings(self, name: str) -> Iterator[Finding]:
        """Yield what is to be known about the rows."""
        if self.heading is None:
            yield _no_heading(Place(name))
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


def _heading(rows: Sequence[Sequence[object]], width: int) -> int | None:
    """Return the number of the first row that is as wide as the table, if it holds titles; else None."""
    for number, cells in enumerate(rows[:100]):
        titles = [str(cell).strip() for cell in cells if cell is not None and str(cell).strip()]
        if len(titles) < max(width - 1, 1) or (len(titles) == 1 and width > 1):
            continue
        is_text = all(isinstance(cell, str) or cell is None for cell in cells)
        if is_text and len(set(titles)) * 2 > len(titles) and not any(map(_VALUE.fullmatch, titles)):
            return number
        return None
    return None


def _no_heading(place: Place) -> Finding:
    message = "no row holds a title for each column, so the columns are named by their positions."
    hint = "Export the file with its headings, or give the columns names in sources.yaml."
    return warning(Code.MISSING_COLUMN, place, message, hint)


def _detect_workbook(path: Path, file: SourceFile, sheet: str) -> Detected:
    from sagerecon.sources.workbook import (  # noqa: PLC0415 - openpyxl is large; few look at workbooks
        open_workbook,
        workbook_errors,
    )

    place = Place(path.name)
    with open_workbook(path, place) as sheets:
        names = [str(each.title) for each in sheets]
        if not names or (sheet and sheet not in names):
            message = (
                f"the workbook has no sheet '{sheet}'; its sheets are {', '.join(names[:12]) or 'none'}."
            )
            raise source_error(Finding(Code.NO_SHEET, place, message))
        chosen = sheets[names.index(sheet) if sheet else 0]
        with workbook_errors(place):
            rows = [tuple(cells) for cells in islice(chosen.iter_rows(values_only=True), SAMPLE_ROWS + 100)]
    findings = []
    if len(names) > 1 and not sheet:
        message = f"the workbook has {counted(len(names), 'sheet')}; '{names[0]}' is shown."
        hint = f"For another one: {path.name}#{names[1]}"
        findings.append(replace(warning(Code.WHICH_SHEET, place, message, hint), severity=Severity.INFO))
    trimmed = (_trimmed_row(cells) for cells in rows)
    filled = [(number, cells) for number, cells in enumerate(trimmed) if cells]
    if not filled:
        raise source_error(Finding(Code.EMPTY_FILE, place, f"the sheet '{chosen.title}' is empty."))
    widths = Counter(len(cells) for _, cells in filled)
    width = max(widths, key=lambda each: (each > 1, widths[each], each))
    heading = _heading([cells for _, cells in filled], width)
    declared = replace(file, sheet=str(chosen.title) if len(names) > 1 else "")
    if heading is None:
        rows = [(*cells, *[None] * (width - len(cells))) for _, cells in filled]
        declared = replace(declared, has_header=False, columns=_numbered(rows, width, place))
        return Detected(declared, tuple(names), (*findings, _no_heading(place)))
    titles = ["" if title is None else str(title).strip() for title in filled[heading][1]]
    sample = [(*cells, *[None] * (len(titles) - len(cells))) for _, cells in filled[heading + 1 :]]
    declared = replace(declared, skip=filled[heading][0], columns=_columns(titles, sample, place))
    return Detected(declared, tuple(names), tuple(findings))


def _trimmed_row(cells: Sequence[object]) -> tuple[object, ...]:
    """Return a row without the blank cells at its end."""
    end = next((number for number in range(len(cells), 0, -1) if _is_there(cells[number - 1])), 0)
    return tuple(cells[:end])


def _is_there(cell: object) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


_DETECTORS: dict[str, Callable[[Path, SourceFile, str], Detected]] = {
    "csv": _detect_csv,
    "xlsx": _detect_workbook,
    "json": detect_json,
    "jsonl": detect_json_lines,
}
