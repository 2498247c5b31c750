"""Charts: widths add up, segments are visible, shapes stay inside the chart."""

from __future__ import annotations

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sagerecon.report.charts import burn_down, calls_by_day, stacked_bar


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=7))
def test_the_segments_fill_the_bar_and_each_is_visible(counts: list[int]) -> None:
    parts = {f"part{number}": count for number, count in enumerate(counts)}
    found = re.findall(r'x="([\d.]+)%" width="([\d.]+)%"', stacked_bar(parts, "about"))
    assert len(found) == sum(count > 0 for count in counts)
    position = Decimal()
    for start, width in found:
        assert Decimal(start) == position
        assert Decimal(width) >= Decimal("0.5")
        position += Decimal(width)
    assert position == (100 if any(counts) else 0)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60), st.integers(0, 100_000))
def test_columns_and_line_stay_inside_the_chart(calls: list[int], planned: int) -> None:
    days = [
        {"date": f"2017-0{1 + n // 28}-{1 + n % 28:02}", "calls": c, "rate_limited": 5}
        for n, c in enumerate(calls)
    ]
    chart = burn_down(days, planned, "about")
    lengths = [int(text) for text in re.findall(r' (?:y|height)="(-?\d+)"', chart)]
    points = [int(text) for pair in re.findall(r'points="([^"]*)"', chart) for text in re.split("[ ,]", pair)]
    assert all(0 <= value <= 480 for value in (*lengths, *points))


def test_the_description_of_a_chart_is_escaped() -> None:
    assert "<b>" not in stacked_bar({"created": 1}, '"><b>')
    assert burn_down([], 5, "about") == ""


def test_windows_that_open_on_the_same_day_are_added() -> None:
    windows = [
        {"opens_at": "2017-04-01T08:00:00Z", "calls": 5},
        {"opens_at": "2017-04-01T20:00:00Z", "calls": 6},
        {"opens_at": "2017-04-02T08:00:00Z", "calls": 7},
    ]
    assert calls_by_day(windows) == [{"date": "2017-04-01", "calls": 11}, {"date": "2017-04-02", "calls": 7}]
