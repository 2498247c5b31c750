"""Merged cells of a sheet: which they are, and what the cells hold that a spreadsheet hides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from openpyxl.utils.cell import column_index_from_string, get_column_letter

from sagerecon.model.limits import WORKBOOK_COLUMNS, WORKBOOK_MERGED
from sagerecon.sources.cell import Filled, Merged
from sagerecon.sources.workbook_guard import InvalidWorkbookError, WorkbookLimitError

#: A merged range in the XML of a sheet, whatever the prefix of its namespace.
_RANGE = re.compile(
    rb"""[<:]mergeCell\s[^<>]{0,200}?ref\s*=\s*["']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})["']"""
)

#: Bytes that are searched at a time, and those of the longest tag of a range.
_PIECE, _TAG = 1 << 20, 400


@dataclass(frozen=True, slots=True, order=True)
class MergedRange:
    """A range of merged cells; rows and columns count from 1, and the last ones belong to it."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


def find_merged_ranges(stream: IO[bytes]) -> list[MergedRange]:
    """Return the merged ranges of the XML of a sheet, in their order from the top.

    They stand behind the rows, so that the XML is searched once before its rows are read.

    Raises:
        WorkbookLimitError: there are too many.
    """
    found: list[MergedRange] = []
    before = b""
    while piece := stream.read(_PIECE):
        text = before + piece
        end = 0
        for match in _RANGE.finditer(text):
            end = match.end()
            first, top, last, bottom = match.groups()
            found.append(
                MergedRange(
                    first_row=int(top),
                    first_column=column_index_from_string(first.decode()),
                    last_row=int(bottom),
                    last_column=column_index_from_string(last.decode()),
                )
            )
            if len(found) > WORKBOOK_MERGED.most:
                raise WorkbookLimitError("a sheet has more merged cells", WORKBOOK_MERGED)
        before = text[max(end, len(text) - _TAG) :]
    return sorted(found)


def with_merged_cells(
    rows: Iterable[tuple[int, Sequence[object]]], ranges: Sequence[MergedRange], *, is_filled: bool
) -> Iterator[tuple[int, Sequence[object]]]:
    """Yield the rows of a sheet with each blank cell that is merged with another one marked as such.

    Args:
        is_filled: whether it has the value of the first cell of its range.

    Raises:
        InvalidWorkbookError: merged ranges overlap.
        WorkbookLimitError: there are too many merged cells.
    """
    waiting = list(reversed(ranges))
    active: list[tuple[MergedRange, object]] = []
    width = marked = 0
    for line, cells in rows:
        active = [(area, value) for area, value in active if area.last_row >= line]
        while waiting and waiting[-1].first_row <= line:
            area = waiting.pop()
            if area.last_row >= line:
                at = area.first_column - 1
                active.append((area, cells[at] if area.first_row == line and at < len(cells) else None))
        width = max(width, len(cells))
        if not active or all(cell is None for cell in cells):
            yield line, cells
            continue
        if sum(area.last_column - area.first_column + 1 for area, _ in active) > WORKBOOK_COLUMNS.most:
            raise InvalidWorkbookError("merged cells overlap")
        marked_cells = [*cells, *[None] * (width - len(cells))]
        for area, value in active:
            is_first_row = area.first_row == line
            for number in range(area.first_column - 1 + is_first_row, min(area.last_column, width)):
                if marked_cells[number] is None:
                    marked += 1
                    marked_cells[number] = _marked(area, value, is_filled=is_filled)
        if marked > WORKBOOK_MERGED.most:
            raise WorkbookLimitError("a sheet has more merged cells", WORKBOOK_MERGED)
        yield line, marked_cells


def _marked(area: MergedRange, value: object, *, is_filled: bool) -> object:
    if value is None:
        return None
    if is_filled:
        return Filled(value, "merged: fill")
    return Merged(f"{get_column_letter(area.first_column)}{area.first_row}")
