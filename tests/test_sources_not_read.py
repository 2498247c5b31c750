"""Files that are not read are named as what they are, with the way out."""

import io
from pathlib import Path
from zipfile import ZipFile

import pytest
from source_cases import error_messages, table, take

from sagerecon.model.errors import SourceError

EXPORT = "Open it in the program that made it, and export its lists and reports as CSV or .xlsx."
SAVE = "Save it as .xlsx or CSV in the program that made it."


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with ZipFile(stream, "w") as made:
        for name in names:
            made.writestr(name, "x" * 2000)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("books.qbw", f"'books.qbw' is a company file of QuickBooks Desktop, which is not read. {EXPORT}"),
        ("books.001", f"'books.001' is a backup of Sage 50, which is not read. {EXPORT}"),
        ("books.XLSB", f"'books.XLSB' is an XLSB workbook, which is not read. {SAVE}"),
        ("a.zip", "'a.zip' is a zip archive, which is not read. Unpack it, and name the file inside."),
    ],
)
def test_a_suffix_that_is_not_read_is_named(path: str, message: str) -> None:
    assert error_messages(table("a: {type: text}", f"path: {path}")) == [f"sources.yaml:4:11: {message}"]


@pytest.mark.parametrize(
    ("name", "content", "message", "hint"),
    [
        ("t.xlsx", archive("a.xml", "xl/workbook.bin"), "an XLSB workbook, not an XLSX workbook", SAVE),
        ("t.xlsx", archive("Index/Document.iwa"), "an Apple Numbers document, not an XLSX workbook", SAVE),
        ("t.csv", archive("word/document.xml"), "a Word document, not CSV", SAVE),
        ("t.csv", archive("xl/workbook.xml"), "an XLSX workbook, not CSV", "Set format: xlsx."),
        (
            "t.csv",
            b"\x00\x01\x00\x00Standard Jet DB\x00",
            "an Access database, not CSV",
            "Export its tables as CSV or .xlsx in the program that made it.",
        ),
        ("t.csv", b"\x1f\x8b\x08", "a gzip archive, not CSV", "Unpack it, and name the file inside."),
        ("t.xlsx", b"\xd0\xcf\x11\xe0", "a workbook in the old .xls format, not an", "Set format: xls."),
        ("t.csv", b"%PDF-1.7", "a PDF, not CSV", "Export the report as CSV or .xlsx: a PDF has no cells."),
    ],
)
def test_a_content_that_is_not_read_is_named(
    name: str, content: bytes, message: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as error:
        take(tmp_path, table("a: {type: text}", f"path: {name}"), {name: content})
    assert f"{name}:1:1: the file is {message}" in error.value.message
    assert error.value.hint == hint
