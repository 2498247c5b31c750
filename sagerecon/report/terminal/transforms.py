"""The transforms of the mapping language, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import RenderableType
from rich.padding import Padding

from sagerecon.model.transform_entry import TransformEntry
from sagerecon.report.terminal.shown import ShownText

#: Of the lines below the name: above, right, below, left.
_INDENT = (0, 0, 0, 4)


def transform_lines(entries: Iterable[TransformEntry]) -> Iterator[RenderableType]:
    """Yield the transforms by group: each with its types, options, effect and example."""
    for group, members in groupby(entries, key=lambda entry: entry.group):
        yield ShownText(group.capitalize(), style="bold")
        for entry in members:
            change = ", reports changes" if entry.reports_change else ""
            yield ShownText.of(
                (f"  {entry.name}", "cyan"), (f"  {entry.takes} → {entry.output}{change}", "dim")
            )
            yield from (Padding(ShownText(line), _INDENT) for line in _lines(entry))


def _lines(entry: TransformEntry) -> Iterator[str]:
    yield entry.effect
    if entry.options:
        yield f"Options: {_plain(entry.shown_options)}"
    yield f"Example: {_plain(entry.shown_example)}"


def _plain(text: str) -> str:
    return text.replace("`", "")
