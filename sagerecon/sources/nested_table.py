"""Tables whose records hold values at paths, as in JSON, XML and SIE files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.json_fields import PathTracker
from sagerecon.sources.rows import Field, Note, Row, RowConverter


class NestedTable:
    """Converts the records of one table, and tracks the paths that none of them has."""

    def __init__(self, file: SourceFile, fields: Iterable[Field]) -> None:
        self._file = file
        self._row_converter = RowConverter(fields, file)
        self._paths = PathTracker(file.columns)

    def row(
        self,
        record: Mapping[str, Any],
        place: Place,
        place_of: Callable[[Column], Place] | None = None,
    ) -> Iterator[Row | Note]:
        """Yield a note for each value that does not match its column or was changed, then the typed row.

        Args:
            place: of the record.
            place_of: returns the place of a column's value; without it, all are at the place of the record.
        """
        self._paths.observe(record)
        row, notes = self._row_converter.row(record, str(place), place_of or (lambda _column: place))
        yield from notes
        yield row

    def missing(self) -> Iterator[Finding]:
        """Yield a finding for each column whose path no record of any file had."""
        for column, where, keys in self._paths.missing():
            yield Finding(
                code=Code.COLUMN_NEVER_THERE,
                place=column.place,
                message=f"no record in {self._file.path} has '{where}', so {column.name} is always empty.",
                hint=suggestion(where.rpartition(".")[2], keys)
                or "Correct the path, or set optional: true if no record needs it.",
                severity=Severity.WARNING,
            )
        yield from self._row_converter.format_counts(Place(self._file.path))
