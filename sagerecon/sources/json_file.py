"""JSON files to typed rows: strict, exact, and each record with its line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.document import suggestion
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import empty_source_finding, file_errors, require_format, source_error
from sagerecon.sources.json_fields import PathTracker, json_fields
from sagerecon.sources.json_text import JsonDocument, JsonError
from sagerecon.sources.rows import Row, RowConverter

#: What APIs call the number of records an answer holds.
COUNT_KEYS = ("maxResults", "totalCount", "total_count", "$total", "recordCount", "record_count")


class JsonReader:
    """Reads the files of one table. `finish` says what can only be said when all are read."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._row_converter = RowConverter(json_fields(file))
        self._presence = PathTracker(file.columns)

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """The rows of one file in its order, and what is wrong with them.

        Raises:
            SourceError: the file cannot be read, is not JSON, or holds no such list.
        """
        require_format(path, name, "json")
        text = _read_text(path, name, self._file.encoding)
        document = JsonDocument(text)
        try:
            yield from self._walk(document, name)
        except JsonError as fault:
            place = _place(name, document, fault.position)
            raise source_error(Finding(fault.code, place, fault.message, fault.hint)) from None

    def finish(self) -> Iterator[Finding]:
        """The columns whose path no record had."""
        for column, where, keys in self._presence.absent():
            yield Finding(
                Code.COLUMN_NEVER_THERE,
                column.place,
                f"no record of {self._file.path} has '{where}', so {column.name} is always empty.",
                suggestion(where.rpartition(".")[2], keys)
                or "Say optional: true if that can be, or correct the path.",
                Severity.WARNING,
            )

    def _walk(self, document: JsonDocument, name: str) -> Iterator[Row | Finding]:
        count = 0
        beside: dict[str, object] = {}
        for position, record in document.records(self._file.records, beside):
            count += 1
            if not isinstance(record, dict):
                place = _place(name, document, position)
                yield Finding(Code.NOT_A_RECORD, place, "a record must be an object: {…}.")
                continue
            self._presence.look(record)

            def place_of(column: Column, start: int = position) -> Place:
                found = document.find(start, column.path)
                return _place(name, document, start if found is None else found)

            line, number = document.line_and_column(position)
            row, findings = self._row_converter.row(record, f"{name}:{line}:{number}", place_of)
            yield from findings
            yield row
        yield from self._counts(document, name, beside, count)

    def _counts(
        self, document: JsonDocument, name: str, beside: Mapping[str, object], count: int
    ) -> Iterator[Finding]:
        if document.list_position is None:
            yield from self._no_list(document, name)
        elif not count:
            place = _place(name, document, document.list_position)
            yield empty_source_finding(place, self._file, "the list holds no record.")
        declared = {
            key: said for key, said in beside.items() if key in COUNT_KEYS and isinstance(said, int | Decimal)
        }
        if self._file.count:
            said = document.value_at(self._file.count)
            declared = {".".join(self._file.count): said if isinstance(said, int) else -1}
        for key, said in declared.items():
            if said != count and document.list_position is not None:
                yield Finding(
                    Code.COUNT_DIFFERS,
                    _place(name, document, document.list_position),
                    f"the file says {key} {said} and holds {count}.",
                    "Look whether a page is missing." if said > count else "",
                    Severity.WARNING,
                )

    def _no_list(self, document: JsonDocument, name: str) -> Iterator[Finding]:
        """The list is not there: an empty answer, or the file of something else."""
        place = _place(name, document, document.deepest_position)
        reached, keys = ".".join(document.reached) or "the answer", document.keys
        wanted = self._file.records[len(document.reached)]
        if not keys:
            finding = empty_source_finding(place, self._file, f"an empty answer: {reached} holds nothing.")
            if self._file.optional:
                yield finding
                return
        else:
            finding = Finding(
                Code.RECORDS_NOT_THERE,
                place,
                f"{reached} has no '{wanted}'; it holds {', '.join(keys)}.",
                suggestion(wanted, keys) or "Is this the file of something else?",
            )
        raise source_error(finding)


def _read_text(path: Path, name: str, encoding: str) -> str:
    with file_errors(Place(name)):
        data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise source_error(
            Finding(
                Code.NOT_IN_ENCODING,
                Place(name, line),
                f"the byte 0x{data[error.start]:02x} is not {encoding}.",
                "Say the file's encoding, such as encoding: cp1252.",
            )
        ) from None
    if not text.strip():
        raise source_error(Finding(Code.EMPTY_FILE, Place(name), "the file is empty."))
    return text


def _place(name: str, document: JsonDocument, position: int) -> Place:
    return Place(name, *document.line_and_column(position))
