"""Keys: how a record is identified in the source, and how an entity is identified in Sage."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class NaturalKey:
    """One of Sage's own fields and the value that identifies an entity by it: `nominal_code` and `1100`.

    `field` may be dotted (`ledger_account.nominal_code`); `id` is the id itself, for Sage's fixed lists.
    """

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field} {self.value}"


#: A draft's key, as `draft_key` makes it, or a natural key. The type says which of the two it is.
Key: TypeAlias = str | NaturalKey

#: The separator of composite keys, the escape itself, and what would break a line or hide in one.
_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
    **{code: f"\\u{code:04x}" for code in (0x2028, 0x2029)},
    ord("\\"): r"\\",
    ord("|"): r"\|",
}


#: One escaped character: by its code in two or in four digits, or after a backslash.
_ESCAPED = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))")


def escaped(text: str) -> str:
    r"""Return `text` on one line without control characters; texts that differ stay different: `A\|B`."""
    return text.translate(_ESCAPES)


def unescaped(text: str) -> str:
    """Return the text from which `escaped` made `text`."""

    def original(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else match[3]

    return _ESCAPED.sub(original, text)


def source_key(parts: Iterable[str]) -> str:
    r"""Return the columns of a source key as one line of text, different for different columns.

    Columns are joined by `|`; within a column `|` is written `\|`, a backslash `\\`, a line break `\x0a`.
    """
    return "|".join([escaped(part) for part in parts])


def draft_key(mapping: str, source: str) -> str:
    """Return the key of a draft, unique over all mappings: `customers/C001`.

    The name of a mapping holds no `/`, so the first one ends it whatever the source key holds.
    """
    return f"{mapping}/{source}"
