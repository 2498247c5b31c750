"""Find the row of titles in a table that is not declared, and declare a column for each title or position."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.sources.definitions import Column
from sagerecon.sources.detected import cell_column, column_names, warning
from sagerecon.sources.row_rules import title_text

#: Rows from which the form of a table is told.
SAMPLE_ROWS = 1_000

#: A cell that is no title: a number, an amount, a date.
_VALUE = re.compile(r"[-+(]?[£$€]?\s*[0-9][0-9.,:/' -]*[)%]?")


def heading_row(rows: Sequence[Sequence[object]], width: int) -> int | None:
    """Return the number of the first row that is as wide as the table, if it holds titles; else None."""
    for number, cells in enumerate(rows[:100]):
        titles = [str(cell).strip() for cell in cells if cell is not None and str(cell).strip()]
        if len(titles) < max(width - 1, 1) or (len(titles) == 1 and width > 1):
            continue
        is_text = all(isinstance(cell, str) or cell is None for cell in cells)
        if is_text and len(set(titles)) * 2 > len(titles) and not any(map(_VALUE.fullmatch, titles)):
            return number
        return None
    return None


def titled_columns(
    heading: Sequence[object], sample: Sequence[Sequence[object]], place: Place
) -> tuple[Column, ...]:
    """Return a column for each title; its type is that of the cells. A blank title has none.

    Args:
        heading: the cells of the row of titles.
        sample: rows; one may end before its last cells.
    """
    titles = [title_text(cell) for cell in heading]
    columns = []
    for number, (name, title) in enumerate(zip(column_names(titles), titles, strict=True)):
        if title:
            column = cell_column(name, (title,), _cells(sample, number), place)
            several = titles.count(title) > 1
            occurrence = titles[: number + 1].count(title) if several else 0
            columns.append(replace(column, occurrence=occurrence))
    return tuple(columns)


def numbered_columns(sample: Sequence[Sequence[object]], width: int, place: Place) -> tuple[Column, ...]:
    """Return a column for each position of a table without titles."""
    columns = []
    for number in range(1, width + 1):
        name = f"column_{number}"
        column = cell_column(name, (name,), _cells(sample, number - 1), place)
        columns.append(replace(column, number=number))
    return tuple(columns)


def no_heading(place: Place) -> Finding:
    """Return the finding for a table without a row of titles."""
    message = "no row holds a title for each column, so the columns are named by their positions."
    hint = "Export the file with its headings, or give the columns names in sources.yaml."
    return warning(Code.MISSING_COLUMN, place, message, hint)


def _cells(sample: Sequence[Sequence[object]], number: int) -> list[object]:
    return [row[number] if number < len(row) else None for row in sample]
