"""The columns of a file or a dataset, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import RenderableType

from sagerecon.model.column_figures import ColumnFigures
from sagerecon.model.count import counted
from sagerecon.model.money import grouped, places_of
from sagerecon.model.value import Scalar
from sagerecon.report.terminal.shown import ShownTable, ShownText
from sagerecon.report.terminal.tables import count_text

#: Columns that fit on a screen beside what else is said; characters of a name and of a sample.
SHOWN_COLUMNS = 16
_NAME, _SAMPLE = 24, 18


def column_figures(columns: Sequence[ColumnFigures], *, is_whole: bool) -> Iterator[RenderableType]:
    """Yield the figures of each column in a line.

    Args:
        is_whole: all columns are shown, not only those that fit on a screen.
    """
    shown = columns if is_whole else columns[:SHOWN_COLUMNS]
    table = ShownTable()
    table.add_column("column", no_wrap=True)
    table.add_column("type", no_wrap=True)
    table.add_column("blank", justify="right", no_wrap=True)
    table.add_column("distinct", justify="right", no_wrap=True)
    table.add_column("values", no_wrap=True, overflow="ellipsis")
    for each in shown:
        blanks, distinct = count_text(each.blanks), count_text(each.distinct)
        table.add_row(_cut(each.name, _NAME), each.type, blanks, distinct, _values(each))
    yield table
    if more := len(columns) - len(shown):
        yield ShownText(f"… and {counted(more, 'more column')} (--all shows them)", style="dim")
    for each in shown:
        if each.nearest:
            share = f"{100 * each.fits / each.rows:.1f} %"
            misfits = ", ".join(
                f"'{_cut(misfit.text, _SAMPLE)}' ({misfit.origin})" for misfit in each.misfits
            )
            hints = "".join(dict.fromkeys(f" {misfit.hint}" for misfit in each.misfits if misfit.hint))
            yield ShownText(f"{each.name}: {share} {each.nearest}; not {misfits}.{hints}", style="dim")


def figures_document(figures: ColumnFigures) -> dict[str, Any]:
    """Return the figures of a column as JSON."""
    return {
        "column": figures.name,
        "title": figures.title,
        "type": figures.type,
        "rows": figures.rows,
        "blanks": figures.blanks,
        "distinct": figures.distinct,
        "least": figures.least,
        "greatest": figures.greatest,
        "total": figures.total,
        "samples": list(figures.samples),
        "nearest": figures.nearest,
        "fits": figures.fits,
        "misfits": [{"text": each.text, "row": each.origin, "hint": each.hint} for each in figures.misfits],
    }


def _values(figures: ColumnFigures) -> str:
    """Return the span of numbers and dates with the total, and samples of texts."""
    kind = figures.type.partition(" ")[0]
    if kind in ("integer", "decimal", "date", "datetime") and figures.least is not None:
        amounts = [
            each for each in (figures.least, figures.greatest, figures.total) if isinstance(each, Decimal)
        ]
        places = max([2 if kind == "decimal" else 0, *map(places_of, amounts)])
        span = f"{_shown(figures.least, places)} to {_shown(figures.greatest, places)}"
        return span if figures.total is None else f"{span}, total {_shown(figures.total, places)}"
    return ", ".join(_cut(sample, _SAMPLE) for sample in figures.samples)


def _shown(value: Scalar, places: int) -> str:
    if isinstance(value, Decimal):
        return grouped(value, places)
    return value.isoformat(" ") if isinstance(value, datetime) else str(value).replace("T", " ")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
