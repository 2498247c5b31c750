"""Hypothesis strategies that several tests share."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

#: Characters that end a line somewhere, control text, or separate something in one of our formats.
HOSTILE = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\0\x1b\x7f\u202e\ufeff=|/\\:;,#\"'{}[]$% "

#: Any text that a source may contain; half a surrogate pair cannot be in a file.
hostile_texts = st.one_of(
    st.text(st.sampled_from(HOSTILE + "ab01"), min_size=1, max_size=6),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6),
    st.sampled_from((r"A\|B", "A|B", "A/B", "x=1", "reference=C1", "customers/C1", "a" * 5_000, "9" * 5_000)),
)


def wide_amounts() -> st.SearchStrategy[Decimal]:
    """Return amounts of up to 38 digits, which Python's own context would round to 28."""
    digits = st.integers(-(10**38) + 1, 10**38 - 1)
    return st.builds(lambda whole, places: Decimal(f"{whole}E-{places}"), digits, st.integers(0, 38))
