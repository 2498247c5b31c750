"""The style of all tables on a terminal of 80 columns."""

from __future__ import annotations

from rich.console import JustifyMethod
from rich.table import Table


def new_table(*headings: str) -> Table:
    """Return an empty table; its first column is text, the others are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        justify: JustifyMethod = "left" if number == 0 else "right"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=number > 0)
    return table


def count_text(number: int) -> str:
    """Return a count for a table; a dot for none."""
    return f"{number:,}" if number else "·"
