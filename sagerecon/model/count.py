"""Counts and articles in a sentence."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 record`, `3,912 records`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def with_article(noun: str) -> str:
    """Return a noun after its article: `a contact`, `an opening_balance_journal`."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
