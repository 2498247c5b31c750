"""Tables with a header row and rows of cells, as in CSV and XLSX files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import WORKBOOK_COLUMNS
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import source_error
from sagerecon.sources.rows import Field, Row, RowConverter, converter


class FlatTable:
    """Finds the declared columns in the header row of one file, and converts its rows.

    `place` is the place of the header row.
    """

    def __init__(self, file: SourceFile, header: Sequence[str], place: Place) -> None:
        self._header = [name.strip() for name in header]
        self._file = file
        self._place = place
        numbers = {column.name: self._number(column) for column in file.columns}
        self._numbers = {name: number for name, number in numbers.items() if number is not None}
        self._row_converter = RowConverter(
            _field(column, numbers[column.name], file) for column in file.columns
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


def _field(column: Column, number: int | None, file: SourceFile) -> Field:
    if number is None:  # reported once for the header row, not again for each row
        return Field(column, lambda _cells: None, lambda _cell: None)
    return Field(column, itemgetter(number), converter(column, file))
