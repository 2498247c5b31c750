"""Converting cells to exact numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import Any, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.sources.cell import Cell, CellChanged, CellConverter, CellError, display_text, type_hint
from sagerecon.sources.definitions import MAX_INTEGER_DIGITS, MAX_SCALE
from sagerecon.sources.notation import PLAIN, Notation, currency_hint, null_words_hint

#: A number as its sign, its whole digits and its decimals.
_Digits: TypeAlias = "tuple[str, str, str]"

#: The exponent of the first digit of a number so small that its digits are not written out; no binary
#: float is as small.
_SMALLEST = -400

_BIGINT = 2**63
_BIGINT_DIGITS = 19

#: What a dash alone, and a minus, may look like; a keyboard has the first, a word processor the others.
_MINUS = "-\u2212\u2013"
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")

#: Spaces within a number; the others do not break a line.
_SPACE = "[ \u00a0\u2009\u202f]"

#: A sign of a currency or a mark, as a hint names it.
_BESIDE = re.compile(r"[^\W\d_]+\.?[\u00a2-\u00a5\u20a0-\u20cf$]?|[\u00a2-\u00a5\u20a0-\u20cf$]")

#: What is the sign or the code of a currency beyond doubt.
_CURRENCY = re.compile(
    r"[A-Z]{3}|[A-Z]{0,2}\$|[\u00a2-\u00a5\u20a0-\u20cf]|kr\.?|Rs\.?|Fr\.?|z\u0142|K\u010d"
)

#: A dash after the mark of decimals, which stands for no cents as often as for a minus.
_NO_CENTS = re.compile(rf"[0-9][.,:][{_MINUS}]")

#: Digits between two separators of thousands.
_GROUP = 3

#: Characters of a text that a hint is sought for.
_LONGEST = 60

#: The usual groupings, and marks of thousands and decimals.
_MARKS = (
    ("", "", ","),
    ("", "", "."),
    ("", ",", "."),
    ("", " ", "."),
    ("", "'", "."),
    ("", "\u2019", "."),
    ("indian", ",", "."),
    ("", ".", ","),
    ("", " ", ","),
    ("", "'", ","),
)

#: Marks that accountants write beside a negative amount, and beside a positive one.
_SIDES = (("CR", "DR"), ("C", "D"), ("CREDIT", "DEBIT"), ("H", "S"), ("HABEN", "SOLL"))


def decimal_converter(scale: int, places: int | None, notation: Notation) -> CellConverter:
    """Return a function that converts a cell to a decimal number as text.

    A number with more than `scale` decimals is an error.

    Args:
        places: the number of decimals to which a longer number is rounded, half up; None rounds nothing.
    """
    parse = number_parser(notation)
    parse_plain = number_parser(PLAIN)
    usual_places = max(scale if places is None else min(scale, places), 1)
    is_usual = re.compile(rf"-?[0-9]{{1,{MAX_INTEGER_DIGITS}}}(?:\.[0-9]{{1,{usual_places}}})?").fullmatch
    has_point = notation.decimal == "." and scale > 0 and places != 0

    def convert(cell: object) -> Cell:
        if isinstance(cell, str):
            if has_point and is_usual(cell):
                return cell  # the form of nearly every amount
            if notation.dash and _is_dash(cell, notation):
                return "0" if notation.dash == "zero" else None
            match = parse(cell)
        elif isinstance(cell, Decimal) and cell.is_finite():
            if cell and cell.adjusted() >= MAX_INTEGER_DIGITS:
                raise _too_large(cell)
            is_tiny = cell.adjusted() < _SMALLEST and cell
            match = None if is_tiny else parse_plain(f"{cell:f}" if cell else "0")
        elif isinstance(cell, int) and not isinstance(cell, bool):
            match = parse_plain(str(cell))
        else:
            match = None
        if match is None:
            hint = type_hint(cell) or _number_hint(cell, notation)
            raise CellError(Code.NOT_DECIMAL, f"{display_text(cell)} is not a number.", hint)
        sign, whole, fraction = match
        fraction = fraction.rstrip("0")
        if len(whole.lstrip("0")) > MAX_INTEGER_DIGITS:
            raise _too_large(cell)
        if places is not None and len(fraction) > places:
            rounded = _rounded(f"{sign}{whole or '0'}.{fraction}", places)
            if len(rounded.lstrip("-").partition(".")[0]) > MAX_INTEGER_DIGITS:
                raise _too_large(cell)
            raise CellChanged.by(f"round: {places}", cell, rounded)
        if len(fraction) > scale:
            raise CellError(
                Code.TOO_FINE,
                f"{display_text(cell)} has {counted(len(fraction), 'decimal')}; the column keeps {scale}.",
                _scale_hint(cell, match, scale, notation),
            )
        return f"{sign}{whole or '0'}.{fraction}" if fraction else f"{sign}{whole or '0'}"

    return convert


def _too_large(cell: object) -> CellError:
    return CellError(Code.TOO_LARGE, f"{display_text(cell)} has more than {MAX_INTEGER_DIGITS} digits.")


def integer_converter(notation: Notation) -> CellConverter:
    """Return a function that converts a cell to a whole number of 64 bits."""
    parse = number_parser(notation)

    def convert(cell: object) -> Cell:
        value: int | None = None
        hint = ""
        if isinstance(cell, str):
            if notation.dash and _is_dash(cell, notation):
                return 0 if notation.dash == "zero" else None
            match = parse(cell)
            if match is None:
                hint = _number_hint(cell, notation)
            elif match[2]:
                hint = "Set type: decimal."
            elif match[1]:
                if len(match[1].lstrip("0")) > _BIGINT_DIGITS:
                    raise CellError(Code.TOO_LARGE, f"{display_text(cell)} is too large for a whole number.")
                value = int(match[0] + match[1])
        elif isinstance(cell, Decimal):
            if not cell.is_finite():
                raise CellError(Code.NOT_INTEGER, f"{display_text(cell)} is not a whole number.")
            if cell and cell.adjusted() >= _BIGINT_DIGITS:
                raise CellError(Code.TOO_LARGE, f"{display_text(cell)} is too large for a whole number.")
            if cell == cell.to_integral_value():
                value = int(cell) if cell else 0
            else:
                hint = "Set type: decimal."
        elif isinstance(cell, int) and not isinstance(cell, bool):
            value = cell
        if value is None:
            message = f"{display_text(cell)} is not a whole number."
            raise CellError(Code.NOT_INTEGER, message, hint or type_hint(cell))
        if not -_BIGINT <= value < _BIGINT:
            raise CellError(Code.TOO_LARGE, f"{display_text(cell)} is too large for a whole number.")
        return value

    return convert


@lru_cache(maxsize=256)
def number_parser(notation: Notation) -> Callable[[str], _Digits | None]:
    """Return a function that splits a text into sign, whole digits and decimals, or returns None.

    Besides a leading sign it accepts the notations of accountants for a negative amount: `12.00-` and
    `(12.00)`. Thousands separators must group the digits; a space may be a no-break space.
    """
    separator = (
        _SPACE if notation.thousands in (" ", "\u00a0", "\u2009", "\u202f") else re.escape(notation.thousands)
    )
    separators = re.compile(separator) if notation.thousands else None
    search = re.compile(_pattern(notation, separator), re.IGNORECASE).fullmatch
    is_negative = {mark.casefold(): negative for mark, negative in notation.signs}
    shift = -2 if notation.percent == "fraction" else 0

    def match(text: str) -> _Digits | None:
        found = search(text) or search(text.strip())
        if found is None:
            return None
        part = found.groupdict(default="")
        whole, fraction = part["whole"], part["fraction"]
        marks = [mark for mark in (part["mark"], part["mark_after"]) if mark]
        minuses = [sign for sign in (part["sign"], part["behind"], part["after"], part["open"]) if sign]
        currencies = [part[name] for name in ("currency", "currency_within", "currency_after") if part[name]]
        if not (whole or fraction) or bool(part["open"]) != bool(part["close"]):
            return None
        if len(marks) + len(minuses) > 1 or len(currencies) > 1:
            return None
        if found["fraction"] == "" and (part["behind"] or part["after"]):
            return None  # 12,- is an amount without cents in some countries
        if separators is not None:
            if whole.startswith("0") and not fraction and separators.search(whole):
                return None  # 0.500 is a half, whatever else separates thousands
            whole = separators.sub("", whole)
        negative = is_negative[marks[0].casefold()] if marks else minuses not in ([], ["+"])
        exponent = int(part["exponent"] or 0) + (shift if part["percent"] else 0)
        if exponent:
            whole, fraction = _shifted(whole, fraction, exponent)
        return "-" if negative else "", whole, fraction

    return match


def _pattern(notation: Notation, separator: str) -> str:
    """Return the pattern of a number; of what the notation does not declare it has an empty group."""
    if not notation.thousands:
        whole = "[0-9]*"
    elif notation.grouping == "indian":
        whole = rf"[0-9]*|[0-9]{{1,2}}(?:{separator}[0-9]{{2}})*{separator}[0-9]{{3}}"
    else:
        whole = rf"[0-9]*|[0-9]{{1,3}}(?:{separator}[0-9]{{3}})+"
    mark = _one_of(mark for mark, _ in notation.signs)
    currency = _one_of(notation.currency)
    exponent = r"(?:E(?P<exponent>[-+]?[0-9]{1,2}))?" if notation.exponent else "(?P<exponent>)"
    percent = rf"(?:{_SPACE}?(?P<percent>%))?" if notation.percent else "(?P<percent>)"
    return (
        rf"(?:(?P<mark>{mark}){_SPACE}?)?(?:(?P<currency>{currency}){_SPACE}?)?"
        rf"(?P<open>\()?{_SPACE}?(?P<sign>[{_MINUS}+])?{_SPACE}?(?:(?P<currency_within>{currency}){_SPACE}?)?"
        rf"(?P<whole>{whole})(?:{re.escape(notation.decimal)}(?P<fraction>[0-9]*))?{exponent}{percent}"
        rf"(?P<behind>-)?(?:{_SPACE}?(?P<currency_after>{currency}))?{_SPACE}?(?P<close>\))?(?P<after>-)?"
        rf"(?:{_SPACE}?(?P<mark_after>{mark}))?"
    )


def _one_of(texts: Iterable[str]) -> str:
    """Return a pattern of these texts; without any, one that matches nothing."""
    return "|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or "(?!)"


def _shifted(whole: str, fraction: str, exponent: int) -> tuple[str, str]:
    """Return the digits of a number multiplied by a power of ten."""
    digits, point = whole + fraction, len(whole) + exponent
    if point < 0:
        digits, point = "0" * -point + digits, 0
    digits = digits.ljust(point, "0")
    return digits[:point], digits[point:]


def _rounded(number: str, places: int) -> str:
    with localcontext() as context:
        context.prec = len(number)
        return f"{Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def _is_dash(text: str, notation: Notation) -> bool:
    """Return whether the text is a dash alone, perhaps beside the sign of a currency."""
    bare = text.strip()
    for sign in notation.currency:
        if bare.startswith(sign) or bare.endswith(sign):
            bare = bare.removeprefix(sign).removesuffix(sign).strip()
            break
    return bare in _DASHES


def _scale_hint(cell: object, digits: _Digits, scale: int, notation: Notation) -> str:
    _, whole, fraction = digits
    decimals = len(fraction.rstrip("0"))
    if decimals > MAX_SCALE:
        return f"Set round: {scale} to round the amounts; each is listed as a change."
    hint = f"Set scale: {decimals}, or round: {scale} to round the amounts."
    may_be_grouped = isinstance(cell, str) and len(fraction) == _GROUP and 0 < len(whole) <= _GROUP
    may_be_grouped = may_be_grouped and not whole.startswith("0")
    if may_be_grouped and not notation.thousands:
        other = "," if notation.decimal == "." else "."
        hint += f" If it is {whole}{fraction}, set decimal: '{other}' and thousands: '{notation.decimal}'."
    return hint


def _number_hint(cell: object, notation: Notation) -> str:
    """Return the declaration with which the cell would be a number, if there is one."""
    if not isinstance(cell, str) or len(cell) > _LONGEST:
        return ""
    text = cell.strip()
    if text.startswith("#") and text.endswith(("!", "?", "A", "0")):
        return "It is the error of a formula: correct the formula, and export the file again."
    if text in _DASHES or _is_dash(text, replace(notation, currency=tuple(_BESIDE.findall(text)))):
        return f"Set dash: zero if it means 0, or dash: empty.{_currency_hint(text, notation)}"
    if not any(character.isnumeric() for character in text):
        return null_words_hint(text, notation) if text.isprintable() else ""
    if any(character.isnumeric() and character > "9" for character in text):
        return "Only the digits 0 to 9 are read."
    if _NO_CENTS.search(text):
        return "The dash may stand for no cents or for a minus: export the numbers in full."
    readings = [
        (digits, hint)
        for other, hint in _other_notations(text, notation)
        if (digits := number_parser(other)(text)) is not None
    ]
    if readings:
        (_, whole, fraction), hint = readings[0]
        grouped = [each for digits, each in readings if not digits[2]]
        if grouped and len(fraction) == _GROUP and 0 < len(whole) <= _GROUP:
            return f"If it is {whole}{fraction}: {grouped[0]} If it is {whole}.{fraction}: {hint}"
        return hint
    thousands = f"thousands: '{notation.thousands}'" if notation.thousands else "no thousands separator"
    return f"sources.yaml declares decimal: '{notation.decimal}' and {thousands}."


def _currency_hint(text: str, notation: Notation) -> str:
    signs = [word for word in _BESIDE.findall(text) if not _sides(word) and word not in notation.currency]
    return f" Set {currency_hint(signs[0], notation)}." if signs else ""


def _sides(word: str) -> tuple[str, str] | None:
    """Return the marks of both sides as this one is written, if it is one of them."""
    bare = word.upper().rstrip(".")
    dot = "." if word.endswith(".") else ""
    return next(((f"{minus}{dot}", f"{plus}{dot}") for minus, plus in _SIDES if bare in (minus, plus)), None)


def _other_notations(text: str, notation: Notation) -> Iterator[tuple[Notation, str]]:
    """Yield notations that may read the text, with the hint to declare each."""
    needed: dict[str, Any] = {}
    declared: list[str] = []
    doubtful = ""
    if not notation.exponent and re.search(r"[0-9.,]E[-+]?[0-9]", text, re.IGNORECASE):
        needed["exponent"] = True
        declared.append("exponent: true")
    if "%" in text and not notation.percent:
        needed["percent"] = "number"
        declared.append("percent: number (20) or percent: fraction (0.2)")
    known = {mark.casefold() for mark, _ in notation.signs}
    for word in _BESIDE.findall(text):
        if word.casefold() in known or word in notation.currency or word.upper() == "E":
            continue
        if sides := _sides(word):
            minus, plus = sides
            signs = needed["signs"] = (*notation.signs, (minus, True), (plus, False))
            says = ", ".join(f"{mark}: {'negative' if is_minus else 'positive'}" for mark, is_minus in signs)
            declared.append(f"signs: {{{says}}}")
        else:
            needed["currency"] = (*notation.currency, word)
            declared.append(currency_hint(word, notation))
            doubtful = doubtful or ("" if _CURRENCY.fullmatch(word) else word)
    start = f"If '{doubtful}' is the sign of a currency, set" if doubtful else "Set"
    if needed:
        yield replace(notation, **needed), f"{start} {' and '.join(declared)}."
    for grouping, thousands, decimal in _MARKS:
        is_declared = (grouping, thousands, decimal) == (
            notation.grouping,
            notation.thousands,
            notation.decimal,
        )
        if is_declared or (
            notation.thousands and not thousands
        ):  # a column cannot be without separators again
            continue
        other = replace(notation, **needed, grouping=grouping, thousands=thousands, decimal=decimal)
        marks = [f"decimal: '{decimal}'"] if decimal != notation.decimal else []
        if thousands != notation.thousands:
            marks.append(f'thousands: "{thousands}"')
        if grouping and grouping != notation.grouping:
            marks.append(f"grouping: {grouping}")
        hints = [f"{start} {' and '.join([*declared, *marks])}."] if declared or marks else []
        if notation.grouping and not grouping:
            hints.append(f"Leave out grouping: {notation.grouping}.")
        yield other, " ".join(hints)
