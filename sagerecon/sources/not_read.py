"""Files that people get and that are not read: what each is, and how to get the data out of it."""

from __future__ import annotations

from io import BufferedReader
from pathlib import PurePosixPath

#: The end of a zip archive in which the names of its parts are searched, in bytes.
_NAMES = 1 << 20

_ZIP = "a workbook or another zip archive"

#: What an archive is that has a part of this name. OpenDocument files begin with their type instead.
_PARTS = (
    (b"xl/workbook.bin", "an XLSB workbook"),
    (b"xl/workbook.xml", "an XLSX workbook"),
    (b"word/document.xml", "a Word document"),
    (b"ppt/presentation.xml", "a PowerPoint file"),
    (b"Index/Document.iwa", "an Apple Numbers document"),
)
_ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"

_AS_TABLE = "Save it as .xlsx or CSV in the program that made it."
_EXPORT = "Export its tables as CSV or .xlsx in the program that made it."
_FROM_PROGRAM = "Open it in the program that made it, and export its lists and reports as CSV or .xlsx."
_UNPACK = "Unpack it, and name the file inside."

#: The way out for what is recognised by its content.
WAYS_OUT = {
    "a web page": "Check whether an error page was saved instead of the export.",
    "XML": "Check whether an error page was saved instead of the export.",
    "an XLSB workbook": _AS_TABLE,
    "an Apple Numbers document": _AS_TABLE,
    "a Word document": _AS_TABLE,
    "a PDF": "Export the report as CSV or .xlsx: a PDF has no cells.",
    "a gzip archive": _UNPACK,
    _ZIP: _UNPACK,
    "an Access database": _EXPORT,
    "an XLSX workbook": "Set format: xlsx.",
    "an ODS workbook": "Set format: ods.",
    "a workbook in the old .xls format": "Set format: xls.",
    "a SQLite database": "Set format: sqlite.",
    "Parquet": "Set format: parquet.",
    "IIF": "Set format: iif.",
    "SIE": "Set format: sie.",
}

#: What is recognised by its suffix: what it is, and the way out.
_SUFFIXES = {
    ".xlsb": ("an XLSB workbook", _AS_TABLE),
    ".numbers": ("an Apple Numbers document", _AS_TABLE),
    ".doc": ("a Word document", _AS_TABLE),
    ".docx": ("a Word document", _AS_TABLE),
    ".pdf": ("a PDF", WAYS_OUT["a PDF"]),
    ".gz": ("a gzip archive", _UNPACK),
    ".zip": ("a zip archive", _UNPACK),
    ".mdb": ("an Access database", _EXPORT),
    ".accdb": ("an Access database", _EXPORT),
    ".qbw": ("a company file of QuickBooks Desktop", _FROM_PROGRAM),
    ".qbb": ("a backup of QuickBooks Desktop", _FROM_PROGRAM),
    ".qbm": ("a portable company file of QuickBooks Desktop", _FROM_PROGRAM),
    ".001": ("a backup of Sage 50", _FROM_PROGRAM),
    ".ptb": ("a backup of Sage 50", _FROM_PROGRAM),
}


def not_read(path: str) -> tuple[str, str] | None:
    """Return what a file is by its suffix, and the way out; None for one that may be read."""
    return _SUFFIXES.get(PurePosixPath(path).suffix.lower())


def archive_kind(stream: BufferedReader, head: bytes) -> str:
    """Return what a zip archive is by the names of its parts, which stand at its end.

    Args:
        head: its first bytes.
    """
    if _ODS in head[:200]:
        return "an ODS workbook"
    size = stream.seek(0, 2)
    stream.seek(max(size - _NAMES, 0))
    names = stream.read(_NAMES)
    return next((what for part, what in _PARTS if part in names), _ZIP)
