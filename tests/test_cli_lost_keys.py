"""A decision about a record whose key is changed in the source lapses by name, and the record waits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hand_trade import HandTrade, loaded_trade

KINDS = ("contact", "sales_invoice", "contact_payment")


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


def lose_zeros(trade: HandTrade) -> None:
    """Save the source as a spreadsheet does, without the zeros that its numbers begin with."""
    for name in ("customers", "invoices", "payments"):
        path = trade.served.folder / f"data/{name}.csv"
        path.write_text(re.sub(r"(?m)(?<=,)0+(?=\d+,)|^0+(?=\d)", "", path.read_text()))
    assert trade.run("snapshot")[0] == 0


def add(trade: HandTrade, name: str, line: str) -> None:
    path = trade.served.folder / f"data/{name}.csv"
    path.write_text(f"{path.read_text()}{line}\n")
    assert trade.run("snapshot")[0] == 0


def same_records(trade: HandTrade) -> None:
    """Decide that the records without zeros are those that were written with them."""
    for kind in KINDS:
        assert trade.decide(f"{kind}:renamed", "same_record")[0] == 0


def names(trade: HandTrade) -> list[str]:
    return sorted(item["name"] for item in trade.in_sage("contacts") if item["name"].startswith("Firm"))


def kept_and_renamed(trade: HandTrade) -> None:
    """Change customer 0001 in the source, keep it in Sage as it is, and lose all zeros."""
    trade.change("customers", "0001,Firm 1", "0001,Firm One")
    assert trade.decide("customers/0001", "keep")[0] == 0
    lose_zeros(trade)
    same_records(trade)


def test_a_kept_record_is_not_updated_under_its_new_key(trade: HandTrade) -> None:
    kept_and_renamed(trade)
    code, text = trade.run("plan")
    assert code == 1
    lost = "the source has no record with this key; customers/1 may be it"
    assert f"the decision 'keep' about customers/0001 has lapsed: {lost}" in text
    assert "Decide again: sagerecon decide show customers/1." in text
    assert trade.run("apply")[0] == 1
    assert names(trade) == ["Firm 1", "Firm 2"]


def test_a_decision_about_a_group_is_not_about_what_may_have_a_lost_key(trade: HandTrade) -> None:
    kept_and_renamed(trade)
    trade.run("plan")
    trade.run("apply")
    trade.change("customers", "2,Firm 2", "2,Firm Two")
    code, text = trade.decide("contact:source_changed", "keep")
    assert code == 0 and "contact:source_changed: keep, 1 record" in text
    code, text = trade.run("decide", "list")
    assert "In effect: contact:source_changed: keep, 1 record" in text
    assert "Decide on each record: sagerecon decide show customers/1" in text
    assert "Lapsed: customers/0001: keep" in text and "Lapsed: contact" not in text
    code, text = trade.run("decide", "show", "contact:source_changed")
    assert "not about 1 record, which has a decision of its own: sagerecon decide show customers/1" in text
    trade.run("plan")
    trade.run("apply")
    assert names(trade) == ["Firm 1", "Firm 2"]


def test_it_waits_still_once_its_new_key_is_recorded(trade: HandTrade) -> None:
    kept_and_renamed(trade)
    trade.run("plan")
    trade.run("apply")
    assert trade.run("plan")[0] == 1
    assert trade.run("apply")[0] == 1
    assert names(trade) == ["Firm 1", "Firm 2"]
    code, text = trade.run("decide", "list")
    assert code == 1
    assert "Lapsed: customers/0001: keep" in text
    code, text = trade.run("reconcile")
    assert code == 1
    assert "sagerecon decide drop customers/0001" in text
    assert trade.decide("customers/1", "keep")[0] == 0
    assert trade.run("decide", "list")[0] == 0
    assert trade.run("plan")[0] == 0
    trade.run("apply")
    assert names(trade) == ["Firm 1", "Firm 2"]
    assert trade.run("reconcile")[0] == 0


def test_it_is_updated_once_the_lapsed_decision_is_dropped(trade: HandTrade) -> None:
    kept_and_renamed(trade)
    trade.run("plan")
    trade.run("apply")
    assert trade.run("decide", "drop", "customers/0001")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert names(trade) == ["Firm 2", "Firm One"]


def test_a_key_that_is_spelt_otherwise_is_followed_by_its_rename(trade: HandTrade) -> None:
    trade.change("payments", "00030,0001,2017-05-01,2.50", "00030,0001,2017-05-01,2.75")
    assert trade.decide("payments/00030", "keep")[0] == 0
    mapping = trade.served.folder / "mappings/payments.yaml"
    mapping.write_text(mapping.read_text().replace("key: [number]", "key: [date]"))
    assert trade.decide("contact_payment:renamed:same_reference", "same_record")[0] == 0
    for _ in range(2):  # as the key is taken over, and afterwards
        code, text = trade.run("plan")
        assert code == 1
        assert "keep' about payments/00030 has lapsed" in text
        assert "payments/2017-05-01 may be it" in text
        trade.run("apply")
        amounts = sorted(item["total_amount"] for item in trade.in_sage("contact_payments"))
        assert amounts == ["2.5", "3.5"]


def test_a_new_record_that_was_left_out_is_not_created_under_another_key(trade: HandTrade) -> None:
    add(trade, "invoices", "00099,0001,2017-06-01,5.00")
    assert trade.decide("invoices/00099", "leave_out")[0] == 0
    assert trade.run("plan")[0] == 0
    lose_zeros(trade)
    same_records(trade)
    add(trade, "invoices", "100,1,2017-06-02,6.00")
    code, text = trade.run("plan")
    assert code == 1
    lost = "the source has no record with this key; invoices/99 may be it"
    assert f"the decision 'leave_out' about invoices/00099 has lapsed: {lost}" in text
    assert "What was decided about invoices/00099 has no effect any more" in text
    assert trade.run("apply")[0] == 1
    assert trade.references() == ["100", "11", "12"]
    code, text = trade.run("reconcile")
    assert code == 1
    assert "sagerecon decide drop invoices/00099" in text
    code, text = trade.run("decide", "list")
    assert code == 1
    assert "Lapsed: invoices/00099: leave_out" in text
    assert "sales_invoice:new: 1 record (5.00)" in text


def left_out_and_renamed(trade: HandTrade) -> None:
    add(trade, "invoices", "00099,0001,2017-06-01,5.00")
    assert trade.decide("invoices/00099", "leave_out")[0] == 0
    lose_zeros(trade)
    same_records(trade)
    assert trade.run("plan")[0] == 1


def test_it_is_left_out_once_that_is_decided_about_its_new_key(trade: HandTrade) -> None:
    left_out_and_renamed(trade)
    assert trade.decide("invoices/99", "leave_out")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("decide", "list")[0] == 0
    assert trade.run("apply")[0] == 0
    assert "99" not in trade.references()


def test_it_is_created_once_the_lapsed_decision_is_dropped(trade: HandTrade) -> None:
    left_out_and_renamed(trade)
    assert trade.run("decide", "drop", "invoices/00099")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references().count("99") == 1


def test_one_that_the_source_has_under_its_key_holds_no_other_back(trade: HandTrade) -> None:
    add(trade, "invoices", "00099,0001,2017-06-01,5.00")
    assert trade.decide("invoices/00099", "leave_out")[0] == 0
    add(trade, "invoices", "99,0001,2017-06-03,7.00")
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012", "99"]


def test_what_waits_for_a_left_out_customer_waits_under_its_new_key(trade: HandTrade) -> None:
    add(trade, "customers", "0009,Firm 9,Hull")
    assert trade.decide("customers/0009", "leave_out")[0] == 0
    add(trade, "invoices", "00098,0009,2017-06-01,5.00")
    lose_zeros(trade)
    same_records(trade)
    assert trade.run("plan")[0] == 1
    trade.run("apply")
    assert names(trade) == ["Firm 1", "Firm 2"]
    assert trade.references() == ["11", "12"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("contact:already_in_sage", "adopt"),
        ("contact:already_in_sage", "leave_out"),
        ("customers/0009", "adopt"),
        ("customers/0009", "keep_apart"),
    ],
)
def test_what_sage_holds_of_it_is_not_doubled(trade: HandTrade, name: str, answer: str) -> None:
    add(trade, "customers", "0009,Firm 9,Hull")
    entered = {"name": "Firm Nine", "contact_type_ids": ["CUSTOMER"], "reference": "0009"}
    trade.served.by_other_hand("POST", "/contacts", {"contact": entered})
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 1  # it finds the contact, which is not equal
    assert trade.run("plan")[0] == 1
    assert trade.decide(name, answer)[0] == 0
    lose_zeros(trade)
    same_records(trade)
    code, text = trade.run("plan")
    assert code == 1
    assert f"'{answer}' about {name} has lapsed" in text
    assert "customers/9 may be it" in text
    trade.run("apply")
    assert names(trade) == ["Firm 1", "Firm 2", "Firm Nine"]


def test_one_that_sage_may_hold_waits_by_its_standing_and_the_decision_has_lapsed(trade: HandTrade) -> None:
    add(trade, "invoices", "00099,0001,2017-06-01,5.00")
    assert trade.decide("invoices/00099", "leave_out")[0] == 0
    trade.enter("00099", "0001", "5.25", "2017-06-01")
    lose_zeros(trade)
    same_records(trade)
    trade.run("reconcile")
    code, text = trade.run("plan")
    assert code == 1
    assert "Sage may hold 1 sales_invoice record (5.00) already: invoices/99" in text
    assert "'leave_out' about invoices/00099 has lapsed" in text
    trade.run("apply")
    assert trade.references() == ["00099", "11", "12"]


def test_a_left_out_record_is_told_by_contact_date_and_amount(trade: HandTrade) -> None:
    add(trade, "invoices", "00099,0001,2017-06-01,5.00")
    assert trade.decide("invoices/00099", "leave_out")[0] == 0
    trade.change("invoices", "00099,", "R-99,")
    add(trade, "invoices", "100,0001,2017-06-02,5.00")
    code, text = trade.run("plan")
    assert code == 1
    assert "the source has no record with this key; invoices/R-99 may be it" in text
    trade.run("apply")
    assert trade.references() == ["00011", "00012", "100"]


def test_a_left_out_record_that_the_source_lost_holds_no_other_back(trade: HandTrade) -> None:
    add(trade, "invoices", "00099,0001,2017-06-01,5.00")
    assert trade.decide("invoices/00099", "leave_out")[0] == 0
    trade.change("invoices", "00099,0001,2017-06-01,5.00", "00100,0002,2017-06-01,5.00")
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.references() == ["00011", "00012", "00100"]


def test_a_decision_is_dropped_by_the_key_without_its_mapping(trade: HandTrade) -> None:
    trade.change("customers", "0001,Firm 1", "0001,Firm One")
    assert trade.decide("customers/0001", "keep")[0] == 0
    code, text = trade.run("decide", "drop", "0001")
    assert code == 0 and "customers/0001" in text
    assert trade.run("decide", "drop", "0001")[0] == 2


def test_the_keys_that_explain_names_are_those_of_the_source(trade: HandTrade) -> None:
    code, text = trade.run("explain", "nothing like it")
    assert code == 2 and "Keys look like banks/Main." in text


def test_a_decision_about_a_group_does_not_replace_one_about_a_lost_key(trade: HandTrade) -> None:
    kept_and_renamed(trade)
    assert trade.run("plan")[0] == 1
    assert trade.decide("contact:source_changed", "keep")[0] == 0
    code, text = trade.run("plan")
    assert code == 1
    assert "'keep' about customers/0001 has lapsed" in text
    assert "Not sent: 1 contact record (source changed): customers/1" in text


def test_the_records_of_a_group_wait_under_their_new_keys(trade: HandTrade) -> None:
    trade.change("customers", "0001,Firm 1", "0001,Firm One")
    trade.change("customers", "0002,Firm 2", "0002,Firm Two")
    assert trade.decide("contact:source_changed", "keep")[0] == 0
    lose_zeros(trade)
    same_records(trade)
    for _ in range(2):  # as the keys are taken over, and afterwards
        code, text = trade.run("plan")
        assert code == 1
        assert "'keep' about contact:source_changed has lapsed" in text
        trade.run("apply")
        assert names(trade) == ["Firm 1", "Firm 2"]


def test_a_decision_holds_again_once_its_key_is_back(trade: HandTrade) -> None:
    customers = trade.served.folder / "data/customers.csv"
    trade.change("customers", "0001,Firm 1", "0001,Firm One")
    assert trade.decide("customers/0001", "keep")[0] == 0
    before = {path: path.read_text() for path in customers.parent.iterdir()}
    lose_zeros(trade)
    same_records(trade)
    trade.run("plan")
    trade.run("apply")
    for path, text in before.items():
        path.write_text(text)
    assert trade.run("snapshot")[0] == 0
    same_records(trade)
    code, text = trade.run("plan")
    assert (code, "has lapsed" in text) == (0, False)
    trade.run("apply")
    assert names(trade) == ["Firm 1", "Firm 2"]


def test_an_accepted_edit_is_judged_again_under_the_new_key(trade: HandTrade) -> None:
    path = f"/contacts/{trade.sage_id('contacts', '0001')}"
    trade.served.by_other_hand("PUT", path, {"contact": {"name": "Firm by hand"}})
    trade.run("reconcile")
    assert trade.decide("customers/0001", "accept")[0] == 0
    assert trade.run("plan")[0] == 0
    lose_zeros(trade)
    same_records(trade)
    code, text = trade.run("plan")
    assert code == 1
    assert "'accept' about customers/0001 has lapsed" in text
    assert "customers/1 may be it" in text
    trade.run("apply")
    assert names(trade) == ["Firm 2", "Firm by hand"]


def test_what_an_earlier_version_remembered_of_a_group_is_read(trade: HandTrade) -> None:
    add(trade, "invoices", "00098,0001,2017-06-01,4.00")
    add(trade, "invoices", "00099,0001,2017-06-01,5.00")
    assert trade.decide("sales_invoice:new", "leave_out")[0] == 0
    (path,) = (trade.served.folder / ".sagerecon/decided").iterdir()
    members = {digest: key for digest, (key, *_) in json.loads(path.read_text()).items()}
    path.write_text(json.dumps(members))
    add(trade, "invoices", "00100,0001,2017-06-01,6.00")
    assert trade.run("plan")[0] == 1
    assert trade.run("apply")[0] == 1
    assert trade.references() == ["00011", "00012", "00100"]


def test_a_changed_record_that_was_kept_is_not_created_under_a_new_key(trade: HandTrade) -> None:
    """Sage holds it with the earlier amount; only what it was when it was decided on pairs the two."""
    trade.change("invoices", "10.50", "11.50")
    assert trade.decide("invoices/00011", "keep")[0] == 0
    trade.change("invoices", "00011,", "A7,")
    code, text = trade.run("plan")
    assert code == 1
    lost = "the source has no record with this key; invoices/A7 may be it"
    assert f"the decision 'keep' about invoices/00011 has lapsed: {lost}" in text
    assert trade.run("apply")[0] == 1
    assert trade.references() == ["00011", "00012"]


def test_a_record_that_is_left_out_is_not_created_under_a_new_key_of_a_renumbered_contact(
    trade: HandTrade,
) -> None:
    add(trade, "invoices", "00013,0002,2017-04-05,30.50")
    assert trade.decide("invoices/00013", "leave_out")[0] == 0
    for name in ("customers", "invoices", "payments"):
        path = trade.served.folder / f"data/{name}.csv"
        path.write_text(path.read_text().replace("00013,", "A7,").replace("0002,", "X9,"))
    assert trade.run("snapshot")[0] == 0
    assert trade.decide("customers/X9", "same_record")[0] == 0
    for _ in range(2):
        code, text = trade.run("plan")
        assert code == 1 and "about invoices/00013 has lapsed" in text and "invoices/A7 may be it" in text
        trade.run("apply")
        assert trade.references() == ["00011", "00012"]
