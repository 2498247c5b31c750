"""Tables with a header row and rows of cells, as in CSV files and workbooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding
from sagerecon.model.limits import WORKBOOK_COLUMNS
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.cell import CellConverter
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import empty_source_finding, source_error
from sagerecon.sources.rows import Field, Row, RowConverter

#: The cells of one row, after the number of its line. A format reader yields them, and findings.
RawRow: TypeAlias = "tuple[int, Sequence[object]]"


@dataclass(frozen=True, slots=True)
class FlatFormat:
    """How the tables of one format differ from those of another."""

    converter: Callable[[Column, SourceFile], CellConverter]
    what: str  #: what a table is called in a message: `the file`, `the sheet`
    are_short_rows_padded: bool  #: whether cells that are blank at the end of a row may be left out


def flat_rows(
    rows: Iterable[RawRow | Finding], file: SourceFile, name: str, kind: FlatFormat
) -> Iterator[Row | Finding]:
    """Yield the typed rows of a table, and a finding for each error in them. Its first row is the header row.

    Args:
        rows: without those before the header row, and without blank ones. A finding among them is the last:
            what follows it cannot be read.
        name: of the file, in places and messages.

    Raises:
        SourceError: there is no row, or the header row has more columns than a table may have.
    """
    table: _FlatTable | None = None
    count = 0
    for raw in rows:
        if isinstance(raw, Finding):
            yield raw
            return
        line, cells = raw
        if table is None:
            table = _FlatTable(file, cells, Place(name, line), kind)
            yield from table.header_findings()
            continue
        count += 1
        if len(cells) != table.width:
            fitted = table.fitted(cells)
            if fitted is None:
                yield table.wrong_width(line, len(cells))
                continue
            cells = fitted
        row, findings = table.row(cells, line)
        yield from findings
        yield row
    if table is None:
        raise source_error(Finding(Code.EMPTY_FILE, Place(name), f"{kind.what} is empty."))
    if not count:
        message = f"{kind.what} has a header row but no data rows."
        yield empty_source_finding(Place(name), file, message)


class _FlatTable:
    """Finds the declared columns in the header row of one file, and converts its rows.

    `place` is the place of the header row.
    """

    def __init__(self, file: SourceFile, header: Sequence[object], place: Place, kind: FlatFormat) -> None:
        self._header = _titles(header, kind)
        self.width = len(self._header)
        self._file = file
        self._place = place
        self._kind = kind
        numbers = {column.name: self._number(column) for column in file.columns}
        self._numbers = {name: number for name, number in numbers.items() if number is not None}
        self._row_converter = RowConverter(
            _field(column, numbers[column.name], file, kind) for column in file.columns
        )

    def header_findings(self) -> Iterator[Finding]:
        """Yield a finding for each declared column that is missing from the header row or occurs twice.

        Raises:
            SourceError: the header row has more columns than a table may have.
        """
        if len(self._header) > WORKBOOK_COLUMNS.most:
            message = f"the header row has {len(self._header):,} columns; {WORKBOOK_COLUMNS.sentence}."
            raise source_error(Finding(Code.TOO_LONG, self._place, message, self._delimiter_hint()))
        for column in self._file.columns:
            title = column.path[0]
            count = self._header.count(title)
            if not count and not column.optional:
                yield Finding(
                    Code.MISSING_COLUMN,
                    self._place,
                    f"the header row has no column '{title}', declared as '{column.name}'.",
                    suggestion(title, self._header) or self._delimiter_hint(),
                )
            elif count > 1:
                number = self._header.index(title) + 1
                place = Place(self._place.file, self._place.line, number)
                yield Finding(
                    Code.COLUMN_TWICE, place, f"column '{title}' occurs {count} times in the header row."
                )

    def fitted(self, cells: Sequence[object]) -> Sequence[object] | None:
        """Return a row of another width as one of the header row's; None if a cell would be lost."""
        if not self._kind.are_short_rows_padded or any(cell is not None for cell in cells[self.width :]):
            return None
        return (*cells[: self.width], *[None] * (self.width - len(cells)))

    def wrong_width(self, line: int, cells: int) -> Finding:
        """Return the finding for a row of another width than the header row."""
        message = f"the row has {counted(cells, 'cell')}; the header row has {self.width}."
        hint = "" if self._kind.are_short_rows_padded else "Check for a delimiter inside an unquoted cell."
        return Finding(Code.RAGGED_ROW, Place(self._place.file, line), message, hint)

    def row(self, cells: Sequence[object], line: int) -> tuple[Row, list[Finding]]:
        """Return the typed row at `line`, and a finding for each cell that does not match its column."""

        def place_of(column: Column) -> Place:
            number = self._numbers.get(column.name)
            return Place(self._place.file, line, 0 if number is None else number + 1)

        return self._row_converter.row(cells, f"{self._place.file}:{line}", place_of)

    def _number(self, column: Column) -> int | None:
        title = column.path[0]
        return self._header.index(title) if title in self._header else None

    def _delimiter_hint(self) -> str:
        if self._file.format == "csv" and len(self._header) == 1:
            for mark in ";\t|,":
                if mark in self._header[0]:
                    shown = {"\t": '"\\t"'}.get(mark, f"'{mark}'")
                    return f"The header row contains {shown}. Set delimiter: {shown}."
        return f"Columns found: {', '.join(self._header[:100])[:200]}."


def _titles(header: Sequence[object], kind: FlatFormat) -> list[str]:
    titles = ["" if title is None else str(title).strip() for title in header]
    while kind.are_short_rows_padded and titles and not titles[-1]:
        titles.pop()
    return titles


def _field(column: Column, number: int | None, file: SourceFile, kind: FlatFormat) -> Field:
    if number is None:  # reported once for the header row, not again for each row
        return Field(column, lambda _cells: None, lambda _cell: None)
    return Field(column, itemgetter(number), kind.converter(column, file))
