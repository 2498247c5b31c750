"""What CSV and XLSX share: a heading, rows of cells in its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

from sagerecon.model.code import Code
from sagerecon.model.document import suggestion
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.rows import Field, Row, RowConverter, converter


class FlatTable:
    """The declared columns laid over one file's heading, which stands at `place`."""

    def __init__(self, file: SourceFile, heading: Sequence[str], place: Place) -> None:
        self._heading = [name.strip() for name in heading]
        self._file = file
        self._place = place
        numbers = {column.name: self._number(column) for column in file.columns}
        self._numbers = {name: number for name, number in numbers.items() if number is not None}
        self._row_converter = RowConverter(
            _field(column, numbers[column.name], file) for column in file.columns
        )

    def faults(self) -> Iterator[Finding]:
        """Declared columns that the heading lacks or has twice."""
        for column in self._file.columns:
            heading = column.path[0]
            count = self._heading.count(heading)
            if not count and not column.optional:
                yield Finding(
                    Code.MISSING_COLUMN,
                    self._place,
                    f"there is no column '{heading}', which {column.name} is read from.",
                    suggestion(heading, self._heading) or self._delimiter_hint(),
                )
            elif count > 1:
                number = self._heading.index(heading) + 1
                place = Place(self._place.file, self._place.line, number)
                yield Finding(Code.COLUMN_TWICE, place, f"there are {count} columns '{heading}'.")

    def row(self, cells: Sequence[object], line: int) -> tuple[Row, list[Finding]]:
        """The typed row and what is wrong with it."""

        def place_of(column: Column) -> Place:
            number = self._numbers.get(column.name)
            return Place(self._place.file, line, 0 if number is None else number + 1)

        return self._row_converter.row(cells, f"{self._place.file}:{line}", place_of)

    def _number(self, column: Column) -> int | None:
        heading = column.path[0]
        return self._heading.index(heading) if heading in self._heading else None

    def _delimiter_hint(self) -> str:
        if self._file.format == "csv" and len(self._heading) == 1:
            for mark in ";\t|,":
                if mark in self._heading[0]:
                    shown = {"\t": '"\\t"'}.get(mark, f"'{mark}'")
                    return f"The first line has {shown} in it: say delimiter: {shown}."
        return f"The heading has: {', '.join(self._heading)[:200]}."


def _field(column: Column, number: int | None, file: SourceFile) -> Field:
    if number is None:  # said once at the heading, not again in each row
        return Field(column, lambda _cells: None, lambda _cell: None)
    return Field(column, itemgetter(number), converter(column, file))
