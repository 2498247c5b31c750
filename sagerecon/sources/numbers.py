"""Converting cells to exact numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from sagerecon.model.code import Code
from sagerecon.sources.cell import Cell, CellConverter, CellError, display_text, plain_digits
from sagerecon.sources.definitions import MAX_INTEGER_DIGITS, SourceFile

_BIGINT = 2**63
_BIGINT_DIGITS = 19


def decimal_converter(scale: int, file: SourceFile) -> CellConverter:
    """Return a function that converts a cell to a decimal number as text, without rounding.

    A number with more than `scale` decimals is an error.
    """
    parse = _number_parser(file.decimal, file.thousands)
    parse_plain = _number_parser(".", "")
    is_usual = re.compile(rf"-?[0-9]{{1,{MAX_INTEGER_DIGITS}}}(?:\.[0-9]{{1,{max(scale, 1)}}})?").fullmatch
    has_point = file.decimal == "." and scale > 0

    def convert(cell: object) -> Cell:
        if isinstance(cell, str):
            if has_point and is_usual(cell):
                return cell  # the form of nearly every amount
            match = parse(cell)
        elif isinstance(cell, Decimal) and cell.is_finite():
            match = parse_plain(plain_digits(cell))
        elif isinstance(cell, int) and not isinstance(cell, bool):
            match = parse_plain(str(cell))
        else:
            match = None
        if match is None:
            raise CellError(
                Code.NOT_DECIMAL, f"{display_text(cell)} is not a number.", _number_hint(cell, file)
            )
        sign, whole, fraction = match
        fraction = fraction.rstrip("0")
        if len(fraction) > scale:
            raise CellError(
                Code.TOO_FINE,
                f"{display_text(cell)} has {len(fraction)} decimals; the column keeps {scale}.",
                f"Set scale: {len(fraction)}.",
            )
        if len(whole.lstrip("0")) > MAX_INTEGER_DIGITS:
            raise CellError(
                Code.TOO_LARGE, f"{display_text(cell)} has more than {MAX_INTEGER_DIGITS} digits."
            )
        return f"{sign}{whole or '0'}.{fraction}" if fraction else f"{sign}{whole}"

    return convert


def integer_converter(file: SourceFile) -> CellConverter:
    """Return a function that converts a cell to a whole number of 64 bits."""
    parse = _number_parser(file.decimal, file.thousands)

    def convert(cell: object) -> Cell:
        value: int | None = None
        if isinstance(cell, str):
            match = parse(cell)
            if match is not None and match[1] and not match[2]:
                if len(match[1].lstrip("0")) > _BIGINT_DIGITS:
                    raise CellError(Code.TOO_LARGE, f"{display_text(cell)} is too large for a whole number.")
                value = int(match[0] + match[1])
        elif isinstance(cell, Decimal):
            value = int(cell) if cell.is_finite() and abs(cell) < _BIGINT and cell == int(cell) else None
        elif isinstance(cell, int) and not isinstance(cell, bool):
            value = cell
        if value is None:
            raise CellError(Code.NOT_INTEGER, f"{display_text(cell)} is not a whole number.")
        if not -_BIGINT <= value < _BIGINT:
            raise CellError(Code.TOO_LARGE, f"{display_text(cell)} is too large for a whole number.")
        return value

    return convert


def _number_parser(decimal_mark: str, thousands: str) -> Callable[[str], tuple[str, str, str] | None]:
    """Return a function that splits a text into sign, whole digits and decimals, or returns None.

    Besides a leading sign it accepts the notations of accountants for a negative amount: `12.00-` and
    `(12.00)`. Thousands separators must group three digits each; a space may be a no-break space.
    """
    separator = "[ \u00a0\u202f]" if thousands in (" ", "\u00a0") else re.escape(thousands)
    groups = rf"|[0-9]{{1,3}}(?:{separator}[0-9]{{3}})+" if thousands else ""
    pattern = re.compile(rf"([-+\u2212(]?)([0-9]*{groups})(?:{re.escape(decimal_mark)}([0-9]+))?([-)]?)")
    separators = re.compile(separator) if thousands else None

    def match(text: str) -> tuple[str, str, str] | None:
        found = pattern.fullmatch(text) or pattern.fullmatch(text.strip())
        if found is None:
            return None
        before, whole, fraction, after = found.groups()
        if not (whole or fraction) or (before == "(") != (after == ")") or (before and after == "-"):
            return None
        if separators is not None:
            whole = separators.sub("", whole)
        return "" if before in ("", "+") and not after else "-", whole, fraction or ""

    return match


def _number_hint(cell: object, file: SourceFile) -> str:
    if isinstance(cell, str) and re.fullmatch(r"[-+]?[0-9][0-9.,' \u00a0]*", cell.strip()):
        thousands = f"thousands: '{file.thousands}'" if file.thousands else "no thousands separator"
        return f"sources.yaml declares decimal: '{file.decimal}' and {thousands}."
    return ""
