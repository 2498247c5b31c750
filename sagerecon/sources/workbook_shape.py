"""Detect how a sheet of a workbook can be declared, whichever program wrote it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.detected import Detected, Part, no_part, which_part
from sagerecon.sources.files import source_error
from sagerecon.sources.headings import (
    SAMPLE_ROWS,
    heading_row,
    no_heading,
    numbered_columns,
    titled_columns,
)
from sagerecon.sources.ods_file import open_ods
from sagerecon.sources.workbook import Sheet, open_workbook, workbook_errors
from sagerecon.sources.xls_file import open_xls
from sagerecon.sources.xlsx_file import OpenSheets

_OPEN: dict[str, OpenSheets] = {"xlsx": open_workbook, "ods": open_ods, "xls": open_xls}


def detect_workbook(path: Path, file: SourceFile, sheet: str) -> Detected:
    """Return how a sheet of a workbook can be declared: the named one, or the first that has rows.

    Raises:
        SourceError: it cannot be read, or has no such sheet, or no rows.
    """
    place = Place(path.name)
    with _OPEN[file.format](path, place) as sheets:
        names = [str(each.title) for each in sheets]
        if not names or (sheet and sheet not in names):
            raise no_part(Code.NO_SHEET, place, "the workbook", sheet, names)
        tried = [sheets[names.index(sheet)]] if sheet else sheets
        found = ((str(each.title), _filled_rows(each, place)) for each in tried)
        title, filled = next(((title, rows) for title, rows in found if rows), (names[0], []))
    if not filled:
        message = f"the sheet '{sheet or title}' is empty."
        raise source_error(Finding(Code.EMPTY_FILE, place, message))
    findings = () if sheet else which_part(place, "the workbook", [Part(name) for name in names], title)
    declared = replace(file, sheet=title if len(names) > 1 else "")
    widths = Counter(len(cells) for _, cells in filled)
    width = max(widths, key=lambda each: (each > 1, widths[each], each))
    heading = heading_row([cells for _, cells in filled], width)
    if heading is None:
        columns = numbered_columns([cells for _, cells in filled], width, place)
        declared = replace(declared, has_header=False, columns=columns)
        return Detected(declared, tuple(names), (*findings, no_heading(place)))
    columns = titled_columns(filled[heading][1], [cells for _, cells in filled[heading + 1 :]], place)
    declared = replace(declared, skip=filled[heading][0], columns=columns)
    return Detected(declared, tuple(names), findings)


def _filled_rows(sheet: Sheet, place: Place) -> list[tuple[int, tuple[object, ...]]]:
    """Return the first rows that are not blank, each with its number from 0, up to its last cell."""
    with workbook_errors(place):
        rows = list(islice(sheet.iter_rows(values_only=True), SAMPLE_ROWS + 100))
    trimmed = (_trimmed_row(cells) for cells in rows)
    return [(number, cells) for number, cells in enumerate(trimmed) if cells]


def _trimmed_row(cells: Sequence[object]) -> tuple[object, ...]:
    """Return a row without the blank cells at its end."""
    end = next((number for number in range(len(cells), 0, -1) if _is_there(cells[number - 1])), 0)
    return tuple(cells[:end])


def _is_there(cell: object) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))
