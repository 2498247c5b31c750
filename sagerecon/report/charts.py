"""Charts as SVG. The tables of the page hold the same figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from sagerecon.model.money import rounded
from sagerecon.model.visible import visible
from sagerecon.report.formatting import integer, long_date

#: Minimum width of a segment, in per cent of the bar, so that it stays visible.
_MIN_SHARE = Decimal("0.6")

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 480, 210, 52, 26, 14
_MAX_LABELS = 8


def stacked_bar(parts: Mapping[str, int], description: str) -> Markup:
    """Return a bar with one segment for each of `parts`, whose name is the CSS class of the segment."""
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
        visible(description), Markup("").join(segments)
    )


def burn_down(days: Sequence[Mapping[str, Any]], planned: int, description: str) -> Markup:
    """Return a chart of the calls of each day as columns and of the remaining calls as a falling line.

    Each item of `days` has `date` (ISO), `calls`, and optionally `rate_limited` (429 responses).
    """
    if not days:
        return Markup("")
    highest = max(planned, *(item["calls"] + item.get("rate_limited", 0) for item in days), 1)
    slot = (_WIDTH - _LEFT - 8) // len(days)
    width = max(1, min(56, slot * 6 // 10))
    marks: list[Markup] = [_axis(highest)]
    points = [(_LEFT, _y(planned, highest))]
    remaining = planned
    step = -(-len(days) // _MAX_LABELS)
    for number, item in enumerate(days):
        start = _LEFT + number * slot
        middle = start + slot // 2
        top = _y(item["calls"], highest)
        marks.append(_rect("seg created", middle - width // 2, top, width, _y(0, highest) - top))
        if rate_limited := item.get("rate_limited", 0):
            above = _y(item["calls"] + rate_limited, highest)
            marks.append(_rect("seg rate_limited", middle - width // 2, above, width, top - above))
        remaining = max(0, remaining - item["calls"])
        points.append((start + slot, _y(remaining, highest)))
        if number % step == 0:
            day, month, _ = long_date(item["date"]).split()
            label = f"{day} {month[:3]}" if slot >= 40 else day
            marks.append(_text(label, middle, _HEIGHT - 8, "middle"))
    line = " ".join(f"{x},{y}" for x, y in points)
    marks.append(Markup('<polyline class="line" points="{}"/>').format(line))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, visible(description), Markup("").join(marks)
    )


def calls_by_day(windows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the calls of a plan by day; the calls of a window count on the day it opens."""
    days: dict[str, int] = {}
    for window in windows:
        opened = window["opens_at"][:10]
        days[opened] = days.get(opened, 0) + window["calls"]
    return [{"date": opened, "calls": calls} for opened, calls in days.items()]


def _shares(counts: Sequence[int]) -> list[Decimal]:
    """Return widths in per cent that sum to 100; each count above zero has a visible width."""
    whole_count = sum(counts)
    if not whole_count:
        return [Decimal() for _ in counts]
    raw = [max(_MIN_SHARE, Decimal(100 * count) / whole_count) if count else Decimal() for count in counts]
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
        lines.append(_text(integer(value), _LEFT - 6, y + 4, "end"))
    return Markup("").join(lines)


def _y(value: int, highest: int) -> int:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (highest - value) // highest


def _rect(name: str, x: int, y: int, width: int, height: int) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(name, x, y, width, height)


def _text(label: str, x: int, y: int, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, escape(label))
