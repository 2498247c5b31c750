"""Figures, dates and counts as people read them, plain in print and aloud."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sagerecon.model.money import grouped
from sagerecon.reconciliation.wording import long_date

#: The typographic minus: as wide as a digit, never broken off at the end of a line, read aloud as "minus".
MINUS = "\u2212"


def money(text: str | None) -> str:
    """An amount from the document for people: `−1,234.50`; empty where there is none."""
    return "" if text is None else grouped(Decimal(text)).replace("-", MINUS)


def balance_side(text: str) -> str:
    """`credit` for a negative balance, so that the sign does not hang on a single stroke."""
    return "credit" if Decimal(text) < 0 else ""


def difference_word(text: str) -> str:
    """What a difference means: `more in Sage`, `less in Sage`, or `agrees`."""
    amount = Decimal(text)
    if not amount:
        return "agrees"
    return "more in Sage" if amount > 0 else "less in Sage"


def day(text: str | None) -> str:
    """An ISO date or timestamp as `31 March 2017`."""
    return long_date(date.fromisoformat(text[:10])) if text else ""


def moment(text: str | None) -> str:
    """A timestamp as `31 March 2017, 08:15 UTC`."""
    return f"{day(text)}, {text[11:16]} UTC" if text and len(text) > 10 else day(text)


def whole(number: int) -> str:
    """A count with thousands separated."""
    return f"{number:,}"


def many(number: int, word: str, words: str = "") -> str:
    """A count with its noun: `1 record`, `3,912 records`."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def kind_name(kind: str) -> str:
    """A kind as people say it: `contact opening balance`."""
    return kind.replace("_", " ")


def sentence(text: str) -> str:
    """`text` with a capital at its head and nothing else touched: `Edited in Sage`."""
    return text[:1].upper() + text[1:]


def short(fingerprint: str) -> str:
    """The head of a fingerprint in groups, enough to compare by eye."""
    head = fingerprint[:16]
    return " ".join(head[start : start + 4] for start in range(0, len(head), 4))
