"""Opening ODS workbooks, of LibreOffice and others, as the reader of XLSX opens its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import IO
from zipfile import ZipFile

from sagerecon.files.reading import open_bounded
from sagerecon.model.limits import SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.files import file_errors
from sagerecon.sources.merged_cells import MergedRange
from sagerecon.sources.ods_content import OdsContent
from sagerecon.sources.workbook import ArchiveStream, check_parts, workbook_errors
from sagerecon.sources.workbook_guard import InvalidWorkbookError

_PIECE = 1 << 16

#: What a workbook is said to hold; the manifest says which parts are encrypted.
_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_MANIFEST_BYTES = 1 << 20


class OdsSheet:
    """A sheet of an ODS workbook."""

    def __init__(self, archive: ZipFile, number: int, content: OdsContent) -> None:
        self.title = content.names[number]
        self.first_year = content.first_year  #: from which it counts days
        self._archive = archive
        self._number = number
        self._merged = content.merged[number]

    def merged_ranges(self) -> list[MergedRange]:
        """Return its merged ranges, in their order from the top."""
        return sorted(self._merged)

    def iter_rows(self, *, values_only: bool) -> Iterator[tuple[object, ...]]:
        """Yield the cells of each row up to the last with a value."""
        del values_only
        content = OdsContent(self._number)
        line = 0
        with self._archive.open(_CONTENT) as stream:
            for piece in _pieces(stream):
                for first, repeated, cells in content.feed(piece, is_last=not piece):
                    yield from repeat((), first - line - 1)
                    yield from repeat(tuple(cells), repeated)
                    line = first + repeated - 1


@contextmanager
def open_ods(path: Path, place: Place) -> Iterator[list[OdsSheet]]:
    """Yield the sheets of a workbook in its order.

    Raises:
        SourceError: the file cannot be read, is not a workbook, or passes a limit.
    """
    with file_errors(place), open_bounded(path, SOURCE_FILE) as stream:
        with workbook_errors(place):
            archive = ZipFile(ArchiveStream(stream))
            check_parts(archive.infolist())
            sheets = _sheets(archive)
        yield sheets


def _sheets(archive: ZipFile) -> list[OdsSheet]:
    names = archive.namelist()
    if _CONTENT not in names:
        raise InvalidWorkbookError("it has no content.xml")
    if _MANIFEST in names:
        with archive.open(_MANIFEST) as stream:
            if b"encryption-data" in stream.read(_MANIFEST_BYTES):
                raise InvalidWorkbookError("it is protected by a password. Save it without the password")
    content = OdsContent(None)
    with archive.open(_CONTENT) as stream:
        for piece in _pieces(stream):
            for _ in content.feed(piece, is_last=not piece):
                pass
    return [OdsSheet(archive, number, content) for number in range(len(content.names))]


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a part; an empty piece is the last."""
    while piece := stream.read(_PIECE):
        yield piece
    yield b""
