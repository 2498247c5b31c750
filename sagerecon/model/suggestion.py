"""Suggest a known word for a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(word: str, words: Iterable[str]) -> str:
    """Return `Did you mean 'name'?` for the word of `words` nearest to `word`, or an empty text."""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""
