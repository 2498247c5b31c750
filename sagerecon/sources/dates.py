"""Dates and times by their declared formats, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from sagerecon.model.code import Code
from sagerecon.sources.cell import Cell, CellConverter, CellError, display_text

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_converter(formats: tuple[str, ...]) -> CellConverter:
    """Types a cell as a day, given as ISO text; no formats mean ISO 8601."""

    def convert(cell: object) -> Cell:
        if isinstance(cell, datetime):
            if (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0):
                return cell.date().isoformat()
        elif isinstance(cell, date):
            return cell.isoformat()
        elif isinstance(cell, str) and (day := _read_date(cell.strip(), formats)) is not None:
            return day
        wanted = " or ".join(formats) or "a date such as 2017-03-31"
        raise CellError(Code.NOT_DATE, f"{display_text(cell)} is not {wanted}.")

    return convert


@lru_cache(maxsize=50_000)
def _read_date(text: str, formats: tuple[str, ...]) -> str | None:
    """The day as ISO text. Few different days stand in many rows, and strptime is slow."""
    if not formats:
        try:
            return date.fromisoformat(text).isoformat() if _ISO_DATE.fullmatch(text) else None
        except ValueError:
            return None
    moment = _strptime(text, formats)
    return None if moment is None else moment.date().isoformat()


def datetime_converter(formats: tuple[str, ...]) -> CellConverter:
    """Types a cell as a moment, given as ISO text; in UTC where the text has a zone."""

    def convert(cell: object) -> Cell:
        moment: datetime | None = None
        if isinstance(cell, datetime):
            moment = cell
        elif isinstance(cell, str):
            moment = _strptime(cell.strip(), formats) if formats else _read_datetime(cell.strip())
        if moment is None:
            wanted = " or ".join(formats) or "a time such as 2017-03-31T14:05:00"
            raise CellError(Code.NOT_DATETIME, f"{display_text(cell)} is not {wanted}.")
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat()

    return convert


def _read_datetime(text: str) -> datetime | None:
    if not _ISO_DATE.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _strptime(text: str, formats: tuple[str, ...]) -> datetime | None:
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - a zone comes from the format or not at all
        except ValueError:
            continue
    return None
