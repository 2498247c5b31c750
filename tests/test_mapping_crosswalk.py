"""Crosswalks: effective dates, further keys, the row for all other codes, and findings about a table."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_cases import compile_texts, record

from sagerecon.mapping.crosswalk import Crosswalk, read_crosswalk
from sagerecon.model.draft import Draft, Quarantined

TAX = """\
source,target,valid_from,valid_to,direction,reason
S,GB_17_5,2010-01-01,2011-01-03,sales,
S,GB_STANDARD,2011-01-04,,sales,the rate rose
S,GB_PURCHASE,,,purchases,
Z,GB_ZERO,,,*,
*,GB_NO_TAX,,,*,everything else carries none
"""


def table(text: str, file: str = "tax.csv") -> Crosswalk:
    found, findings = read_crosswalk("tax", text, file)
    assert [str(finding) for finding in findings] == []
    return found


def faults(text: str, file: str = "tax.csv") -> list[str]:
    return [f"{finding.code} {finding}" for finding in read_crosswalk("tax", text, file)[1]]


def test_the_day_decides_and_both_ends_are_included() -> None:
    tax = table(TAX)
    assert tax.keys == ("direction",)
    assert tax.lookup("S", date(2011, 1, 3), direction="sales") == "GB_17_5"
    assert tax.lookup("S", date(2011, 1, 4), direction="sales") == "GB_STANDARD"
    assert tax.lookup("S", date(2030, 1, 1), direction="purchases") == "GB_PURCHASE"


def test_the_specific_row_takes_precedence_over_the_star() -> None:
    tax = table(TAX)
    assert tax.lookup("Z", date(2015, 1, 1), direction="sales") == "GB_ZERO"
    assert tax.lookup("?", date(2015, 1, 1), direction="sales") == "GB_NO_TAX"
    assert tax.lookup("S", date(2009, 1, 1), direction="sales") == "GB_NO_TAX"
    assert table("source,target\nA,1\n").lookup("B") is None


def test_without_a_day_only_rows_without_dates_apply() -> None:
    tax = table("source,target,valid_from\nS,NEW,2011-01-04\nZ,ZERO,\n")
    assert tax.has_dates
    assert tax.lookup("S") is None
    assert tax.lookup("Z") == "ZERO"


def test_overlaps_are_findings_at_the_second_row() -> None:
    text = "source,target,valid_from,valid_to\nS,A,2010-01-01,2011-01-04\nS,B,2011-01-04,\nT,C,,\nT,D,,\n"
    assert faults(text) == [
        "crosswalk_overlap tax.csv:3:1: tax has two entries for 'S' from 2011-01-04; the other is on line 2. "
        "Keep one, or give each its own valid_from and valid_to.",
        "crosswalk_overlap tax.csv:5:1: tax has two entries for 'T'; the other is on line 4. "
        "Keep one, or give each its own valid_from and valid_to.",
    ]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), min_size=2, max_size=5))
def test_a_table_without_overlap_gives_one_answer_for_each_day(spans: list[tuple[int, int]]) -> None:
    """Check every day one by one against the findings about the table."""
    days = [(date.fromordinal(734000 + a), date.fromordinal(734000 + a + b)) for a, b in spans]
    rows = "".join(f"S,T{n},{first},{last}\n" for n, (first, last) in enumerate(days))
    found, findings = read_crosswalk("t", f"source,target,valid_from,valid_to\n{rows}", "t.csv")
    span = [date.fromordinal(734000 + n) for n in range(82)]
    holders = {day: [n for n, (first, last) in enumerate(days) if first <= day <= last] for day in span}
    assert bool(findings) is any(len(who) > 1 for who in holders.values())
    if not findings:
        assert all(found.lookup("S", day) == (f"T{who[0]}" if who else None) for day, who in holders.items())


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("sorce,target\nA,1\n", "crosswalk_header", "1:1"),
        ("source,source,target\nA,A,1\n", "crosswalk_header", "1:1"),
        ("", "crosswalk_header", "1:1"),
        ("source,target\nA\n", "crosswalk_row", "2:1"),
        ("source,target\n,1\n", "crosswalk_blank", "2:1"),
        ("source,target\nA,\n", "crosswalk_blank", "2:1"),
        ("source,target,valid_from\nA,1,31/12/2010\n", "crosswalk_dates", "2:1"),
        ("source,target,valid_from,valid_to\nA,1,2011-01-01,2010-01-01\n", "crosswalk_dates", "2:1"),
        ('source,target\n"A,1\n', "crosswalk_row", "2"),
    ],
)
def test_each_fault_has_its_code_and_line(text: str, code: str, line: str) -> None:
    (only,) = faults(text)
    assert only.startswith(f"{code} tax.csv:{line}: ")


def test_a_byte_order_mark_blank_lines_and_quotes_are_accepted() -> None:
    tax = table('\ufeffsource,target\r\n"Sales, home",4000\r\n\r\nBank,1200\r\n')
    assert tax.lookup("Sales, home") == "4000"
    assert [str(entry.place) for entry in tax.entries] == ["tax.csv:2:1", "tax.csv:4:1"]


def test_a_crosswalk_may_be_yaml() -> None:
    short = table("sagerecon: crosswalk/v1\nentries: {A: 1200, NO: Norway}\n", "tax.yaml")
    assert (short.lookup("A"), short.lookup("NO")) == ("1200", "Norway")
    rows = table(
        "sagerecon: crosswalk/v1\nentries:\n- {source: S, target: OLD, valid_to: 2011-01-03}\n"
        "- {source: S, target: NEW, valid_from: 2011-01-04, reason: it rose}\n",
        "tax.yaml",
    )
    assert rows.lookup("S", date(2011, 1, 3)) == "OLD"
    assert faults("sagerecon: crosswalk/v1\nentrys: {A: 1}\n", "tax.yaml") == [
        "unknown_key tax.yaml:2:1: unknown key 'entrys'. Did you mean 'entries'?",
        "crosswalk_header tax.yaml:1:1: there are no entries. Write source: target, one on each line.",
    ]
    assert faults("entries: {A: [1]}\n", "tax.yaml")[0].startswith("crosswalk_row tax.yaml:1:14: ")


INVOICES = """\
sagerecon: mapping/v1
mapping: invoices
source: {dataset: invoices, key: [doc_no]}
target: {kind: sales_invoice, on_existing: create}
unmapped: {source: ignore, target: ignore}
let:
  direction: {value: sales}
fields:
  reference: {from: sort, do: [{crosswalk: tax, at: day, with: [direction]}]}
"""


def test_a_mapping_looks_up_by_date_and_key_and_quarantines_what_is_missing() -> None:
    (mapping,), findings = compile_texts({"invoices.yaml": INVOICES})
    assert findings == []
    made = [
        next(mapping.outcomes(record(f'{{"sort": "S", "day": "{day}"}}', "invoices", "1")))
        for day in ("2011-01-03", "2011-01-04", "2009-12-31")
    ]
    assert [one.body["reference"] for one in made if isinstance(one, Draft)] == ["GB_17_5", "GB_STANDARD"]
    last = made[-1]
    assert isinstance(last, Quarantined)
    assert str(last.findings[0]) == (
        "invoices.csv:17: 1: reference: tax has no entry for 'S', direction 'sales' on 2009-12-31. "
        "Add it to crosswalks/tax.csv, or add a row with source * for all other codes. (invoices.yaml:9:3)"
    )
