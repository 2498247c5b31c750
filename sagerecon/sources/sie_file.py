"""Reading SIE files, in which Swedish programs exchange ledgers (SIE filformat 4B), into typed rows."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import RECORD, SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.cell import display_text
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.files import empty_source_finding, file_errors, require_format, source_error
from sagerecon.sources.json_fields import json_fields
from sagerecon.sources.nested_table import NestedTable
from sagerecon.sources.rows import ReadItem
from sagerecon.sources.sie_records import SIE_LABELS, VOUCHER_LINES
from sagerecon.sources.text_lines import text_lines

_Record: TypeAlias = "dict[str, Any]"

#: Dates of the standard, for columns that declare no format.
_DATES = ("%Y%m%d",)

_QUOTED = r'"((?:[^"\\]|\\"|\\(?!"))*)"'

#: A field in quotes, a list of objects between braces, or a field that ends at the next blank.
_FIELD = re.compile(rf'[ \t]*(?:{_QUOTED}|\{{((?:[^{{}}"]|{_QUOTED})*)\}}|([^ \t"{{}}][^ \t]*))(?=[ \t]|$)')
_LABEL = re.compile(r"[ \t]*#([A-Za-z]+)(?=[ \t]|$)")
_QUOTE = re.compile(r'(?<!\\)"')
_BLANK = " \t\x1a"  # some programs end a file with Ctrl-Z

#: The bytes of å, ä, ö, Å, Ä and Ö in code page 437, which the standard prescribes, and in cp1252.
_PC8_LETTERS = b"\x86\x84\x94\x8f\x8e\x99"
_WINDOWS_LETTERS = b"\xe5\xe4\xf6\xc5\xc4\xd6"

_PIECE = 1 << 20


class _LineError(Exception):
    """A line is not SIE; the text says why."""


class SieReader:
    """Reads the SIE files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = replace(file, columns=_with_dates(file.columns))
        self._label = file.records[0]
        self._table = NestedTable(self._file, json_fields(self._file))

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the records of one file with the declared label, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, or is not SIE.
        """
        require_format(path, name, "sie")
        encoding, warning = self._encoding(path, name)
        if warning is not None:
            yield warning
        found = False
        with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
            for place, record in _records(text_lines(stream, name, encoding), name, self._label):
                if isinstance(record, Finding):
                    yield record
                    continue
                found = True
                yield from self._table.row(record, place)
        if not found:
            message = f"the file has no #{self._label.upper()} records."
            yield empty_source_finding(Place(name), self._file, message)

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the fields of a label are known, and are checked where the columns are declared."""
        return iter(())

    def _encoding(self, path: Path, name: str) -> tuple[str, Finding | None]:
        """Return the encoding in which a file is read, and a warning if it may be another than declared."""
        if codecs.lookup(self._file.encoding).name != "cp437":
            return self._file.encoding, None
        is_utf8, letters = True, set[int]()
        decoder = codecs.getincrementaldecoder("utf-8")()
        with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
            while is_utf8 or not letters.intersection(_PC8_LETTERS):
                piece = stream.read(_PIECE)
                letters.update(byte for byte in set(piece) if byte >= 0x80)
                try:
                    if is_utf8:
                        decoder.decode(piece, final=not piece)
                except UnicodeDecodeError:
                    is_utf8 = False
                if not piece:
                    break
        place = Place(name)
        if letters and is_utf8:
            message = "the file is UTF-8, not code page 437 as the standard prescribes; it is read as UTF-8."
            finding = Finding(
                Code.NOT_IN_ENCODING, place, message, "Set encoding: utf-8.", severity=Severity.WARNING
            )
            return "utf-8-sig", finding
        if letters.intersection(_WINDOWS_LETTERS) and not letters.intersection(_PC8_LETTERS):
            message = "the file is read in code page 437, and its letters look like those of cp1252."
            hint = "Compare its names with those in the old system. If they are wrong, set encoding: cp1252."
            return "cp437", Finding(Code.NOT_IN_ENCODING, place, message, hint, severity=Severity.WARNING)
        return self._file.encoding, None


def _with_dates(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns with the date format of the standard where none is declared."""
    return tuple(
        replace(
            column,
            formats=column.formats or (_DATES if column.type == "date" else ()),
            columns=_with_dates(column.columns),
        )
        for column in columns
    )


def _records(
    lines: Iterator[tuple[int, str]], name: str, wanted: str
) -> Iterator[tuple[Place, _Record | Finding]]:
    """Yield the records with a label, and a finding for each line that is not SIE.

    Raises:
        SourceError: the file does not begin as the standard prescribes.
    """
    vouchers = _Vouchers(wanted)
    is_first = True
    for number, line in lines:
        if not line.strip(_BLANK):
            continue
        place = Place(name, number)
        if is_first and (start := _LABEL.match(line)) and start[1].lower() == "flagga":
            is_first = False
        if is_first:
            message = "the file does not begin with #FLAGGA, so it is not SIE."
            raise source_error(Finding(Code.WRONG_FORMAT, place, message, "Export it again as SIE type 4."))
        try:
            yield from vouchers.line(line, place)
        except _LineError as error:
            yield place, Finding(Code.NOT_SIE, place, str(error))
        while vouchers.warnings:
            yield place, vouchers.warnings.pop()
    if is_first:
        raise source_error(Finding(Code.EMPTY_FILE, Place(name), "the file is empty."))
    if vouchers.is_unfinished:
        place = vouchers.place
        message = "the voucher is not closed by } before the end of the file."
        yield place, Finding(Code.TRUNCATED, place, message, "Export the file again.")


class _Vouchers:
    """Gathers the lines of vouchers, and finds the records with one label."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._head: _Record | None = None  #: of the last voucher; its lines may follow
        self._size = 0
        self.warnings: list[Finding] = []  #: whoever takes one removes it
        self.is_open = False
        self.place = Place("")

    @property
    def is_unfinished(self) -> bool:
        """Whether a voucher has begun and not ended."""
        return self.is_open or self._head is not None

    def line(self, line: str, place: Place) -> Iterator[tuple[Place, _Record]]:
        """Yield the record that a line is, or completes.

        Raises:
            _LineError: it is not SIE.
        """
        mark = line.strip(_BLANK)
        if mark == "{":
            if self._head is None or self.is_open:
                raise _LineError("{ does not follow a #VER line.")
            self.is_open = True
        elif mark == "}":
            if not self.is_open:
                raise _LineError("} closes no voucher.")
            self.is_open = False
            yield from self._finished()
        else:
            yield from self._labelled(line, place)

    def _require_lines(self) -> None:
        """Check that no voucher waits for its lines.

        Raises:
            _LineError: one does; it is passed over.
        """
        if self._head is not None and not self.is_open:
            self._head = None
            raise _LineError("the #VER line before is not followed by { and the lines of the voucher.")

    def _labelled(self, line: str, place: Place) -> Iterator[tuple[Place, _Record]]:
        start = _LABEL.match(line)
        if start is None:
            raise _LineError("the line does not begin with a label such as #KONTO.")
        label = start[1].lower()
        if label not in SIE_LABELS:
            return  # programs have labels of their own; the standard says to pass over them
        self._require_lines()
        if self.is_open != (label in VOUCHER_LINES):
            where = "inside" if self.is_open else "outside"
            raise _LineError(f"#{label.upper()} stands {where} a voucher.")
        if label == "ver":
            self._head = {label: [] for label in VOUCHER_LINES}
            self.place, self._size = place, 0
            if self._wanted in ("ver", *VOUCHER_LINES):
                self._head |= self._fields(label, line, start.end(), place)
        elif label in VOUCHER_LINES:
            yield from self._voucher_line(label, line, start.end(), place)
        elif label == self._wanted:
            yield place, self._fields(label, line, start.end(), place)

    def _voucher_line(
        self, label: str, line: str, start: int, place: Place
    ) -> Iterator[tuple[Place, _Record]]:
        if self._wanted == "ver":
            self._size += len(line)
            if self._size > RECORD.most:
                raise _LineError(f"the voucher is longer than a record may be; {RECORD.sentence}.")
        if self._head is not None and self._wanted == "ver":
            self._head[label].append(self._fields(label, line, start, place))
        elif label == self._wanted:
            yield place, {**self._fields(label, line, start, place), "ver": self._head}

    def _fields(self, label: str, line: str, start: int, place: Place) -> _Record:
        """Return the fields of a line by their names. Some programs cut a long text with its quote.

        Raises:
            _LineError: it is not SIE.
        """
        quotes = [found.start() for found in _QUOTE.finditer(line)]
        if len(quotes) % 2 and line[quotes[-1] - 1] in " \t{":  # it begins a field
            line = f'{line.rstrip(_BLANK)}"'
            message = f"a quote of #{label.upper()} is not closed; its text is read to the end of the line."
            hint = "Check whether the text was cut."
            self.warnings.append(Finding(Code.NOT_SIE, place, message, hint, severity=Severity.WARNING))
        record, beyond = _fields(label, line, start)
        if beyond:
            message = (
                f"#{label.upper()} has {counted(len(record), 'field')} by the standard:"
                f" {display_text(beyond[0])}, which follows them, is passed over."
            )
            hint = "Check whether a text with blanks stands without quotes."
            self.warnings.append(Finding(Code.NOT_SIE, place, message, hint, severity=Severity.WARNING))
        return record

    def _finished(self) -> Iterator[tuple[Place, _Record]]:
        if self._wanted == "ver" and self._head is not None:
            yield self.place, self._head
        self._head = None


def _fields(label: str, line: str, start: int) -> tuple[_Record, list[str | list[_Record]]]:
    """Return the fields of a line by their names, and what follows them; those left out at its end are None.

    Raises:
        _LineError: a quote or a brace is not closed, or a list of objects stands elsewhere than it must.
    """
    names = SIE_LABELS[label]
    record: _Record = dict.fromkeys(names)
    values = _values(line, start)
    for name in names:
        value = next(values, None)
        if value is not None and isinstance(value, list) != (name == "objects"):
            where = "the list of objects between braces" if name == "objects" else f"the field '{name}'"
            raise _LineError(f"#{label.upper()} has another value in place of {where}.")
        record[name] = value
    return record, list(values)  # a later version of the standard may have more fields


def _values(line: str, start: int) -> Iterator[str | list[_Record]]:
    end = len(line.rstrip(_BLANK))
    while start < end:
        found = _FIELD.match(line, start, end)
        if found is None:
            text = display_text(line[start:end].strip())
            raise _LineError(f"a quote or a brace is not closed, or not followed by a blank, at {text}.")
        start = found.end()
        quoted, objects, _, plain = found.groups()
        if objects is not None:
            yield _objects(objects)
        else:
            yield plain if plain is not None else quoted.replace('\\"', '"')


def _objects(text: str) -> list[_Record]:
    """Return the objects of a line, such as a cost centre: pairs of a dimension and the object's number."""
    values = list(_values(text, 0))
    if len(values) % 2:
        raise _LineError("the list of objects does not hold pairs of a dimension and an object.")
    return [
        {"dimension": dimension, "object": number}
        for dimension, number in zip(values[::2], values[1::2], strict=True)
    ]
