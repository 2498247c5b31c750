"""Converting cells to texts: without characters that control or hide, and without lost or garbled letters."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal

from sagerecon.model.code import Code
from sagerecon.model.finding import Severity
from sagerecon.model.limits import CELL
from sagerecon.model.visible import visible
from sagerecon.sources.cell import (
    Cell,
    CellChanged,
    CellConverter,
    CellError,
    display_text,
    plain_digits,
    type_hint,
)
from sagerecon.sources.notation import Notation

#: Controls, but not tabs and ends of lines, marks that turn the direction of the text beside them, and the
#: mark with which a file begins.
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_CONTROLS = re.compile(f"[{_CONTROL}]")

#: In numbers, dates and words of yes and no: also what has no width.
_UNSEEN = re.compile(f"[{_CONTROL}\xad\u200b-\u200d\u2060]")

_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT_CHARACTER = "\ufffd"

#: Letters beyond ASCII in a row, as UTF-8 has them that was read in another encoding.
_BEYOND_ASCII = re.compile("[\x80-\U0010ffff]{2,}")

_GARBLED_BEFORE = "The letters were garbled before the file was written: correct the export."

#: Encodings in which UTF-8 is read by mistake.
_MISTAKEN = ("cp1252", "iso-8859-1", "cp850", "cp437", "mac-roman", "cp1250")

#: Characters of cp1252 within a word, where those of DOS, Apple and Poland have letters.
_MISPLACED = (
    (re.compile("[A-Za-z][\u201a\u201e\u2020\u2021\u02c6\u2030\u2039\u201d\u2022][a-z]"), "cp850"),
    (re.compile("[A-Za-z][\u0152\u0160\u0178\u017d][a-z]"), "mac-roman"),
    (re.compile("[A-Za-z][\xb3\xb9\xbf][a-z]|\xa3\xf3"), "cp1250"),
)

#: Signs within a word, where cp1252 has letters that were read in a code page of DOS.
_DOS = re.compile("[A-Za-z][\u2500-\u259f\u207f\u2320\u2321\u00f7\u03b4\u03a3\u0398\u00b6][a-z]")

#: What stands in the text of a business once it is read right: letters of Europe, punctuation, currencies.
_LIKELY = re.compile(
    "[\xa0-\u024f\u0370-\u03ff\u0400-\u04ff\u1e00-\u1eff\u2010-\u2027\u2030-\u203a\u20a0-\u20cf\u2100-\u214f]+"
)


def text_converter(notation: Notation, *, is_encoded: bool = True) -> CellConverter:
    """Return a function that converts a cell to a text, which is kept as it is.

    A whole number is written without decimals, as a spreadsheet shows it.

    Args:
        is_encoded: whether the encoding of the file can be declared, as hints then say.
    """
    is_cleaned = notation.controls == "remove"

    def convert(cell: object) -> Cell:
        if isinstance(cell, str):
            if len(cell) > CELL.most:
                raise CellError(Code.TOO_LONG, f"{display_text(cell)} is too long; {CELL.sentence}.")
            return cell if cell.isascii() and cell.isprintable() else _checked(cell, is_cleaned, is_encoded)
        if isinstance(cell, bool) or not isinstance(cell, int | Decimal | date):
            raise CellError(Code.NOT_TEXT, f"{display_text(cell)} is not text.", type_hint(cell))
        if isinstance(cell, Decimal) and not cell.is_finite():
            raise CellError(Code.NOT_TEXT, f"{display_text(cell)} is not a number.")
        return _number_text(cell) if isinstance(cell, Decimal) else str(cell)

    return convert


def _number_text(number: Decimal) -> str:
    text = plain_digits(number if number else Decimal())
    is_whole = "." in text and "E" not in text and number == number.to_integral_value()
    return text.rstrip("0").rstrip(".") if is_whole else text


def _checked(text: str, is_cleaned: bool, is_encoded: bool) -> Cell:
    """Return a text that has other characters than the printable ones of ASCII.

    Raises:
        CellError: it holds a character that no text of a business has; a warning, if letters were lost.
        CellChanged: such characters are removed.
    """
    if found := _CONTROLS.search(text):
        if not is_cleaned:
            raise _control_error(text, found[0], is_encoded)
        cleaned = _CONTROLS.sub("", text)
        raise CellChanged.by("controls: remove", visible(text), cleaned if cleaned.strip() else None)
    if text.isascii():
        return text
    if _SURROGATE.search(text):
        raise CellError(
            Code.HALF_CHARACTER,
            f"{display_text(text)} contains an unpaired surrogate.",
            "Export the file again.",
        )
    if _REPLACEMENT_CHARACTER in text:
        raise CellError(
            Code.LETTERS_LOST,
            f"{display_text(text)} contains U+FFFD: letters were lost before the file was written.",
            "Export the file again with the right encoding, or correct the text by hand.",
            Severity.WARNING,
            text,
        )
    if garbled := _garbled(text):
        written, mistaken, right = garbled
        declared = (
            f"Set encoding: {written}. If that is declared already, the letters were garbled by the export."
        )
        raise CellError(
            Code.LETTERS_GARBLED,
            f"{display_text(text)} is {written} that was read as {mistaken}: {display_text(right)}.",
            declared if is_encoded else _GARBLED_BEFORE,
            Severity.WARNING,
            text,
        )
    return text


def seen(text: str) -> str:
    """Return a text without the characters that are not seen."""
    return _UNSEEN.sub("", text)


def without_controls(convert: CellConverter, notation: Notation, *, is_encoded: bool = True) -> CellConverter:
    """Return `convert` for cells of another type, from which controls are removed if it is declared.

    Args:
        is_encoded: as of `text_converter`.
    """
    is_cleaned = notation.controls == "remove"

    def convert_cleaned(cell: object) -> Cell:
        try:
            return convert(cell)
        except CellError as error:
            if not isinstance(cell, str) or not (found := _UNSEEN.search(cell)):
                raise
            if not is_cleaned:
                raise _control_error(cell, found[0], is_encoded) from error
        cleaned = seen(cell)
        value = convert(cleaned) if cleaned.strip() else None
        raise CellChanged.by("controls: remove", visible(cell), value)

    return convert_cleaned


def _control_error(text: str, control: str, is_encoded: bool) -> CellError:
    return CellError(
        Code.CONTROL_CHARACTER,
        f"{display_text(visible(text))} holds the control character U+{ord(control):04X}.",
        _controls_hint(text, control, is_encoded),
    )


def _controls_hint(text: str, control: str, is_encoded: bool) -> str:
    if control > "\x7f":
        if _garbled(text):
            return "Set encoding: utf-8." if is_encoded else _GARBLED_BEFORE
        if control <= "\x9f":
            if not is_encoded:
                return "If it stands for a letter of cp1252, correct the export; else set controls: remove."
            return "If the file is written in Windows, set encoding: cp1252; else set controls: remove."
    return "Set controls: remove to remove such characters; each is listed as a change."


def _garbled(text: str) -> tuple[str, str, str] | None:
    """Return the encoding of a text, the one in which it was read, and the text; None if it seems right."""
    for encoding in _MISTAKEN:
        right = _BEYOND_ASCII.sub(lambda found: _read_again(found[0], encoding), text)  # noqa: B023 - called at once
        if right != text:
            return "utf-8", encoding, right
    for seen, encoding in _MISPLACED:
        if seen.search(text):
            with suppress(UnicodeError):
                return encoding, "cp1252", text.encode("cp1252").decode(encoding)
    if _DOS.search(text):
        for encoding in ("cp437", "cp850"):
            with suppress(UnicodeError):
                return "cp1252", encoding, text.encode(encoding).decode("cp1252")
    return None


def _read_again(letters: str, encoding: str) -> str:
    """Return letters as UTF-8 has them, if that gives letters that are likely."""
    try:
        right = letters.encode(encoding).decode("utf-8")
    except UnicodeError:
        return letters
    return right if _LIKELY.fullmatch(right) else letters
