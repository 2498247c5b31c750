"""Counts in a sentence."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 record`, `3,912 records`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
