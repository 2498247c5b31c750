"""What refers to a record that left the source and stays in Sage is as it was; what is new waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hand_trade import HandTrade, loaded_trade
from runs import customer, invoice

from sagerecon.model.draft import Draft, Outcome, Quarantined, Reference
from sagerecon.pairing.held_references import with_held_references

GONE = "0002,Firm 2,York\n"
NEW = "00013,0002,2017-05-04,7.50\n"


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    """Yield a loaded trade of which the source has lost a customer, and still has the customer's invoice."""
    with loaded_trade(tmp_path, monkeypatch) as opened:
        opened.change("customers", GONE, "")
        yield opened


def add(trade: HandTrade, line: str) -> None:
    path = trade.served.folder / "data/invoices.csv"
    path.write_text(f"{path.read_text()}{line}")
    assert trade.run("snapshot")[0] == 0


def test_what_is_unchanged_needs_nothing_and_nothing_is_left_once_the_other_is_kept(trade: HandTrade) -> None:
    code, text = trade.run("plan")
    assert code == 0 and "quarantined" not in text and "customers/0002 (Firm 2). Left in Sage" in text
    assert trade.decide("customers/0002", "keep")[0] == 0
    code, text = trade.run("plan")
    assert code == 0 and "quarantined" not in text
    assert trade.run("apply")[0] == 0
    code, text = trade.run("reconcile")
    assert code == 0 and "with 1 accepted difference" in text
    code, text = trade.run("explain", "invoices/00012")
    assert "quarantined" not in text and "skip" in text and "verdict verified" in text


def test_what_changed_is_updated(trade: HandTrade) -> None:
    trade.change("invoices", "00012,0002,2017-04-03", "00012,0002,2017-04-04")
    assert trade.run("plan")[0] == 0
    assert "1 updated" in trade.run("apply")[1]
    (held,) = (item for item in trade.in_sage() if item["reference"] == "00012")
    assert held["date"] == "2017-04-04" and held["contact"]["displayed_as"].startswith("Firm 2")


def test_what_is_new_waits_until_it_is_decided_that_the_other_stays(trade: HandTrade) -> None:
    add(trade, NEW)
    for answer in ("", "later"):
        assert not answer or trade.decide("customers/0002", answer)[0] == 0
        code, text = trade.run("plan")
        assert code == 1 and "invoices/00013 (refers to customers/0002)" in text, text
        assert trade.run("apply")[0] == 1
    assert "00013" not in trade.references()
    code, text = trade.decide("customers/0002", "reverse")
    assert code == 2 and "refer to it" in text
    assert trade.decide("customers/0002", "keep")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    (held,) = (item for item in trade.in_sage() if item["reference"] == "00013")
    assert held["contact"]["displayed_as"].startswith("Firm 2")
    assert trade.run("reconcile")[0] == 0


def test_what_refers_to_a_record_that_was_never_written_is_quarantined(trade: HandTrade) -> None:
    add(trade, NEW.replace("0002", "0009"))
    code, text = trade.run("plan")
    assert code == 1 and "will not be in Sage: there is no contact customers/0009." in text
    assert trade.run("reconcile")[0] == 1
    assert "quarantined" in trade.run("explain", "invoices/00013")[1]


def test_a_reference_that_lost_its_zeros_names_the_record(trade: HandTrade) -> None:
    add(trade, NEW.replace("0002", "1"))
    code, text = trade.run("plan")
    assert code == 1 and "there is no contact customers/1, but 'customers/0001'." in text
    assert "lpad(code::TEXT, 4, '0')" in text


def test_what_refers_to_a_record_that_a_rule_leaves_out_now_is_as_it_was(trade: HandTrade) -> None:
    trade.change("customers", "0001,", f"{GONE}0001,")
    mapping = trade.served.folder / "mappings/customers.yaml"
    rule = "leave_out:\n  - {name: closed, when: \"ref == '0002'\", reason: closed}\n"
    mapping.write_text(mapping.read_text() + rule)
    code, text = trade.run("plan")
    assert code == 0 and "quarantined" not in text and "left out by rule closed now" in text
    assert trade.decide("customers/0002", "keep")[0] == 0
    assert trade.run("plan")[0] == 0


def orphan(draft: Draft) -> Quarantined:
    return Quarantined(draft.kind, draft.key, (), (), orphan=draft)


def test_a_draft_is_restored_with_all_that_it_refers_to_or_not_at_all() -> None:
    there, bill = customer(1), invoice(1, "customers/C2")
    paid = replace(
        invoice(2, there.key),
        body={"contact_id": Reference("contact", there.key), "invoice": Reference(bill.kind, bill.key)},
    )
    outcomes: list[Outcome] = [orphan(paid), there, orphan(bill)]
    assert with_held_references(outcomes, ()) is outcomes
    assert with_held_references(outcomes, {("contact", "customers/C3")}) is outcomes
    found = with_held_references(outcomes, {("contact", "customers/C2")})
    assert list(found) == [paid, there, bill] == [found[0], *found[1:]] and len(found) == 3
    other = replace(paid, key="invoices/3", body={"contact_id": Reference("contact", "customers/C4")})
    found = with_held_references([*outcomes, orphan(other)], {("contact", "customers/C2")})
    assert list(found) == [paid, there, bill, orphan(other)]
