"""The table of limits and its page are equal."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sagerecon.model import limits
from sagerecon.model.limits import LIMITS, Limit

PAGE = Path(__file__).parents[1] / "docs" / "limits.md"
_HEAD = "| limit | at most | unit | of |\n| --- | ---: | --- | --- |\n"


def table() -> str:
    """Return the table of the page."""
    names = {id(value): name for name, value in vars(limits).items() if isinstance(value, Limit)}
    rows = (f"| {names[id(each)]} | {each.most:,} | {each.unit} | {each.of} |\n" for each in LIMITS)
    return _HEAD + "".join(rows)


def test_the_page_shows_every_limit(golden: Callable[[str | Path, str], None]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    golden(PAGE, re.sub(re.escape(_HEAD) + r"(\|.*\n)*", lambda _: table(), text))
