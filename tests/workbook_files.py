"""Workbooks for tests: valid ones, ones with a changed part, and endless damaged ones for fuzzing."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from random import Random
from xml.etree import ElementTree
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

SHEET, SHARED, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
BOOK, TYPES, LINKS = "xl/workbook.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHARED_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"

HEADER = ("Cust No", "Balance", "Since")


def workbook(rows: Sequence[Sequence[object]], *others: str) -> bytes:
    """Return a workbook with these rows in its first sheet, and other sheets without any."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Customers"
    for row in rows:
        sheet.append(list(row))
    for title in others:
        book.create_sheet(title)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@cache
def customers() -> bytes:
    """Return a valid workbook with texts of both sorts, numbers and dates."""
    content = parts(workbook([HEADER, ("C1", 10.5, date(2017, 3, 31)), ("C2", -3, None), ("C3", 1e9, None)]))
    shared: list[str] = []

    def share(found: re.Match[str]) -> str:
        shared.append(found[2])
        return f'<c r="{found[1]}" t="s"><v>{len(shared) - 1}</v></c>'

    sheet = re.sub(r'<c r="([AB]\d)" t="inlineStr"><is><t>(.*?)</t></is></c>', share, content[SHEET].decode())
    texts = "".join(f"<si><t>{text}</t></si>" for text in shared)
    content[SHEET], content[SHARED] = sheet.encode(), f'<sst xmlns="{MAIN}">{texts}</sst>'.encode()
    override = f'<Override PartName="/{SHARED}" ContentType="{_SHARED_TYPE}"/></Types>'
    content[TYPES] = content[TYPES].replace(b"</Types>", override.encode())
    return packed(content)


def parts(data: bytes) -> dict[str, bytes]:
    """Return the parts of a workbook by name."""
    with ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content: Mapping[str, bytes], method: int = ZIP_DEFLATED) -> bytes:
    """Return a workbook of these parts."""
    stream = io.BytesIO()
    with ZipFile(stream, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return stream.getvalue()


def changed(part: str, old: str, new: str) -> bytes:
    """Return the valid workbook with a text of one part replaced once."""
    content = parts(customers())
    assert old.encode() in content[part], content[part]
    return packed({**content, part: content[part].replace(old.encode(), new.encode(), 1)})


def with_part(part: str, data: bytes | None) -> bytes:
    """Return the valid workbook with another part in the place of one, or without it."""
    content = {**parts(customers()), part: data}
    return packed({name: found for name, found in content.items() if found is not None})


def sheet_of(rows: str) -> bytes:
    """Return the valid workbook with the XML of these rows as its sheet."""
    return with_part(SHEET, _WORKSHEET.format(rows).encode())


_WORKSHEET = f'<worksheet xmlns="{MAIN}"><sheetData>{{}}</sheetData></worksheet>'

#: What damaged XML gets in the place of something else.
_PIECES = (
    *(b"", b"\x00", b"\xff\xfe", b"<", b">", b"&amp;", b"&x;", b"]]>", b"<!--", b"<c/>", b"</row>"),
    *(b' t="d"', b'<row r="9"/>', b'<?xml version="1.0" encoding="x"?>', b"<!DOCTYPE a [<!ENTITY x 'y'>]>"),
)

#: What a value of well-formed XML is replaced by.
_VALUES = (
    *("", " ", "-1", "0", "3", "1.5", "1e999", "-1e9", "1e-400", "nan", "9" * 400, "99999999999999999999"),
    *("\u0663", "\u202e", "x" * 5_000, "2026-13-45", "2026-01-02T25:00:00", "true", "=1+1", "#REF!", "A0"),
    *("B2", "ZZZ1", "s", "d", "e", "b", "n", "str", "inlineStr", "hidden", "../../x", "rId1", "rId9"),
)


def workbooks(random: Random) -> bytes:
    """Return a damaged workbook: other bytes in its file, or other XML in its parts.

    Everything about it is decided by `random`, so that a seed gives the same workbook again.
    """
    if random.random() < 0.2:
        return _with_other_bytes(customers(), random)
    content = parts(customers())
    if random.random() < 0.05:
        del content[random.choice(sorted(content))]
    likely = [name for name in (SHEET, SHARED, BOOK, STYLES) if name in content]
    damage = _with_other_tags if random.random() < 0.2 else _with_other_values
    for _ in range(random.choice((1, 1, 2, 4))):
        name = random.choice(sorted(content) if random.random() < 0.3 else likely)
        content[name] = damage(content[name], random)
    return packed(content)


def _with_other_bytes(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 2, 10, 100))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed[: random.randrange(len(changed))] if random.random() < 0.2 else changed)


def _with_other_tags(data: bytes, random: Random) -> bytes:
    """Return a part with something put into it, repeated or left out, which is hardly XML any more."""
    marks = [at for at, byte in enumerate(data) if byte in b'<>"='] or [0]
    start = random.choice(marks) + random.choice((0, 1))
    end = random.choice([mark for mark in marks if mark >= start][:6] or [len(data)])
    piece = random.choice((random.choice(_PIECES), data[start:end] * 2))
    return data[:start] + piece + data[random.choice((start, end)) :]


def _with_other_values(data: bytes, random: Random) -> bytes:
    """Return a part with an element or a value replaced, repeated or left out; it is XML still."""
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - of this file
    except ElementTree.ParseError:
        return data
    nodes = list(root.iter())
    parent = random.choice([node for node in nodes if len(node)] or nodes)
    node = random.choice(list(parent) or nodes)
    match random.randrange(7):
        case 0 | 1:
            node.set(random.choice([*node.keys(), "r", "t", "s"]), random.choice(_VALUES))
        case 2 | 3:
            random.choice([each for each in nodes if not len(each)] or nodes).text = random.choice(_VALUES)
        case 4:
            parent.insert(random.randrange(len(parent) + 1), copy.deepcopy(random.choice(nodes)))
        case 5:
            node.tag = random.choice(nodes).tag
        case _ if node in list(parent):
            parent.remove(node)
    return ElementTree.tostring(root)


def bomb(part: str, before: bytes, filler: bytes, megabytes: int, after: bytes) -> bytes:
    """Return the valid workbook with a part that is `filler` for so many megabytes."""
    content = parts(customers())
    del content[part]
    unit = (filler * (1 + (1 << 20) // len(filler)))[: (1 << 20) // len(filler) * len(filler)]
    stream = io.BytesIO(packed(content))
    with ZipFile(stream, "a", ZIP_DEFLATED) as archive, archive.open(part, "w", force_zip64=True) as target:
        target.write(before)
        for _ in range(megabytes):
            target.write(unit)
        target.write(after)
    return stream.getvalue()
