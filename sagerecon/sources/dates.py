"""Converting cells to dates and times by their declared formats, without guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from time import strptime

from sagerecon.model.code import Code
from sagerecon.model.finding import Severity
from sagerecon.sources.cell import (
    Cell,
    CellChanged,
    CellConverter,
    CellError,
    cell_word,
    display_text,
    type_hint,
)
from sagerecon.sources.definitions import Column
from sagerecon.sources.notation import Notation, null_words_hint

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_START = re.compile(rf"{_ISO_DATE.pattern}(?:[T ]|$)")
_SERIAL = re.compile(r"[1-9][0-9]{0,6}(?:\.[0-9]{1,15})?")

#: A number that is a year rather than a count of days, and the digits of a date without its leading zero.
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SHORTENED = 7

#: How a reading by a count of days is named.
_SERIAL_NAME = "excel_serial"

#: Digits of the directives of a format that are numbers.
_WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "I": 2, "M": 2, "S": 2, "f": 6}

#: Directives that are words, or a time zone.
_WORDS = frozenset("bBaApz")

#: Characters of the longest date.
_LONGEST = 80

#: Texts whose dates are kept, because few different ones occur in many rows.
_CACHED = 10_000

#: The day before the first of each count. Excel counts a 29 February 1900, so that the count of 1900 is right
#: from 1 March only.
_EPOCHS = {1900: datetime(1899, 12, 30), 1904: datetime(1904, 1, 1)}  # noqa: DTZ001 - no time zone
_FIRST_SERIALS = {1900: 61, 1904: 1}
_DAY = 86_400  # seconds
_END_OF_SERIALS = 109_575  # the end of 2199 or 2203; a larger number is more likely a date in digits

#: Years in which the dates of a business lie; a date of another is often a placeholder.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199

#: Formats that a hint names, the usual ones first.
_USUAL_FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d%m%Y", "%d %b %Y", "%d-%b-%Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%Y-%m-%d", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y",
    "%d-%b-%y", "%d %b %y", "%d%m%y", "%y%m%d", "%d/%b/%Y", "%d.%b.%Y", "%d%b%Y", "%d%b%y",
    "%b %d %Y", "%B %d %Y", "%Y.%m.%d", "%y-%m-%d", "%y/%m/%d", "%y.%m.%d", "%a %d %b %Y", "%a, %d %b %Y",
    "%A %d %B %Y", "%A, %d %B %Y", "%A, %B %d, %Y",
)  # fmt: skip
_USUAL_TIMES = (
    "",
    " %H:%M:%S",
    " %H:%M",
    "T%H:%M:%S",
    "T%H:%M:%S%z",
    "T%H:%M:%S.%f",
    "T%H:%M:%S.%f%z",
    " %H:%M:%S.%f",
    "T%H:%M",
    "T%H:%M%z",
    " %H:%M:%S%z",
    " %H:%M:%S.%f%z",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H%M%S",
    "T%H%M%S%z",
    "%H%M%S",
)


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A format of strptime. A part beside another without a separator takes exactly its width."""

    text: str
    shape: re.Pattern[str] = field(init=False, repr=False, compare=False)
    digits: int = field(
        init=False, repr=False, compare=False
    )  #: of the whole, if it has no separator; else 0

    def __post_init__(self) -> None:
        """Derive the shape of the texts that the format reads."""
        parts = re.findall(r"%.|\s+|[^%\s]", self.text)
        shapes, width = [], 0
        for number, part in enumerate(parts):
            wide = _WIDTHS.get(part[1:]) if part.startswith("%") else None
            if wide is None:
                width = -1000
                shapes.append(
                    ".+?" if part.startswith("%") else r"\s+" if part.isspace() else re.escape(part)
                )
                continue
            width += wide
            beside = parts[max(number - 1, 0) : number] + parts[number + 1 : number + 2]
            is_exact = part in ("%Y", "%y") or any(
                _WIDTHS.get(each[1:2]) and each[0] == "%" for each in beside
            )
            shapes.append(f"[0-9]{{{wide}}}" if is_exact and part != "%f" else f"[0-9]{{1,{wide}}}")
        object.__setattr__(self, "shape", re.compile("".join(shapes), re.DOTALL))
        object.__setattr__(self, "digits", max(width, 0))

    @property
    def is_short_year(self) -> bool:
        """Whether the year has two digits."""
        return "%y" in self.text

    @property
    def has_certain_hour(self) -> bool:
        """Whether hours of twelve have AM or PM, and no others: else 12:00 may be midnight."""
        return ("%I" in self.text) == ("%p" in self.text)

    @property
    def has_weekday(self) -> bool:
        """Whether the day of the week is written, which the date must then have."""
        return "%a" in self.text or "%A" in self.text

    @property
    def is_complete(self) -> bool:
        """Whether a date is read back as it was written, with nothing that depends on the machine."""
        directives = re.findall(r"%(.?)", self.text)
        if not all(each in _WIDTHS or each in _WORDS for each in directives):
            return False
        sample = datetime(2017, 3, 31, 14, 5, 6, tzinfo=UTC if "z" in directives else None)
        try:
            found = datetime.strptime(sample.strftime(self.text), self.text)  # noqa: DTZ007 - as in `read`
            return found.date() == sample.date()
        except (ValueError, re.error):
            return False

    def read(self, text: str, century: int) -> datetime | None:
        """Return the date and time of a text, or None.

        Args:
            century: the first of the hundred years in which years of two digits lie.
        """
        if len(text) > _LONGEST or not self.shape.fullmatch(text):
            return None
        try:
            found = datetime.strptime(text, self.text)  # noqa: DTZ007 - the zone, if any, is part of the format
            if self.is_short_year:
                found = found.replace(year=century + (found.year - century) % 100)
            if self.has_weekday and strptime(text, self.text).tm_wday != found.weekday():
                return None
        except ValueError:
            return None
        return found


@cache
def _date_format(text: str) -> DateFormat:
    """Return a format; a hint tries many of them on each cell that is no date."""
    return DateFormat(text)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the formats of a column make of a text: the same value each, or different ones."""

    value: datetime | None
    by: str = ""  #: the first format that reads it
    other: datetime | None = None  #: another value
    other_by: str = ""


def date_converter(column: Column, notation: Notation) -> CellConverter:
    """Return a function that converts a cell to an ISO date. Without formats it accepts ISO 8601 only.

    The day is kept as it is written, in whatever time zone.
    """
    read = _reader(column, notation)

    def day_of(cell: object, text: str) -> str:
        reading = read(text)
        found = _only_value(cell, reading, day_only=True)
        if found is None:
            raise _not_date(cell, column, notation)
        if reading.by == _SERIAL_NAME:
            return _day(cell, found, notation)
        return _likely(text, found, found.date().isoformat(), notation)

    @lru_cache(maxsize=_CACHED)
    def day_of_text(text: str) -> str:
        return day_of(text, text)

    def convert(cell: object) -> Cell:
        if isinstance(cell, str):
            return day_of_text(cell)
        if isinstance(cell, date):
            return _likely(cell, cell, _day(cell, _as_datetime(cell), notation), notation)
        return day_of(cell, _number_text(cell))

    return convert


def datetime_converter(column: Column, notation: Notation) -> CellConverter:
    """Return a function that converts a cell to an ISO date and time.

    A time with a zone is converted to UTC. Without formats it accepts ISO 8601 only.
    """
    read = _reader(column, notation)

    def convert(cell: object) -> Cell:
        if isinstance(cell, date):
            found: datetime | None = _as_datetime(cell)
        else:
            text = cell if isinstance(cell, str) else _number_text(cell)
            found = _only_value(cell, read(text), day_only=False)
        if found is None:
            expected = " or ".join(column.formats) or "a date and time such as 2017-03-31T14:05:00"
            raise CellError(
                Code.NOT_DATETIME, f"{display_text(cell)} is not {expected}.", _hint(cell, column, notation)
            )
        if found.tzinfo is None:
            return _likely(cell, found, found.isoformat(), notation)
        try:
            utc = found.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise CellError(Code.NOT_DATETIME, f"{display_text(cell)} has no time in UTC.") from None
        if utc.date() != found.date():
            raise CellError(
                Code.DAY_CHANGES,
                f"{display_text(cell)} is {utc.isoformat()} in UTC, on another day.",
                "Set type: date to keep the day as it is written.",
                Severity.WARNING,
                utc.isoformat(),
            )
        return _likely(cell, found, utc.isoformat(), notation)

    return convert


def format_namer(column: Column, notation: Notation) -> Callable[[object], str] | None:
    """Return a function that names the format that reads a cell; None if a column has one format only."""
    if column.type not in ("date", "datetime") or len(column.formats) + bool(notation.excel_serial) < 2:
        return None
    read = _reader(column, notation)

    @lru_cache(maxsize=_CACHED)
    def name_of_text(text: str) -> str:
        return read(text).by

    def name(cell: object) -> str:
        if isinstance(cell, str):
            return name_of_text(cell)
        if isinstance(cell, date):
            return "a date of the workbook"
        return read(_number_text(cell)).by

    return name


def _reader(column: Column, notation: Notation) -> Callable[[str], _Reading]:
    """Return a function that reads a text by each format of a column."""
    formats = tuple(map(_date_format, column.formats))
    read_iso = _read_iso_date if column.type == "date" else _read_iso_datetime

    def read(text: str) -> _Reading:
        text = text.strip()
        found: list[tuple[datetime, str]] = []
        if not formats and (value := read_iso(text)) is not None:
            found.append((value, "ISO 8601"))
        for each in formats:
            padded = text.zfill(each.digits) if notation.pad_zeros and len(text) == each.digits - 1 else text
            if (value := each.read(padded, notation.century)) is not None:
                found.append((value, each.text))
        if notation.excel_serial and (value := _read_serial(text, notation.excel_serial)) is not None:
            found.append((value, _SERIAL_NAME))
        if not found:
            return _Reading(None)
        for value, by in found[1:]:
            if value != found[0][0]:
                return _Reading(*found[0], value, by)
        return _Reading(*found[0])

    return read


def _only_value(cell: object, reading: _Reading, day_only: bool) -> datetime | None:
    """Return the value of a reading.

    Raises:
        CellError: two formats read the text as different values.
    """
    first, other = reading.value, reading.other
    if first is None or other is None or (day_only and first.date() == other.date()):
        return first
    shown = [value.date().isoformat() if day_only else value.isoformat() for value in (first, other)]
    raise CellError(
        Code.AMBIGUOUS_DATE,
        f"{display_text(cell)} is {shown[0]} by {reading.by}, and {shown[1]} by {reading.other_by}.",
        "Declare one of these formats alone.",
    )


def _likely(cell: object, day: date, value: str, notation: Notation) -> str:
    """Return the value of a cell.

    Raises:
        CellError: a warning, if no date of a business lies in the year of its day.
    """
    if _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return value
    text = cell_word(cell)
    raise CellError(
        Code.UNLIKELY_DATE,
        f"{display_text(text)} is a date of the year {day.year}.",
        null_words_hint(text, notation),
        Severity.WARNING,
        value,
    )


def _day(cell: object, moment: datetime, notation: Notation) -> str:
    """Return the day of a moment as ISO text.

    Raises:
        CellError: it has a time of day, and nothing declares that this is left out.
        CellChanged: it is left out.
    """
    if moment.time() == time():
        return moment.date().isoformat()
    if notation.drop_time:
        raise CellChanged.by("drop_time", cell, moment.date().isoformat())
    hint = "Set drop_time: true to keep the day alone, or type: datetime."
    raise CellError(Code.NOT_DATE, f"{display_text(cell)} has a time of day.", hint)


def _as_datetime(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time())


def _number_text(cell: object) -> str:
    """Return a number as the text that a format reads; empty for what is no number."""
    if isinstance(cell, bool) or not isinstance(cell, int | Decimal):
        return ""
    if isinstance(cell, int) or not cell.is_finite() or abs(cell.adjusted()) > _LONGEST:
        return str(cell)
    return str(int(cell)) if cell == int(cell) else str(cell)


def _read_serial(text: str, system: int) -> datetime | None:
    """Return the time of a number of days as Excel counts them, to the second of the same day."""
    if not _SERIAL.fullmatch(text):
        return None
    days = Decimal(text)
    if not _FIRST_SERIALS[system] <= days < _END_OF_SERIALS:
        return None
    return _EPOCHS[system] + timedelta(days=int(days), seconds=min(round(days % 1 * _DAY), _DAY - 1))


def _read_iso_date(text: str) -> datetime | None:
    return _read_iso_datetime(text) if _ISO_DATE.fullmatch(text) else None


def _read_iso_datetime(text: str) -> datetime | None:
    if not _ISO_START.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _not_date(cell: object, column: Column, notation: Notation) -> CellError:
    expected = " or ".join(column.formats) or "a date such as 2017-03-31"
    return CellError(Code.NOT_DATE, f"{display_text(cell)} is not {expected}.", _hint(cell, column, notation))


def _hint(cell: object, column: Column, notation: Notation) -> str:
    """Return the declaration with which the cell would be a date, if there is one."""
    text = cell.strip() if isinstance(cell, str) else _number_text(cell)
    if not text or len(text) > _LONGEST:
        return type_hint(cell)
    for each in map(_date_format, column.formats):
        if len(text) == each.digits - 1 and each.read(text.zfill(each.digits), notation.century or 1950):
            return (
                f"{each.text} takes {each.digits} digits. If a leading zero is missing, set pad_zeros: true."
            )
    century = "" if notation.century else ", century: 1950"
    named = [
        f'"{day}{of_day}"' + (century if "%y" in day else "")
        for of_day in _USUAL_TIMES
        for day in _USUAL_FORMATS
        if day + of_day not in column.formats and _date_format(day + of_day).read(text, 1950) is not None
    ]
    if not named and len(text) == _SHORTENED and text.isdecimal():
        named = [
            f'"{day}", pad_zeros: true'
            for day in ("%d%m%Y", "%m%d%Y")
            if _date_format(day).read(f"0{text}", 1950)
        ]
    if named:
        word = "Add to format" if column.formats else "Set format"
        return f"{word}: {' or '.join(named[:2])}."
    if not notation.excel_serial and _read_serial(text, 1900) is not None and not _YEAR.fullmatch(text):
        return "If it is a number of days as Excel counts them, set excel_serial: 1900."
    if any(character.isnumeric() and character > "9" for character in text):
        return "Only the digits 0 to 9 are read."
    if text.isprintable() and not any(character in '"\\123456789' for character in text):
        return null_words_hint(text, notation)
    return ""
