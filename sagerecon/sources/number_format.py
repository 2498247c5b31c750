"""Show a number as a sheet shows it by its number format, for columns of text."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext

#: Formats that show a whole number by its digits alone.
PLAIN_FORMATS = frozenset({"General", "GENERAL", "@", "0", "#", "?"})

#: A format of digits and literals: in quotes, after a backslash, or a sign that needs neither.
_PARTS = re.compile(r"""[0#?,]+(?:\.[0#?]+)?|"[^"]*"|\\.|_.|[-() :+]""")

#: Digits of the largest number of a workbook, and of the decimals of a format.
_DIGITS = 420

#: Characters of the longest format that is read.
_LONGEST = 100


def shown_number(number: Decimal, number_format: str) -> str | None:
    """Return the text of a number by a format such as `0000` or `"C"000-00`; None if it cannot be told.

    Formats of dates, percentages, fractions, conditions and colours are not read, nor is a format that hides
    decimals of the number.
    """
    section, *others = number_format.split(";")
    if others and number <= 0 and not (number == 0 and len(others) < 2):
        return None
    if section in PLAIN_FORMATS:
        return _plain(number) if number == number.to_integral_value() or section in ("General", "@") else None
    if len(section) > _LONGEST or "".join(_PARTS.findall(section)) != section:
        return None
    parts = _PARTS.findall(section)
    digits = [part for part in parts if part[0] in "0#?,"]
    if not digits or sum("." in part for part in digits) > 1 or ("." in "".join(digits[:-1])):
        return None
    if any("," in part for part in digits) and (len(digits) > 1 or digits[0].partition(".")[0].endswith(",")):
        return None
    decimals = f"{number:f}".partition(".")[2].rstrip("0")
    if len(decimals) > len(digits[-1].partition(".")[2]):
        return None  # codes that differ in decimals alone would become one
    return _filled(number, parts, digits)


def _filled(number: Decimal, parts: list[str], digits: list[str]) -> str:
    """Return the digits of a number, from the right, in the places of a format, with its literals."""
    whole_places = "".join(part.partition(".")[0] for part in digits)
    decimals = digits[-1].partition(".")[2]
    with localcontext() as context:
        context.prec = _DIGITS
        rounded = abs(number).quantize(Decimal(1).scaleb(-len(decimals)))
    whole, _, fraction = f"{rounded:f}".partition(".")
    places = whole_places.replace(",", "")
    least = len(places) - len(places.lstrip("#?"))
    whole = whole.lstrip("0").rjust(len(places) - least, "0")
    if "," in whole_places:
        whole = f"{int(whole or 0):,}"
    shortest = len(decimals.rstrip("#?"))
    while len(fraction) > shortest and fraction.endswith("0"):
        fraction = fraction[:-1]
    texts: list[str] = []
    for part in reversed(parts):
        if part[0] not in "0#?,":
            texts.append(_literal(part))
            continue
        if "." in part and fraction:
            texts.append(f".{fraction}")
        is_first = part is digits[0]
        count = len(whole) if is_first else len(part.partition(".")[0])
        texts.append(whole[max(len(whole) - count, 0) :])
        whole = whole[: max(len(whole) - count, 0)]
    sign = "-" if number < 0 and rounded else ""
    return sign + "".join(reversed(texts)).strip()


def _literal(part: str) -> str:
    if part[0] == '"':
        return part[1:-1]
    return part[1] if part[0] == "\\" else "" if part[0] == "_" else part


def _plain(number: Decimal) -> str:
    if number == number.to_integral_value():
        return str(int(number))
    return f"{number:f}"
