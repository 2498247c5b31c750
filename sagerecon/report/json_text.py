"""A document as JSON text, with its `Rows` written one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sagerecon.model.rows import Rows

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def json_text(value: Any, margin: str = "\n") -> Iterator[str]:
    """Yield the parts of a document as JSON, indented by one space.

    Args:
        margin: begins each line but the first.
    """
    inner = f"{margin} "
    match value:
        case Rows() if value:
            yield from _between("[", ([_text(row, inner)] for row in value), "]", margin)
        case list() if value:
            yield from _between("[", (json_text(item, inner) for item in value), "]", margin)
        case dict() if value:
            members = (
                chain((_text(name, inner), ": "), json_text(item, inner)) for name, item in value.items()
            )
            yield from _between("{", members, "}", margin)
        case Rows():
            yield "[]"
        case _:
            yield _text(value, inner)


def _between(begin: str, members: Iterable[Iterable[str]], end: str, margin: str) -> Iterator[str]:
    before = begin
    for member in members:
        yield f"{before}{margin} "
        yield from member
        before = ","
    yield f"{margin}{end}"


def _text(value: Any, margin: str) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    if not text.isascii() and _HALF_CHARACTER.search(text):  # it has no UTF-8, and its escape is exact
        text = json.dumps(value, indent=1)
    return text.replace("\n", margin)
