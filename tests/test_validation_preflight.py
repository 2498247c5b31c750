"""Figures that should agree: stated when they do, with the records in the gap when they do not."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagerecon.model.control import Control, Figure, Item
from sagerecon.model.finding import Severity
from sagerecon.model.place import NOWHERE, Place
from sagerecon.validation.gap import LARGEST_SET, MOST_ITEMS, items_explaining
from sagerecon.validation.preflight import compare_figures


def items(text: str) -> tuple[Item, ...]:
    """Return records written as `bucket label amount`, one per line."""
    rows = [line.split() for line in text.strip().splitlines()]
    return tuple(Item(bucket, label, Decimal(amount), NOWHERE) for bucket, label, amount in rows)


def control(
    figures: Mapping[str, Mapping[str, str]],
    records: Sequence[Item] = (),
    severity: Severity = Severity.WARNING,
) -> Control:
    """Return a control of these figures."""
    taken = tuple(
        Figure(about, about, {bucket: Decimal(amount) for bucket, amount in amounts.items()})
        for about, amounts in figures.items()
    )
    return Control(
        "owed", "what customers owe", taken, tuple(records), severity, "Look.", Place("sources.yaml", 7, 3)
    )


def reported(*args: object, **kwargs: object) -> tuple[str, str]:
    """Return severity and message of the one finding."""
    (finding,) = compare_figures(control(*args, **kwargs))  # type: ignore[arg-type]
    assert finding.place == Place("sources.yaml", 7, 3)
    return finding.severity.value, str(finding).removeprefix("sources.yaml:7:3: ")


RECORDS = items("oak 1001 20.00\noak 1002 30.00\nash 1003 1000.00\nash 1004 7.00\nelm 1005 7.00")
PER_CUSTOMER = {"oak": "50.00", "ash": "1007.00", "elm": "7.00"}


def test_figures_that_agree_are_stated() -> None:
    assert reported({"open invoices": PER_CUSTOMER, "debtors account": {"": "1064.00"}}) == (
        "info",
        "what customers owe, two ways: open invoices 1,064.00; debtors account 1,064.00. They agree.",
    )


def test_a_gap_names_the_records_that_explain_it() -> None:
    figures = {
        "open invoices": PER_CUSTOMER,
        "debtors account": {"": "1044.00"},
        "customer balances": {"oak": "20.00", "ash": "1000.00", "elm": "7.00"},
    }
    assert reported(figures, RECORDS) == (
        "warning",
        "what customers owe, three ways: open invoices 1,064.00; debtors account 1,044.00; "
        "customer balances 1,027.00. Debtors account: 20.00 less than open invoices; 1001 (20.00) accounts "
        "for it. Customer balances: 37.00 less than open invoices; 1004 (7.00) and 1002 (30.00) account for "
        "it. Look.",
    )


def test_two_sets_with_the_same_sum_explain_nothing() -> None:
    figures = {"open invoices": PER_CUSTOMER, "debtors account": {"": "1057.00"}}
    assert reported(figures, RECORDS, Severity.ERROR) == (
        "error",
        "what customers owe, two ways: open invoices 1,064.00; debtors account 1,057.00. Debtors account: "
        "7.00 less than open invoices; no single set of records accounts for it. Look.",
    )


def test_buckets_explain_what_totals_cannot() -> None:
    figures = {"open invoices": PER_CUSTOMER, "cards": {**PER_CUSTOMER, "elm": "0.00"}}
    assert "7.00 less than open invoices; 1005 (7.00) accounts for it." in reported(figures, RECORDS)[1]


@pytest.mark.parametrize("figures", [{"bills": {"": "1"}}, {"bills": {"": "1"}, "creditors": {"": "2"}}])
@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.ERROR])
def test_a_difference_is_as_severe_as_its_control_says(
    figures: Mapping[str, Mapping[str, str]], severity: Severity
) -> None:
    assert reported(figures, severity=severity)[0] == severity.value


def test_an_unexplained_gap_is_named_by_bucket() -> None:
    figures = {"open invoices": PER_CUSTOMER, "cards": {"oak": "20.00", "ash": "1007.05", "elm": "7.00"}}
    assert reported(figures, RECORDS)[1].endswith(
        "Cards: 29.95 less than open invoices; 1002 (30.00) accounts for a part, and no single set of "
        "records accounts for it in ash (-0.05). Look."
    )


def test_equal_totals_of_different_parts_do_not_agree() -> None:
    figures = {"open invoices": PER_CUSTOMER, "cards": {"oak": "57.00", "ash": "1007.00"}}
    assert reported(figures, RECORDS)[1].endswith(
        "Cards: the same total as open invoices but not the same parts; 1005 (7.00) accounts for a part, "
        "and no single set of records accounts for it in oak (-7.00). Look."
    )


def test_a_larger_figure_is_stated_as_more() -> None:
    figures = {"open invoices": {"": "10.00"}, "debtors account": {"": "10.01"}}
    assert "Debtors account: 0.01 more than open invoices; no single set" in reported(figures)[1]


def test_a_single_figure_should_be_zero() -> None:
    assert reported({"sum of all accounts": {"1": "10.00", "2": "-10.00"}}) == (
        "info",
        "what customers owe: sum of all accounts 0.00, as expected.",
    )
    assert reported({"sum of all accounts": {"": "1692.46"}}) == (
        "warning",
        "what customers owe: sum of all accounts should be zero and is 1,692.46. Look.",
    )


def test_counts_are_shown_as_counts_with_what_they_count() -> None:
    unknown = items("a 17 1\nb 18 1")
    assert reported({"open invoices that are in no file": {"a": "1", "b": "1"}}, unknown)[1] == (
        "what customers owe: open invoices that are in no file should be zero and is 2. "
        "It consists of 17 (1) and 18 (1). Look."
    )


def test_a_long_list_is_shortened_and_counted() -> None:
    many = {f"c{number:02}": "1.00" for number in range(15)}
    words = reported({"open invoices": many, "cards": {"c00": "1.00"}})[1]
    assert "c10 (1.00) and 4 more" in words
    assert "c11" not in words


def test_empty_figures_agree() -> None:
    assert reported({"open invoices": {}, "debtors account": {"": "0.00"}})[0] == "info"


def by_hand(gap: Decimal, records: Sequence[Item]) -> tuple[Item, ...] | None:
    """Return what `items_explaining` should, by trying every set."""
    candidates = [item for item in records if item.amount]
    for size in range(1, LARGEST_SET + 1):
        sets = [
            tried for tried in combinations(candidates, size) if sum(item.amount for item in tried) == gap
        ]
        if sets:
            return sets[0] if len(sets) == 1 else None
    return None


AMOUNTS = st.integers(-60, 60).map(lambda number: Decimal(number) / 4)


@settings(deadline=None, max_examples=300)
@given(amounts=st.lists(AMOUNTS, max_size=11), gap=AMOUNTS.filter(bool))
def test_the_search_agrees_with_an_exhaustive_one(amounts: list[Decimal], gap: Decimal) -> None:
    records = [Item("", str(number), amount, NOWHERE) for number, amount in enumerate(amounts)]
    assert items_explaining(gap, records) == by_hand(gap, records)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_few_among_two_thousand_are_found(size: int) -> None:
    """Search powers of three among much larger amounts: no other set can have the same sum."""
    odd = [Decimal(3**number) / 100 for number in range(size)]
    rest = [Decimal(10**6 + number * 1_000) for number in range(200)]
    records = [Item("", str(number), amount, NOWHERE) for number, amount in enumerate([*rest, *odd])]
    found = items_explaining(sum(odd, Decimal()), records)
    assert found is not None
    assert [item.amount for item in found] == odd


def test_among_too_many_records_none_is_named() -> None:
    records = [Item("", str(number), Decimal(number), NOWHERE) for number in range(1, MOST_ITEMS + 2)]
    assert items_explaining(Decimal(1), records) is None
    assert items_explaining(Decimal(1), records[:-1]) == (records[0],)
