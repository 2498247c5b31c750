"""The files of a snapshot, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType

from sagerecon.report.terminal.tables import new_table


def source_files(files: Iterable[tuple[str, int]]) -> RenderableType:
    """Return each source file with its number of rows."""
    table = new_table("file", "rows")
    for path, rows in files:
        table.add_row(path, f"{rows:,}")
    return table
