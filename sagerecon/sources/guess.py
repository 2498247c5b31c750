"""Tell from all texts of a column what they stand for: numbers, dates, words of yes and no, or text.

Each reading is tried with the converters that a snapshot uses, so that what fits here is read there. Where
two readings fit all texts and differ, neither is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from itertools import islice

from sagerecon.model.money import product, total
from sagerecon.sources.cell import CellConverter, CellError
from sagerecon.sources.definitions import MAX_SCALE, Column, SourceFile
from sagerecon.sources.rows import converter

#: Texts from which the readings are told that are tried on all.
_FIRST = 500

#: Texts of these on which each reading is tried before the others.
_TRIED = 20

#: The share of them that a reading must fit to be tried on all.
_HALF = 0.5

#: Texts that are kept to show where two readings differ, and those that are shown which do not fit.
_KEPT, _SHOWN = 1_000, 3

#: A whole number with more digits is a code.
_MOST_DIGITS = 15

#: Decimal and thousands marks, the most usual first.
MARKS = ((".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", " "), (".", "'"))

_DATES = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%d-%b-%y",
    "%d %b %y",
)
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")

#: The texts that a part of a date format may stand for.
_SHAPES = {
    "%Y": "[0-9]{4}",
    "%b": r"[^\W\d]+\.?",
    "%B": r"[^\W\d]+",
    "%p": r"[A-Za-z.]+",
    **dict.fromkeys(("%d", "%m", "%y", "%H", "%I", "%M", "%S"), "[0-9]{1,2}"),
}

_WORDS = (("yes", "no"), ("y", "n"), ("true", "false"), ("ja", "nein"), ("oui", "non"), ("sí", "no"))

#: Words that mean an empty cell where the others of a column are numbers, dates or words of yes and no.
_NULLS = ("n/a", "#n/a", "n.a.", "null", "(null)", "nil", "none", "nan", "k.a.", "00.00.0000", "0000-00-00")

#: Codes and signs of currencies that stand beside amounts, in lower case.
_CURRENCIES = (
    *(
        "gbp",
        "eur",
        "usd",
        "sek",
        "nok",
        "dkk",
        "isk",
        "chf",
        "cad",
        "aud",
        "nzd",
        "pln",
        "czk",
        "huf",
        "zar",
    ),
    *("inr", "jpy", "cny", "kr", "kr.", "fr.", "rs", "rs."),
)
_BESIDE = re.compile(r"[^\W\d_]+\.?|[\u00a2-\u00a5\u20a0-\u20cf$]")

#: Marks that accountants write beside an amount, and whether it is negative.
_SIGNS = (("CR", True), ("DR", False))

#: The first year that years of two digits may be: with it, 49 is 2049.
_CENTURY = 1950

#: A whole number as programs write one that they keep as a binary float.
_POINT_ZERO = re.compile(r"[0-9]+\.0")

_CODE = re.compile(r"\s*[+]?0[0-9]+\s*|\s*[+][0-9]+\s*")
_PLAIN = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a column, in how many rows it is, and the address of the first of them."""

    text: str
    rows: int
    origin: str


@dataclass(slots=True)
class Reading:
    """One way to read the texts of a column, and what it makes of them."""

    column: Column
    marks: tuple[str, str]
    convert: CellConverter
    shape: re.Pattern[str] | None = None  #: of the texts that may be dates
    rows: int = 0  #: that fit
    texts: int = 0  #: that fit
    scale: int = 0
    least: str | Decimal | None = None
    greatest: str | Decimal | None = None
    seen: int = 0  #: a fingerprint of all values
    misfits: list[Text] = field(default_factory=list)
    _amounts: list[Decimal] = field(default_factory=list)  #: what is to be summed, some of it summed already

    @property
    def sum(self) -> Decimal:
        """The sum of the numbers of all rows."""
        return total(self._amounts)

    def hint(self, text: str) -> str:
        """Return what would have to be declared for a text that does not fit; empty if that is not known."""
        letters = [mark for mark in _BESIDE.findall(text) if mark[0].isalpha()]
        if any(character.isdecimal() for character in text) and not all(map(_is_amount_mark, letters)):
            return ""  # of a code such as C536379, whose letters are no currency
        try:
            self.convert(text)
        except CellError as error:
            return error.hint
        return ""

    @property
    def about(self) -> str:
        """The reading in words."""
        formats = f" {self.column.formats[0]}" if self.column.formats else ""
        decimal, thousands = self.marks
        marks = f" with decimal '{decimal}'" + (f" and thousands '{thousands}'" if thousands else "")
        return f"{self.column.type}{formats}{marks if self.column.type == 'decimal' else ''}"

    def value(self, text: str) -> str | None:
        """Return what the reading makes of a text, or None."""
        if self.shape is not None:
            if self.shape.fullmatch(text) is None:
                return None  # without the hint that the converter would look for
        elif _PLAIN.fullmatch(text) is not None and self.column.type != "boolean":
            return text  # as each converter of numbers returns it
        try:
            value = self.convert(text)
        except CellError:
            return None
        return None if value is None else str(value)

    def add(self, text: Text) -> None:
        """Count a text that fits, or note one that does not."""
        value = self.value(text.text)
        if value is None:
            if len(self.misfits) < _SHOWN:
                self.misfits.append(text)
            return
        self.rows += text.rows
        self.texts += 1
        self.seen = hash((self.seen, value))
        known: str | Decimal = value
        if self.column.type in ("integer", "decimal"):
            known = Decimal(value)
            self.scale = max(self.scale, len(value.partition(".")[2]))
            self._amounts.append(known if text.rows == 1 else product(text.rows, known))
            if len(self._amounts) >= _FIRST:
                self._amounts = [total(self._amounts)]
        if self.least is None or known < self.least:  # type: ignore[operator]
            self.least = known
        if self.greatest is None or known > self.greatest:  # type: ignore[operator]
            self.greatest = known


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings of a column, and what is known of its texts whatever they stand for."""

    column: Column
    rows: int
    distinct: int
    tried: tuple[Reading, ...]
    has_codes: bool  #: leading zeros, a leading plus sign, or more digits than an amount has
    has_point_zeros: bool  #: all are whole numbers written as `17850.0`
    nulls: tuple[Text, ...]  #: words that mean an empty cell where the others are no text
    currencies: tuple[str, ...]  #: beside amounts
    samples: tuple[Text, ...]
    least: str | None
    greatest: str | None

    @property
    def filled(self) -> int:
        """The number of rows in which is no word that means an empty cell."""
        return self.rows - sum(each.rows for each in self.nulls)

    def fitting(self, *types: str) -> list[Reading]:
        """Return the readings of these types that fit all texts."""
        return [each for each in self.tried if each.column.type in types and each.rows == self.filled]

    def nearest(self) -> Reading | None:
        """Return the reading that fits most rows but not all; None where none fits half of them."""
        filled = self.filled
        part = [each for each in self.tried if each.rows < filled and each.rows >= filled * _HALF]
        return max(part, key=lambda each: each.rows, default=None)

    def example(self, readings: Sequence[Reading]) -> str:
        """Return a text that the readings read differently, with what they make of it."""
        for sample in self.samples:
            values = [each.value(sample.text) for each in readings]
            if len(set(values)) > 1:
                made = " or ".join(str(value) for value in dict.fromkeys(values))
                return f"'{sample.text}' ({sample.origin}) is {made}"
        return ""


def read_texts(column: Column, texts: Iterable[Text], file: SourceFile) -> Readings:
    """Return how the texts of a column can be read.

    Args:
        texts: each once, none of them blank.
        file: as it is detected.
    """
    stream = iter(texts)
    first = list(islice(stream, _FIRST))
    told = [text for text in first if not _is_null(text)]
    currencies = tuple(dict.fromkeys(mark for text in told for mark in _currencies(text.text)))
    tried = [each for each in _candidates(column, file, told, currencies) if _may_fit(each, told)]
    rows = distinct = 0
    has_codes, has_point_zeros = False, bool(told)
    nulls: list[Text] = []
    samples: list[Text] = []
    least: str | None = None
    greatest: str | None = None
    for text in _all(first, stream):
        rows += text.rows
        distinct += 1
        if len(samples) < _KEPT:
            samples.append(text)
        has_codes = has_codes or _is_code(text.text)
        least = text.text if least is None else min(least, text.text)
        greatest = text.text if greatest is None else max(greatest, text.text)
        if has_codes:
            tried = []  # whatever else fits, the column is text
        if _is_null(text):
            nulls.append(text)
            continue
        has_point_zeros = has_point_zeros and _POINT_ZERO.fullmatch(text.text) is not None
        for reading in tried:
            reading.add(text)
    return Readings(
        column=column,
        rows=rows,
        distinct=distinct,
        tried=tuple(tried),
        has_codes=has_codes,
        has_point_zeros=has_point_zeros,
        nulls=tuple(nulls),
        currencies=currencies,
        samples=tuple(samples),
        least=least,
        greatest=greatest,
    )


def _all(first: Sequence[Text], rest: Iterable[Text]) -> Iterator[Text]:
    yield from first
    yield from rest


def _is_code(text: str) -> bool:
    digits = text.strip()
    return bool(_CODE.fullmatch(text)) or (digits.isdigit() and len(digits) > _MOST_DIGITS)


def _is_null(text: Text) -> bool:
    return text.text.strip().casefold() in _NULLS


def _is_amount_mark(mark: str) -> bool:
    return mark.casefold() in _CURRENCIES or mark.upper() in dict(_SIGNS)


def _currencies(text: str) -> Iterator[str]:
    """Yield the signs and codes of currencies in a text that has digits."""
    if any(character.isdecimal() for character in text):
        for mark in _BESIDE.findall(text):
            if not mark[0].isalpha() or mark.casefold() in _CURRENCIES:
                yield mark


@cache
def _shape(date_format: str) -> re.Pattern[str]:
    """Return the pattern of the texts that may be dates of a format; of ISO 8601 for none."""
    if not date_format:
        return re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.,+Z-]+)?\s*")
    parts = re.split(r"(%.)", date_format)
    return re.compile(rf"\s*{''.join(_SHAPES.get(part, re.escape(part)) for part in parts)}\s*")


def _may_fit(reading: Reading, first: Sequence[Text]) -> bool:
    for tried in (first[:_TRIED], first):
        if sum(reading.value(text.text) is not None for text in tried) < max(len(tried) * _HALF, 1):
            return False
    return True


def _candidates(
    column: Column, file: SourceFile, first: Sequence[Text], currencies: Sequence[str]
) -> Iterator[Reading]:
    """Yield the readings that are tried, in the order in which they are preferred."""
    beside = {mark.casefold() for text in first for mark in _BESIDE.findall(text.text)}
    signs = _SIGNS if any(mark.casefold() in beside for mark, _ in _SIGNS) else ()
    # Amounts in several currencies have no total: they are no numbers before they are told apart.
    currency = tuple(currencies) if len(currencies) == 1 else ()

    def reading(made: Column, marks: tuple[str, str] = MARKS[0]) -> Reading:
        read_by = with_marks(file, marks)
        if made.type == "decimal" and (currency or signs) and made.notation is None:
            made = replace(made, notation=replace(read_by.notation, currency=currency, signs=signs))
        if made.formats and "%y" in made.formats[0] and made.notation is None:
            made = replace(made, notation=replace(read_by.notation, century=_CENTURY))
        shape = _shape(made.formats[0] if made.formats else "") if made.type in ("date", "datetime") else None
        return Reading(column=made, marks=marks, convert=converter(made, read_by), shape=shape)

    words = {text.text.strip().casefold() for text in first}
    for yes, no in _WORDS:
        if words == {yes, no}:
            default = yes in ("yes", "y", "true")
            yield reading(replace(column, type="boolean", words={} if default else {yes: True, no: False}))
    yield reading(replace(column, type="integer"))
    for marks in MARKS:
        yield reading(replace(column, type="decimal", scale=MAX_SCALE), marks)
    days = [("date", day) for day in ("", *_DATES)]
    times = [f"{day} {time}" for day in ("%Y-%m-%d", *_DATES) for time in _TIMES]
    for kind, form in (*days, *(("datetime", time) for time in ("", *times))):
        if any(_shape(form).fullmatch(text.text) for text in first[:_TRIED]):
            yield reading(replace(column, type=kind, formats=(form,) if form else ()))


def with_marks(file: SourceFile, marks: tuple[str, str]) -> SourceFile:
    """Return the file with these decimal and thousands marks."""
    return replace(file, notation=replace(file.notation, decimal=marks[0], thousands=marks[1]))


def number_marks(columns: Sequence[Readings]) -> tuple[tuple[str, str], list[tuple[Readings, list[Reading]]]]:
    """Return the marks by which most columns are numbers, and the columns that other marks read as well.

    The marks are those of the whole file. A column is in the list where marks that fit as many columns read
    it differently.
    """
    numbers = [
        readings
        for readings in columns
        if not readings.has_codes and not readings.has_point_zeros and not readings.fitting("integer")
    ]
    fits = {
        marks: [
            (readings, found)
            for readings in numbers
            for found in readings.fitting("decimal")
            if found.marks == marks
        ]
        for marks in MARKS
    }
    most = max(len(found) for found in fits.values())
    best = [marks for marks in MARKS if len(fits[marks]) == most]
    if not most:
        best = [_marks_of_most_rows(numbers)]
    open_columns = []
    for readings in columns:
        rivals = [found for marks in best for each, found in fits[marks] if each is readings]
        if len({found.seen for found in rivals}) > 1:
            open_columns.append((readings, rivals))
    return best[0], open_columns


def _marks_of_most_rows(columns: Sequence[Readings]) -> tuple[str, str]:
    """Return the marks by which most rows are numbers, of columns of which none is read wholly by any."""
    rows = dict.fromkeys(MARKS, 0)
    for readings in columns:
        for found in readings.tried:
            if found.column.type == "decimal":
                rows[found.marks] += found.rows
    return max(MARKS, key=lambda marks: rows[marks])
