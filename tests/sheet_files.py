"""Workbooks in the formats ODS and XLS for tests, made by hand."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from zipfile import ZIP_DEFLATED, ZipFile

_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{_ODF}:{prefix}:1.0"' for prefix in ("office", "table", "text", "draw")
)
_CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
_MIME = "application/vnd.oasis.opendocument.spreadsheet"

#: BIFF8 errors by name.
ERRORS = {"#DIV/0!": 0x07, "#N/A": 0x2A}


def ods(sheets: Mapping[str, str], more: Mapping[str, str] | None = None) -> bytes:
    """Return an ODS workbook: the XML of the rows of each sheet by its name."""
    tables = "".join(
        f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets.items()
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMESPACES} {_CALC}>'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    parts = {
        "mimetype": _MIME,
        "META-INF/manifest.xml": "<manifest/>",
        "content.xml": content,
        **(more or {}),
    }
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def ods_row(*cells: str, repeated: int = 1) -> str:
    """Return the XML of a row of an ODS sheet."""
    more = f' table:number-rows-repeated="{repeated}"' if repeated != 1 else ""
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


def ods_cell(value: object = None, shown: str | None = None, attributes: str = "") -> str:
    """Return the XML of a cell of an ODS sheet."""
    match value:
        case None:
            typed = ""
        case bool():
            typed = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
        case int() | float():
            typed = f'office:value-type="float" office:value="{value}"'
        case str() if value[4:5] == "-":
            typed = f'office:value-type="date" office:date-value="{value}"'
        case _:
            typed = 'office:value-type="string"'
    text = shown if shown is not None else "" if value is None else str(value)
    return f"<table:table-cell {typed} {attributes}><text:p>{text}</text:p></table:table-cell>"


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _text(text: str, length: str = "<H") -> bytes:
    return struct.pack(length, len(text)) + b"\x01" + text.encode("utf-16-le")


def xls(
    rows: Sequence[Sequence[object]], merged: Iterable[tuple[int, int, int, int]] = (), sheet: str = "Sheet1"
) -> bytes:
    """Return an XLS workbook of one sheet.

    A cell is a text, a number, a boolean, an `ERRORS` name as bytes, or a number with the style of a date (1)
    or of the format `0000` (2) as a pair. Merged ranges are rows and columns from 0, the last ones included.
    """
    texts = [cell for row in rows for cell in row if isinstance(cell, str)]
    head = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    formats = _record(0x041E, struct.pack("<H", 164) + _text("0000"))
    font = _record(
        0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + _text("Arial", "<B")
    )
    styles = b"".join(
        _record(0x00E0, struct.pack("<HHHBBBBIIH", 0, number, 1, 0x20, 0, 0, 0, 0, 0, 0x20C0))
        for number in (0, 14, 164)
    )
    strings = _record(0x00FC, struct.pack("<II", len(texts), len(texts)) + b"".join(map(_text, texts)))

    def globals_for(offset: int) -> bytes:
        bound = _record(0x0085, struct.pack("<IBB", offset, 0, 0) + _text(sheet, "<B"))
        return _record(0x0809, head) + font + formats + styles + bound + strings + _record(0x000A, b"")

    start = globals_for(len(globals_for(0)))
    cells = b"".join(
        _cell(row, column, cell, texts)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
        if cell is not None
    )
    width = max(map(len, rows), default=0)
    size = _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    ranges = [struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in merged]
    areas = _record(0x00E5, struct.pack("<H", len(ranges)) + b"".join(ranges)) if ranges else b""
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    return _compound(start + begin + size + cells + areas + _record(0x000A, b""))


def _cell(row: int, column: int, cell: object, texts: list[str]) -> bytes:
    at = struct.pack("<HH", row, column)
    match cell:
        case bool():
            return _record(0x0205, at + struct.pack("<HBB", 0, cell, 0))
        case bytes():
            return _record(0x0205, at + struct.pack("<HBB", 0, ERRORS[cell.decode()], 1))
        case str():
            return _record(0x00FD, at + struct.pack("<HI", 0, texts.index(cell)))
        case (number, style):
            return _record(0x0203, at + struct.pack("<Hd", style, number))
        case _:
            return _record(0x0203, at + struct.pack("<Hd", 0, cell))


def _compound(workbook: bytes) -> bytes:
    """Return a file of old Office programs with one stream, `Workbook`. [MS-CFB]"""
    workbook = workbook.ljust(4096, b"\0")  # shorter streams are kept elsewhere
    workbook += b"\0" * (-len(workbook) % 512)
    count = len(workbook) // 512
    free, end, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    fats = (count + 2) // 127 + 1
    table = [*range(1, count), end, end, *[fat_sector] * fats]
    table += [free] * (fats * 128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fats, count, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", *range(count + 1, count + 1 + fats), *[free] * (109 - fats))

    def entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
        text = name.encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2, kind, 1, free, free, child)
        return head + b"\0" * 36 + struct.pack("<IQ", first, size)

    root, book = entry("Root Entry", 5, 1, end, 0), entry("Workbook", 2, free, 0, len(workbook))
    blank = (b"\0" * 64 + struct.pack("<HBBIII", 0, 0, 0, free, free, free)).ljust(128, b"\0")
    return header + workbook + root + book + blank * 2 + struct.pack(f"<{len(table)}I", *table)
