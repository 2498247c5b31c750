"""Bookings in a filed tax return can no longer be changed."""

from __future__ import annotations

from small_business import Clerk, messages

RETURNED = [("base", "You cannot edit VAT reconciled transactions.")]


def test_a_returned_invoice_cannot_be_edited_or_voided_and_can_still_be_paid() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    clerk.business.file_tax_return("2026-01-01", "2026-03-31", clerk.now)
    assert messages(clerk.put("sales_invoice", invoice, notes="x")) == RETURNED
    assert messages(clerk.delete("sales_invoice", invoice, void_reason="x")) == RETURNED
    shown = clerk.get(f"/sales_invoices/{invoice}")
    assert (shown["tax_reconciled"], shown["editable"]) == (True, False)
    receipt = clerk.receipt(customer, "120.00", (invoice, "120.00"))
    assert clerk.put("contact_payment", receipt["id"], reference="x").status == 200
    assert clerk.delete("contact_payment", receipt["id"]).status == 204


def test_a_return_has_its_period_and_the_tax_due() -> None:
    clerk = Clerk()
    clerk.invoice(clerk.customer())
    bill = {"contact_id": clerk.vendor(), "date": "2026-01-05", "due_date": "2026-01-05"}
    clerk.post("purchase_invoice", **bill, invoice_lines=[clerk.line("50.00", "10.00", 5000)])
    clerk.business.file_tax_return("2026-01-01", "2026-03-31", clerk.now)
    [answer] = clerk.get("/tax_returns", attributes="all")["$items"]
    assert (answer["period_start_date"], answer["period_end_date"]) == ("2026-01-01", "2026-03-31")
    assert (answer["total_amount"], answer["status"]["id"]) == ("10.0", "SUBMITTED")


def test_later_bookings_are_in_the_next_return() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    clerk.invoice(customer)
    clerk.business.file_tax_return("2026-01-01", "2026-03-31", clerk.now)
    late = clerk.invoice(customer, clerk.line("50.00", "10.00"), date="2026-02-01")["id"]
    assert clerk.put("sales_invoice", late, notes="x").status == 200
    clerk.business.file_tax_return("2026-04-01", "2026-06-30", clerk.now)
    assert messages(clerk.put("sales_invoice", late, notes="x")) == RETURNED
    due = [each["total_amount"] for each in clerk.get("/tax_returns", attributes="all")["$items"]]
    assert due == ["20.0", "10.0"]


def test_bookings_without_tax_are_not_in_a_return() -> None:
    clerk = Clerk()
    credit = {"ledger_account_id": clerk.account(3000), "debit": "0", "credit": "5.00"}
    debit = {"ledger_account_id": clerk.account(7100), "debit": "5.00", "credit": "0"}
    fields = {"date": "2026-01-05", "reference": "J", "journal_lines": [debit, credit]}
    journal = clerk.post("journal", **fields)["id"]
    free = clerk.invoice(clerk.customer(), clerk.line(tax="0", tax_rate_id="GB_NO_TAX"))["id"]
    zero = clerk.invoice(clerk.customer("Ash"), clerk.line(tax="0", tax_rate_id="GB_ZERO"))["id"]
    clerk.business.file_tax_return("2026-01-01", "2026-03-31", clerk.now)
    assert clerk.put("sales_invoice", free, notes="x").status == 200
    assert messages(clerk.put("sales_invoice", zero, notes="x")) == RETURNED
    assert clerk.delete("journal", journal).status == 204


def test_under_cash_accounting_the_payment_is_in_the_return() -> None:
    clerk = Clerk(tax_scheme="CASH_ACCOUNTING")
    customer = clerk.customer()
    paid, open_ = clerk.invoice(customer)["id"], clerk.invoice(customer)["id"]
    zero = clerk.invoice(customer, clerk.line(tax="0", tax_rate_id="GB_ZERO"))["id"]
    receipt = clerk.receipt(customer, "120.00", (paid, "120.00"))["id"]
    other = clerk.receipt(customer, "100.00", (zero, "100.00"))["id"]
    clerk.business.file_tax_return("2026-01-01", "2026-03-31", clerk.now)
    for id in (receipt, other):
        assert messages(clerk.put("contact_payment", id, allocated_artefacts=[])) == RETURNED
        assert messages(clerk.delete("contact_payment", id)) == RETURNED
    assert clerk.put("sales_invoice", open_, notes="x").status == 200
    [answer] = clerk.get("/tax_returns", attributes="total_amount")["$items"]
    assert answer["total_amount"] == "20.0"


def test_filed_returns_are_saved() -> None:
    clerk = Clerk()
    invoice = clerk.invoice(clerk.customer())["id"]
    clerk.business.file_tax_return("2026-01-01", "2026-03-31", clerk.now)
    clerk.business = type(clerk.business).from_document(
        clerk.business.document(), clerk.business.company.catalog
    )
    assert messages(clerk.put("sales_invoice", invoice, notes="x")) == RETURNED
