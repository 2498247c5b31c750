"""What a plan costs, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from sagerecon.planning.shares import Share, ShareChange
from sagerecon.report.terminal.shown import ShownText
from sagerecon.report.terminal.tables import new_table


def cost_table(shares: Sequence[Share]) -> RenderableType:
    """Return a table of the calls of each mapping, with the formula."""
    table = new_table("calls of", "calls", "formula")
    for share in shares:
        table.add_row(share.name, f"{share.calls:,}", share.formula)
    table.add_row("all", f"{sum(share.calls for share in shares):,}", "")
    return table


def cost_changes(changes: Sequence[ShareChange]) -> Iterator[RenderableType]:
    """Yield a line for each mapping that costs more or less than in another plan, and one for all."""
    for change in changes:
        more = change.after - change.before
        yield ShownText(f"{change.name}: {change.before:,} calls, now {change.after:,} ({more:+,}).")
    every = sum(change.after - change.before for change in changes)
    yield ShownText(
        f"{every:+,} calls against the base plan." if changes else "The base plan costs the same."
    )
