"""Detect where a JSON file has its records, and the columns of these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.detected import Detected, Part, longest, no_part, which_part
from sagerecon.sources.files import file_errors, source_error
from sagerecon.sources.json_file import read_json_text
from sagerecon.sources.json_text import JsonDocument, JsonError
from sagerecon.sources.nested_shape import Keys, NestedShape
from sagerecon.sources.text_lines import text_lines


def detect_json(path: Path, file: SourceFile, part: str) -> Detected:
    """Return how a JSON file can be declared.

    Raises:
        SourceError: it is no JSON, or has no list of records, or not the named one.
    """
    place = Place(path.name)
    document = JsonDocument(read_json_text(path, path.name, "utf-8-sig"))
    shape = NestedShape(_leaves, place)
    try:
        lists = {".".join(keys): (keys, count) for keys, count in document.lists()}
        if not lists:
            message = "the file has no list of records."
            raise source_error(Finding(Code.RECORDS_NOT_THERE, place, message))
        if part and part not in lists:
            named = [name for name in lists if name]
            raise no_part(Code.RECORDS_NOT_THERE, place, "the file is JSON", part, named)
        parts = [Part(name or "the file itself", count) for name, (_, count) in lists.items()]
        chosen = part or longest([Part(name, count) for name, (_, count) in lists.items()]).name
        keys, _ = lists[chosen]
        for _, record in document.records(keys, {}):
            if isinstance(record, dict):
                shape.add(record)
    except JsonError as error:
        place = Place(path.name, *document.line_and_column(error.position))
        raise source_error(Finding(error.code, place, error.message, error.hint)) from None
    columns, findings = shape.columns()
    several = () if part else which_part(place, "the file", parts, chosen)
    declared = replace(file, encoding="utf-8", records=keys, columns=columns)
    return Detected(declared, tuple(lists) if len(lists) > 1 else (), (*several, *findings))


def detect_json_lines(path: Path, file: SourceFile, _part: str) -> Detected:
    """Return how a file of JSON lines can be declared. What is no record is left to its reader.

    Raises:
        SourceError: it cannot be read.
    """
    shape = NestedShape(_leaves, Place(path.name))
    with file_errors(Place(path.name)), open_bounded(path, SOURCE_FILE) as stream:
        for _, text in text_lines(stream, path.name, file.encoding):
            with suppress(JsonError):
                record = JsonDocument(text).value()
                if isinstance(record, dict):
                    shape.add(record)
    columns, findings = shape.columns()
    return Detected(replace(file, encoding="utf-8", columns=columns), findings=findings)


def _leaves(record: object, at: Keys) -> Iterator[tuple[Keys, object]]:
    """Yield each value of a record that is no object, with the keys that lead to it."""
    del at
    if not isinstance(record, dict):
        yield (), record
        return
    for key, value in record.items():
        if isinstance(value, dict):
            for path, inner in _leaves(value, ()):
                yield (key, *path), inner
        else:
            yield (key,), value
