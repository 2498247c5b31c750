"""The shape of a difference: how two values differ, judged by their text."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from decimal import Decimal

from sagerecon.model.money import difference, magnitude, negative, places_of, rounded, shifted
from sagerecon.pairing.canonical import Leaf
from sagerecon.reconciliation.verdict import Shape

_CENT = Decimal("0.01")


def shape_of(source: Leaf, sage: Leaf) -> Shape:
    """Return how two values differ, judged by their text."""
    if source in (None, "") or sage in (None, ""):
        return Shape.EMPTY
    if isinstance(source, Decimal) and isinstance(sage, Decimal):
        return _number_shape(source, sage)
    if isinstance(source, date) and isinstance(sage, date):
        return _date_shape(source, sage)
    if isinstance(source, str) and isinstance(sage, str):
        return _text_shape(source, sage)
    return Shape.VALUE


def _number_shape(source: Decimal, sage: Decimal) -> Shape:
    if source == negative(sage):
        return Shape.SIGN_FLIPPED
    if _is_rounding(source, sage):
        return Shape.ROUNDING
    if any(shifted(source, by) == sage for by in (-3, -2, -1, 1, 2, 3)):
        return Shape.SCALE
    return Shape.VALUE


def _is_rounding(source: Decimal, sage: Decimal) -> bool:
    """Return whether one is the other with fewer decimals, or they differ by at most one cent."""
    if magnitude(difference(source, sage)) <= _CENT:
        return True
    coarse, fine = sorted((source, sage), key=places_of)
    return places_of(fine) > places_of(coarse) and rounded(fine, places_of(coarse)) == coarse


def _date_shape(source: date, sage: date) -> Shape:
    if abs(source - sage) == timedelta(days=1):
        return Shape.DATE_SHIFT
    if (source.year, source.month, source.day) == (sage.year, sage.day, sage.month):
        return Shape.DAY_MONTH_SWAP
    return Shape.VALUE


def _text_shape(source: str, sage: str) -> Shape:
    if unicodedata.normalize("NFKC", source) == unicodedata.normalize("NFKC", sage):
        return Shape.UNICODE_FORM
    if source.casefold() == sage.casefold():
        return Shape.CASE
    if "".join(source.split()) == "".join(sage.split()):
        return Shape.WHITESPACE
    if source.lstrip("0") == sage.lstrip("0"):
        return Shape.LEADING_ZEROS
    if source.startswith(sage) or sage.startswith(source):
        return Shape.TRUNCATED
    return Shape.VALUE
