# ruff: noqa: E501 - one case per line reads as a table
"""Workbooks that a stranger made: each ends in its rows or in a finding, soon and in little memory."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from zipfile import ZIP_BZIP2

import pytest
from source_cases import snapshot, table, take
from workbook_files import (
    BOOK,
    LINKS,
    MAIN,
    SHARED,
    SHEET,
    STYLES,
    TYPES,
    bomb,
    changed,
    customers,
    packed,
    parts,
    sheet_of,
    with_part,
    workbooks,
)

from sagerecon.model.code import Code
from sagerecon.model.errors import SourceError
from sagerecon.model.place import Place
from sagerecon.sources import workbook
from sagerecon.sources.workbook import open_workbook
from sagerecon.sources.workbook_guard import MemoryEstimate, PartGuard

COLUMNS = """
no: {column: "Cust No", type: text, required: true}
owed: {column: Balance, type: decimal}
since: {column: Since, type: date}
"""
CUSTOMERS = table(COLUMNS, "path: t.xlsx")


def refusal(tmp_path: Path, data: bytes) -> str:
    """Return the message with which a workbook is refused."""
    with pytest.raises(SourceError) as caught:
        take(tmp_path, CUSTOMERS, {"t.xlsx": data})
    return str(caught.value)


def test_the_workbook_of_these_tests_is_valid(tmp_path: Path) -> None:
    with snapshot(tmp_path, CUSTOMERS, {"t.xlsx": customers()}) as opened:
        assert [row["no"] for row in opened.rows("t")] == ["C1", "C2", "C3"]


def encrypted() -> bytes:
    data = bytearray(customers())
    at = data.index(b"PK\x01\x02")  # the first entry of the directory
    data[at + 8] |= 1
    return bytes(data)


def overlapping() -> bytes:
    """Return a workbook whose second part begins where its first does."""
    data = bytearray(customers())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 42 : second + 46] = bytes(4)
    return bytes(data)


def with_method(number: int) -> bytes:
    data = bytearray(customers())
    data[data.index(b"PK\x01\x02") + 10] = number
    return bytes(data)


def chart_alone() -> bytes:
    """Return a workbook whose only sheet is a chart without a drawing."""
    content = parts(customers())
    content[LINKS] = content[LINKS].replace(b"relationships/worksheet", b"relationships/chartsheet")
    content[SHEET] = f'<chartsheet xmlns="{MAIN}"><sheetViews/></chartsheet>'.encode()
    return packed(content)


def row_of(cell: str) -> bytes:
    return sheet_of(f'<row r="1"><c t="s"><v>0</v></c></row><row r="2">{cell}</row>')


#: Each ended in exit code 70, in padding, or in rows that were lost without a word.
INVALID: dict[str, tuple[Callable[[], bytes], str]] = {
    "shared text out of range": (lambda: changed(SHEET, "<v>3</v>", "<v>99</v>"), "t.xlsx:3: invalid workbook: a cell names the shared text 99, and the workbook has 5."),
    "negative shared text": (lambda: changed(SHEET, "<v>3</v>", "<v>-1</v>"), "t.xlsx:3: invalid workbook: a cell names the shared text -1, and the workbook has 5."),
    "chart alone": (chart_alone, "t.xlsx: the workbook has no sheet with cells."),
    "unknown encoding": (lambda: with_part(SHEET, b'<?xml version="1.0" encoding="x-none"?><worksheet/>'), "t.xlsx:1: invalid workbook: xl/worksheets/sheet1.xml: unknown encoding: x-none."),
    "encrypted": (encrypted, "t.xlsx: invalid workbook: docProps/app.xml is encrypted. Remove its password."),
    "unknown compression": (lambda: with_method(99), "t.xlsx: invalid workbook: docProps/app.xml is packed by method 99, not by deflate."),
    "unbounded compression": (lambda: packed(parts(customers()), ZIP_BZIP2), "t.xlsx: invalid workbook: docProps/app.xml is packed by method 12, not by deflate."),
    "overlapping parts": (overlapping, "t.xlsx: invalid workbook: docProps/app.xml overlaps docProps/core.xml."),
    "no workbook part": (lambda: with_part(BOOK, None), "t.xlsx: invalid workbook: There is no item named 'xl/workbook.xml' in the archive."),
    "no list of types": (lambda: with_part(TYPES, None), "t.xlsx: invalid workbook: There is no item named '[Content_Types].xml' in the archive."),
    "no links": (lambda: with_part(LINKS, None), "t.xlsx: invalid workbook: There is no item named 'xl/_rels/workbook.xml.rels' in the archive."),
    "wrong link": (lambda: changed(LINKS, 'Id="rId1"', 'Id="rId8"'), "t.xlsx: invalid workbook: KeyError rId1."),
    "damaged styles": (lambda: with_part(STYLES, f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="x"/></cellXfs></styleSheet>'.encode()), "t.xlsx: invalid workbook: expected <class 'int'>."),
    "long number format": (lambda: with_part(STYLES, f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="{"[" * 2_000}"/></numFmts></styleSheet>'.encode()), "t.xlsx: invalid workbook: xl/styles.xml has a number format of over 1000 characters."),
    "entities": (lambda: with_part(SHARED, b"<!DOCTYPE sst [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><sst>&b;</sst>"), "t.xlsx: invalid workbook: xl/sharedStrings.xml has a document type declaration."),
    "not XML": (lambda: with_part(SHEET, b"<worksheet><a></worksheet>"), "t.xlsx:1: invalid workbook: xl/worksheets/sheet1.xml: mismatched tag: line 1, column 16."),
    "rows out of order": (lambda: sheet_of('<row r="2"/><row r="1"/>'), "t.xlsx:1: invalid workbook: xl/worksheets/sheet1.xml has a row 1 after row 2; rows would be lost."),
    "cells out of order": (lambda: sheet_of('<row r="1"><c r="B1"/><c r="A1"/></row>'), "t.xlsx:1: invalid workbook: xl/worksheets/sheet1.xml has the cell A1 after one to its right; cells would be lost."),
    "a row in a row": (lambda: sheet_of('<row r="1"><row r="100000000"/></row>'), "t.xlsx:1: invalid workbook: xl/worksheets/sheet1.xml has a row or a text inside another."),
    "no number": (lambda: row_of("<c><v>ten</v></c>"), "t.xlsx:2: invalid workbook: could not convert string to float: 'ten'."),
    "too many digits": (lambda: row_of(f"<c><v>{'9' * 5_000}</v></c>"), "t.xlsx:2: invalid workbook: Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits; use sys.set_int_max_str_digits() to increase the limit."),
    "no date": (lambda: row_of('<c t="d"><v>2026-13-45</v></c>'), "t.xlsx:2: invalid workbook: month must be in 1..12."),
}  # fmt: skip


@pytest.mark.parametrize("name", INVALID)
def test_what_the_libraries_refuse_is_a_finding(tmp_path: Path, name: str) -> None:
    data, message = INVALID[name]
    assert refusal(tmp_path, data()).startswith(message)


def limit_cases() -> dict[str, tuple[Callable[[], bytes], str]]:
    start = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c t="inlineStr"><is><t>'.encode()
    shared = f'<sst xmlns="{MAIN}"><si><t>'.encode()
    noise = bytes(random.Random(1).choices(b"abcdefghijklmnopqrstuvwxyz", k=1 << 16))
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>'.encode()
    formats = b"".join(b'<xf numFmtId="%d" fontId="%d"/>' % (n % 163, n % 7919) for n in range(30_000))
    return {
        "row": (lambda: sheet_of('<row r="1"/><row r="100000000"><c><v>1</v></c></row>'), "xl/worksheets/sheet1.xml has a row 100,000,000; a sheet may have at most 1,048,576 rows."),
        "row with an exponent": (lambda: sheet_of('<row r="1e8"><c><v>1</v></c></row>'), "xl/worksheets/sheet1.xml has a row 100,000,000; a sheet"),
        "column": (lambda: sheet_of('<row r="1"><c r="XFE1"/></row>'), "xl/worksheets/sheet1.xml has a column 16,385; a sheet may have at most 16,384 columns."),
        "cells without an address": (lambda: bomb(SHEET, start + b"</t></is></c>", b"<c/>", 1, b"</row></sheetData></worksheet>"), "xl/worksheets/sheet1.xml has a column 16,385;"),
        "cells of another name": (lambda: sheet_of(f'<row r="1">{"<x/>" * 20_000}</row>'), "xl/worksheets/sheet1.xml has a column 16,385;"),
        "cell": (lambda: bomb(SHEET, start, noise, 2, b"</t></is></c></row></sheetData></worksheet>"), "xl/worksheets/sheet1.xml has a text of more than 1,000,000 characters in row 1; a cell or another value of a source file may have at most 1,000,000 characters."),
        "cell of many runs": (lambda: bomb(SHEET, start, noise + b"</t><t>", 2, b"</t></is></c></row></sheetData></worksheet>"), "xl/worksheets/sheet1.xml has a text of more than 1,000,000 characters in row 1;"),
        "shared text": (lambda: bomb(SHARED, shared, noise, 2, b"</t></si></sst>"), "xl/sharedStrings.xml has a text of more than 1,000,000 characters;"),
        "tag": (lambda: bomb(SHEET, b'<worksheet x="', noise, 3, b'"/>'), "xl/worksheets/sheet1.xml has a tag of more than 1,000,000 bytes;"),
        "comment": (lambda: bomb(SHEET, b"<worksheet><!--", noise, 3, b"--></worksheet>"), "xl/worksheets/sheet1.xml has a tag of more than 1,000,000 bytes;"),
        "ratio": (lambda: bomb(SHARED, shared, b"</t></si><si><t>", 8, b"</t></si></sst>"), "xl/sharedStrings.xml is 512 times as large when it is unpacked; a part of a workbook, unpacked may have at most 250 times its packed bytes."),
        "settings": (lambda: bomb(STYLES, styles, formats, 12, b"</cellXfs></styleSheet>"), "the workbook is too large to be held in memory; what is kept of a workbook (shared texts, settings) may have at most 402,653,184 bytes."),
        "sheets": (lambda: changed(BOOK, "</sheets>", "".join(f'<sheet name="s{n}" sheetId="{n + 5}" r:id="rId1" xmlns:r="{MAIN}"/>' for n in range(1_000)) + "</sheets>"), "the workbook has 1,001 sheets; a workbook may have at most 1,000 sheets."),
        "parts": (lambda: packed({**parts(customers()), **{f"x{number}": b"" for number in range(10_000)}}), "the workbook has 10,010 parts; a workbook may have at most 10,000 parts."),
        "directory": (lambda: packed({f"{number}" * 2_000: b"" for number in range(1_000)}), "the directory of its parts has "),
        "unpacked bytes": (declared, "the workbook has 4,294,9"),
    }  # fmt: skip


def declared() -> bytes:
    """Return a workbook whose first part says that it is four gigabytes."""
    data = bytearray(customers())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = b"\xfe\xff\xff\xff"
    return bytes(data)


@pytest.mark.parametrize("name", limit_cases())
def test_what_passes_a_limit_is_a_finding_that_names_it(tmp_path: Path, name: str) -> None:
    data, message = limit_cases()[name]
    content = data()
    began = monotonic()
    with pytest.raises(SourceError) as caught:
        take(tmp_path, CUSTOMERS, {"t.xlsx": content})
    assert monotonic() - began < 5
    assert caught.value.findings[0].code is Code.WORKBOOK_TOO_LARGE
    assert caught.value.message.removeprefix("t.xlsx").removeprefix(":1").startswith(f": {message}")
    assert caught.value.hint == "Split the workbook, or export CSV."


def test_blank_cells_before_the_last_of_a_row_are_counted(tmp_path: Path) -> None:
    """Each row of 60 bytes stands for 16,384 cells."""
    rows = "".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(1, 8_000))
    header = '<row r="1"><c t="s"><v>0</v></c><c r="XFD1" t="s"><v>1</v></c></row>'
    data = sheet_of(header + rows.partition("</row>")[2])
    with pytest.raises(SourceError, match="a sheet, the blank ones before the last of a row included"):
        take(tmp_path, CUSTOMERS, {"t.xlsx": data})


def test_names_of_formulas_are_not_read(tmp_path: Path) -> None:
    """Of these print titles openpyxl takes exponential time to find that they are none."""
    titles = f'<definedName name="_xlnm.Print_Titles" localSheetId="0">{"(" * 200_000}</definedName>'
    area = f'<definedName name="_xlnm.Print_Area" localSheetId="0">{"&apos;" * 100_000}</definedName>'
    data = changed(BOOK, "</sheets>", f"</sheets><definedNames>{titles}{area}</definedNames>")
    began = monotonic()
    assert take(tmp_path, CUSTOMERS, {"t.xlsx": data})
    assert monotonic() - began < 5


@pytest.mark.parametrize("shift", [9, 12])
def test_a_workbook_with_a_password_is_called_so(tmp_path: Path, shift: int) -> None:
    head = bytearray(1 << shift)
    head[:4], head[30], head[48] = b"\xd0\xcf\x11\xe0", shift, 2
    data = bytes(head) + bytes(2 << shift) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(SourceError, match="is protected by a password"):
        take(tmp_path, CUSTOMERS, {"t.xlsx": data})


READ = """
import sys
from pathlib import Path
from source_cases import take
from sagerecon.model.errors import SourceError
from sagerecon.sources.workbook_guard import MemoryEstimate, PartGuard
try:
    take(Path(sys.argv[1]), sys.argv[2], {})
except SourceError as error:
    print(error)
status = open("/proc/self/status").read()  # what getrusage says includes the peak of the parent
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


@pytest.mark.parametrize("part", [SHEET, SHARED])
def test_a_cell_of_a_gigabyte_needs_no_memory(tmp_path: Path, part: str) -> None:
    element = "sst" if part == SHARED else "worksheet"
    before = f'<{element} xmlns="{MAIN}"><si><t>'.encode()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.xlsx").write_bytes(bomb(part, before, b"x", 1_000, b"</t></si>"))
    began = monotonic()
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path), CUSTOMERS],
        capture_output=True, text=True, cwd=Path(__file__).parent, check=True,
    )  # fmt: skip
    message, memory = done.stdout.splitlines()
    assert "a part of a workbook, unpacked may have at most 250 times its packed bytes" in message
    assert int(memory) < 200
    assert monotonic() - began < 10


def test_what_is_kept_of_rows_is_counted_until_the_sheet_was_read() -> None:
    rows = '<row ht="1"><c><v>1</v></c></row>' * 1_000
    memory = MemoryEstimate()
    guard = PartGuard("sheet", memory)
    guard.feed(f'<worksheet xmlns="{MAIN}"><sheetData>{rows}'.encode())
    assert 400_000 < memory.bytes < 500_000  # about 440 for each row with attributes, as measured
    guard.close()
    assert memory.bytes == 0


def test_openpyxl_prints_nothing_among_the_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(tmp_path, changed(STYLES, 'xfId="0" builtinId', 'xfId="9" builtinId'))
    assert message.startswith("t.xlsx: invalid workbook: list index out of range.")
    assert capsys.readouterr().out == ""


def test_a_date_out_of_range_is_reported_at_its_cell(tmp_path: Path) -> None:
    for value in ("-9999999", "99999999999", "1e300"):
        data = changed(SHEET, "<v>42825</v>", f"<v>{value}</v>")
        _, findings = take(tmp_path / value, CUSTOMERS, {"t.xlsx": data})
        assert str(findings[0]) == (
            f"t.xlsx:2:3: since: the cell has the format of a date, and its number '{value}' is none. "
            "Correct the cell, or store the date as text."
        )


def test_a_negative_date_is_reported_at_its_cell(tmp_path: Path) -> None:
    _, findings = take(tmp_path, CUSTOMERS, {"t.xlsx": changed(SHEET, "<v>42825</v>", "<v>-5</v>")})
    assert [str(finding) for finding in findings] == [
        "t.xlsx:2:3: since: a date of the year 1899: a workbook has none before 1900."
        " Correct the date, or store it as text."
    ]


@pytest.mark.parametrize("start", [0, 150])
def test_a_damaged_workbook_ends_in_rows_or_findings(tmp_path: Path, start: int) -> None:
    """Read 300 workbooks that are damaged by chance; `workbooks(Random(seed))` gives each again."""
    for seed in range(start, start + 150):
        folder = tmp_path / str(seed)
        try:
            take(folder, CUSTOMERS, {"t.xlsx": workbooks(random.Random(seed))})
        except SourceError as error:
            assert error.findings, seed
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_a_sheet_without_a_size_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = parts(sheet_of('<row r="1"><c t="s"><v>0</v></c></row>'))
    assert b"<dimension" not in content[SHEET]
    (tmp_path / "t.xlsx").write_bytes(packed(content))
    opened: list[str] = []
    guard = workbook.PartGuard

    def counted(part: str, memory: MemoryEstimate) -> PartGuard:
        opened.append(part)
        return guard(part, memory)

    monkeypatch.setattr(workbook, "PartGuard", counted)
    with open_workbook(tmp_path / "t.xlsx", Place("t.xlsx")) as sheets:
        assert SHEET not in opened
        assert len(list(sheets[0].iter_rows())) == 1
    assert opened.count(SHEET) == 1
