"""Reading the cells of a sheet with what openpyxl leaves out: errors, formulas without a value, formats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils.datetime import WINDOWS_EPOCH
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from sagerecon.sources.number_format import PLAIN_FORMATS

#: The number of significant digits that Excel keeps.
_EXCEL_DIGITS = 15

#: The year whose 29 February Excel counts, though it had none, and the number of that day.
_WITH_LEAP_DAY, _LEAP_DAY = 1900, 60

_DAY_BEFORE = date(1900, 2, 28)

#: A character that XML does not hold, or an underscore that would seem to begin one, as OOXML writes it.
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


#: What a number format shows as it stands.
_LITERAL = re.compile(r'"[^"]*"|\\.')


@dataclass(frozen=True, slots=True)
class FormattedNumber:
    """A number, and the format by which the sheet shows it."""

    number: int | float
    number_format: str

    @property
    def is_percentage(self) -> bool:
        """Whether the sheet shows a hundred times the number."""
        return "%" in _LITERAL.sub("", self.number_format)

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class FormulaError:
    """The error of a formula, such as #N/A."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class UncalculatedFormula:
    """A formula without a value: the program that wrote it did not calculate."""

    formula: str

    def __str__(self) -> str:
        return f"={self.formula}"


@dataclass(frozen=True, slots=True)
class NoDate:
    """A number with the format of a date that is none: beyond the last day, or Excel's 29 February 1900."""

    number: str

    def __str__(self) -> str:
        return self.number


def is_day_that_never_was(days: float, first_year: int) -> bool:
    """Return whether a count of days from 1900 falls on 29 February 1900, which only Excel has."""
    return first_year == _WITH_LEAP_DAY and _LEAP_DAY <= days < _LEAP_DAY + 1


class SheetParser(WorkSheetParser):
    """Reads the rows of a sheet; the value of a cell is a plain one, or one of the classes of this module."""

    def __init__(self, source: Any, shared_texts: Any, book: Any) -> None:
        super().__init__(
            source,
            shared_texts,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        self._formats = _formats(book)

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """Return the column and the value of a cell."""
        cell: dict[str, Any] = super().parse_cell(element)
        value, kind = cell["value"], cell["data_type"]
        if value is None:
            formula = element.find(FORMULA_TAG)
            if formula is not None and (kind != "str" or element.find(VALUE_TAG) is None):
                cell["value"] = UncalculatedFormula(formula.text or "")
        elif kind == "e":
            is_stated = element.get("t") == "e"
            cell["value"] = FormulaError(str(value)) if is_stated else NoDate(element.findtext(VALUE_TAG))
        elif kind == "d":
            if isinstance(value, datetime) and value.date() == _DAY_BEFORE and self._never_was(element):
                cell["value"] = NoDate(element.findtext(VALUE_TAG))
        elif kind == "n":
            shown_by = self._formats.get(cell["style_id"])
            if shown_by is not None:
                cell["value"] = FormattedNumber(value, shown_by)
        elif kind == "s" and element.get("t") != "s":  # shared texts are decoded where they are read
            cell["value"] = decoded(value)
        return cell

    def _never_was(self, element: Any) -> bool:
        """Return whether a cell with a date has the number of a day that never was."""
        first_year = _WITH_LEAP_DAY if self.epoch == WINDOWS_EPOCH else 0
        is_number = element.get("t", "n") == "n"
        return is_number and is_day_that_never_was(float(element.findtext(VALUE_TAG)), first_year)


def decoded(text: str) -> str:
    """Return a text of a workbook with its escaped characters: `_x000D_` is a carriage return."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def as_shown(number: float) -> Decimal:
    """Return a number of a workbook with the digits that Excel keeps, a whole one with all of its digits."""
    if isinstance(number, float) and number.is_integer():
        return Decimal(int(number))
    shown = Decimal(f"{number:.{_EXCEL_DIGITS}g}") if isinstance(number, float) else Decimal(number)
    return shown.quantize(Decimal(1)) if shown.adjusted() < _EXCEL_DIGITS and shown == int(shown) else shown


def _formats(book: Any) -> dict[int, str]:
    """Return the number format of each style by which a number is shown otherwise than by its digits."""
    formats: dict[int, str] = {}
    for style, array in enumerate(book._cell_styles):
        number = array.numFmtId
        if number < BUILTIN_FORMATS_MAX_SIZE:
            shown_by = BUILTIN_FORMATS.get(number, "General")
        else:
            shown_by = book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE]
        if shown_by not in PLAIN_FORMATS:
            formats[style] = shown_by
    return formats
