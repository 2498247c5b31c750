"""JSON files to typed rows: strict, exact, and each record with its line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.columns import Row, RowTyper
from sagerecon.sources.declared import Column, SourceFile
from sagerecon.sources.json_cells import Presence, json_fields
from sagerecon.sources.json_text import JsonFault, JsonText
from sagerecon.sources.opening import empty_source, reading, refuse_other_formats, unreadable

#: What APIs call the number of records an answer holds.
COUNTS = ("maxResults", "totalCount", "total_count", "$total", "recordCount", "record_count")


class JsonReader:
    """Reads the files of one table. `finish` says what can only be said when all are read."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._typer = RowTyper(json_fields(file))
        self._presence = Presence(file.columns)

    def rows(self, path: Path, name: str) -> Iterator[Row | Finding]:
        """The rows of one file in its order, and what is wrong with them.

        Raises:
            SourceError: the file cannot be read, is not JSON, or holds no such list.
        """
        refuse_other_formats(path, name, "json")
        text = _read_text(path, name, self._file.encoding)
        document = JsonText(text)
        try:
            yield from self._walk(document, name)
        except JsonFault as fault:
            place = _place(name, document, fault.position)
            raise unreadable(Finding(fault.code, place, fault.message, fault.hint)) from None

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

    def _walk(self, document: JsonText, name: str) -> Iterator[Row | Finding]:
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
            row, findings = self._typer.row(record, f"{name}:{line}:{number}", place_of)
            yield from findings
            yield row
        yield from self._counts(document, name, beside, count)

    def _counts(
        self, document: JsonText, name: str, beside: Mapping[str, object], count: int
    ) -> Iterator[Finding]:
        if document.list_position is None:
            yield from self._no_list(document, name)
        elif not count:
            place = _place(name, document, document.list_position)
            yield empty_source(place, self._file, "the list holds no record.")
        declared = {
            key: said for key, said in beside.items() if key in COUNTS and isinstance(said, int | Decimal)
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

    def _no_list(self, document: JsonText, name: str) -> Iterator[Finding]:
        """The list is not there: an empty answer, or the file of something else."""
        place = _place(name, document, document.deepest_position)
        reached, keys = ".".join(document.reached) or "the answer", document.keys
        wanted = self._file.records[len(document.reached)]
        if not keys:
            finding = empty_source(place, self._file, f"an empty answer: {reached} holds nothing.")
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
        raise unreadable(finding)


def _read_text(path: Path, name: str, encoding: str) -> str:
    with reading(Place(name)):
        data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise unreadable(
            Finding(
                Code.NOT_IN_ENCODING,
                Place(name, line),
                f"the byte 0x{data[error.start]:02x} is not {encoding}.",
                "Say the file's encoding, such as encoding: cp1252.",
            )
        ) from None
    if not text.strip():
        raise unreadable(Finding(Code.EMPTY_FILE, Place(name), "the file is empty."))
    return text


def _place(name: str, document: JsonText, position: int) -> Place:
    return Place(name, *document.line_and_column(position))
