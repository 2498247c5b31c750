"""What Sage has refused is not sent again before something has changed, or a person asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hand_trade import CUSTOMERS, DATA, HandTrade, loaded_trade

from sagerecon.rehearsal.faults import Fault

IN_USE = "for Sage says that it is in use"
HAS_PAYMENTS = "You cannot change or remove a sales invoice that has payments or allocations."
REFUSED = f"Refused on 2026-01-05: Sage rejected invoice 00011: {HAS_PAYMENTS}"


@pytest.fixture
def trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTrade]:
    """Yield a trade with a third customer, who has no documents."""
    monkeypatch.setitem(DATA, "data/customers.csv", f"{CUSTOMERS}0003,Firm 3,Hull\n")
    with loaded_trade(tmp_path, monkeypatch) as opened:
        yield opened


def enter_payment(trade: HandTrade, customer: str, reference: str, invoice: str) -> None:
    """Enter a payment of 1.00 for an invoice in Sage by hand."""
    (bank,) = [bank["id"] for bank in trade.in_sage("bank_accounts") if "Main" in bank["displayed_as"]]
    paid = {"artefact_id": trade.sage_id("sales_invoices", invoice), "amount": "1.00"}
    body = {
        "transaction_type_id": "CUSTOMER_RECEIPT",
        "contact_id": trade.sage_id("contacts", customer),
        "bank_account_id": bank,
        "date": "2017-06-01",
        "total_amount": "1.00",
        "reference": reference,
        "allocated_artefacts": [paid],
    }
    reply = trade.served.by_other_hand("POST", "/contact_payments", {"contact_payment": body})
    assert reply.status == 201, reply


@contextmanager
def writes(trade: HandTrade) -> Iterator[list[str]]:
    """Yield the requests that create, change or delete, and the looks at single entities, made meanwhile."""
    made: list[str] = []
    known = trade.served.faults.faults_for

    def count(method: str, path: str) -> tuple[Fault, ...]:
        resource, _, sage_id = path.strip("/").partition("/")
        if resource in ("sales_invoices", "contacts") and (method != "GET" or sage_id):
            made.append(f"{method} {resource}")
        return known(method, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trade.served.faults, "faults_for", count)
        yield made


def refuse_update(trade: HandTrade) -> None:
    """Let Sage refuse a change of an invoice that a clerk has entered a payment for."""
    enter_payment(trade, "0001", "by hand", "00011")
    trade.change("invoices", "10.50", "11.50")
    assert trade.run("plan")[0] == 0
    with writes(trade) as made:
        code, text = trade.run("apply")
    assert (code, made) == (1, ["GET sales_invoices", "PUT sales_invoices"])
    assert "1 quarantined" in text
    assert "or decide (sagerecon decide list)" in trade.run("status")[1]


def enter_quote(trade: HandTrade, customer: str) -> str:
    """Enter a quote in Sage by hand, and return its Sage id."""
    (sales,) = [a["id"] for a in trade.in_sage("ledger_accounts") if "4000" in a["displayed_as"]]
    line = {"description": "Work", "ledger_account_id": sales, "quantity": "1", "unit_price": "1.00"}
    body = {
        "contact_id": trade.sage_id("contacts", customer),
        "date": "2017-06-01",
        "expiry_date": "2017-07-01",
        "quote_lines": [{**line, "tax_rate_id": "GB_NO_TAX", "tax_amount": "0.00"}],
    }
    reply = trade.served.by_other_hand("POST", "/sales_quotes", {"sales_quote": body})
    assert reply.status == 201, reply
    return str(reply.body["id"])


def refuse_deletion(trade: HandTrade) -> str:
    """Let Sage refuse to delete a customer with a quote that a clerk has entered; return the quote's id."""
    quote = enter_quote(trade, "0003")
    trade.change("customers", "0003,Firm 3,Hull\n", "")
    assert trade.decide("contact:gone", "reverse")[0] == 0
    assert trade.run("plan")[0] == 0
    with writes(trade) as made:
        assert trade.run("apply")[0] == 1
    assert made == ["GET contacts"]
    return quote


def test_a_refused_update_waits_and_is_named_with_the_reason(trade: HandTrade) -> None:
    refuse_update(trade)
    for _ in range(2):
        code, text = trade.run("reconcile")
        assert code == 1
        assert f"{REFUSED} Correct it in Sage or in the source" in text
        assert "decide: sagerecon decide show invoices/00011" in text
        assert "Plan and apply again" not in text
        code, text = trade.run("plan")
        assert code == 1
        assert (
            f"Not sent again: 1 sales_invoice record (11.50) (source changed): invoices/00011. {REFUSED}"
            in text
        )
        with writes(trade) as made:
            assert trade.run("apply")[0] == 1
        assert made == []
    code, text = trade.run("decide", "list")
    assert code == 1 and f"invoices/00011 (invoice 00011), differs in invoice_lines: {REFUSED}" in text
    for answer in ("keep", "void_and_post_again", "push"):
        assert f"sagerecon decide take sales_invoice:source_changed {answer} " in text


def test_a_refused_update_is_tried_once_more_for_each_decision_to_push(trade: HandTrade) -> None:
    refuse_update(trade)
    for _ in range(2):
        assert trade.decide("invoices/00011", "push")[0] == 0
        assert "It is decided: push. Carry it out" in trade.run("reconcile")[1]
        assert trade.run("plan")[0] == 0
        with writes(trade) as made:
            assert trade.run("apply")[0] == 1
        assert made == ["GET sales_invoices", "PUT sales_invoices"]
        code, text = trade.run("plan")
        assert code == 1
        assert f"the decision 'push' about invoices/00011 has no effect: invoices/00011: {REFUSED[:-1]}" in (
            text
        )
        assert "Carry it out" not in trade.run("reconcile")[1]
    trade.delete("contact_payments", "by hand")
    assert trade.decide("invoices/00011", "push")[0] == 0
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert trade.run("plan")[0] == 0
    assert "sales_invoice:source_changed" not in trade.run("decide", "list")[1]


def test_a_refused_update_that_is_kept_needs_no_review_and_is_not_sent(trade: HandTrade) -> None:
    refuse_update(trade)
    assert trade.decide("invoices/00011", "keep")[0] == 0
    for _ in range(2):
        assert trade.run("plan")[0] == 0
        with writes(trade) as made:
            assert trade.run("apply")[0] == 0
        assert made == []
        text = trade.run("reconcile")[1]
        assert "Accepted by decision: 1 difference" in text or "1 accepted difference" in text
        if any(item["reference"] == "by hand" for item in trade.in_sage("contact_payments")):
            trade.delete("contact_payments", "by hand")


def test_a_refused_update_is_sent_once_the_source_has_changed(trade: HandTrade) -> None:
    refuse_update(trade)
    trade.change("invoices", "11.50", "12.50")
    assert trade.run("plan")[0] == 0
    with writes(trade) as made:
        assert trade.run("apply")[0] == 1
    assert made == ["GET sales_invoices", "PUT sales_invoices"]
    trade.change("invoices", "12.50", "10.50")
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0


def test_a_refused_update_is_sent_once_a_reading_shows_that_sage_has_changed(trade: HandTrade) -> None:
    refuse_update(trade)
    trade.delete("contact_payments", "by hand")
    assert trade.run("plan")[0] == 1, "no reading has shown it yet"
    assert "Plan and apply again" in trade.run("reconcile")[1]
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert next(i["total_amount"] for i in trade.in_sage() if i["reference"] == "00011") == "11.5"


def test_other_records_are_sent_while_a_refused_one_waits(trade: HandTrade) -> None:
    """A decision about the group would be about the invoice that can be sent, too."""
    refuse_update(trade)
    trade.change("invoices", "20.50", "21.50")
    trade.change("customers", "Leeds", "Hull")
    code, text = trade.run("plan")
    assert code == 1
    assert "Or decide: sagerecon decide show invoices/00011" in text
    assert "Decide on each record: sagerecon decide show invoices/00011" in trade.run("decide", "list")[1]
    with writes(trade) as made:
        assert trade.run("apply")[0] == 1
    assert sorted(made) == ["GET contacts", "GET sales_invoices", "PUT contacts", "PUT sales_invoices"]


def test_a_refused_deletion_is_not_planned_again(trade: HandTrade) -> None:
    refuse_deletion(trade)
    for _ in range(2):
        code, text = trade.run("reconcile")
        assert code == 1
        assert f"Firm 3 was not deleted, {IN_USE}. Delete in Sage what refers to it, or decide" in text
        assert "Carry it out" not in text
        code, text = trade.run("plan")
        assert code == 1
        assert "the decision 'reverse' about contact:gone has no effect: customers/0003: Refused on" in text
        assert f"{IN_USE}; delete in Sage what refers to it" in text
        assert "sagerecon decide drop contact:gone" in text
        with writes(trade) as made:
            trade.run("apply")
        assert made == []
        code, text = trade.run("decide", "list")
        assert code == 1 and "Not possible: contact:gone: reverse" in text


def test_a_refused_deletion_is_tried_again_for_a_decision_taken_again(trade: HandTrade) -> None:
    refuse_deletion(trade)
    assert trade.decide("customers/0003", "reverse")[0] == 0
    assert trade.run("plan")[0] == 0
    with writes(trade) as made:
        assert trade.run("apply")[0] == 1
    assert made == ["GET contacts"]
    assert trade.run("plan")[0] == 1
    assert trade.run("decide", "drop", "customers/0003")[0] == 0
    assert trade.run("decide", "drop", "contact:gone")[0] == 0
    code, text = trade.run("plan")
    assert code == 0 and "gone from the source" in text


def test_a_refused_deletion_is_carried_out_once_nothing_refers_to_the_record(trade: HandTrade) -> None:
    quote = refuse_deletion(trade)
    assert trade.served.by_other_hand("DELETE", f"/sales_quotes/{quote}").status == 204
    assert "It is decided: reverse. Carry it out" in trade.run("reconcile")[1]
    assert trade.run("plan")[0] == 0
    assert trade.run("apply")[0] == 0
    assert "0003" not in {contact.get("reference") for contact in trade.in_sage("contacts")}


def test_records_that_are_refused_alike_are_one_finding(trade: HandTrade) -> None:
    """Sage does not change the type of a contact with bookings; the third customer has none."""
    mapping = trade.served.folder / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text().replace("[CUSTOMER]", "[VENDOR]"))
    assert trade.run("snapshot")[0] == 0
    assert trade.run("plan")[0] == 0
    code, text = trade.run("apply")
    assert code == 1 and "2 quarantined, 1 updated" in text
    code, text = trade.run("plan")
    why = "Sage rejected Firm 1: contact_type_ids: You cannot change the type of a contact that is in use."
    assert code == 1
    assert (
        "Not sent again: 2 contact records (source changed): customers/0001, customers/0002."
        f" The first: Refused on 2026-01-05: {why} They are sent again"
    ) in text
    with writes(trade) as made:
        assert trade.run("apply")[0] == 1
    assert made == []
    assert f"Refused on 2026-01-05: {why} Correct it in Sage or in the source" in trade.run("reconcile")[1]


def test_a_customer_is_not_offered_for_deletion_after_its_documents_were_voided(trade: HandTrade) -> None:
    """Sage keeps what it voids, and what that refers to."""
    trade.change("customers", "0002,Firm 2,York\n", "")
    trade.change("invoices", "00012,0002,2017-04-03,20.50\n", "")
    why = "invoices/00012 refers to it, and Sage keeps what it voids; keep it"
    assert trade.decide("sales_invoice:gone", "reverse")[0] == 0
    assert f"reverse: not offered; customers/0002: {why}" in trade.run("decide", "list")[1]
    for _ in range(2):
        assert trade.run("plan")[0] == 0
        assert trade.run("apply")[0] == 0
        code, text = trade.run("decide", "list")
        assert code == 1 and f"reverse: not offered; customers/0002: {why}" in text
        code, text = trade.decide("customers/0002", "reverse")
        assert code == 2 and why in text
    assert "0002" in {contact.get("reference") for contact in trade.in_sage("contacts")}
