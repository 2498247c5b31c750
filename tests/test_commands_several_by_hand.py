"""What a clerk entered twice in Sage is no entity without a record while it may be one of the source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import INVOICES, HandTrade, loaded_trade

LAST = INVOICES.splitlines()[-1] + "\n"
NEW = "99,0001,2017-06-01,5.00\n"


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def twice(trade: HandTrade) -> tuple[str, str]:
    """Enter one invoice twice in Sage under other numbers, and return the Sage ids."""
    return trade.enter("X7", "0001", "5.00", "2017-06-01"), trade.enter("X8", "0001", "5.00", "2017-06-01")


def decide_on_the_first(trade: HandTrade, key: str, answer: str, sage_id: str) -> None:
    words = ("decide", "take", key, answer, "--sage-id", sage_id, "--because", "compared")
    assert trade.run(*words)[0] == 0


def test_the_other_of_two_is_unknown_once_it_is_decided_which_one_counts(
    trade: HandTrade, twice: tuple[str, str]
) -> None:
    one, other = twice
    assert "extra in Sage" in trade.run("reconcile")[1]
    assert f"sales_invoice:unknown_in_sage: 2 records (10.00), unknown in Sage {one}" in listed(trade)
    trade.change("invoices", LAST, LAST + NEW)
    assert "unknown_in_sage" not in listed(trade)
    text = trade.run("reconcile")[1]
    assert "duplicate: invoice 99 Sage holds 2 entities that may be invoice 99" in text
    assert "extra in Sage" not in text and "Delete it" not in text and "Needs review: 1 finding" in text
    assert "unknown_in_sage" not in listed(trade)
    decide_on_the_first(trade, "invoices/99", "this_one", one)
    assert f"sales_invoice:unknown_in_sage: 1 record (5.00), unknown in Sage {other}" in listed(trade)
    text = trade.run("reconcile")[1]
    assert extra(text) == other and "more like it" not in text
    assert f"sales_invoice:unknown_in_sage: 1 record (5.00), unknown in Sage {other}" in listed(trade)
    assert trade.run("decide", "drop", "invoices/99")[0] == 0
    assert "unknown_in_sage" not in listed(trade)
    decide_on_the_first(trade, "invoices/99", "this_one", one)
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    text = trade.run("reconcile")[1]
    assert extra(text) == other and "more like it" not in text
    assert f"sales_invoice:unknown_in_sage: 1 record (5.00), unknown in Sage {other}" in listed(trade)


def test_both_are_unknown_once_the_record_is_kept_apart(trade: HandTrade, twice: tuple[str, str]) -> None:
    trade.change("invoices", LAST, LAST + NEW)
    assert "extra in Sage" not in trade.run("reconcile")[1]
    assert trade.decide("invoices/99", "keep_apart")[0] == 0
    assert "sales_invoice:unknown_in_sage: 2 records (10.00)" in listed(trade)
    text = trade.run("reconcile")[1]
    assert extra(text) in twice and "and 1 more like it" in text and "Needs review: 3 findings" in text


def test_a_deleted_record_entered_again_twice_is_one_finding(trade: HandTrade) -> None:
    trade.delete("sales_invoices", "00012")
    one, other = (trade.enter(number, "0002", "20.50", "2017-04-03") for number in ("X7", "X8"))
    text = trade.run("reconcile")[1]
    assert "deleted in Sage: invoice 00012" in text and "Sage holds 2 entities that may be" in text
    assert "extra in Sage" not in text and "Needs review: 1 finding" in text
    assert "unknown_in_sage" not in listed(trade)
    decide_on_the_first(trade, "invoices/00012", "adopt", one)
    assert f"sales_invoice:unknown_in_sage: 1 record (20.50), unknown in Sage {other}" in listed(trade)
    text = trade.run("reconcile")[1]
    assert extra(text) == other and "more like it" not in text


def test_what_the_next_run_adopts_by_its_key_is_not_unknown(trade: HandTrade) -> None:
    contact = {"name": "Firm 3", "reference": "0003", "contact_type_ids": ["CUSTOMER"], "notes": "Hull"}
    assert trade.served.by_other_hand("POST", "/contacts", {"contact": contact}).status == 201
    assert "extra in Sage" in trade.run("reconcile")[1]
    assert "contact:unknown_in_sage" in listed(trade)
    trade.change("customers", "0002,", "0003,Firm 3,Hull\n0002,")
    assert "contact:unknown_in_sage" not in listed(trade)
    assert trade.run("plan")[0] == 0
    assert "1 adopted" in trade.run("apply")[1]


def extra(text: str) -> str:
    """Return the Sage id of the first entity without a record that an output names."""
    (found,) = re.findall(r"extra in Sage: .* no source row · Sage id (\w+) ", text)
    return str(found)


def listed(trade: HandTrade) -> str:
    return trade.run("decide", "list")[1]


@pytest.mark.parametrize("answer", ["theirs", "ours_by_hand"])
def test_an_entity_that_repeats_a_record_can_be_decided_on(trade: HandTrade, answer: str) -> None:
    """Enter a copy of a loaded invoice in Sage; whoever wants to keep both can say so."""
    copy = trade.enter("00012", "0002", "20.50", "2017-04-03")
    text = trade.run("reconcile")[1]
    assert "Sage holds it twice: it repeats invoices/00012." in text
    assert "or decide whose it is: sagerecon decide list" in text
    assert f"sales_invoice:unknown_in_sage: 1 record (20.50), unknown in Sage {copy}" in listed(trade)
    code, text = trade.run("decide", "take", copy, answer, "--because", "a second delivery")
    assert code == 0, text
    code, text = trade.run("reconcile")
    assert code == 0 and "Everything ties out with 1 accepted difference." in text
    assert "unknown_in_sage" not in listed(trade)
