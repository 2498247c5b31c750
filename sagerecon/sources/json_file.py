"""Reading JSON files into typed rows, with exact numbers and the line and column of each record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from sagerecon.files.reading import read_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import JSON_FILE
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import (
    empty_source_finding,
    file_errors,
    marked_encoding,
    other_encoding_hint,
    require_format,
    source_error,
    wide_encoding,
    wide_finding,
)
from sagerecon.sources.json_fields import json_fields
from sagerecon.sources.json_text import JsonDocument, JsonError
from sagerecon.sources.nested_table import NestedTable
from sagerecon.sources.rows import Note, ReadItem, Row

#: Keys under which APIs state the number of records in a response.
COUNT_KEYS = ("maxResults", "totalCount", "total_count", "$total", "recordCount", "record_count")

_LINES = "Each line is a record of its own: set format: jsonl."

#: Keys that a message lists, and characters of each.
_SHOWN_KEYS = 30
_SHOWN_CHARACTERS = 60


class JsonReader:
    """Reads the JSON files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._table = NestedTable(file, json_fields(file))

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of one file in its order, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, is not JSON, or has no list at the declared path.
        """
        require_format(path, name, "json")
        text = read_json_text(path, name, self._file.encoding)
        document = JsonDocument(text)
        try:
            yield from self._walk(document, name)
        except JsonError as error:
            place = _place(name, document, error.position)
            hint = _LINES if _has_json_lines(text) else error.hint
            raise source_error(Finding(error.code, place, error.message, hint)) from None

    def finish(self) -> Iterator[Finding]:
        """Yield a finding for each column whose path no record of any file had."""
        return self._table.missing()

    def _walk(self, document: JsonDocument, name: str) -> Iterator[Row | Note]:
        count = 0
        siblings: dict[str, object] = {}
        for position, record in document.records(self._file.records, siblings):
            count += 1
            if not isinstance(record, dict):
                place = _place(name, document, position)
                yield Finding(Code.NOT_A_RECORD, place, "the record is not a JSON object.")
                continue

            def place_of(column: Column, start: int = position) -> Place:
                found = document.find(start, column.path)
                return _place(name, document, start if found is None else found)

            yield from self._table.row(record, _place(name, document, position), place_of)
        yield from self._count_findings(document, name, siblings, count)

    def _count_findings(
        self, document: JsonDocument, name: str, siblings: Mapping[str, object], count: int
    ) -> Iterator[Finding]:
        if document.list_position is None:
            yield from self._missing_list_findings(document, name)
        elif not count:
            place = _place(name, document, document.list_position)
            yield empty_source_finding(place, self._file, "the list of records is empty.")
        stated = {
            key: value
            for key, value in siblings.items()
            if key in COUNT_KEYS and isinstance(value, int | Decimal)
        }
        if self._file.count:
            value = document.value_at(self._file.count)
            stated = {".".join(self._file.count): value if isinstance(value, int) else -1}
        for key, number in stated.items():
            if number != count and document.list_position is not None:
                records = "1 record" if count == 1 else f"{count} records"
                yield Finding(
                    code=Code.COUNT_DIFFERS,
                    place=_place(name, document, document.list_position),
                    message=f"the file states {key} {number} but holds {records}.",
                    hint="Check whether a page is missing." if number > count else "",
                    severity=Severity.WARNING,
                )

    def _missing_list_findings(self, document: JsonDocument, name: str) -> Iterator[Finding]:
        """Yield or raise the finding for a file without the list of records.

        Raises:
            SourceError: unless the response is empty and the table is optional.
        """
        place = _place(name, document, document.deepest_position)
        parent, keys = ".".join(document.matched_path) or "the response", document.sibling_keys
        expected = self._file.records[len(document.matched_path)]
        if not keys:
            finding = empty_source_finding(place, self._file, f"{parent} is an empty object.")
            if self._file.optional:
                yield finding
                return
        else:
            finding = Finding(
                Code.RECORDS_NOT_THERE,
                place,
                f"{parent} has no key '{expected}'; its keys are {_listed(keys)}.",
                suggestion(expected, keys) or "Check that this is the right file.",
            )
        raise source_error(finding)


def read_json_text(path: Path, name: str, encoding: str) -> str:
    """Return the text of a JSON file.

    Raises:
        SourceError: the file cannot be read, is empty, or is not in the encoding.
    """
    with file_errors(Place(name)):
        data = read_bounded(path, JSON_FILE)
    if (marked := marked_encoding(data[:4])).endswith(("16", "32")):
        encoding = marked
    elif wide := wide_encoding(data[:1024], encoding):
        raise source_error(wide_finding(name, wide, encoding))
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        place, subject = Place(name), "a byte"
        if isinstance(error, UnicodeDecodeError):
            place = Place(name, data.count(b"\n", 0, error.start) + 1)
            subject = f"byte 0x{data[error.start]:02x}"
        raise source_error(
            Finding(
                Code.NOT_IN_ENCODING,
                place,
                f"{subject} is not valid {encoding}.",
                other_encoding_hint(encoding),
            )
        ) from None
    if not text.strip():
        raise source_error(Finding(Code.EMPTY_FILE, Place(name), "the file is empty."))
    return text


def _has_json_lines(text: str) -> bool:
    """Return whether each of the first two lines of a text is a JSON object."""
    lines = text.lstrip().split("\n", 2)[:2]
    try:
        return len(lines) > 1 and all(isinstance(JsonDocument(line).value(), dict) for line in lines)
    except JsonError:
        return False


def _listed(keys: Sequence[str]) -> str:
    """Return the first keys for a message."""
    most = _SHOWN_CHARACTERS
    shown = [key if len(key) <= most else f"{key[:most]}…" for key in keys[:_SHOWN_KEYS]]
    return ", ".join(shown) + (", …" if len(keys) > _SHOWN_KEYS else "")


def _place(name: str, document: JsonDocument, position: int) -> Place:
    return Place(name, *document.line_and_column(position))
