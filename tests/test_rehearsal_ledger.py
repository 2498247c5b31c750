"""The ledger behind a rehearsal business: balances as at any day, and reports that agree."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from small_business import Clerk, messages

from sagerecon.rehearsal.books.ledger import Sums

DAYS = st.dates().map(lambda day: day.isoformat())
AMOUNTS = st.decimals(-10_000, 10_000, places=2)


@given(st.lists(st.tuples(DAYS, AMOUNTS)), DAYS)
def test_a_balance_is_the_sum_of_what_was_booked_up_to_the_day(
    booked: list[tuple[str, Decimal]], day: str
) -> None:
    sums = Sums()
    for when, amount in booked:
        sums.add(when, amount)
        sums.at(day)  # read between additions, to check that cached sums are updated
    assert sums.at(day) == sum((amount for when, amount in booked if when <= day), Decimal())
    assert sums.before(day) == sum((amount for when, amount in booked if when < day), Decimal())
    assert sums.at("") == sum((amount for _, amount in booked), Decimal())


def test_the_trial_balance_has_opening_movement_and_closing() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    opening = {"contact_opening_balance_type_id": "INVOICE", "date": "2025-12-31", "reference": "O"}
    clerk.post("contact_opening_balance", contact_id=customer, total_amount="8.33", **opening)
    clerk.invoice(customer, date="2026-01-05")
    clerk.invoice(customer, date="2026-02-05")
    clerk.receipt(customer, "50.00", date="2026-01-31")
    report = clerk.get("/trial_balance", from_date="2026-01-01", to_date="2026-01-31")
    assert (report["from_date"], report["to_date"]) == ("2026-01-01", "2026-01-31")
    accounts = {account["displayed_as"]: account for account in report["ledger_accounts"]}
    debtors = accounts["Trade Debtors (1100)"]
    assert debtors["opening_balance"] == {"debit": "8.33", "credit": "0"}
    assert debtors["closing_balance"] == {"debit": "78.33", "credit": "0"}
    assert (debtors["debit"], debtors["credit"]) == ("70", "0")
    assert accounts["Opening Balances Control Account (9999)"]["closing_balance"] == {
        "debit": "0",
        "credit": "8.33",
    }
    assert accounts["Sales of Goods (4000)"]["credit"] == "100"
    [on_the_day] = [
        account
        for account in clerk.get("/trial_balance", from_date="2026-01-05", to_date="2026-01-05")[
            "ledger_accounts"
        ]
        if account["displayed_as"] == "Trade Debtors (1100)"
    ]
    assert (on_the_day["opening_balance"]["debit"], on_the_day["debit"]) == ("8.33", "120")


def test_the_trial_balance_needs_both_days() -> None:
    clerk = Clerk()
    assert messages(clerk.request("GET", "/trial_balance", from_date="2026-01-01")) == [
        ("to_date", "This field is required.")
    ]
    assert clerk.request("GET", "/trial_balance", from_date="x", to_date="2026-01-01").status == 400


def test_balance_details_have_debits_and_credits() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    clerk.invoice(customer, date="2026-01-05")
    clerk.receipt(customer, "50.00", date="2026-01-10")
    path = f"/ledger_accounts/{clerk.account(1100)}"
    details = clerk.get(path, show_balance_details="true")["balance_details"]
    assert (details["debits"], details["credits"], details["balance"]) == ("120.0", "50.0", "70.0")
    assert details["credit_or_debit"] == "debit"
    later = clerk.get(path, show_balance_details="true", from_date="2026-01-06", to_date="2026-01-31")
    assert (later["balance_details"]["balance"], later["balance_details"]["credit_or_debit"]) == (
        "50.0",
        "credit",
    )
    assert "balance_details" not in clerk.get(path)
    listed = clerk.get("/ledger_accounts", show_balance_details="true", search="1100", to_date="2026-01-05")[
        "$items"
    ]
    assert listed[0]["balance_details"]["balance"] == "120.0"


def test_a_reversal_has_the_day_of_the_reversed_entry() -> None:
    clerk = Clerk()
    invoice = clerk.invoice(clerk.customer(), date="2026-01-05")["id"]
    clerk.put("sales_invoice", invoice, date="2026-02-05")
    assert clerk.balance(1100, "2026-01-31") == 0
    assert clerk.balance(1100, "2026-02-05") == 120
    clerk.delete("sales_invoice", invoice, void_reason="x")
    assert clerk.balance(1100, "2026-02-05") == 0
    assert clerk.get("/ledger_entries")["$total"] == 12


def test_a_journal_on_debtors_changes_no_contact_balance() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    clerk.invoice(customer)
    lines = [
        {"ledger_account_id": clerk.account(1100), "debit": "0", "credit": "20.00"},
        {"ledger_account_id": clerk.account(8100), "debit": "20.00", "credit": "0"},
    ]
    clerk.post("journal", date="2026-01-31", reference="J", journal_lines=lines)
    assert clerk.balance(1100) == 100
    assert clerk.get(f"/contacts/{customer}", show_balance="true")["balance"] == "120.0"
