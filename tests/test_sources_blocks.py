"""Rows that are converted many at once are those that are converted one by one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sagerecon.sources import csv_file, csv_rows, flat_table
from sagerecon.sources.blocks import Block
from sagerecon.sources.csv_file import CsvReader
from tests.source_cases import parse_sources, snapshot, table, take

COLUMNS = """
a: {type: text}
b: {type: decimal}
c: {type: integer, required: true}
d: {type: date}
e: {type: boolean, optional: true}
"""

CELLS = st.sampled_from(
    ["", " ", "x", "Oak", "'a'", '"5"" nail"', '"a\n\n b"', '"a,b"', "\x1f", "\t", "é", "NULL", "1", "-7",
     "007", "1.5", "12.", "1.234", "9" * 19, "2017-03-31", "2017-02-30", "yes", "no", '"', 'a"b', "b", "c"]
)  # fmt: skip
LINES = st.lists(CELLS, min_size=4, max_size=6).map(",".join)
USUAL = st.tuples(
    st.sampled_from(["", "x", "Oak"]),
    st.sampled_from(["", "0", "-1.50"]),
    st.sampled_from(["1", "-7"]),
    st.sampled_from(["", "2017-03-31"]),
    st.sampled_from(["", "yes", "no"]),
).map(",".join)


def read(text: str, rows: int) -> tuple[object, ...]:
    """Return what is read of a file, with blocks of so many rows; none with 0."""
    blocks = mock.patch.object(csv_file, "BLOCK_ROWS", rows or 1)
    single = mock.patch.object(flat_table._FlatTable, "_block", lambda *_: None)
    declared = table(COLUMNS)
    files = {"t.csv": text.encode()}
    with TemporaryDirectory() as name, blocks:
        folder = Path(name)
        if rows:
            fingerprint, findings = take(folder, declared, files)
        else:
            with single:
                fingerprint, findings = take(folder, declared, files)
        if not fingerprint:
            return tuple(findings)
    with TemporaryDirectory() as name, blocks:
        if rows:
            with snapshot(Path(name), declared, files) as opened:
                return (*findings, *map(repr, opened.rows("t")))
        with single, snapshot(Path(name), declared, files) as opened:
            return (*findings, *map(repr, opened.rows("t")))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(USUAL, USUAL, USUAL, LINES, st.just("")), max_size=9), st.booleans())
@example(["x,1.50,1,2017-03-31,yes", "y,,2,,", '"a\nb",1,3,,no', "z,1,4,,"], False)
@example(["x,1.50,1,2017-03-31,yes", "y,,2,,", "z,1,4,,", 'a,"1,5,,'], False)
@example([",,,,", "x,1.50,1,2017-03-31,yes"], True)
def test_blocks_say_what_single_rows_say(lines: list[str], has_end: bool) -> None:
    text = "\n".join(["a,b,c,d,e", *lines]) + ("\n" if has_end else "")
    wanted = read(text, 0)
    assert [read(text, rows) for rows in (1, 3, 100)] == [wanted] * 3


def blocks_of(tmp_path: Path, text: str) -> list[object]:
    path = tmp_path / "t.csv"
    path.write_text(text, newline="")
    return list(CsvReader(parse_sources(table(COLUMNS)).files["t"]).rows(path, "t.csv"))


def test_usual_rows_are_read_at_once(tmp_path: Path) -> None:
    (block,) = blocks_of(tmp_path, "a,b,c,d,e\n" + "x,1.50,1,2017-03-31,yes\r\n" * 3)
    assert block == Block(
        "t.csv",
        [("x",) * 3, ("1.50",) * 3, ("1",) * 3, ["2017-03-31"] * 3, ["true"] * 3],
        (2, 3, 4),
    )


def test_a_block_has_so_many_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "_MOST_TAKEN", 100)
    row = f"{'x' * 90},1.50,1,2017-03-31,yes\n"
    found = blocks_of(tmp_path, "a,b,c,d,e\n" + row * 40)
    assert [len(block.lines) for block in found if isinstance(block, Block)] == [16, 16, 8]
    quoted = f'"{"x" * 60}\n{"x" * 30}",1.50,1,2017-03-31,yes\n'
    found = blocks_of(tmp_path, "a,b,c,d,e\n" + quoted * 3)
    assert [block.lines for block in found if isinstance(block, Block)] == [(2,), (4,), (6,)]
