"""Reading the elements of XML files, among them SAF-T audit files, into typed rows, one record at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import empty_source_finding, require_format, source_error
from sagerecon.sources.nested_table import NestedTable
from sagerecon.sources.rows import Note, ReadItem, Row
from sagerecon.sources.saft_sections import SAFT_ROOT, SAFT_SECTIONS, Paths
from sagerecon.sources.xml_fields import PARENT, Element, place_at, xml_fields
from sagerecon.sources.xml_records import XmlRecords
from sagerecon.sources.xml_text import xml_errors, xml_pieces

#: Names of elements that a message lists.
_SHOWN_NAMES = 30


class XmlReader:
    """Reads the XML files of one table: those elements that are at one of some paths from the root."""

    def __init__(self, file: SourceFile, paths: Paths | None = None) -> None:
        self._file = file
        self._paths = paths or (file.records,)
        self._table = NestedTable(file, xml_fields(file))
        self._needed = frozenset(_needed(file))

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of one file in its order, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, is not XML, or has no element at the declared path.
        """
        require_format(path, name, self._file.format)
        records = XmlRecords(self._paths, self._needed)
        found = False
        with xml_errors(name):
            for piece in xml_pieces(path):
                for record in records.feed(piece):
                    found = True
                    yield from self._row(record, name)
                self._require_root(records, name)
            records.close()
        if not found:
            yield self._missing_records(records, name)

    def finish(self) -> Iterator[Finding]:
        """Yield a finding for each column whose path no record of any file had."""
        return self._table.missing()

    def _row(self, record: Element, name: str) -> Iterator[Row | Note]:
        def place_of(column: Column) -> Place:
            return place_at(record, column.path, name)

        return self._table.row(record, Place(name, record.line, record.column), place_of)

    def _require_root(self, records: XmlRecords, name: str) -> None:
        """Raise a SourceError where the root is that of another document."""
        if records.root and self._file.format == "saft" and records.root != SAFT_ROOT:
            message = f"the file is XML with the root element '{records.root}', not SAF-T."
            hint = "To read it as it is, set format: xml."
            raise source_error(Finding(Code.WRONG_FORMAT, Place(name, 1), message, hint))

    def _missing_records(self, records: XmlRecords, name: str) -> Finding:
        """Return the finding for a file without an element at the declared path."""
        path, names = ".".join(records.deepest), records.names_there
        expected = self._paths[0][len(records.deepest)]
        place = Place(name, records.deepest_line)
        if self._file.optional or (names == () and path):
            what = f"'{path}' holds no element '{expected}'." if path else "the file has no records."
            return empty_source_finding(place, self._file, what)
        shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
        where = f"'{path}'" if path else "the file"
        message = f"{where} has no element '{expected}'; it has {shown}."
        hint = suggestion(expected, names) or "Correct 'records' in sources.yaml, or set optional: true."
        return Finding(Code.RECORDS_NOT_THERE, place, message, hint)


def open_saft(file: SourceFile) -> XmlReader:
    """Return the reader of a section of SAF-T files."""
    return XmlReader(file, SAFT_SECTIONS[file.records[0]])


def _needed(file: SourceFile) -> Iterator[tuple[int, str]]:
    """Yield what columns need of the elements around a record: how many levels up, and the name."""
    for column in file.columns:
        up = column.path.count(PARENT)
        if up:
            yield up, column.path[up]
