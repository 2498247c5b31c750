"""The style of all tables and long lists on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import JustifyMethod, RenderableType

from sagerecon.model.count import counted
from sagerecon.report.grouping import Group
from sagerecon.report.terminal.shown import ShownTable, ShownText


def new_table(*headings: str) -> ShownTable:
    """Return an empty table; its first column is text, the others are numbers."""
    table = ShownTable()
    for number, heading in enumerate(headings):
        justify: JustifyMethod = "left" if number == 0 else "right"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=number > 0)
    return table


def count_text(number: int) -> str:
    """Return a count for a table; a dot for none."""
    return f"{number:,}" if number else "·"


def further(groups: Sequence[Group[Any]]) -> Iterator[RenderableType]:
    """Yield the number of records in the groups that a list leaves out; nothing where there are none."""
    if groups:
        records = counted(sum(1 + len(group.others) for group in groups), "more record")
        yield ShownText(f"… and {records} with other reasons. See all: sagerecon report", style="dim")
