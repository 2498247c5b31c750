"""The three-way comparison of fields: causes, tolerances at their limit, shapes of a difference."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import wide_amounts

from sagerecon.model.comparison import Comparison, How, Tolerance
from sagerecon.pairing.canonical import UNANSWERED
from sagerecon.pairing.comparison_rules import equal, tolerated
from sagerecon.reconciliation.compare import Sides, compare
from sagerecon.reconciliation.shape import shape_of
from sagerecon.reconciliation.verdict import Cause, Shape

A, B, C = "Oak Ltd", "Oak Limited", "Oak & Sons"


def sides(source: object, written: object, answer: object, sage: object) -> Sides:
    return Sides({"name": source}, {"name": written}, {"name": answer}, {"name": sage})  # type: ignore[dict-item]


SOURCE, MAPPING, BOTH = Cause.SOURCE_CHANGED, Cause.MAPPING_CHANGED, Cause.BOTH_CHANGED
EDITED, AT_WRITE = Cause.EDITED_AFTER_LOAD, Cause.ALTERED_AT_WRITE


@pytest.mark.parametrize(
    ("source", "written", "answer", "sage", "cause"),
    [
        (A, A, A, A, None),
        (A, A, B, A, None),
        (A, A, A, B, EDITED),
        (A, A, UNANSWERED, B, EDITED),
        (A, A, B, B, AT_WRITE),
        (B, A, A, A, SOURCE),
        (B, A, A, B, None),  # both have the same new value
        (B, A, A, C, BOTH),
        (B, A, C, C, SOURCE),  # Sage has what it made of the first value
        (B, A, A, UNANSWERED, SOURCE),  # nothing shows that Sage has the new value
    ],
)
def test_three_way_table(
    source: object, written: object, answer: object, sage: object, cause: Cause | None
) -> None:
    found = compare(sides(source, written, answer, sage), {}, Cause.SOURCE_CHANGED)
    assert [difference.cause for difference in found.differences] == ([cause] if cause else [])


def test_a_value_altered_by_sage_at_write_is_not_an_edit() -> None:
    at_write = compare(sides(A, A, B, B), {}, Cause.SOURCE_CHANGED)
    edited = compare(sides(A, A, A, B), {}, Cause.SOURCE_CHANGED)
    assert [d.cause for d in at_write.differences] == [Cause.ALTERED_AT_WRITE]
    assert [d.cause for d in edited.differences] == [Cause.EDITED_AFTER_LOAD]


def test_a_changed_mapping_is_distinguished_from_a_changed_source() -> None:
    found = compare(sides(B, A, A, A), {}, Cause.MAPPING_CHANGED)
    assert [difference.cause for difference in found.differences] == [MAPPING]


def test_one_field_changed_on_each_side_has_a_cause_for_each() -> None:
    rows = ({"a": "2", "b": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": "2"})
    found = compare(Sides(*rows), {}, Cause.SOURCE_CHANGED)
    assert [difference.cause for difference in found.differences] == [SOURCE, EDITED]


def test_a_field_missing_from_the_answer_is_counted_and_not_compared() -> None:
    found = compare(sides(A, A, A, UNANSWERED), {}, Cause.SOURCE_CHANGED)
    assert (found.differences, found.fields, found.not_answered) == ((), 0, ("name",))


@pytest.mark.parametrize(
    ("source", "sage", "is_within"),
    [
        ("100.00", "100.01", True),  # the boundary is inside
        ("100.01", "100.00", True),
        ("1.10", "1.11", True),
        ("2500.35", "2500.36", True),
        ("1000000.07", "1000000.08", True),
        ("90071992547409.92", "90071992547409.93", True),
        ("100.00", "100.02", False),
        ("100.00", "100.0100000001", False),
        ("20000000.00", "20000000.99", False),
    ],
)
def test_tolerance_of_a_cent_is_exact(source: str, sage: str, is_within: bool) -> None:
    cent = Tolerance("lines", Decimal("0.01"), "rounded by line")
    assert tolerated(Decimal(source), Decimal(sage), cent) is is_within


@given(st.decimals(-(10**15), 10**15, places=4), st.decimals(-1, 1, places=4), st.decimals(0, 1, places=2))
def test_within_tolerance_is_symmetric_and_exact(amount: Decimal, gap: Decimal, size: Decimal) -> None:
    tolerance = Tolerance("t", size, "r")
    assert tolerated(amount, amount + gap, tolerance) is (abs(gap) <= size)
    assert tolerated(amount + gap, amount, tolerance) is (abs(gap) <= size)


def test_an_excused_difference_is_shown() -> None:
    rule = {"total": Comparison(tolerance=Tolerance("lines", Decimal("0.01"), "rounded by line"))}
    row = {"total": Decimal("100.00")}
    found = compare(Sides(row, row, row, {"total": Decimal("100.01")}), rule, Cause.SOURCE_CHANGED)
    assert [(d.gap, d.is_excused) for d in found.differences] == [(Decimal("0.01"), True)]


@pytest.mark.parametrize(
    ("how", "source", "sage", "is_equal"),
    [
        (How.EXACT, "ABC", "abc", False),
        (How.CASEFOLD, "STRASSE", "straße", True),
        (How.SPACING, "Oak  Ltd ", "Oak Ltd", True),
        (How.SPACING, "OakLtd", "Oak Ltd", False),
        (How.EXACT, "0042", "42", False),
        (How.EXACT, None, "", True),
        (How.EXACT, Decimal("120.0"), Decimal("120.00"), True),
        (How.EXACT, Decimal("0.00"), Decimal("-0.00"), True),
        (How.EXACT, True, 1, False),
    ],
)
def test_what_counts_as_equal(how: How, source: object, sage: object, is_equal: bool) -> None:
    assert equal(source, sage, how) is is_equal  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "sage", "expected"),
    [
        ("Oak Ltd", "OAK LTD", Shape.CASE),
        ("Oak Ltd", "Oak  Ltd", Shape.WHITESPACE),
        ("Caf\u00e9", "Cafe\u0301", Shape.UNICODE_FORM),
        ("0042", "42", Shape.LEADING_ZEROS),
        ("OAK-LTD-0001", "OAK-LTD-00", Shape.TRUNCATED),
        ("x", None, Shape.EMPTY),
        (Decimal("5.00"), Decimal("-5.00"), Shape.SIGN_FLIPPED),
        (Decimal("2.345"), Decimal("2.35"), Shape.ROUNDING),
        (Decimal("12.00"), Decimal("1200.00"), Shape.SCALE),
        (Decimal("12.00"), Decimal("17.00"), Shape.VALUE),
        (date(2017, 4, 3), date(2017, 3, 4), Shape.DAY_MONTH_SWAP),
        (date(2017, 4, 3), date(2017, 4, 4), Shape.DATE_SHIFT),
        (date(2017, 4, 3), date(2018, 4, 3), Shape.VALUE),
    ],
)
def test_shape_of_a_difference(source: object, sage: object, expected: Shape) -> None:
    assert shape_of(source, sage) is expected  # type: ignore[arg-type]


def test_exchanged_debit_and_credit_are_marked() -> None:
    row = {"lines[0].debit": Decimal("5"), "lines[0].credit": Decimal("0")}
    turned = {"lines[0].debit": Decimal("0"), "lines[0].credit": Decimal("5")}
    found = compare(Sides(row, row, row, turned), {}, Cause.SOURCE_CHANGED)
    assert {d.shape for d in found.differences} == {Shape.DEBIT_CREDIT_SWAPPED}


@given(wide_amounts(), wide_amounts())
def test_a_gap_is_exact_to_38_digits(source: Decimal, sage: Decimal) -> None:
    differences = compare(sides(source, source, source, sage), {}, Cause.SOURCE_CHANGED).differences
    gap = Fraction(sage) - Fraction(source)
    assert [Fraction(found.gap or 0) for found in differences] == ([gap] if gap else [])
    allowed = Tolerance("cent", Decimal("0.01"), "")
    assert tolerated(source, sage, allowed) is (abs(gap) <= Fraction(1, 100))
    assert (shape_of(source, source.copy_negate()) is Shape.SIGN_FLIPPED) or not source
