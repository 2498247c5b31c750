"""What a terminal shows: no text from outside is markup, and nothing in it hides or controls.

All other modules make their texts and tables of these; `tests/test_architecture.py` sees to it.
"""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

from sagerecon.model.visible import visible


class ShownText(Text):
    """A text of which each piece was made visible; a new line in a piece is shown as an escape."""

    def __init__(self, text: str = "", style: StyleType = "", **options: Any) -> None:
        super().__init__(visible(text), style, **options)

    @classmethod
    def of(cls, *pieces: tuple[str, StyleType]) -> ShownText:
        """Return a text of pieces, each with its style."""
        text = cls()
        for piece, style in pieces:
            text.append(piece, style)
        return text

    def append(self, text: Any, style: Any = None) -> ShownText:
        """Add a piece, on the same line."""
        super().append(visible(text) if isinstance(text, str) else text, style)
        return self

    def append_line(self, text: str, style: StyleType = "") -> ShownText:
        """Begin a new line below the first, indented, and add a piece to it."""
        super().append(f"\n  {visible(text)}", style)
        return self


class ShownTable(Table):
    """A table of which each cell was made visible."""

    def __init__(self) -> None:
        super().__init__(box=None, pad_edge=False, header_style="bold")

    def add_column(self, header: RenderableType = "", *arguments: Any, **options: Any) -> None:
        """Add a column."""
        super().add_column(_shown(header), *arguments, **options)

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Add a row."""
        super().add_row(*(None if cell is None else _shown(cell) for cell in cells), **options)


def _shown(cell: RenderableType) -> RenderableType:
    return ShownText(cell) if isinstance(cell, str) else cell
