"""The letter case of names: a capital at the beginning of each word."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: A word, with its apostrophes.
_WORD = re.compile(r"\w+(?:['’]\w+)*")

#: In a text with lower-case letters, a word of so few capitals is an acronym.
_ACRONYM = 3


def title(text: str, keep: Sequence[str] = ()) -> str:
    """Return `text` with a capital at the beginning of each word that is all capitals or all small letters.

    O'Brien and McDonald get their second capital. Words of mixed case, words with digits and, unless the
    whole text is in capitals, words of up to three capitals stay as they are.

    Args:
        keep: words to write as they are given, whatever their case in the text.
    """
    kept = {word.casefold(): word for word in keep}
    has_acronyms = not text.isupper()

    def written(found: re.Match[str]) -> str:
        word = found[0]
        if (stated := kept.get(word.casefold())) is not None:
            return stated
        is_acronym = has_acronyms and word.isupper() and len(word) <= _ACRONYM
        if is_acronym or not (word.isupper() or word.islower()) or any(map(str.isdigit, word)):
            return word
        return _capitalized(word.lower())

    return _WORD.sub(written, text)


def _capitalized(word: str) -> str:
    first, mark, rest = word.replace("’", "'").partition("'")
    if mark and len(first) == 1 and len(rest) >= 3:  # O'Brien, D'Arcy, but not I'll
        return first.upper() + word[1] + rest.capitalize()
    if word.startswith("mc") and len(first) >= 5:
        return "Mc" + word[2:].capitalize()
    return word.capitalize()
