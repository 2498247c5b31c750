"""What is detected of a file that is not declared: a declaration whose columns keep every cell as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from unicodedata import normalize

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import MAX_SCALE, Column, SourceFile
from sagerecon.sources.files import source_error

_INVALID = re.compile(r"[^a-z0-9]+")

#: Characters of a name that is made from a title.
_NAME_CHARACTERS = 60

_MONEY_SCALE = 2

#: Parts that are named in a message.
_LISTED = 12


@dataclass(frozen=True, slots=True)
class Detected:
    """A file as it can be declared, and what remains open about it.

    Its columns have the types of the cells, and text where the cells are text: what the text stands for is
    told from all rows.
    """

    file: SourceFile
    parts: tuple[str, ...] = ()  #: its sheets, tables or lists of records, if it may have several
    findings: tuple[Finding, ...] = ()


def warning(code: Code, place: Place, message: str, hint: str = "") -> Finding:
    """Return a finding for what cannot be told from a file."""
    return Finding(code=code, place=place, message=message, hint=hint, severity=Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet, a table, or the records of one sort in a file."""

    name: str
    rows: int | None = None  #: None: not counted


def no_part(code: Code, place: Place, whole: str, part: str, names: Sequence[str]) -> SourceError:
    """Return the error for a file that does not have the part that was named."""
    more = f", and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    listed = f"; it has {', '.join(names[:_LISTED])}{more}" if names else ""
    hint = suggestion(part, names) if names else f"Name it without #{part}."
    return source_error(Finding(code, place, f"{whole}, and has no '{part}'{listed}.", hint))


def which_part(place: Place, whole: str, parts: Sequence[Part], shown: str) -> tuple[Finding, ...]:
    """Return the finding for a file with several parts, of which one is shown; none for one part."""
    if len(parts) < 2:
        return ()
    listed = ", ".join(
        each.name if each.rows is None else f"{each.name} ({counted(each.rows, 'row')})"
        for each in parts[:_LISTED]
    )
    more = f", and {len(parts) - _LISTED:,} more" if len(parts) > _LISTED else ""
    other = next(each.name for each in parts if each.name != shown)
    message = f"{whole} has several tables: {listed}{more}. '{shown}' is shown."
    hint = f"For another one: {place.file}#{other}"
    return (Finding(code=Code.WHICH_TABLE, place=place, message=message, hint=hint, severity=Severity.INFO),)


def longest(parts: Sequence[Part]) -> Part:
    """Return the part with most rows, the first of several."""
    return max(parts, key=lambda each: each.rows or 0)


def column_names(titles: Iterable[str]) -> list[str]:
    """Return a name for each title: lower-case letters, digits and `_`, each name once."""
    names: list[str] = []
    taken: set[str] = set()
    for title in titles:
        plain = normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
        base = _INVALID.sub("_", plain).strip("_")[:_NAME_CHARACTERS] or "column"
        base = f"n_{base}" if base[0].isdigit() else base
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names.append(name)
    return names


def cell_column(name: str, path: tuple[str, ...], cells: Sequence[object], place: Place) -> Column:
    """Return the column that keeps such cells as they are."""
    filled = [cell for cell in cells if cell is not None and cell != ""]
    column_type = _type_of(filled)
    scale = _scale_of(filled) if column_type == "decimal" else _MONEY_SCALE
    return Column(name=name, type=column_type, path=path, place=place, scale=scale)


def _type_of(cells: Sequence[object]) -> str:
    if not cells or any(isinstance(cell, str) for cell in cells):
        return "text"
    if all(isinstance(cell, bool) for cell in cells):
        return "boolean"
    if all(isinstance(cell, date) for cell in cells):
        return "datetime" if any(_has_time(cell) for cell in cells) else "date"
    if all(isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) for cell in cells):
        return "integer" if all(cell == int(cell) for cell in cells) else "decimal"  # type: ignore[call-overload]
    return "text"


def _has_time(cell: object) -> bool:
    return isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) != (0, 0, 0)


def _scale_of(cells: Sequence[object]) -> int:
    """Return the decimals of the numbers: 2, or more where a number as a workbook shows it has more."""
    scale = _MONEY_SCALE
    for cell in cells:
        number = Decimal(f"{cell:.15g}") if isinstance(cell, float) else Decimal(str(cell))
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int):
            scale = max(scale, min(-exponent, MAX_SCALE))
    return scale
