"""Detect where a JSON file has its records, and the columns of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.detected import Detected, cell_column, column_names
from sagerecon.sources.files import file_errors, source_error
from sagerecon.sources.json_file import read_json_text
from sagerecon.sources.json_text import JsonDocument, JsonError
from sagerecon.sources.text_lines import text_lines

#: Records from which the columns are told.
_SAMPLE = 1_000

#: Levels of lists in lists; what lies deeper is left out.
_MOST_LISTS = 2


def detect_json(path: Path, file: SourceFile, _sheet: str) -> Detected:
    """Return how a JSON file can be declared.

    Raises:
        SourceError: it is no JSON, or has no list of records.
    """
    name = path.name
    document = JsonDocument(read_json_text(path, name, "utf-8-sig"))
    try:
        lists = list(document.lists())
        if not lists:
            message = "the file has no list of records."
            raise source_error(Finding(Code.RECORDS_NOT_THERE, Place(name), message))
        most = max(lists, key=lambda found: found[1])
        sample = [record for _, record in islice(document.records(most[0], {}), _SAMPLE)]
    except JsonError as error:
        place = Place(name, *document.line_and_column(error.position))
        raise source_error(Finding(error.code, place, error.message, error.hint)) from None
    findings: tuple[Finding, ...] = ()
    if len(lists) > 1:
        listed = ", ".join(f"{'.'.join(keys) or 'the file itself'} ({count:,})" for keys, count in lists[:12])
        message = f"the file has several lists: {listed}. The longest is shown."
        findings = (Finding(Code.RECORDS_NOT_THERE, Place(name), message, severity=Severity.INFO),)
    records = [record for record in sample if isinstance(record, dict)]
    columns = tuple(_columns(records, Place(name), 0))
    return Detected(replace(file, encoding="utf-8", records=most[0], columns=columns), findings=findings)


def detect_json_lines(path: Path, file: SourceFile, _part: str) -> Detected:
    """Return how a file of JSON lines can be declared. What is no record is left to its reader.

    Raises:
        SourceError: it cannot be read.
    """
    records = []
    with file_errors(Place(path.name)), open_bounded(path, SOURCE_FILE) as stream:
        for _, text in islice(text_lines(stream, path.name, file.encoding), _SAMPLE):
            with suppress(JsonError):
                records.append(JsonDocument(text).value())
    objects = [record for record in records if isinstance(record, dict)]
    columns = tuple(_columns(objects, Place(path.name), 0))
    return Detected(replace(file, encoding="utf-8", columns=columns))


def _columns(records: Sequence[Mapping[str, Any]], place: Place, depth: int) -> Iterator[Column]:
    """Yield a column for each path at which records have a value."""
    cells: dict[tuple[str, ...], list[Any]] = {}
    for record in records:
        for path, value in _leaves(record, ()):
            cells.setdefault(path, []).append(value)
    for name, path in zip(column_names("_".join(path) for path in cells), cells, strict=True):
        values = [value for value in cells[path] if value is not None]
        lists = [value for value in values if isinstance(value, list)]
        if any(cells.get(path[:length]) for length in range(1, len(path))):
            continue  # an object in some records and a value in others: no column reads both
        if not lists:
            column = cell_column(name, path, values, place)
        elif len(lists) < len(values) or depth == _MOST_LISTS:
            continue
        else:
            inner = tuple(_items([item for each in lists for item in each], place, depth + 1))
            if not inner:
                continue
            column = Column(name=name, type="list", path=path, place=place, columns=inner)
        yield replace(column, optional=True)


def _items(items: Sequence[Any], place: Place, depth: int) -> Iterator[Column]:
    """Yield the columns of the items of a list; one of plain values has the column `value`."""
    if all(isinstance(item, dict) for item in items):
        yield from _columns(items, place, depth)
    elif not any(isinstance(item, dict | list) for item in items):
        yield cell_column("value", (), items, place)


def _leaves(record: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each value of a record that is no object, with the keys that lead to it."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value
