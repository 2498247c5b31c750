"""Open an XLSX workbook that a stranger may have made: openpyxl is given nothing that passes a limit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.workbook.defined_name import DefinedNameList
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Finding
from sagerecon.model.limits import (
    SOURCE_FILE,
    WORKBOOK_BYTES,
    WORKBOOK_DIRECTORY,
    WORKBOOK_PARTS,
    WORKBOOK_RATIO,
    WORKBOOK_SHEETS,
)
from sagerecon.model.place import Place
from sagerecon.sources.files import file_errors, source_error
from sagerecon.sources.merged_cells import MergedRange, find_merged_ranges
from sagerecon.sources.sheet_cells import SheetParser, decoded
from sagerecon.sources.workbook_guard import (
    InvalidWorkbookError,
    MemoryEstimate,
    PartGuard,
    WorkbookLimitError,
)

Sheet: TypeAlias = Any  # the read-only sheet of openpyxl has no public type

#: Bytes of a part that are checked at a time.
_PIECE = 1 << 16

#: Bytes below which a part may be packed as small as it likes, such as one of blank cells.
_SMALL_PART = 4 << 20

_ENCRYPTED = 0x1  #: the bit of a part's flags
_PART_HEADER = 30  #: the least bytes before a part


@contextmanager
def open_workbook(path: Path, place: Place) -> Iterator[list[Sheet]]:
    """Yield the sheets of a workbook that have cells, in its order.

    Raises:
        SourceError: the file cannot be read, is not a workbook, or passes a limit.
    """
    with file_errors(place), open_bounded(path, SOURCE_FILE) as stream:
        # Of a style that is absent, openpyxl prints a line, which would stand among the events of --json.
        with workbook_errors(place), redirect_stdout(StringIO()):
            archive = _Archive(stream)
            sheets = _read_sheets(archive)
        with warnings.catch_warnings():  # not for each row, which would take longer than the row itself
            warnings.simplefilter("ignore")
            yield sheets


@contextmanager
def workbook_errors(place: Place) -> Iterator[None]:
    """Raise a SourceError at `place` for whatever the libraries find wrong with a workbook in the block."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about styles, which are not read here
            yield
    except SourceError:
        raise
    except WorkbookLimitError as error:
        hint = "Split the workbook, or export CSV."
        raise source_error(Finding(Code.WORKBOOK_TOO_LARGE, place, f"{error}.", hint)) from error
    # openpyxl, zipfile, zlib and the XML parser raise errors of every type, AttributeError and RecursionError
    # among them, for a file that is damaged: no list of them would be complete.
    except Exception as error:
        if (
            isinstance(error, OSError) and error.errno is not None
        ):  # the file's own trouble, not the content's
            with file_errors(place):
                raise
        message = f"invalid XLSX workbook: {_reason(error)}."
        raise source_error(
            Finding(Code.NOT_A_WORKBOOK, place, message, "Save the workbook again.")
        ) from error


def _reason(error: BaseException) -> str:
    """Return what a library says is wrong; openpyxl hides the reason behind a general sentence."""
    while error.__cause__ is not None and not isinstance(error, InvalidWorkbookError):
        error = error.__cause__
    name = type(error).__name__
    text = " ".join(str(error).split()).rstrip(".")[:200]
    if text[:1] == text[-1:] and text[:1] in ("'", '"'):  # a KeyError shows its text as a literal
        text = text[1:-1]
    is_plain = isinstance(error, (InvalidWorkbookError, OSError)) or " " in text
    return text if text and is_plain else f"{name} {text}".rstrip()


def _read_sheets(archive: _Archive) -> list[Sheet]:
    reader = _Reader(archive)
    reader.read()
    return list(reader.wb.worksheets)


class _Reader(ExcelReader):
    """Reads the names of the sheets of an archive that is checked, and leaves out charts and links."""

    def __init__(self, archive: _Archive) -> None:
        super().__init__(archive.stream, read_only=True, data_only=True, keep_links=False)
        self.archive = archive

    def read_strings(self) -> None:
        """Read the shared texts."""
        part: Any = self.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]
        self.shared_strings = _SharedTexts()
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                self.shared_strings += _shared_texts(source)

    def read_workbook(self) -> None:
        """Read the list of sheets, and none of the names that formulas use.

        openpyxl reads some of those by an expression that takes exponential time.
        """
        super().read_workbook()
        parser: Any = self.parser  # of whose attributes the published types lack some
        parser.defined_names = DefinedNameList()
        if len(parser.sheets) > WORKBOOK_SHEETS.most:
            raise WorkbookLimitError(f"the workbook has {len(parser.sheets):,} sheets", WORKBOOK_SHEETS)

    def read_worksheets(self) -> None:
        """Add the sheets that have cells, and read none of them; a sheet that is a chart has no cells."""
        for sheet, relation in self.parser.find_sheets():
            if relation.target in self.valid_files and "chartsheet" not in relation.Type:
                opened = _UnmeasuredSheet(self.wb, sheet.name, relation.target, self.shared_strings)
                self.wb._sheets.append(opened)  # type: ignore[attr-defined]


class _UnmeasuredSheet(ReadOnlyWorksheet):
    """A sheet that ends where its rows end, whatever size it states."""

    def _get_size(self) -> None:
        """Read nothing: some programs write too small a size, and a sheet without one is read whole."""

    def _cells_by_row(self, *_: Any, **__: Any) -> Iterator[tuple[object, ...]]:
        """Yield the cells of each row as `SheetParser` reads them; a row that is absent is empty."""
        sheet: Any = self  # the attributes of openpyxl have no public types
        counter = 1
        with sheet._get_source() as source:
            parser = SheetParser(source, sheet._shared_strings, sheet.parent)
            for number, cells in parser.parse():
                for _row in range(counter, number):
                    yield ()
                counter = number + 1
                row: list[object] = [None] * (cells[-1]["column"] if cells else 0)
                for cell in cells:
                    row[cell["column"] - 1] = cell["value"]
                yield tuple(row)

    def merged_ranges(self) -> list[MergedRange]:
        """Return the merged ranges of the sheet, in their order from the top."""
        sheet: Any = self
        archive: _Archive = sheet.parent._archive
        with archive.open_unguarded(sheet._worksheet_path) as source:
            return find_merged_ranges(source)


def _shared_texts(source: Any) -> Iterator[str]:
    """Yield the table of shared texts; openpyxl's own would take an escaped `_x000D_` for a line end."""
    for _, node in iterparse(source):
        if node.tag == f"{{{SHEET_MAIN_NS}}}si":
            text: Any = Text.from_tree(node)
            yield decoded(text.content)
            node.clear()


class _SharedTexts(list[str]):
    """The texts that cells name by their number."""

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < len(self):
            raise InvalidWorkbookError(
                f"a cell names the shared text {number}, and the workbook has {len(self):,}"
            )
        return super().__getitem__(number)


class _Archive(ZipFile):
    """The parts of a workbook, each checked while it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream: Any = _Stream(stream)
        super().__init__(self.stream)
        self.memory = MemoryEstimate()
        _check_parts(self.infolist())

    def open_unguarded(self, name: str) -> IO[bytes]:
        """Return the bytes of a part that are searched and not parsed; the directory limits their number."""
        return super().open(name)

    def open(self, name: Any, *_: Any, **__: Any) -> Any:
        """Return the bytes of a part."""
        return _Part(super().open(name), PartGuard(_name(name), self.memory), self.memory)


class _Part:
    """The bytes of a part: each piece is checked before it is handed out."""

    def __init__(self, stream: IO[bytes], guard: PartGuard, memory: MemoryEstimate) -> None:
        self._stream = stream
        self._guard = guard
        self._memory = memory

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes, all of them without a size."""
        if size is not None and size >= 0:
            return self._piece(size)
        pieces = []
        while piece := self._piece(_PIECE):
            self._memory.add(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Close the part."""
        self._guard.close()
        self._stream.close()

    def __enter__(self) -> _Part:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _piece(self, size: int) -> bytes:
        piece = self._stream.read(min(size, _PIECE))
        if piece:
            self._guard.feed(piece)
        return piece


class _Stream:
    """The file of an archive; no single read is larger than a directory of parts may be."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; those of the end of the file, without a size."""
        if size > WORKBOOK_DIRECTORY.most:
            raise WorkbookLimitError(f"the directory of its parts has {size:,} bytes", WORKBOOK_DIRECTORY)
        return self._stream.read(size if size >= 0 else WORKBOOK_DIRECTORY.most)


def _check_parts(parts: list[ZipInfo]) -> None:
    """Check what the directory of an archive says about its parts, before any is unpacked.

    Raises:
        WorkbookLimitError: they pass a limit.
        InvalidWorkbookError: they are not the parts of a workbook.
    """
    if len(parts) > WORKBOOK_PARTS.most:
        raise WorkbookLimitError(f"the workbook has {len(parts):,} parts", WORKBOOK_PARTS)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > WORKBOOK_BYTES.most:
        raise WorkbookLimitError(f"the workbook has {unpacked:,} bytes when it is unpacked", WORKBOOK_BYTES)
    for part in parts:
        name = _name(part)
        if part.flag_bits & _ENCRYPTED:
            raise InvalidWorkbookError(f"{name} is encrypted. Remove its password")
        if part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise InvalidWorkbookError(f"{name} is packed by method {part.compress_type}, not by deflate")
        ratio = part.file_size // max(part.compress_size, 1)
        if part.file_size > _SMALL_PART and ratio > WORKBOOK_RATIO.most:
            raise WorkbookLimitError(
                f"{name} is {ratio:,} times as large when it is unpacked", WORKBOOK_RATIO
            )
    in_order = sorted(parts, key=lambda part: part.header_offset)
    for part, following in pairwise(in_order):
        if part.header_offset + _PART_HEADER + part.compress_size > following.header_offset:
            raise InvalidWorkbookError(f"{_name(part)} overlaps {_name(following)}")


def _name(part: ZipInfo | str) -> str:
    name = part if isinstance(part, str) else part.filename
    return name[:100]
