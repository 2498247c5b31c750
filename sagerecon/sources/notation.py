"""How a file writes numbers, dates, texts and empty cells, as a `sources.yaml` declares it."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notation:
    """How cells are written. A file declares it for all of its columns, and a column for itself."""

    null_words: tuple[str, ...] = ()  #: texts that mean an empty cell
    decimal: str = "."
    thousands: str = ""
    grouping: str = ""  #: `indian`: 12,34,567.00
    currency: tuple[str, ...] = ()  #: signs and codes beside an amount, such as £ and EUR
    signs: tuple[
        tuple[str, bool], ...
    ] = ()  #: marks beside an amount, such as CR, and whether it is negative
    dash: str = ""  #: what a dash alone means: `zero` or `empty`
    exponent: bool = False  #: whether 1.5E+03 is a number
    percent: str = ""  #: what 20% is: `number` (20) or `fraction` (0.2)
    century: int = 0  #: the first of the hundred years in which years of two digits lie
    excel_serial: int = 0  #: the year from which Excel counts days, 1900 or 1904; 0: a number is no date
    pad_zeros: bool = False  #: whether a date of digits may lack its leading zero
    drop_time: bool = False  #: whether the time of day in a date column is left out
    controls: str = ""  #: `remove`: control characters and marks of direction are removed from a text


#: The notation of a file that declares none.
PLAIN = Notation()


def null_words_hint(word: str, notation: Notation) -> str:
    """Return the hint to declare a word that may mean an empty cell, beside those of a notation."""
    words = json.dumps([*notation.null_words, word], ensure_ascii=False)
    return f"If it means an empty cell, set null_words: {words}."


def currency_hint(sign: str, notation: Notation) -> str:
    """Return the declaration of a sign beside those of a notation."""
    signs = json.dumps([*notation.currency, sign], ensure_ascii=False) if notation.currency else f"'{sign}'"
    return f"currency: {signs}"
