"""Converting cells to dates and times by their declared formats, without guessing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from sagerecon.model.code import Code
from sagerecon.sources.cell import Cell, CellConverter, CellError, display_text

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_converter(formats: tuple[str, ...]) -> CellConverter:
    """Return a function that converts a cell to an ISO date. Without formats it accepts ISO 8601 only."""

    def convert(cell: object) -> Cell:
        if isinstance(cell, datetime):
            if (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0):
                return cell.date().isoformat()
        elif isinstance(cell, date):
            return cell.isoformat()
        elif isinstance(cell, str) and (day := _read_date(cell.strip(), formats)) is not None:
            return day
        expected = " or ".join(formats) or "a date such as 2017-03-31"
        raise CellError(Code.NOT_DATE, f"{display_text(cell)} is not {expected}.")

    return convert


@lru_cache(maxsize=50_000)
def _read_date(text: str, formats: tuple[str, ...]) -> str | None:
    """Return the date as ISO text, or None.

    Cached, because strptime is slow and few different dates occur in many rows.
    """
    if not formats:
        try:
            return date.fromisoformat(text).isoformat() if _ISO_DATE.fullmatch(text) else None
        except ValueError:
            return None
    parsed = _strptime(text, formats)
    return None if parsed is None else parsed.date().isoformat()


def datetime_converter(formats: tuple[str, ...]) -> CellConverter:
    """Return a function that converts a cell to an ISO date and time.

    A time with a zone is converted to UTC. Without formats it accepts ISO 8601 only.
    """

    def convert(cell: object) -> Cell:
        parsed: datetime | None = None
        if isinstance(cell, datetime):
            parsed = cell
        elif isinstance(cell, str):
            parsed = _strptime(cell.strip(), formats) if formats else _read_datetime(cell.strip())
        if parsed is None:
            expected = " or ".join(formats) or "a date and time such as 2017-03-31T14:05:00"
            raise CellError(Code.NOT_DATETIME, f"{display_text(cell)} is not {expected}.")
        if parsed.tzinfo is not None:
            parsed = parsed.astimezone(UTC).replace(tzinfo=None)
        return parsed.isoformat()

    return convert


def _read_datetime(text: str) -> datetime | None:
    if not _ISO_DATE.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _strptime(text: str, formats: tuple[str, ...]) -> datetime | None:
    for date_format in formats:
        try:
            return datetime.strptime(text, date_format)  # noqa: DTZ007 - the zone, if any, is part of the format
        except ValueError:
            continue
    return None
