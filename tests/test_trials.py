"""The trials of `../shared`: small inputs that came out wrong, with what is right for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import SHARED, compiled

from sagerecon.documents import package
from sagerecon.model.errors import SourceError
from sagerecon.sources.snapshot import open_snapshot, take_snapshot
from sagerecon.sources.sources_yaml import read_sources

TRIALS = SHARED.parent / "trials" / "sources"

#: By trial, what is declared in addition, and the values of a column then; None: what is refused without it.
READ: Mapping[str, tuple[Mapping[str, str], str, list[object]]] = {
    "b01_ddmmyyyy_lost_zero": (
        {"path: t.csv": "path: t.csv\n    pad_zeros: true"},
        "day",
        [date(2023, 12, 1), date(2023, 12, 1), date(2017, 1, 3), date(2016, 12, 30)],
    ),
    "b02_two_digit_year": (
        {"path: t.csv": "path: t.csv\n    century: 1950"},
        "day",
        [date(1968, 7, 16), date(1969, 7, 16), date(1950, 1, 1), date(2016, 12, 31)],
    ),
    "b04_tz": ({}, "day", [date(2016, 12, 31), date(2017, 1, 1)]),
    "c07_excel_short_rows": (
        {"path: t.csv": "path: t.csv\n    short_rows: pad"},
        "name",
        ["Oak", "Elm", "Ash"],
    ),
    "c08_trailing_delim_rows_only": (
        {"path: t.csv": "path: t.csv\n    trailing_delimiter: true"},
        "a",
        ["1"],
    ),
    "c09_headerless": ({"path: t.csv": "path: t.csv\n    header: none", '""': "2"}, "a", ["C001"]),
    "c11_dup_header": ({"column: Debit": "column: Debit, occurrence: 2"}, "d", [Decimal(4)]),
    "c12_qbo_tb": (
        {
            "skip: 4": "header: [DEBIT]\n    pass_over: {total: {column: 1, is: TOTAL},"
            " footer: {column: 1, ends_with: Basis}}",
            '""': "1",
        },
        "account",
        ["Cash", "Sales"],
    ),
    "c13_repeated_header": (
        {"path: t.csv": "path: t.csv\n    pass_over: {head: header, total: {column: Ref, is: Total}}"},
        "ref",
        ["A", "B"],
    ),
    "d02a_na_in_undeclared": ({}, "ref", ["A", "B"]),
    "d03_poi_1001.0": ({}, "ref", ["1001", "1002"]),
    "d04_format_00000": ({}, "ref", ["0010"]),
    "d05_note_right": ({}, "ref", ["A", "B"]),
    "d06_merged": ({"path: t.xlsx": "path: t.xlsx\n    merged: fill"}, "ref", ["A", "A", "A", "B"]),
    "d18_x000D": ({}, "name", ["Line1\r\nLine2"]),
    "e11_ref_number_vs_text": ({}, "ref", ["1001"] * 4),
}

#: By trial, words of the findings for it as it is.
REFUSED = {
    "b01_ddmmyyyy_lost_zero": ("t.csv:3:2", "pad_zeros: true"),
    "b02_two_digit_year": ("century: 1950",),
    "b05_iso_dt_in_date": ("null_words", "excel_serial", "%Y-%m-%dT%H:%M:%S"),
    "b06_numbers": ("currency: '£'", "signs: {CR", "dash: zero", "exponent: true", "indian", "percent"),
    "c01_nul_in_csv": ("U+0000", "controls: remove"),
    "c02_utf16le_no_bom": ("utf-16-le",),
    "c07_excel_short_rows": ("short_rows: pad",),
    "c08_trailing_delim_rows_only": ("trailing_delimiter: true",),
    "c09_headerless": ("header: none",),
    "c11_dup_header": ("occurrence: 1",),
    "c13_repeated_header": ("pass_over",),
    "d01_formula_uncalculated": ("t.xlsx:2:4", "never calculated"),
    "d06_merged": ("merged: fill",),
    "d07_dates": ("excel_serial", "drop_time", "century"),
    "d17_date_in_text": ("date or a time",),
    "e06b_nul_only": ("U+0000", "U+001B"),
    "f01_keys": ("U+202E", "U+0007"),
}


def folder_of(name: str) -> Path:
    """Return the folder of a trial, or skip the test."""
    if not TRIALS.is_dir():
        pytest.skip(f"the trials are not available: {TRIALS}")
    return TRIALS / name


@pytest.mark.parametrize("name", READ)
def test_a_trial_is_read_as_it_is_declared(name: str, tmp_path: Path) -> None:
    declared, column, wanted = READ[name]
    folder = folder_of(name)
    text = (folder / "sources.yaml").read_text(encoding="utf-8")
    for old, new in declared.items():
        assert old in text
        text = text.replace(old, new, 1)
    sources, findings = read_sources(text, "sources.yaml", package.schema("sources"))
    assert findings == []
    target = tmp_path / "snapshot.duckdb"
    fingerprint, found = take_snapshot(sources, folder / "data", target, 0)
    assert fingerprint, [str(finding) for finding in found]
    with open_snapshot(target, compiled(sources)) as opened:
        assert [row[column] for row in opened.rows("t")] == wanted


@pytest.mark.parametrize("name", REFUSED)
def test_a_trial_is_refused_with_the_declaration_that_would_read_it(name: str, tmp_path: Path) -> None:
    folder = folder_of(name)
    text = (folder / "sources.yaml").read_text(encoding="utf-8")
    sources, findings = read_sources(text, "sources.yaml", package.schema("sources"))
    if not findings:
        try:
            fingerprint, findings = take_snapshot(sources, folder / "data", tmp_path / "s.duckdb", 0)
            assert not fingerprint
        except SourceError as error:
            findings = list(error.findings)
    told = "\n".join(str(finding) for finding in findings)
    assert [word for word in REFUSED[name] if word not in told] == []
