"""The postings of each kind of booking, and the open items it leaves."""

from __future__ import annotations

import pytest
from small_business import Clerk, messages


def test_a_sales_invoice_debits_debtors_and_credits_sales_and_tax_line_by_line() -> None:
    clerk = Clerk()
    lines = [clerk.line("100.00", "20.00"), clerk.line("50.00", "2.50", 4010, tax_rate_id="GB_LOWER")]
    invoice = clerk.invoice(clerk.customer(), *lines)
    assert clerk.balances(1100, 4000, 4010, 2200) == ["172.50", "-100.00", "-50.00", "-22.50"]
    assert (invoice["net_amount"], invoice["tax_amount"], invoice["total_amount"]) == (
        "150.0",
        "22.5",
        "172.5",
    )
    assert invoice["displayed_as"] == invoice["invoice_number"] == "SI-1"
    assert invoice["status"]["id"] == "UNPAID"
    assert invoice["outstanding_amount"] == "172.5"
    assert invoice["invoice_lines"][1]["tax_breakdown"] == [
        {"tax_rate": invoice["invoice_lines"][1]["tax_rate"], "percentage": "5.0", "amount": "2.5"}
    ]


def test_a_sales_credit_note_is_the_reverse() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    clerk.invoice(customer)
    note = clerk.post(
        "sales_credit_note",
        contact_id=customer,
        date="2026-01-06",
        credit_note_lines=[clerk.line("30.00", "6.00")],
    )
    assert clerk.balances(1100, 4000, 2200) == ["84.00", "-70.00", "-14.00"]
    assert note["displayed_as"] == "SCN-1"
    assert note["outstanding_amount"] == "36.0"


def test_a_purchase_invoice_credits_creditors_and_debits_costs_and_tax() -> None:
    clerk = Clerk()
    vendor = clerk.vendor()
    fields = {"contact_id": vendor, "date": "2026-01-05", "due_date": "2026-02-04", "vendor_reference": "V-1"}
    bill = clerk.post("purchase_invoice", invoice_lines=[clerk.line(account=5000)], **fields)
    assert clerk.balances(2100, 5000, 2201) == ["-120.00", "100.00", "20.00"]
    assert bill["displayed_as"] == "05/01/2026 - 120.00"
    clerk.post(
        "purchase_credit_note",
        contact_id=vendor,
        date="2026-01-06",
        credit_note_lines=[clerk.line("10.00", "2.00", 5000)],
    )
    assert clerk.balances(2100, 5000, 2201) == ["-108.00", "90.00", "18.00"]


def test_the_unallocated_part_of_a_receipt_is_on_account() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)
    receipt = clerk.receipt(customer, "150.00", (invoice["id"], "100.00"))
    assert clerk.balances(1200, 1100) == ["150.00", "-30.00"]
    rest = receipt["payment_on_account"]
    assert (rest["total_amount"], rest["outstanding_amount"], rest["status"]["id"]) == (
        "50.0",
        "50.0",
        "UNPAID",
    )
    assert rest["id"] != receipt["id"]
    paid = clerk.get(f"/sales_invoices/{invoice['id']}")
    assert (paid["status"]["id"], paid["outstanding_amount"], paid["total_paid"]) == (
        "PART_PAID",
        "20.0",
        "100.0",
    )
    assert paid["updated_at"] > invoice["updated_at"]


def test_an_allocation_moves_a_payment_on_account_and_books_nothing() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)
    receipt = clerk.receipt(customer, "150.00")
    before = clerk.get("/ledger_entries")["$total"]
    on_account = receipt["payment_on_account"]["id"]
    parts = [
        {"artefact_id": invoice["id"], "amount": "120.00"},
        {"artefact_id": on_account, "amount": "-120.00"},
    ]
    allocation = clerk.post(
        "contact_allocation",
        transaction_type_id="CUSTOMER_ALLOCATION",
        contact_id=customer,
        allocated_artefacts=parts,
    )
    assert clerk.get("/ledger_entries")["$total"] == before
    assert allocation["displayed_as"] == "Customer Allocation - 2026-01-01"
    assert allocation["allocated_artefacts"][1]["artefact"]["id"] == on_account
    assert allocation["allocated_artefacts"][1]["artefact"]["$path"] == f"/contact_payments/{receipt['id']}"
    assert clerk.get(f"/sales_invoices/{invoice['id']}")["status"]["id"] == "PAID"
    payment = clerk.get(f"/contact_payments/{receipt['id']}")
    assert payment["payment_on_account"]["outstanding_amount"] == "30.0"
    assert payment["editable"] is False
    assert clerk.delete("contact_allocation", allocation["id"]).status == 204
    assert clerk.get(f"/sales_invoices/{invoice['id']}")["status"]["id"] == "UNPAID"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("120.00", "-100.00"), "The allocated amounts must sum to zero."),
        (("130.00", "-130.00"), "You can only pay unpaid or part-paid invoices."),
        (("-20.00", "20.00"), "You can only pay unpaid or part-paid invoices."),
    ],
)
def test_an_allocation_sums_to_zero_and_within_the_outstanding(parts: tuple[str, str], message: str) -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    on_account = clerk.receipt(customer, "150.00")["payment_on_account"]["id"]
    reply = clerk.send(
        "contact_allocation",
        transaction_type_id="CUSTOMER_ALLOCATION",
        contact_id=customer,
        allocated_artefacts=[
            {"artefact_id": invoice, "amount": parts[0]},
            {"artefact_id": on_account, "amount": parts[1]},
        ],
    )
    assert reply.status == 422
    assert message in [text for _, text in messages(reply)]


def test_a_discount_settles_more_than_is_received() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)
    part = {"artefact_id": invoice["id"], "amount": "115.00", "discount": "5.00"}
    clerk.receipt(customer, "115.00", allocated_artefacts=[part])
    assert clerk.balances(1200, 1100, 4009) == ["115.00", "0.00", "5.00"]
    paid = clerk.get(f"/sales_invoices/{invoice['id']}")
    assert (paid["status"]["id"], paid["payments_allocations_total_discount"]) == ("PAID", "5.0")


def test_vendors_are_paid_and_refund() -> None:
    clerk = Clerk()
    vendor = clerk.vendor()
    fields = {"contact_id": vendor, "date": "2026-01-05"}
    bill = clerk.post(
        "purchase_invoice", due_date="2026-02-04", invoice_lines=[clerk.line(account=5000)], **fields
    )
    note = clerk.post("purchase_credit_note", credit_note_lines=[clerk.line("10.00", "2.00", 5000)], **fields)
    clerk.post("contact_payment", **clerk.payment("VENDOR_PAYMENT", vendor, "120.00", (bill["id"], "120.00")))
    clerk.post("contact_payment", **clerk.payment("VENDOR_REFUND", vendor, "12.00", (note["id"], "12.00")))
    assert clerk.balances(2100, 1200) == ["0.00", "-108.00"]
    assert clerk.get("/unallocated_artefacts")["$total"] == 0


def test_payments_cannot_exceed_the_outstanding_and_refunds_are_allocated_in_full() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    over = clerk.send(
        "contact_payment", **clerk.payment("CUSTOMER_RECEIPT", customer, "200.00", (invoice, "121.00"))
    )
    assert messages(over) == [("", "You can only pay unpaid or part-paid invoices.")]
    twice = clerk.payment("CUSTOMER_RECEIPT", customer, "200.00", (invoice, "70.00"), (invoice, "70.00"))
    assert clerk.send("contact_payment", **twice).status == 422
    more = clerk.payment("CUSTOMER_RECEIPT", customer, "50.00", (invoice, "60.00"))
    assert messages(clerk.send("contact_payment", **more)) == [
        ("allocated_artefacts", "You cannot allocate more than the total amount.")
    ]
    refund = clerk.payment("CUSTOMER_REFUND", customer, "10.00")
    assert messages(clerk.send("contact_payment", **refund)) == [
        ("allocated_artefacts", "A refund must be allocated in full.")
    ]
    other = clerk.payment("CUSTOMER_RECEIPT", clerk.customer("Ash"), "50.00", (invoice, "50.00"))
    assert messages(clerk.send("contact_payment", **other)) == [
        ("allocated_artefacts.artefact_id", "Couldn't find record.")
    ]


def test_an_update_without_allocations_removes_them() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    receipt = clerk.receipt(customer, "120.00", (invoice, "120.00"))
    assert receipt["payment_on_account"] is None
    entries = clerk.get("/ledger_entries")["$total"]
    reply = clerk.put("contact_payment", receipt["id"], allocated_artefacts=[])
    assert reply.status == 200
    assert reply.body["payment_on_account"]["outstanding_amount"] == "120.0"
    assert clerk.get(f"/sales_invoices/{invoice}")["status"]["id"] == "UNPAID"
    assert clerk.get("/ledger_entries")["$total"] == entries  # the entries are unchanged


def test_other_payments_and_receipts_book_their_lines_and_tax() -> None:
    clerk = Clerk()
    line = {"ledger_account_id": clerk.account(7500), "total_amount": "12.00", "tax_rate_id": "GB_STANDARD"}
    clerk.post(
        "other_payment",
        transaction_type_id="OTHER_PAYMENT",
        date="2026-01-10",
        total_amount="12.00",
        bank_account_id=clerk.bank(1),
        payment_lines=[{**line, "tax_amount": "2.00"}],
    )
    assert clerk.balances(1230, 7500, 2201) == ["-12.00", "10.00", "2.00"]
    clerk.post(
        "other_payment",
        transaction_type_id="OTHER_RECEIPT",
        date="2026-01-10",
        total_amount="7.00",
        payment_lines=[{"ledger_account_id": clerk.account(4900), "total_amount": "7.00"}],
    )
    assert clerk.balances(1200, 4900) == ["7.00", "-7.00"]
    reply = clerk.send(
        "other_payment",
        transaction_type_id="OTHER_RECEIPT",
        date="2026-01-10",
        total_amount="8.00",
        payment_lines=[{"ledger_account_id": clerk.account(4900), "total_amount": "7.00"}],
    )
    assert messages(reply) == [("total_amount", "The total amount must equal the sum of the payment lines.")]


@pytest.mark.parametrize(
    ("type", "bank", "sales_tax", "purchase_tax"),
    [
        ("OTHER_PAYMENT", "-12.00", "0.00", "2.00"),
        ("OTHER_PAYMENT_REFUND", "12.00", "0.00", "-2.00"),
        ("OTHER_RECEIPT", "12.00", "-2.00", "0.00"),
        ("OTHER_RECEIPT_REFUND", "-12.00", "2.00", "0.00"),
    ],
)
def test_a_refund_reverses_the_tax_of_a_payment(
    type: str, bank: str, sales_tax: str, purchase_tax: str
) -> None:
    clerk = Clerk()
    line = {"ledger_account_id": clerk.account(8200), "total_amount": "12.00", "tax_amount": "2.00"}
    fields = {"transaction_type_id": type, "date": "2026-01-10", "total_amount": "12.00"}
    clerk.post("other_payment", payment_lines=[{**line, "tax_rate_id": "GB_STANDARD"}], **fields)
    assert clerk.balances(1200, 2200, 2201) == [bank, sales_tax, purchase_tax]


def test_a_transfer_moves_money_between_banks_but_not_from_cash() -> None:
    clerk = Clerk()
    fields = {"date": "2026-01-10", "amount": "25.00", "reference": "T-1"}
    clerk.post("bank_transfer", from_bank_account_id=clerk.bank(), to_bank_account_id=clerk.bank(1), **fields)
    assert clerk.balances(1200, 1230) == ["-25.00", "25.00"]
    assert clerk.get(f"/bank_accounts/{clerk.bank(1)}")["balance"] == "25.0"
    reply = clerk.send(
        "bank_transfer", from_bank_account_id=clerk.bank(1), to_bank_account_id=clerk.bank(), **fields
    )
    assert [source for source, _ in messages(reply)] == ["from_bank_account_id"]


def journal(clerk: Clerk, *lines: tuple[int, str, str]) -> list[dict[str, str]]:
    return [
        {"ledger_account_id": clerk.account(code), "debit": debit, "credit": credit}
        for code, debit, credit in lines
    ]


def test_a_journal_books_its_lines_and_must_balance() -> None:
    clerk = Clerk()
    lines = journal(clerk, (8000, "350.00", "0"), (51, "0", "350.00"))
    made = clerk.post("journal", date="2026-01-31", reference="J-7", journal_lines=lines)
    assert (made["total"], made["migrated"]) == ("350.0", False)
    assert clerk.balances(8000, 51) == ["350.00", "-350.00"]
    off = journal(clerk, (8000, "350.00", "0"), (51, "0", "349.99"))
    reply = clerk.send("journal", date="2026-01-31", reference="J-8", journal_lines=off)
    assert messages(reply) == [("journal_lines", "Total debits must equal total credits.")]
    both = journal(clerk, (8000, "350.00", "350.00"))
    reply = clerk.send("journal", date="2026-01-31", reference="J-8", journal_lines=both)
    assert messages(reply) == [("journal_lines.debit", "Either debit or credit must be 0.")]
    assert clerk.put("journal", made["id"], reference="J-9").status == 405


def test_opening_entries_balance_in_the_opening_control_account() -> None:
    clerk = Clerk()
    customer, vendor = clerk.customer(), clerk.vendor()
    opening = {"contact_opening_balance_type_id": "INVOICE", "date": "2025-12-31", "reference": "OLD-1"}
    owed = clerk.post("contact_opening_balance", contact_id=customer, total_amount="120.00", **opening)
    clerk.post("contact_opening_balance", contact_id=vendor, total_amount="80.00", **opening)
    clerk.post(
        "bank_opening_balance", bank_account_id=clerk.bank(), date="2025-12-31", debit="60.00", credit="0"
    )
    clerk.post(
        "ledger_account_opening_balance", ledger_account_id=clerk.account(30), debit="40.00", credit="0"
    )
    assert clerk.balances(1100, 2100, 1200, 30, 9999) == ["120.00", "-80.00", "60.00", "40.00", "-140.00"]
    lines = journal(clerk, (3000, "0", "100.00"), (3200, "0", "40.00"))
    clerk.post("opening_balance_journal", date="2025-12-31", reference="TB", journal_lines=lines)
    assert clerk.balances(9999) == ["0.00"]
    assert owed["displayed_as"] == "OB-OLD-1"
    assert owed["transaction_type"]["id"] == "CUSTOMER_OPENING_BALANCE_INVOICE"


def test_a_contact_opening_balance_is_owed_and_can_be_paid() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    fields = {"contact_opening_balance_type_id": "INVOICE", "date": "2025-12-31", "reference": "OLD-1"}
    opening = clerk.post("contact_opening_balance", contact_id=customer, total_amount="35.01", **fields)["id"]
    [listed] = clerk.get("/unallocated_artefacts", contact_id=customer)["$items"]
    assert listed == {"id": opening, "displayed_as": "OB-OLD-1", "$path": f"/sales_quick_entries/{opening}"}
    clerk.receipt(customer, "35.01", (opening, "35.01"))
    assert clerk.get("/unallocated_artefacts")["$total"] == 0
    assert clerk.balances(1100, 1200) == ["0.00", "35.01"]
    assert clerk.delete("contact_opening_balance", opening).status == 422


def test_bookings_are_on_their_side_of_the_accounts_start() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    early = clerk.send("sales_invoice", contact_id=customer, date="2025-12-31", invoice_lines=[clerk.line()])
    assert messages(early) == [("date", "The date cannot be before your accounts start date, 2026-01-01.")]
    fields = {"contact_opening_balance_type_id": "INVOICE", "reference": "OLD-1", "total_amount": "1.00"}
    late = clerk.send("contact_opening_balance", contact_id=customer, date="2026-01-01", **fields)
    assert messages(late) == [("date", "The date must be before your accounts start date, 2026-01-01.")]


def test_nothing_is_booked_changed_or_deleted_in_a_locked_year() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    old = clerk.invoice(customer, date="2026-01-05")["id"]
    settings = {
        "financial_settings": {"year_end_lockdown_date": "2025-12-31", "accounts_start_date": "2026-01-01"}
    }
    assert clerk.request("PUT", "/financial_settings", settings).status == 200
    settings["financial_settings"] = {
        "year_end_lockdown_date": "2026-01-31",
        "accounts_start_date": "2026-01-01",
    }
    assert [source for source, _ in messages(clerk.request("PUT", "/financial_settings", settings))] == [
        "accounts_start_date"
    ]
    clerk.business.company.settings["year_end_lockdown_date"] = "2026-01-31"
    locked = ("date", "The date is on or before your year end lockdown date, 2026-01-31.")
    fields = {"contact_id": customer, "invoice_lines": [clerk.line()]}
    assert messages(clerk.send("sales_invoice", date="2026-01-31", **fields)) == [locked]
    assert messages(clerk.put("sales_invoice", old, reference="x")) == [locked, locked]
    assert messages(clerk.delete("sales_invoice", old, void_reason="x")) == [locked]
    assert clerk.send("sales_invoice", date="2026-02-01", **fields).status == 201


def test_voiding_reverses_a_document_and_keeps_its_number() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    assert messages(clerk.delete("sales_invoice", invoice)) == [("void_reason", "This field is required.")]
    reply = clerk.delete("sales_invoice", invoice, void_reason="typed twice")
    assert (reply.status, reply.body["status"]["id"], reply.body["void_reason"]) == (
        200,
        "VOID",
        "typed twice",
    )
    assert reply.body["outstanding_amount"] == "0.0"
    assert clerk.balances(1100, 4000, 2200) == ["0.00", "0.00", "0.00"]
    assert clerk.get("/sales_invoices")["$total"] == 1
    assert clerk.get("/transactions", attributes="deleted")["$items"][0]["deleted"] is True
    assert clerk.delete("sales_invoice", invoice, void_reason="again").status == 422
    assert clerk.put("sales_invoice", invoice, reference="x").status == 422
    assert clerk.invoice(customer)["invoice_number"] == "SI-2"


def test_a_void_reason_may_be_in_the_body() -> None:
    clerk = Clerk()
    invoice = clerk.invoice(clerk.customer())["id"]
    body = {"sales_invoice": {"void_reason": "typed twice"}}
    assert clerk.request("DELETE", f"/sales_invoices/{invoice}", body).body["void_reason"] == "typed twice"


def test_deleting_other_bookings_reverses_their_entries() -> None:
    clerk = Clerk()
    vendor = clerk.vendor()
    bill = clerk.post(
        "purchase_invoice",
        contact_id=vendor,
        date="2026-01-05",
        due_date="2026-02-04",
        invoice_lines=[clerk.line(account=5000)],
    )["id"]
    assert clerk.delete("purchase_invoice", bill).status == 204
    assert clerk.balances(2100, 5000, 2201) == ["0.00", "0.00", "0.00"]
    assert clerk.request("GET", f"/purchase_invoices/{bill}").status == 404
    [gone] = clerk.get("/purchase_invoices", deleted_since="2026-01-01", attributes="deleted_at")["$items"]
    assert gone["id"] == bill
    assert clerk.get("/ledger_entries", attributes="deleted")["$items"][0]["deleted"] is True


def test_a_document_with_payments_can_change_texts_but_not_amounts() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    clerk.receipt(customer, "20.00", (invoice, "20.00"))
    refusal = [("base", "You cannot change or remove a sales invoice that has payments or allocations.")]
    assert messages(clerk.delete("sales_invoice", invoice, void_reason="x")) == refusal
    assert messages(clerk.put("sales_invoice", invoice, invoice_lines=[clerk.line("99.00")])) == refusal
    changed = clerk.put("sales_invoice", invoice, notes="chased")
    assert (changed.status, changed.body["notes"], changed.body["outstanding_amount"]) == (
        200,
        "chased",
        "100.0",
    )


def test_a_changed_document_reverses_its_entries_and_books_new_ones() -> None:
    clerk = Clerk()
    invoice = clerk.invoice(clerk.customer())
    line = invoice["invoice_lines"][0]["id"]
    reply = clerk.put("sales_invoice", invoice["id"], invoice_lines=[clerk.line("50.00", "10.00", id=line)])
    assert (reply.body["total_amount"], reply.body["outstanding_amount"]) == ("60.0", "60.0")
    assert reply.body["invoice_lines"][0]["id"] == line
    assert reply.body["invoice_number"] == "SI-1"
    assert clerk.balances(1100, 4000, 2200) == ["60.00", "-50.00", "-10.00"]
    entries = clerk.get("/ledger_entries", attributes="deleted")["$items"]
    assert [entry["deleted"] for entry in entries] == [True] * 6 + [False] * 3
    [transaction] = clerk.get("/transactions", attributes="all")["$items"]
    assert (transaction["total"], transaction["origin"]["id"]) == ("60.0", invoice["id"])


def test_a_draft_is_booked_when_it_is_released() -> None:
    clerk = Clerk()
    draft = clerk.invoice(clerk.customer(), status_id="DRAFT")
    assert (draft["status"]["id"], draft["transaction"]) == ("DRAFT", None)
    assert clerk.balances(1100) == ["0.00"]
    released = clerk.request("POST", f"/sales_invoices/{draft['id']}/release")
    assert (released.status, released.body["status"]["id"]) == (201, "UNPAID")
    assert clerk.balances(1100) == ["120.00"]
    assert clerk.request("POST", f"/sales_invoices/{draft['id']}/release").status == 422


def test_tax_needs_a_registered_business_a_rate_that_taxes_and_an_amount() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    fields = {"contact_id": customer, "date": "2026-01-05"}
    line = clerk.line()
    del line["tax_amount"]
    reply = clerk.send("sales_invoice", invoice_lines=[line], **fields)
    assert messages(reply) == [("invoice_lines.tax_amount", "This field is required.")]
    zero = clerk.line(tax_rate_id="GB_ZERO")
    reply = clerk.send("sales_invoice", invoice_lines=[zero], **fields)
    assert messages(reply) == [("invoice_lines.tax_amount", "The tax amount must be zero for this tax rate.")]
    del zero["tax_amount"]
    assert clerk.send("sales_invoice", invoice_lines=[zero], **fields).status == 201
    small = Clerk(tax_registered=False)
    fields["contact_id"] = small.customer()
    reply = small.send("sales_invoice", invoice_lines=[small.line()], **fields)
    assert messages(reply) == [
        ("invoice_lines.tax_amount", "You cannot add tax, your business is not registered for tax")
    ]


def test_carriage_is_booked_with_its_tax() -> None:
    clerk = Clerk()
    invoice = clerk.invoice(
        clerk.customer(),
        shipping_net_amount="10.00",
        shipping_tax_rate_id="GB_STANDARD",
        shipping_tax_amount="2.00",
    )
    assert invoice["total_amount"] == "132.0"
    assert clerk.balances(1100, 4905, 2200) == ["132.00", "-10.00", "-22.00"]


def test_half_a_penny_is_rounded_away_from_zero() -> None:
    clerk = Clerk()
    line = clerk.line("0.335", "0.20", quantity="3", discount_amount="0.005")
    invoice = clerk.invoice(clerk.customer(), line)
    # The discount is money, so it is 0.01; 1.005 - 0.01 is 0.995, which is 1.00.
    assert invoice["invoice_lines"][0]["discount_amount"] == "0.01"
    assert invoice["net_amount"] == "1.0"
    assert clerk.balances(1100, 4000, 2200) == ["1.20", "-1.00", "-0.20"]
