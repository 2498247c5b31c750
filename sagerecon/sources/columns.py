"""One cell to one typed value, or a fault with its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.sources.declared import WHOLE_DIGITS, Column, SourceFile

#: A cell as it is written to newline-delimited JSON: decimals and dates as text, so that no float comes up.
Cell: TypeAlias = "str | int | bool | list[dict[str, Cell]] | None"
Convert: TypeAlias = Callable[[object], Cell]

#: What a boolean may be called where the column does not say.
TRUE_AND_FALSE = {
    "true": True,
    "yes": True,
    "y": True,
    "t": True,
    "1": True,
    "false": False,
    "no": False,
    "n": False,
    "f": False,
    "0": False,
}

_BIGINT = 2**63
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LOST_LETTER = "�"


class CellFault(Exception):
    """A cell that is not what its column says. A warning has a `value` all the same."""

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        value: Cell = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.severity = severity
        self.value = value

    def finding(self, place: Place, column: str) -> Finding:
        """The fault with its address."""
        return Finding(self.code, place, f"{column}: {self.message}", self.hint, self.severity)


#: A typed row by column name, `_origin` among them.
Row: TypeAlias = "dict[str, Cell]"

#: The column that says where a row stands.
ORIGIN = "_origin"


@dataclass(frozen=True, slots=True)
class Field:
    """How one column is taken from a raw row: `pick` finds the cell, `convert` types it."""

    column: Column
    pick: Callable[[Any], object]
    convert: Convert


class RowTyper:
    """Types the rows of one table.

    Every cell of every source passes here, so what can be looked up once is.
    """

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = [(field.column.name, field.pick, field.convert, field.column) for field in fields]

    def row(self, raw: object, origin: str, place_of: Callable[[Column], Place]) -> tuple[Row, list[Finding]]:
        """The typed values of a raw row and the faults in it; `place_of` is asked for faults only."""
        values: Row = {}
        findings: list[Finding] = []
        for name, pick, convert, column in self._fields:
            try:
                values[name] = convert(pick(raw))
            except CellFault as fault:
                values[name] = fault.value
                findings.append(fault.finding(place_of(column), name))
        values[ORIGIN] = origin
        return values, findings


def converter(column: Column, file: SourceFile) -> Convert:
    """The function that types a cell of this column; a cell of blanks is none."""
    convert = _converter(column, file)
    required = column.required

    def convert_or_blank(cell: object) -> Cell:
        if cell is None or cell == "" or (isinstance(cell, str) and cell.isspace()):
            if required:
                raise CellFault("missing_value", "a value is required and the cell is empty.")
            return None
        return convert(cell)

    return convert_or_blank


def _converter(column: Column, file: SourceFile) -> Convert:
    match column.type:
        case "text":
            return _as_text
        case "integer":
            return _integer(file)
        case "decimal":
            return _decimal(column.scale, file)
        case "boolean":
            return _boolean(column.words or TRUE_AND_FALSE)
        case "date":
            return _date(column.formats)
        case "datetime":
            return _datetime(column.formats)
        case _:
            raise AssertionError(column.type)  # lists are typed by the JSON reader


def _as_text(cell: object) -> Cell:
    if isinstance(cell, str):
        return cell if cell.isascii() else _checked(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | Decimal | date):
        raise CellFault("not_text", f"{_shown(cell)} is not text.")
    return _digits(cell) if isinstance(cell, Decimal) else str(cell)


def _digits(number: Decimal) -> str:
    """Plain digits, but for numbers such as 1E+999999999 whose digits would fill the memory."""
    return f"{number:f}" if -60 < number.adjusted() < 60 else str(number)


def _checked(text: str) -> str:
    if _SURROGATE.search(text):
        raise CellFault("half_character", f"{_shown(text)} holds half a character.", "Export the file again.")
    if _LOST_LETTER in text:
        raise CellFault(
            "letters_lost",
            f"{_shown(text)} has letters that were lost before this file was written.",
            "Export it again with the right encoding, or correct them by hand.",
            Severity.WARNING,
            text,
        )
    return text


def _decimal(scale: int, file: SourceFile) -> Convert:
    number = _number_pattern(file.decimal, file.thousands)
    plain = _number_pattern(".", "")
    is_usual = re.compile(rf"-?[0-9]{{1,{WHOLE_DIGITS}}}(?:\.[0-9]{{1,{max(scale, 1)}}})?").fullmatch
    has_point = file.decimal == "." and scale > 0

    def convert(cell: object) -> Cell:
        if isinstance(cell, str):
            if has_point and is_usual(cell):
                return cell  # nearly every amount there is
            match = number(cell)
        elif isinstance(cell, Decimal) and cell.is_finite():
            match = plain(_digits(cell))
        elif isinstance(cell, int) and not isinstance(cell, bool):
            match = plain(str(cell))
        else:
            match = None
        if match is None:
            raise CellFault("not_decimal", f"{_shown(cell)} is not a number.", _number_hint(cell, file))
        sign, whole, fraction = match
        fraction = fraction.rstrip("0")
        if len(fraction) > scale:
            raise CellFault(
                "too_fine",
                f"{_shown(cell)} has {len(fraction)} decimals and the column keeps {scale}.",
                f"Say scale: {len(fraction)}.",
            )
        if len(whole.lstrip("0")) > WHOLE_DIGITS:
            raise CellFault("too_large", f"{_shown(cell)} has more than {WHOLE_DIGITS} digits.")
        return f"{sign}{whole or '0'}.{fraction}" if fraction else f"{sign}{whole}"

    return convert


def _integer(file: SourceFile) -> Convert:
    number = _number_pattern(file.decimal, file.thousands)

    def convert(cell: object) -> Cell:
        value: int | None = None
        if isinstance(cell, str):
            match = number(cell)
            value = int(match[0] + match[1]) if match is not None and match[1] and not match[2] else None
        elif isinstance(cell, Decimal):
            value = int(cell) if cell.is_finite() and abs(cell) < _BIGINT and cell == int(cell) else None
        elif isinstance(cell, int) and not isinstance(cell, bool):
            value = cell
        if value is None:
            raise CellFault("not_integer", f"{_shown(cell)} is not a whole number.")
        if not -_BIGINT <= value < _BIGINT:
            raise CellFault("too_large", f"{_shown(cell)} is too large for a whole number.")
        return value

    return convert


def _number_pattern(mark: str, thousands: str) -> Callable[[str], tuple[str, str, str] | None]:
    """A function from a text to sign, whole digits and decimals, or None.

    Besides a leading sign it takes the accountants' ways to write a negative amount: `12.00-` and
    `(12.00)`. Thousands marks must stand at every third digit; a blank may be a no-break blank.
    """
    between = "[ \u00a0\u202f]" if thousands in (" ", "\u00a0") else re.escape(thousands)
    groups = rf"|[0-9]{{1,3}}(?:{between}[0-9]{{3}})+" if thousands else ""
    pattern = re.compile(rf"([-+\u2212(]?)([0-9]*{groups})(?:{re.escape(mark)}([0-9]+))?([-)]?)")
    separator = re.compile(between) if thousands else None

    def match(text: str) -> tuple[str, str, str] | None:
        found = pattern.fullmatch(text) or pattern.fullmatch(text.strip())
        if found is None:
            return None
        before, whole, fraction, after = found.groups()
        if not (whole or fraction) or (before == "(") != (after == ")") or (before and after == "-"):
            return None
        if separator is not None:
            whole = separator.sub("", whole)
        return "" if before in ("", "+") and not after else "-", whole, fraction or ""

    return match


def _number_hint(cell: object, file: SourceFile) -> str:
    if isinstance(cell, str) and re.fullmatch(r"[-+]?[0-9][0-9.,' \u00a0]*", cell.strip()):
        has = f" and thousands: '{file.thousands}'" if file.thousands else " and no thousands mark"
        return f"sources.yaml says decimal: '{file.decimal}'{has}."
    return ""


def _boolean(words: Mapping[str, bool]) -> Convert:
    def convert(cell: object) -> Cell:
        if isinstance(cell, bool):
            return cell
        word = str(cell).strip().casefold() if isinstance(cell, str | int) else ""
        if word not in words:
            raise CellFault(
                "not_boolean", f"{_shown(cell)} is neither true nor false.", f"Words: {', '.join(words)}."
            )
        return words[word]

    return convert


def _date(formats: tuple[str, ...]) -> Convert:
    def convert(cell: object) -> Cell:
        if isinstance(cell, datetime):
            if (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0):
                return cell.date().isoformat()
        elif isinstance(cell, date):
            return cell.isoformat()
        elif isinstance(cell, str) and (day := _read_date(cell.strip(), formats)) is not None:
            return day
        wanted = " or ".join(formats) or "a date such as 2017-03-31"
        raise CellFault("not_date", f"{_shown(cell)} is not {wanted}.")

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


def _datetime(formats: tuple[str, ...]) -> Convert:
    def convert(cell: object) -> Cell:
        moment: datetime | None = None
        if isinstance(cell, datetime):
            moment = cell
        elif isinstance(cell, str):
            moment = _strptime(cell.strip(), formats) if formats else _read_datetime(cell.strip())
        if moment is None:
            wanted = " or ".join(formats) or "a time such as 2017-03-31T14:05:00"
            raise CellFault("not_datetime", f"{_shown(cell)} is not {wanted}.")
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


def _shown(cell: object) -> str:
    if isinstance(cell, dict | list):
        return "an object" if isinstance(cell, dict) else "a list"
    if isinstance(cell, bool):
        return str(cell).lower()
    text = _digits(cell) if isinstance(cell, Decimal) else str(cell)
    text = text if len(text) <= 40 else f"{text[:39]}…"
    return f"'{text}'".encode("utf-8", "backslashreplace").decode()
