"""Amounts, dates and counts as text for a report."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sagerecon.model.money import grouped
from sagerecon.reconciliation.wording import date_text

#: The minus sign: as wide as a digit, not separated at the end of a line, read by screen readers as "minus".
MINUS = "\u2212"


def money(text: str | None) -> str:
    """Return an amount of the document as `−1,234.50`, or an empty text for None."""
    return "" if text is None else grouped(Decimal(text)).replace("-", MINUS)


def balance_label(text: str) -> str:
    """Return `credit` for a negative balance, so that its sign is also given as a word."""
    return "credit" if Decimal(text) < 0 else ""


def difference_label(text: str) -> str:
    """Return `more in Sage`, `less in Sage` or `agrees` for a difference of Sage less source."""
    amount = Decimal(text)
    if not amount:
        return "agrees"
    return "more in Sage" if amount > 0 else "less in Sage"


def long_date(text: str | None) -> str:
    """Return an ISO date or timestamp as `31 March 2017`."""
    return date_text(date.fromisoformat(text[:10])) if text else ""


def timestamp(text: str | None) -> str:
    """Return an ISO timestamp as `31 March 2017, 08:15 UTC`, or an ISO date as `31 March 2017`."""
    return f"{long_date(text)}, {text[11:16]} UTC" if text and len(text) > 10 else long_date(text)


def integer(number: int) -> str:
    """Return a whole number with thousands separators."""
    return f"{number:,}"


def spaced(name: str) -> str:
    """Return a name with spaces for underscores: `contact opening balance`."""
    return name.replace("_", " ")


def capitalized(text: str) -> str:
    """Return the text with its first letter in upper case: `Edited in Sage`."""
    return text[:1].upper() + text[1:]


def short_fingerprint(fingerprint: str) -> str:
    """Return the first 16 characters of a fingerprint in groups of four."""
    head = fingerprint[:16]
    return " ".join(head[start : start + 4] for start in range(0, len(head), 4))
