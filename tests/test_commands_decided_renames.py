"""What is to be decided about a record, once it is decided whether it is an earlier one, before `apply`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import INVOICES, HandTrade, loaded_trade


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


def edited_and_renamed(trade: HandTrade) -> None:
    """Let a clerk edit customer 0001, give it another number, and decide that it is the same."""
    path = f"/contacts/{trade.sage_id('contacts', '0001')}"
    assert trade.served.by_other_hand("PUT", path, {"contact": {"name": "Firm by Kim"}}).status == 200
    assert trade.run("reconcile")[0] == 1
    for name in ("customers", "invoices", "payments"):
        data = trade.served.folder / f"data/{name}.csv"
        data.write_text(data.read_text().replace("0001,", "X1,").replace("1X1,", "10001,"))
    assert trade.run("snapshot")[0] == 0
    assert trade.decide("customers/X1", "same_record")[0] == 0


@pytest.mark.parametrize(("answer", "name"), [("accept", "Firm by Kim"), ("push", "Firm 1")])
def test_what_differs_is_listed_and_can_be_decided_before_the_key_is_taken_over(
    trade: HandTrade, answer: str, name: str
) -> None:
    edited_and_renamed(trade)
    code, text = trade.run("plan")
    assert code == 1 and "Not sent: 1 contact record (both changed): customers/X1." in text
    code, text = trade.run("decide", "list")
    assert code == 1 and "contact:both_changed: 1 record, both changed" in text
    code, text = trade.run("decide", "show", "customers/X1")
    assert code == 0
    assert "customers/X1: 1 record, renamed in the source" in text
    assert "customers/X1: 1 record, both changed" in text
    assert f"sagerecon decide take customers/X1 {answer}" in text
    lines = trade.served.run("decide", "show", "customers/X1", "--json").output.splitlines()
    shown = json.loads(lines[-1])
    assert shown["answers"] == ["same_record", "two_records"]
    assert [answer in besides["answers"] for besides in shown["besides"]] == [True]
    assert trade.decide("customers/X1", answer)[0] == 0
    code, text = trade.run("decide", "list")
    assert code == 0
    assert "In effect: customers/X1: same_record" in text
    assert f"In effect: customers/X1: {answer}" in text
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.run("decide", "list")[0] == 0
    code, text = trade.run("plan")
    assert code == 0 and "updates" not in text
    names = [item["name"] for item in trade.in_sage("contacts") if item["name"].startswith("Firm")]
    assert sorted(names) == sorted([name, "Firm 2"])


def test_a_decision_about_the_group_is_about_it_too(trade: HandTrade) -> None:
    edited_and_renamed(trade)
    assert trade.run("plan")[0] == 1
    assert trade.decide("contact:both_changed", "accept")[0] == 0
    assert trade.run("decide", "list")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.run("plan")[0] == 0


@pytest.mark.parametrize(("answer", "count"), [("adopt", 3), ("keep_apart", 4)])
def test_another_record_that_sage_may_hold_is_decided_on(trade: HandTrade, answer: str, count: int) -> None:
    """The earlier invoice is gone from the source; a clerk entered the one that looks like it."""
    trade.enter("77", "0001", "10.50", "2017-04-09")
    first = INVOICES.splitlines()[1]
    trade.change("invoices", first, "77,0001,2017-04-02,10.50")
    assert trade.run("reconcile")[0] == 1
    assert trade.decide("invoices/77", "two_records")[0] == 0
    code, text = trade.run("plan")
    assert code == 1 and "Sage may hold 1 sales_invoice record (10.50) already: invoices/77" in text
    code, text = trade.run("decide", "list")
    assert code == 1 and "sales_invoice:already_in_sage: 1 record" in text
    assert f"decide take invoices/77 {answer}" in trade.run("decide", "show", "invoices/77")[1]
    assert trade.decide("invoices/77", answer)[0] == 0
    assert trade.decide("invoices/00011", "keep")[0] == 0
    text = trade.run("decide", "list")[1]
    assert "already_in_sage" not in text and f"In effect: invoices/77: {answer}" in text
    assert "In effect: invoices/77: two_records" in text
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert len(trade.in_sage()) == count


def test_documents_of_a_contact_that_was_decided_to_be_the_same_are_verified(trade: HandTrade) -> None:
    """The plan takes them over without a call, and the reconciliation finds no change of theirs."""
    for name in ("customers", "invoices", "payments"):
        data = trade.served.folder / f"data/{name}.csv"
        data.write_text(data.read_text().replace("0001,", "X1,").replace("1X1,", "10001,"))
    assert trade.run("snapshot")[0] == 0
    assert "changed in source since: invoice 00011" in trade.run("reconcile")[1]
    assert trade.decide("customers/X1", "same_record")[0] == 0
    text = trade.run("reconcile")[1]
    assert "invoice 00011" not in text and "payment 00030" not in text
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.run("reconcile")[0] == 0
