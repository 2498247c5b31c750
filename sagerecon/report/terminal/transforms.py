"""The transforms of the mapping language, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import RenderableType

from sagerecon.model.transform_entry import TransformEntry
from sagerecon.report.terminal.shown import ShownText


def transform_lines(entries: Iterable[TransformEntry]) -> Iterator[RenderableType]:
    """Yield the transforms by group: each with its types, options, effect and example."""
    for group, members in groupby(entries, key=lambda entry: entry.group):
        yield ShownText(group.capitalize(), style="bold")
        for entry in members:
            yield _lines(entry)


def _lines(entry: TransformEntry) -> ShownText:
    change = ", reports changes" if entry.reports_change else ""
    lines = ShownText.of((f"  {entry.name}", "cyan"), (f"  {entry.takes} → {entry.output}{change}", "dim"))
    lines.append_line(f"  {entry.effect}")
    if entry.options:
        lines.append_line(f"  Options: {_plain(entry.shown_options)}")
    lines.append_line(f"  Example: {_plain(entry.shown_example)}")
    return lines


def _plain(text: str) -> str:
    return text.replace("`", "")
