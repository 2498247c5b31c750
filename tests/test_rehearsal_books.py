"""Accounting invariants of a rehearsal business under random bookings.

The number of examples is small to keep the suite fast; `make soak` runs more. `SAGERECON_SOAK` sets it, per
kind of business.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from small_business import Clerk

from sagerecon.documents.package import catalog
from sagerecon.model.money import total
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.books.ledger import Entry
from sagerecon.rehearsal.books.reports import bank_balance, contact_balance
from sagerecon.rehearsal.request import ApiReply, ApiRequest

#: Small amounts, so that sums are often equal.
AMOUNTS = st.integers(2, 300).map(lambda pence: f"{pence // 100}.{pence % 100:02d}")
EVERY_DAY = ("2025-12-31", "2026-01-01", "2026-01-20", "2026-02-28", "2026-12-31")
DAYS = st.sampled_from(["2026-01-01", "2026-01-15", "2026-02-28", "2026-03-31"] * 3 + ["2025-12-31"])
RATES = st.sampled_from(
    [("GB_STANDARD", Decimal("0.2")), ("GB_LOWER", Decimal("0.05")), ("GB_ZERO", Decimal(0))]
)
Line = tuple[str, tuple[str, Decimal], int]
LINES = st.lists(st.tuples(AMOUNTS, RATES, st.integers(0, 2)), min_size=1, max_size=3)
PLACES = st.integers(0, 11)
EXCHANGE = st.sampled_from(["1.1275", "0.8", "1.25", "163.5", "1"])
RARELY = st.sampled_from([False] * 7 + [True])
SHARES = st.sampled_from(["0.5", "0.5", "1", "1", "2"])
OTHERS = ("OTHER_PAYMENT", "OTHER_RECEIPT", "OTHER_PAYMENT_REFUND", "OTHER_RECEIPT_REFUND")
INCOME, COSTS = (4000, 4010, 4900), (5000, 7100, 7500)
DOCUMENTS = {
    "sales_invoice": ("invoice_lines", INCOME),
    "sales_credit_note": ("credit_note_lines", INCOME),
    "purchase_invoice": ("invoice_lines", COSTS),
    "purchase_credit_note": ("credit_note_lines", COSTS),
}
#: Quick entry kind of each side, with its ledger account.
ENTRIES = {"CUSTOMER": ("sales_quick_entry", 4000), "VENDOR": ("purchase_quick_entry", 7500)}
#: Direction of the stock movements of each document.
STOCK = {"sales_invoice": -1, "sales_credit_note": 1, "purchase_invoice": 1, "purchase_credit_note": -1}
PAYABLE = (*DOCUMENTS, "sales_quick_entry", "purchase_quick_entry")

#: Payment type that settles a debit (True) or a credit of each side.
PAYMENTS = {
    ("CUSTOMER", True): "CUSTOMER_RECEIPT",
    ("CUSTOMER", False): "CUSTOMER_REFUND",
    ("VENDOR", True): "VENDOR_REFUND",
    ("VENDOR", False): "VENDOR_PAYMENT",
}


class Books(RuleBasedStateMachine):
    """Sends valid and invalid bookings and checks the invariants of the books after each."""

    options: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.clerk = Clerk(**self.options)
        self.banks = [item["id"] for item in self.clerk.get("/bank_accounts")["$items"]]
        self.contacts = [(self.clerk.customer(), "CUSTOMER"), (self.clerk.vendor(), "VENDOR")]
        self.prepare()
        self.returned: dict[str, list[Any]] = {}  #: entries of transactions in a filed tax return
        self.accepted = 0
        accounts = {
            "sales_ledger_account_id": self.clerk.account(4000),
            "purchase_ledger_account_id": self.clerk.account(5000),
        }
        self.item = self.clerk.post("stock_item", item_code="S", description="Stock", **accounts)["id"]
        self.clerk.post("stock_movement", **self.movement("9", "1.10", "2026-01-01"))
        self.records: list[tuple[str, str]] = []
        self.saved = self.text()

    def prepare(self) -> None:
        """Set up what this kind of business starts with."""

    def exchange_rate(self, contact: str, rate: str) -> dict[str, Any]:
        """Return the exchange rate field if the contact's currency needs it, and sometimes if not."""
        currency = self.clerk.business.company.table("contact").rows[contact].values["currency"].id
        return {} if currency == "GBP" and rate != "1" else {"exchange_rate": rate}

    def text(self) -> str:
        return json.dumps(self.clerk.business.document())

    def check(self, reply: ApiReply, kind: str = "") -> None:
        """Check that a refusal changed nothing; keep the id of a created record for later rules."""
        assert reply.status in (200, 201, 204, 405, 422), reply
        now = self.text()
        assert (now == self.saved) == (reply.status >= 400)
        self.saved = now
        self.accepted += reply.status < 400
        if kind and reply.status == 201:
            self.records.append((kind, reply.body["id"]))

    def make(self, kind: str, fields: Any) -> None:
        self.check(self.clerk.send(kind, **fields), kind)

    @precondition(lambda self: len(self.contacts) < 5)
    @rule(
        side=st.sampled_from(["CUSTOMER", "VENDOR"]),
        reference=st.sampled_from(["A", "B", None]),
        currency=st.sampled_from(["EUR", "GBP"]),
    )
    def add_contact(self, side: str, reference: str | None, currency: str) -> None:
        address = {"city": "Leeds"}
        fields = {"name": "Oak", "contact_type_ids": [side], "reference": reference, "main_address": address}
        if currency == "EUR" and "multi_currency" in self.options:
            fields["currency_id"] = currency
        reply = self.clerk.send("contact", **fields)
        self.check(reply)
        if reply.status == 201:
            self.contacts.append((reply.body["id"], side))

    def movement(self, quantity: str, cost: str, day: str) -> dict[str, Any]:
        fields = {"stock_item_id": self.item, "quantity": quantity, "cost_price": cost}
        return {**fields, "date": day, "details": "Stock take"}

    @rule(quantity=st.integers(-5, 5), cost=AMOUNTS, day=DAYS, place=PLACES, is_new=st.booleans())
    def move_stock(self, quantity: int, cost: str, day: str, place: int, is_new: bool) -> None:
        found = [id for kind, id in self.records if kind == "stock_movement"]
        fields = self.movement(str(quantity), cost, day)
        if is_new or not found:
            self.make("stock_movement", fields)
        else:
            self.check(self.clerk.put("stock_movement", found[place % len(found)], **fields))

    @rule(
        place=PLACES,
        is_note=st.booleans(),
        is_wrong=RARELY,
        day=DAYS,
        net=AMOUNTS,
        taxed=RATES,
        rate=EXCHANGE,
    )
    def add_quick_entry(
        self, place: int, is_note: bool, is_wrong: bool, day: str, net: str, taxed: Any, rate: str
    ) -> None:
        contact, side = self.contacts[place % len(self.contacts)]
        kind, code = ENTRIES[side]
        id, share = taxed
        fields = {
            "quick_entry_type_id": "CREDIT_NOTE" if is_note else "INVOICE",
            "contact_id": contact,
            "date": day,
            "reference": "Q",
            "ledger_account_id": self.clerk.account(code),
            "net_amount": net,
            "tax_rate_id": id,
            "tax_amount": f"{Decimal(net) * share + is_wrong:.2f}",
        }
        self.make(kind, fields | self.exchange_rate(contact, rate))

    @rule(place=PLACES, is_note=st.booleans(), net=st.one_of(st.none(), AMOUNTS), day=DAYS)
    def change_quick_entry(self, place: int, is_note: bool, net: str | None, day: str) -> None:
        found = [(kind, id) for kind, id in self.records if kind.endswith("quick_entry")]
        if not found:
            return
        kind, id = found[place % len(found)]
        fields: dict[str, Any] = {"details": f"changed at {self.clerk.now}"}
        if net is not None:
            type = "CREDIT_NOTE" if is_note else "INVOICE"
            fields |= {"net_amount": net, "date": day, "quick_entry_type_id": type}
        self.check(self.clerk.put(kind, id, **fields))

    @rule(
        place=PLACES,
        is_note=st.booleans(),
        is_wrong=RARELY,
        day=DAYS,
        lines=LINES,
        is_draft=RARELY,
        rate=EXCHANGE,
    )
    def add_document(
        self,
        place: int,
        is_note: bool,
        is_wrong: bool,
        day: str,
        lines: list[Line],
        is_draft: bool,
        rate: str,
    ) -> None:
        contact, side = self.contacts[place % len(self.contacts)]
        kind = f"{'sales' if (side == 'CUSTOMER') != is_wrong else 'purchase'}_"
        kind += "credit_note" if is_note else "invoice"
        fields = {"contact_id": contact, "date": day, "due_date": day, **self.lines(kind, lines)}
        fields |= self.exchange_rate(contact, rate)
        if is_draft:
            fields["status_id"] = "DRAFT"
        self.make(kind, fields)

    def lines(self, kind: str, lines: list[Line]) -> dict[str, Any]:
        name, codes = DOCUMENTS[kind]
        return {
            name: [
                self.clerk.line(
                    net,
                    f"{Decimal(net) * share:.2f}",
                    codes[place],
                    tax_rate_id=rate,
                    **({"product_id": self.item} if place == 1 else {}),
                )
                for net, (rate, share), place in lines
            ]
        }

    @rule(
        place=PLACES,
        day=st.one_of(st.none(), DAYS),
        lines=st.one_of(st.none(), LINES),
        rate=st.one_of(st.none(), EXCHANGE),
    )
    def change_document(
        self, place: int, day: str | None, lines: list[Line] | None, rate: str | None
    ) -> None:
        found = [(kind, id) for kind, id in self.records if kind in DOCUMENTS]
        if not found:
            return
        kind, id = found[place % len(found)]
        fields: dict[str, Any] = {"notes": f"changed at {self.clerk.now}"}
        if day is not None:
            fields["date"] = day
        if lines is not None:
            fields |= self.lines(kind, lines)
        if rate is not None:
            row = self.clerk.business.company.table(kind).rows[id]
            fields |= self.exchange_rate(row.values["contact"].id, rate)
        released = self.clerk.request("POST", f"{catalog()[kind].path}/{id}/release")
        self.check(released)
        self.check(self.clerk.put(kind, id, **fields))

    @rule(place=PLACES, is_invoice=st.booleans(), is_late=RARELY, amount=AMOUNTS, rate=EXCHANGE)
    def add_contact_opening(
        self, place: int, is_invoice: bool, is_late: bool, amount: str, rate: str
    ) -> None:
        fields = {
            "contact_opening_balance_type_id": "INVOICE" if is_invoice else "CREDIT_NOTE",
            "contact_id": self.contacts[place % len(self.contacts)][0],
            "date": "2026-01-01" if is_late else "2025-12-31",
            "reference": "OLD",
            "total_amount": amount,
        }
        fields |= self.exchange_rate(fields["contact_id"], rate)
        if "tax_scheme" in self.options and rate != "1":
            fields |= {"net_amount": f"{Decimal(amount) / Decimal('1.2'):.2f}", "tax_rate_id": "GB_STANDARD"}
        self.make("contact_opening_balance", fields)

    @rule(
        place=PLACES,
        other=PLACES,
        rest=st.sampled_from(["0", "0", "0", "0.70"]),
        share=SHARES,
        discount=st.sampled_from(["0", "0", "0.01"]),
        day=DAYS,
        rate=EXCHANGE,
    )
    def pay(self, place: int, other: int, rest: str, share: str, discount: str, day: str, rate: str) -> None:
        """Settle part of an open artefact, or book a payment on account."""
        found = list(self.clerk.business.company.artefacts.open())
        if found:
            artefact = found[place % len(found)]
            side = dict(self.contacts)[artefact.contact]
            part = f"{abs(artefact.outstanding) * Decimal(share):.2f}"
            type = PAYMENTS[side, artefact.outstanding > 0]
            parts = [
                {"artefact_id": artefact.id, "amount": part, "discount": discount if share == "0.5" else "0"}
            ]
            fields = self.clerk.payment(type, artefact.contact, str(Decimal(part) + Decimal(rest)))
            fields["allocated_artefacts"] = parts
        else:
            contact, side = self.contacts[place % len(self.contacts)]
            fields = self.clerk.payment(PAYMENTS[side, side == "CUSTOMER"], contact, "1.50")
        fields |= {"date": day, "bank_account_id": self.banks[other % len(self.banks)]}
        fields |= self.exchange_rate(fields["contact_id"], rate)
        self.make("contact_payment", fields)

    @rule(place=PLACES, share=SHARES, is_off=RARELY)
    def allocate(self, place: int, share: str, is_off: bool) -> None:
        """Allocate a contact's debits to its credits."""
        contact, side = self.contacts[place % len(self.contacts)]
        found = list(self.clerk.business.company.artefacts.open(contact))
        owing = [each for each in found if each.outstanding > 0]
        owed = [each for each in found if each.outstanding < 0]
        if not owing or not owed:
            return
        amount = f"{min(owing[0].outstanding, -owed[-1].outstanding) * Decimal(share):.2f}"
        against = f"{-Decimal(amount) - is_off:.2f}"
        parts = [
            {"artefact_id": owing[0].id, "amount": amount},
            {"artefact_id": owed[-1].id, "amount": against},
        ]
        fields = {
            "transaction_type_id": f"{side}_ALLOCATION",
            "contact_id": contact,
            "allocated_artefacts": parts,
        }
        self.make("contact_allocation", fields)

    @rule(place=PLACES)
    def remove_allocations(self, place: int) -> None:
        found = [id for kind, id in self.records if kind == "contact_payment"]
        if found:
            self.check(self.clerk.put("contact_payment", found[place % len(found)], allocated_artefacts=[]))

    @rule(place=PLACES, total=st.one_of(st.none(), AMOUNTS), rate=st.one_of(st.none(), EXCHANGE))
    def change_payment(self, place: int, total: str | None, rate: str | None) -> None:
        """Change a payment's reference or amount and keep its allocations."""
        found = [id for kind, id in self.records if kind == "contact_payment"]
        if not found:
            return
        id = found[place % len(found)]
        fields: dict[str, Any] = {"reference": f"at {self.clerk.now}"}
        if total is not None:
            fields["total_amount"] = total
        if rate is not None:
            row = self.clerk.business.company.table("contact_payment").rows[id]
            fields |= self.exchange_rate(row.values["contact"].id, rate)
        self.check(self.clerk.put("contact_payment", id, **fields))

    @rule(
        day=DAYS,
        amount=AMOUNTS,
        what=st.sampled_from(
            ["journal", "opening_balance_journal", "ledger_account", "bank", "transfer", "deposit", *OTHERS]
        ),
        error=st.sampled_from(["0", "0", "0", "0.01"]),
    )
    def add_money(self, day: str, amount: str, what: str, error: str) -> None:
        """Book an entry without a contact."""
        off = str(Decimal(amount) + Decimal(error))
        credit = {"ledger_account_id": self.clerk.account(3000), "debit": "0", "credit": off}
        debit = {"ledger_account_id": self.clerk.account(7100), "debit": amount, "credit": "0"}
        opening_day = "2025-12-31" if error == "0" else day
        if what == "journal":
            self.make("journal", {"date": day, "reference": "J", "journal_lines": [debit, credit]})
        elif what == "opening_balance_journal":
            self.make("opening_balance_journal", {"date": opening_day, "journal_lines": [debit, credit]})
        elif what == "ledger_account":
            self.make("ledger_account_opening_balance", credit)
        elif what == "bank":
            fields = {"bank_account_id": self.banks[0], "date": opening_day, "debit": amount, "credit": "0"}
            self.make("bank_opening_balance", fields)
        elif what == "deposit":
            target, origin = self.banks[:2] if error == "0" else self.banks[1::-1]
            fields = {"from_bank_account_id": origin, "to_bank_account_id": target, "reference": "D"}
            self.make("bank_deposit", fields | {"date": day, "cash_amount": amount})
        elif what == "transfer":
            origin, target = self.banks[:2] if error == "0" else self.banks[::-1][:2]
            fields = {
                "from_bank_account_id": origin,
                "to_bank_account_id": target,
                "date": day,
                "amount": amount,
            }
            self.make("bank_transfer", fields)
        else:
            line = {"ledger_account_id": self.clerk.account(7500), "total_amount": off}
            line |= {"tax_amount": "0.01", "tax_rate_id": "GB_STANDARD"}
            fields = {
                "transaction_type_id": what,
                "date": day,
                "total_amount": amount,
                "payment_lines": [line],
            }
            self.make("other_payment", fields)

    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        if not self.records or place == 7:
            self.delete_contact(self.contacts[-1])
            return
        kind, id = self.records[place % len(self.records)]
        reply = self.clerk.delete(kind, id, void_reason="typed twice")
        self.check(reply)
        if reply.status == 204:
            self.records.remove((kind, id))

    def delete_contact(self, contact: tuple[str, str]) -> None:
        reply = self.clerk.delete("contact", contact[0])
        self.check(reply)
        if reply.status == 204:
            self.contacts.remove(contact)
            self.contacts = self.contacts or [(self.clerk.customer(), "CUSTOMER")]
            self.saved = self.text()

    @precondition(lambda self: len(self.records) > 4)
    @rule(end=st.sampled_from(["2026-01-31", "2026-03-31"]), place=st.integers(0, 9))
    def return_tax(self, end: str, place: int) -> None:
        """File the tax return of a period, in one of ten runs."""
        if place:
            return
        clerk = self.clerk
        clerk.business.file_tax_return("2026-01-01", end, clerk.now)
        company = clerk.business.company
        for transaction in company.table("transaction"):
            if transaction.values.get("tax_reconciled"):
                active = [entry.posting for entry in company.ledger.active_entries(transaction.id)]
                self.returned.setdefault(transaction.id, active)
        self.saved = self.text()

    @rule(day=st.sampled_from(["2025-12-31", "2026-01-01", None]), place=st.integers(0, 9))
    def lock(self, day: str | None, place: int) -> None:
        """Set or clear the lockdown date, in one of ten runs."""
        if not place:
            settings = {"financial_settings": {"year_end_lockdown_date": day}}
            self.check(self.clerk.request("PUT", "/financial_settings", settings))

    @precondition(lambda self: "tax_scheme" in self.options)
    @rule(scheme=st.sampled_from(["STANDARD", "CASH_ACCOUNTING", "FLAT_CASH"]), place=st.integers(0, 5))
    def change_scheme(self, scheme: str, place: int) -> None:
        if not place:
            settings = {"financial_settings": {"tax_scheme_id": scheme}}
            self.check(self.clerk.request("PUT", "/financial_settings", settings))

    @precondition(lambda self: len(self.records) > 3)
    @rule()
    def save_and_load(self) -> None:
        self.clerk.business = Business.from_document(json.loads(self.saved), catalog())
        assert self.text() == self.saved

    @invariant()
    def debits_equal_credits_on_every_day(self) -> None:
        days: dict[str, list[Decimal]] = {}
        for entry in self.entries():
            days.setdefault(entry.day, []).append(entry.amount)
        assert not any(total(amounts) for amounts in days.values())

    def entries(self) -> list[Entry]:
        return [row for row in self.clerk.business.company.ledger.entries if isinstance(row, Entry)]

    @invariant()
    def balances_as_at_any_day_are_the_sum_of_the_entries(self) -> None:
        for day in EVERY_DAY:
            sums: dict[str, Decimal] = {}
            for entry in self.entries():
                if entry.day <= day:
                    sums[entry.account] = sums.get(entry.account, Decimal()) + entry.amount
            report = self.clerk.business.handle(
                self.request("/trial_balance", from_date="1900-01-01", to_date=day)
            )
            closing = {
                each["id"]: Decimal(each["closing_balance"]["debit"])
                - Decimal(each["closing_balance"]["credit"])
                for each in report.body["ledger_accounts"]
            }
            assert {account: amount for account, amount in closing.items() if amount} == {
                account: amount for account, amount in sums.items() if amount
            }

    @invariant()
    def sub_ledgers_equal_control_accounts(self) -> None:
        company = self.clerk.business.company
        contacts = company.table("contact")
        open_items, balances, deferred_tax = ({"CUSTOMER": Decimal(), "VENDOR": Decimal()} for _ in range(3))
        owed: dict[str, Decimal] = {}
        for artefact in company.artefacts.open():
            side = contacts.rows[artefact.contact].values["contact_types"][0].id
            open_items[side] += artefact.base_outstanding
            deferred_tax[side] += total(artefact.deferred_tax.values())
            owed[artefact.contact] = owed.get(artefact.contact, Decimal()) + artefact.outstanding
        page = self.clerk.business.handle(
            self.request("/contacts", show_balance="true", attributes="contact_types", items_per_page="200")
        ).body
        for contact in page["$items"]:
            side = contact["contact_types"][0]["id"]
            sign = 1 if side == "CUSTOMER" else -1
            balances[side] += sign * contact_balance(company, contact["id"], in_base=True)
            # In the contact's own currency, the balance is the sum of the open documents.
            assert Decimal(contact["balance"]) * sign == owed.get(contact["id"], Decimal())
        for side, control, deferred in (
            ("CUSTOMER", "TRADE_DEBTORS", "TAX_ON_SALES_HELD"),
            ("VENDOR", "TRADE_CREDITORS", "TAX_ON_PURCHASES_HELD"),
        ):
            booked = company.ledger.account(company.controls[control]).total
            assert open_items[side] == balances[side] == booked
            if deferred in company.controls:
                assert deferred_tax[side] == company.ledger.account(company.controls[deferred]).total

    @invariant()
    def settled_artefacts_have_no_residual(self) -> None:
        for kind in (*PAYABLE, "contact_opening_balance", "contact_payment"):
            for row in self.clerk.business.company.table(kind):
                artefact = self.clerk.business.company.artefacts.get(row.values.get("on_account") or row.id)
                if artefact is not None and not artefact.outstanding:
                    assert not artefact.base_outstanding
                    assert not any(artefact.deferred_tax.values())

    @invariant()
    def filed_returns_do_not_change(self) -> None:
        ledger = self.clerk.business.company.ledger
        for transaction, postings in self.returned.items():
            assert [entry.posting for entry in ledger.active_entries(transaction)] == postings

    @invariant()
    def bank_balances_equal_the_ledger(self) -> None:
        company = self.clerk.business.company
        for row in company.table("bank_account"):
            account = row.values["ledger_account"].id
            currency = row.values.get("currency")
            name = "amount" if currency is None or currency.id == "GBP" else "foreign"
            for day in EVERY_DAY:
                entries = (each for each in self.entries() if each.account == account and each.day <= day)
                assert bank_balance(company, row, day) == total(getattr(each, name) for each in entries)

    @invariant()
    def outstanding_is_the_total_less_allocations(self) -> None:
        company = self.clerk.business.company
        settled: dict[str, Decimal] = {}
        for kind in ("contact_payment", "contact_allocation"):
            for row in company.table(kind):
                for part in row.values.get("allocated_artefacts") or ():
                    amount = abs(part["amount"]) + part.get("discount", Decimal())
                    settled[part["artefact"].id] = settled.get(part["artefact"].id, Decimal()) + amount
        for kind in PAYABLE:
            for row in company.table(kind):
                status = row.values["status"].id
                if status in ("DRAFT", "VOID"):
                    assert row.id not in settled
                    continue
                left = row.values["total_amount"] - settled.get(row.id, Decimal())
                assert (
                    row.values["base_currency_total_amount"]
                    == row.values["base_currency_net_amount"] + row.values["base_currency_tax_amount"]
                )
                assert row.values["outstanding_amount"] == left >= 0
                expected = "PAID" if not left else "PART_PAID" if row.id in settled else "UNPAID"
                assert status == expected

    @invariant()
    def stock_is_the_sum_of_movements_and_not_negative(self) -> None:
        company = self.clerk.business.company
        item = company.table("stock_item").rows[self.item]
        moved = [row.values for row in company.table("stock_movement")]
        assert item.values["quantity_in_stock"] == total(values["quantity"] for values in moved) >= 0
        sold = {}
        for kind, sign in STOCK.items():
            for row in company.table(kind):
                if row.values["status"].id in ("DRAFT", "VOID"):
                    continue
                lines = row.values[DOCUMENTS[kind][0]]
                found = [line["quantity"] for line in lines if line.get("product")]
                if found:
                    sold[row.id] = sign * total(found)
        by_document: dict[str, Decimal] = {}
        for values in moved:
            if values.get("origin") is not None:
                id = values["origin"].id
                by_document[id] = by_document.get(id, Decimal()) + values["quantity"]
        assert by_document == sold

    def teardown(self) -> None:
        """Check that reports agree with the entries and with each other, for any period."""
        every = self.entries()
        for start in ("", "2026-01-01", "2026-01-16"):
            for end in (day for day in EVERY_DAY[1:] if day >= start):
                query = {"to_date": end} | ({"from_date": start} if start else {})
                listed = self.clerk.business.handle(
                    self.request(
                        "/ledger_accounts",
                        show_balance_details="true",
                        exclude_deleted_entries="true",
                        items_per_page="200",
                        **query,
                    )
                ).body["$items"]
                report = self.clerk.business.handle(
                    self.request("/trial_balance", from_date=start or "1900-01-01", to_date=end)
                ).body["ledger_accounts"]
                moved = {each["id"]: Decimal(each["debit"]) - Decimal(each["credit"]) for each in report}
                for account in listed:
                    details = account["balance_details"]
                    balance = Decimal(details["balance"]) * (
                        -1 if details["credit_or_debit"] == "credit" else 1
                    )
                    active = [
                        entry.amount
                        for entry in every
                        if entry.account == account["id"] and start <= entry.day <= end and not entry.deleted
                    ]
                    found = (balance, moved.get(account["id"], Decimal()), total(active))
                    assert len(set(found)) == 1, (start, end, account["displayed_as"], found)
                    assert Decimal(details["debits"]) == total(each for each in active if each > 0)
                    assert Decimal(details["credits"]) == -total(each for each in active if each < 0)

    def request(self, path: str, **query: str) -> Any:
        return ApiRequest("GET", path, query, None, self.clerk.user, self.clerk.now)


class CashBooks(Books):
    """The invariants under cash accounting."""

    options: ClassVar[dict[str, Any]] = {"tax_scheme": "CASH_ACCOUNTING"}


class CurrencyBooks(Books):
    """The invariants with contacts and a bank account in another currency."""

    options: ClassVar[dict[str, Any]] = {"multi_currency": True}

    def prepare(self) -> None:
        self.clerk.post("business_exchange_rate", currency_id="EUR", rate="1.1")
        details = {"account_name": "Euro Account"}
        bank = self.clerk.post(
            "bank_account",
            bank_account_type_id="CHECKING",
            currency_id="EUR",
            bank_account_details=details,
        )
        self.banks.append(bank["id"])
        self.contacts = [
            (self.clerk.customer("Eiche GmbH", currency_id="EUR"), "CUSTOMER"),
            (self.clerk.vendor("Orme SA", currency_id="EUR"), "VENDOR"),
            *self.contacts,
        ]


class CashCurrencyBooks(CurrencyBooks):
    """The invariants under cash accounting with another currency."""

    options: ClassVar[dict[str, Any]] = {"multi_currency": True, "tax_scheme": "CASH_ACCOUNTING"}


EXAMPLES = int(os.environ.get("SAGERECON_SOAK", "12"))
USUAL = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)

TestBooks = Books.TestCase
TestCashBooks = CashBooks.TestCase
TestCurrencyBooks = CurrencyBooks.TestCase
TestCashCurrencyBooks = CashCurrencyBooks.TestCase
for _case in (TestBooks, TestCashBooks, TestCurrencyBooks, TestCashCurrencyBooks):
    _case.settings = USUAL
del _case
