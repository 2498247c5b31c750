"""Reading files of JSON lines, in which each line is a record, into typed rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import empty_source_finding, file_errors, require_format, source_error
from sagerecon.sources.json_fields import json_fields
from sagerecon.sources.json_text import JsonDocument, JsonError
from sagerecon.sources.nested_table import NestedTable
from sagerecon.sources.rows import Note, ReadItem, Row
from sagerecon.sources.text_lines import text_lines

#: Types of the messages by which Singer taps and Airbyte connectors pass records on.
_MESSAGES = frozenset({"SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION", "BATCH", "CATALOG", "LOG", "TRACE"})
_PARTS = frozenset({"record", "schema", "value", "state", "stream", "catalog", "log", "trace"})

_ONE_DOCUMENT = "Each record must be on one line. If the file is one JSON document, set format: json."


class JsonLinesReader:
    """Reads the files of JSON lines of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._table = NestedTable(file, json_fields(file))

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of one file in its order, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, or holds the messages of another program.
        """
        require_format(path, name, "jsonl")
        found = False
        with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
            for line, text in text_lines(stream, name, self._file.encoding):
                if text and not text.isspace():
                    yield from self._row(text, Place(name, line), is_first=not found)
                    found = True
        if not found:
            yield empty_source_finding(Place(name), self._file, "the file has no records.")

    def finish(self) -> Iterator[Finding]:
        """Yield a finding for each column whose path no record of any file had."""
        return self._table.missing()

    def _row(self, text: str, place: Place, *, is_first: bool) -> Iterator[Row | Note]:
        document = JsonDocument(text)
        try:
            record = document.value()
        except JsonError as error:
            at = Place(place.file, place.line, error.position + 1)
            yield Finding(error.code, at, error.message, _ONE_DOCUMENT if is_first else error.hint)
            return
        if not isinstance(record, dict):
            hint = _ONE_DOCUMENT if is_first else ""
            yield Finding(Code.NOT_A_RECORD, place, "the line is not a JSON object.", hint)
            return
        if is_first and (messages := _messages(record)):
            message = f"the lines are {messages}, not records."
            hint = "Write the records of one stream to a file, one on each line, without what is around them."
            raise source_error(Finding(Code.WRONG_FORMAT, place, message, hint))

        def place_of(column: Column) -> Place:
            found = document.find(0, column.path)
            return place if found is None else Place(place.file, place.line, found + 1)

        yield from self._table.row(record, place, place_of)


def _messages(record: Mapping[str, Any]) -> str:
    """Return what program's messages a file begins with, or an empty text."""
    if record.get("type") not in _MESSAGES or _PARTS.isdisjoint(record):
        return ""
    inner = record.get("record")
    is_airbyte = isinstance(inner, dict) and {"stream", "data"} <= inner.keys()
    is_airbyte = is_airbyte or not _PARTS.isdisjoint(record.keys() - {"record", "schema", "value", "stream"})
    return "Airbyte messages" if is_airbyte else "Singer messages"
