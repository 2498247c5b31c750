"""Rows of two sides by their keys, and the comparison of their records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagerecon.model.control import Control, Figure
from sagerecon.model.place import Place
from sagerecon.model.two_sides import How, SideKey, SideRow
from sagerecon.validation.alike import key_suggestions
from sagerecon.validation.preflight import compare_figures
from sagerecon.validation.record_comparison import RecordComparison, sort_key
from sagerecon.validation.sides import matched

ROWS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=12)


@given(ROWS, ROWS)
def test_each_row_is_in_the_group_of_its_key_once(
    left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    groups = list(matched(sorted(left), sorted(right)))
    assert [group.key for group in groups] == sorted({key for key, _ in (*left, *right)})
    assert sorted((group.key, row) for group in groups for row in group.left) == sorted(left)
    assert sorted((group.key, row) for group in groups for row in group.right) == sorted(right)


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="'a' comes after 'b'"):
        list(matched([("b", 1), ("a", 2)], []))


def sides(rows: Sequence[str]) -> list[tuple[SideKey, SideRow]]:
    """Return rows written as `key amount name`, in the order of their keys; `-` is blank."""
    made = []
    for number, row in enumerate(rows, start=1):
        key, amount, name = row.split()
        values = (None if amount == "-" else Decimal(amount), None if name == "-" else name)
        made.append(((None if key == "-" else key,), SideRow(values, f"t:{number}")))
    return sorted(made, key=lambda each: sort_key(each[0]))


def compare(left: Sequence[str], right: Sequence[str]) -> tuple[RecordComparison, Mapping[str, How]]:
    comparison = RecordComparison(("amount", "name"), (True, False))
    found = list(comparison.differences(sides(left), sides(right)))
    return comparison, {str(each.key[0]): each.how for each in found}


def test_records_are_missing_extra_differing_or_equal() -> None:
    comparison, found = compare(
        ["a 1.00 oak", "b 2.00 elm", "c 3.00 ash"], ["b 2.0 elm", "c 3.00 Ash", "d 4 fir"]
    )
    assert found == {"a": How.MISSING, "c": How.DIFFERING, "d": How.EXTRA}
    facts = comparison.facts()
    assert (facts.left_rows, facts.right_rows, facts.equal) == (3, 3, 1)
    assert [(t.column, t.left, t.right, t.difference) for t in facts.totals] == [("amount", 6, 9, 3)]
    assert not facts.is_equal


def test_rows_of_one_key_pair_off_or_are_a_group() -> None:
    comparison, found = compare(["a 1 x", "a 2 x", "b 1 x", "b 1 x"], ["a 2 x", "a 1 x", "b 1 x"])
    assert found == {"b": How.DUPLICATE}
    assert comparison.facts().duplicated == 1 and comparison.facts().equal == 3


def test_of_the_rows_of_one_key_those_are_left_that_do_not_pair_off() -> None:
    lefts = [(("a",), SideRow((amount,), f"l:{amount}")) for amount in (1, 1, 2, 3)]
    rights = [(("a",), SideRow((amount,), f"r:{amount}")) for amount in (1, 3, 4)]
    (found,) = RecordComparison(["v"], [True]).differences(lefts, rights)
    assert [row.origin for row in found.left] == ["l:1", "l:2"]
    assert [row.origin for row in found.right] == ["r:4"]


def test_rows_without_a_key_match_none() -> None:
    comparison, found = compare(["- 1 x", "a 1 x"], ["- 1 x", "a 1 x"])
    assert found == {"None": How.EXTRA}  # and missing, under the same key
    assert comparison.facts().without_key == (1, 1) and not comparison.facts().is_equal


def test_suggestions_count_what_a_rule_would_match() -> None:
    comparison, _ = compare(["0010 1 x", "0011 -5 oak", "0012 1 x"], ["10 1 x", "11 5 OAK", "12 1 x"])
    assert [(s.rule, s.count, s.of) for s in comparison.facts().suggestions] == [
        ("without leading zeros", 3, 3)
    ]
    comparison, _ = compare(["a -5 oak", "b -7.00 elm"], ["a 5 Oak", "b 7 elm"])
    assert [(s.column, s.rule, s.count, s.of) for s in comparison.facts().suggestions] == [
        ("amount", "with the opposite sign", 2, 2),
        ("name", "in upper and lower case alike", 1, 1),
    ]


@pytest.mark.parametrize(
    ("missing", "extra", "rule"),
    [
        ("AB 1", "AB1", "without spaces and punctuation"),
        ("ab", "AB", "in upper and lower case alike"),
        (" ab", "ab", "without spaces around and between"),
        ("1001.0", "1001", "without .0 at the end"),
        ("31/12/2016", "12/31/2016", "with day and month swapped"),
        ("2016-03-04", "2016-04-03", "with day and month swapped"),
        ("e\u0301", "\u00e9", "in the same Unicode form"),
    ],
)
def test_each_rule_finds_its_keys(missing: str, extra: str, rule: str) -> None:
    assert rule == key_suggestions([(missing,)], [(extra,)])[0].rule


def test_a_rule_by_which_two_keys_become_one_does_not_count_them() -> None:
    assert key_suggestions([("010",), ("10",)], [("0010",)]) == []


KEYS = st.lists(st.text("0aA ", min_size=1, max_size=3), max_size=6, unique=True)


@given(KEYS, KEYS)
def test_no_rule_counts_more_keys_than_there_are(missing: list[str], extra: list[str]) -> None:
    for found in key_suggestions([(key,) for key in missing], [(key,) for key in extra]):
        assert 0 < found.count <= min(len(missing), len(extra)) and found.of == len(missing)


@given(ROWS, ROWS)
def test_equal_rows_missing_and_extra_ones_are_all_rows(
    left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    rows = [[f"{key} {amount} x" for key, amount in side] for side in (left, right)]
    comparison, found = compare(*rows)
    facts = comparison.facts()
    assert facts.is_equal == (Counter(left) == Counter(right)) == (not found)
    assert (facts.left_rows, facts.right_rows) == (len(left), len(right))


def test_a_control_suggests_why_no_name_matches() -> None:
    """A control matches its buckets as a comparison matches its keys."""
    figures = (
        Figure("invoices", "invoices", {"0010": Decimal("5.00"), "0011": Decimal("7.00")}),
        Figure("cards", "cards", {"10": Decimal("5.00"), "11": Decimal("7.00")}),
    )
    (finding,) = compare_figures(Control("owed", "owed", figures, place=Place("sources.yaml", 1)))
    assert "2 of 2 names that invoices alone has match without leading zeros." in finding.message
