"""Hostile workbooks, made from a good one of one sheet with two columns."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

_MEGABYTE, _MEGABYTES = 1_000_000, 2_000

_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


_WORDS = ("ref", "name", "C1", "Oak Ltd", "C2", "Elm Ltd")


def good() -> bytes:
    """Return a workbook with two customers, whose words are shared strings as spreadsheets write them."""
    book, stream, packed = Workbook(), BytesIO(), BytesIO()
    book.save(stream)
    pairs = enumerate(range(0, len(_WORDS), 2), start=1)
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" t="s"><v>{at}</v></c><c r="B{row}" t="s"><v>{at + 1}</v></c></row>'
        for row, at in pairs
    )
    words = "".join(f"<si><t>{word}</t></si>" for word in _WORDS)
    added = {
        _SHEET: ("<sheetData", f"<sheetData>{rows}</sheetData>", "<pageMargins"),
        "[Content_Types].xml": (
            "</Types>",
            f'<Override PartName="/{_STRINGS}" ContentType="{_TYPE}"/></Types>',
            "",
        ),
        "xl/_rels/workbook.xml.rels": (
            "</Relationships>",
            f'<Relationship Id="rIdS" Type="{_RELATION}" Target="sharedStrings.xml"/></Relationships>',
            "",
        ),
    }
    with ZipFile(stream) as before, ZipFile(packed, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name).decode()
            if name in added:
                start, new, end = added[name]
                text = text[: text.index(start)] + new + (text[text.index(end) :] if end else "")
            after.writestr(name, text.replace('<dimension ref="A1"', '<dimension ref="A1:B3"'))
        after.writestr(_STRINGS, f'<sst xmlns="{_MAIN}" count="6" uniqueCount="6">{words}</sst>')
    return packed.getvalue()


def _with(changes: Mapping[str, Callable[[bytes], bytes]]) -> bytes:
    """Return the good workbook with some of its parts changed."""
    stream = BytesIO()
    with ZipFile(BytesIO(good())) as before, ZipFile(stream, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, changes[name](content) if name in changes else content)
    return stream.getvalue()


def many_rows() -> bytes:
    return _with({_SHEET: lambda part: part.replace(b'<row r="3"', b'<row r="100000000"')})


def far_column() -> bytes:
    return _with({_SHEET: lambda part: part.replace(b'r="B3"', b'r="ZZZZZ3"')})


def no_such_string() -> bytes:
    return _with({_SHEET: lambda part: part.replace(b"<v>5</v>", b"<v>999999</v>")})


def chart_sheet_alone() -> bytes:
    book = Workbook()
    book.create_chartsheet("Chart")
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def unknown_encoding() -> bytes:
    return _with({_SHEET: lambda part: b'<?xml version="1.0" encoding="klingon"?>' + part})


def entities() -> bytes:
    declared = b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 1_000 + b'"><!ENTITY b "' + b"&a;" * 1_000 + b'">]>'
    return _with({_SHEET: lambda part: declared + part.replace(b"<sheetData>", b"<sheetData>&b;")})


def damaged() -> bytes:
    content = bytearray(good())
    middle = len(content) // 3
    content[middle : middle + 200] = bytes(200)
    return bytes(content)


def cut_short() -> bytes:
    return good()[:-100]


def _headers(change: Callable[[bytearray, int, int], None]) -> bytes:
    """Return the good workbook with its zip headers changed, local ones and those of the directory."""
    content = bytearray(good())
    for magic, flags, method in ((b"PK\x03\x04", 6, 8), (b"PK\x01\x02", 8, 10)):
        at = content.find(magic)
        while at >= 0:
            change(content, at + flags, at + method)
            at = content.find(magic, at + 4)
    return bytes(content)


def encrypted() -> bytes:
    def change(content: bytearray, flags: int, _method: int) -> None:
        content[flags] |= 1

    return _headers(change)


def unknown_compression() -> bytes:
    def change(content: bytearray, _flags: int, method: int) -> None:
        content[method : method + 2] = struct.pack("<H", 99)

    return _headers(change)


def huge_cell() -> bytes:
    """Return a workbook of about 2 MB whose only text has two gigabytes."""
    return _with_huge_part(_SHEET, b"<sheetData>", b'<sheetData><row r="1"><c r="A1" t="str"><v>')


def huge_shared_string() -> bytes:
    return _with_huge_part(_STRINGS, b"<si>", b"<si><t>")


def _with_huge_part(name: str, before: bytes, text_begins: bytes) -> bytes:
    """Return the good workbook with two gigabytes of text in a part, which ends within it.

    The same compressed megabyte is repeated, and the checksum is wrong: nobody gets as far as to notice.
    """
    with ZipFile(BytesIO(good())) as book:
        parts = {each: book.read(each) for each in book.namelist()}
    head = parts[name].partition(before)[0] + text_begins
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"x" * _MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = first + block * _MEGABYTES + packer.flush()
    stream, directory = BytesIO(), b""
    for each, content in parts.items():
        small = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = packed if each == name else small.compress(content) + small.flush()
        size = len(head) + _MEGABYTE * _MEGABYTES if each == name else len(content)
        facts = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 33, zlib.crc32(content), len(data), size, len(each), 0
        )
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + facts
        directory += struct.pack("<HHHII", 0, 0, 0, 0, stream.tell()) + each.encode()
        stream.write(b"PK\x03\x04" + facts + each.encode() + data)
    end = struct.pack("<HHHHIIH", 0, 0, len(parts), len(parts), len(directory), stream.tell(), 0)
    return stream.getvalue() + directory + b"PK\x05\x06" + end


#: The workbooks by the name of the case.
BOOKS: Mapping[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        many_rows,
        far_column,
        no_such_string,
        chart_sheet_alone,
        unknown_encoding,
        entities,
        damaged,
        cut_short,
        encrypted,
        unknown_compression,
        huge_cell,
        huge_shared_string,
    )
}
