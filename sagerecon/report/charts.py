"""Charts as SVG, drawn from whole numbers and Decimals; the page says in words what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from sagerecon.model.money import rounded
from sagerecon.report.words import day, whole

#: The smallest share that is still seen, in hundredths of the bar's width.
_LEAST = Decimal("0.6")

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 480, 210, 52, 26, 14
_LABELLED_DAYS = 8


def stacked_bar(parts: Mapping[str, int], about: str) -> Markup:
    """One bar whose segments are `parts`; the segment's name is its CSS class."""
    shares = _shares(list(parts.values()))
    position = Decimal()
    segments = []
    for name, share in zip(parts, shares, strict=True):
        if share:
            segments.append(
                Markup('<rect class="seg {}" x="{}%" width="{}%" height="100%"/>').format(
                    name, position, share
                )
            )
            position += share
    return Markup('<svg class="bar" role="img" aria-label="{}">{}</svg>').format(
        about, Markup("").join(segments)
    )


def burn_down(days: Sequence[Mapping[str, Any]], planned: int, about: str) -> Markup:
    """Calls made each day as columns, and the calls still to make as a falling line.

    Each day has `day` (ISO), `calls`, and `refused` (answers 429).
    """
    if not days:
        return Markup("")
    highest = max(planned, *(item["calls"] + item.get("refused", 0) for item in days), 1)
    slot = (_WIDTH - _LEFT - 8) // len(days)
    width = max(1, min(56, slot * 6 // 10))
    marks: list[Markup] = [_axis(highest)]
    points = [(_LEFT, _y(planned, highest))]
    left = planned
    step = -(-len(days) // _LABELLED_DAYS)
    for number, item in enumerate(days):
        start = _LEFT + number * slot
        middle = start + slot // 2
        top = _y(item["calls"], highest)
        marks.append(_rect("seg created", middle - width // 2, top, width, _y(0, highest) - top))
        if refused := item.get("refused", 0):
            above = _y(item["calls"] + refused, highest)
            marks.append(_rect("seg refused", middle - width // 2, above, width, top - above))
        left = max(0, left - item["calls"])
        points.append((start + slot, _y(left, highest)))
        if number % step == 0:
            number_of_day, month, _ = day(item["day"]).split()
            words = f"{number_of_day} {month[:3]}" if slot >= 40 else number_of_day
            marks.append(_text(words, middle, _HEIGHT - 8, "middle"))
    line = " ".join(f"{x},{y}" for x, y in points)
    marks.append(Markup('<polyline class="line" points="{}"/>').format(line))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, about, Markup("").join(marks)
    )


def calls_by_day(windows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The windows of a plan as days, each window on the day it opens."""
    days: dict[str, int] = {}
    for window in windows:
        opened = window["opens"][:10]
        days[opened] = days.get(opened, 0) + window["calls"]
    return [{"day": opened, "calls": calls} for opened, calls in days.items()]


def _shares(counts: Sequence[int]) -> list[Decimal]:
    """Widths in hundredths that sum to 100; what is there at all is seen."""
    whole_count = sum(counts)
    if not whole_count:
        return [Decimal() for _ in counts]
    raw = [max(_LEAST, Decimal(100 * count) / whole_count) if count else Decimal() for count in counts]
    scale = Decimal(100) / sum(raw)
    shares = [rounded(share * scale) for share in raw]
    widest = max(range(len(shares)), key=lambda number: shares[number])
    shares[widest] += Decimal(100) - sum(shares)
    return shares


def _axis(highest: int) -> Markup:
    lines = []
    for value in (0, highest // 2, highest):
        y = _y(value, highest)
        lines.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_LEFT, _WIDTH - 8, y, y)
        )
        lines.append(_text(whole(value), _LEFT - 6, y + 4, "end"))
    return Markup("").join(lines)


def _y(value: int, highest: int) -> int:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (highest - value) // highest


def _rect(name: str, x: int, y: int, width: int, height: int) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(name, x, y, width, height)


def _text(words: str, x: int, y: int, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, escape(words))
