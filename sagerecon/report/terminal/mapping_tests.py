"""The results of tests of mappings, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType

from sagerecon.model.place import Place
from sagerecon.report.terminal.shown import ShownText
from sagerecon.report.terminal.tables import new_table

#: Parts that are listed for each mapping; `--json` has all of them.
_LISTED = 12

#: Lines of a diff that are shown.
_DIFF_LINES = 60

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def diff_lines(diff: Sequence[str]) -> Iterator[RenderableType]:
    """Yield the first lines of a unified diff in the colours of their kinds, and the number of the others."""
    for line in diff[:_DIFF_LINES]:
        yield ShownText(line, style=_STYLES.get(line[:1], ""))
    if len(diff) > _DIFF_LINES:
        yield ShownText(f"… and {len(diff) - _DIFF_LINES:,} more lines (--json has all)", style="dim")


def coverage_table(rows: Iterable[tuple[str, int, int, str]]) -> RenderableType:
    """Return a table of the mappings: file, parts used, parts, per cent."""
    table = new_table("mapping", "used", "of", "per cent")
    for file, used, parts, share in rows:
        table.add_row(file, f"{used:,}", f"{parts:,}", share)
    return table


def missing_lines(missing: Sequence[tuple[Place, str]]) -> Iterator[RenderableType]:
    """Yield the parts of one mapping that no test uses, each with its place."""
    for place, what in missing[:_LISTED]:
        yield ShownText(f"  {place}: no test uses {what}", style="dim")
    if len(missing) > _LISTED:
        yield ShownText(f"  … and {len(missing) - _LISTED:,} more (--json lists all)", style="dim")


def survivor_line(place: Place, what: str, shown_by: str) -> RenderableType:
    """Return a line about a mutant that no test notices: its place, its change, what would show it."""
    text = ShownText()
    text.append("survives ", style="yellow")
    text.append(f"{place}: ", style="dim")
    text.append(what)
    text.append(f"  {shown_by}", style="italic")
    return text
