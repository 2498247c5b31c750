"""Suggest a known word for a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

#: Words that are compared, and characters of each: the words may be those of a hostile file.
_MOST_WORDS = 2_000
_MOST_CHARACTERS = 100


def suggestion(word: str, words: Iterable[str], similarity: float = 0.6) -> str:
    """Return `Did you mean 'name'?` for the word of `words` nearest to `word`, or an empty text.

    Args:
        similarity: the least similarity of the words, from 0 to 1 for equal ones.
    """
    close = nearest(word, words, similarity)
    return f"Did you mean '{close}'?" if close else ""


def nearest(word: str, words: Iterable[str], similarity: float = 0.6) -> str:
    """Return the word of `words` nearest to `word`; empty where none is near. Arguments as `suggestion`.

    The nearest is one that is `word` after its last slash, such as a key without its mapping.
    """
    if len(word) > _MOST_CHARACTERS:
        return ""
    known = list(islice((name for name in words if len(name) <= _MOST_CHARACTERS), _MOST_WORDS))
    close = [name for name in known if name.rpartition("/")[2] == word and name != word]
    close = close or difflib.get_close_matches(word, known, n=1, cutoff=similarity)
    return close[0] if close else ""
