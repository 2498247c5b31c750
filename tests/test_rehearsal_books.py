"""Whatever is booked in a rehearsal business, its books stay books."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)
from small_business import Clerk

from sagerecon.model.money import total
from sagerecon.package import catalog
from sagerecon.rehearsal.business import Business
from sagerecon.rehearsal.request import ApiReply

#: Pennies, so that sums are small and often meet.
AMOUNTS = st.integers(1, 300).map(lambda pence: f"{pence // 100}.{pence % 100:02d}")
DAYS = st.sampled_from(["2026-01-01", "2026-01-15", "2026-02-28", "2026-03-31"])
ANY_DAY = st.one_of(DAYS, st.sampled_from(["2025-06-30", "2025-12-31"]))
RATES = st.sampled_from(
    [("GB_STANDARD", Decimal("0.2")), ("GB_LOWER", Decimal("0.05")), ("GB_ZERO", Decimal(0))]
)
EVERY_DAY = ("2025-12-31", "2026-01-01", "2026-01-20", "2026-02-28", "2026-12-31")
INCOME, COSTS = (4000, 4010, 4900), (5000, 7100, 7500)
DOCUMENTS = {
    "sales_invoice": ("CUSTOMER", "invoice_lines", INCOME),
    "sales_credit_note": ("CUSTOMER", "credit_note_lines", INCOME),
    "purchase_invoice": ("VENDOR", "invoice_lines", COSTS),
    "purchase_credit_note": ("VENDOR", "credit_note_lines", COSTS),
}


class Books(RuleBasedStateMachine):
    """Sends bookings, sensible and not, and holds the books to account after each."""

    contacts = Bundle("contacts")
    artefacts = Bundle("artefacts")
    records = Bundle("records")

    @initialize()
    def open(self) -> None:
        self.clerk = Clerk()
        self.banks = [item["id"] for item in self.clerk.get("/bank_accounts")["$items"]]
        self.saved = self.text()

    def text(self) -> str:
        return json.dumps(self.clerk.business.document())

    def judge(self, reply: ApiReply) -> ApiReply:
        """A refusal leaves every byte as it was."""
        assert reply.status in (200, 201, 204, 405, 422), reply
        now = self.text()
        assert (now == self.saved) == (reply.status >= 400)
        self.saved = now
        return reply

    def made(self, kind: str, reply: ApiReply) -> Any:
        """What later rules may name: the record, and what of it can be settled."""
        if self.judge(reply).status != 201:
            return multiple()
        return reply.body | {"kind": kind}

    @rule(
        target=contacts,
        side=st.sampled_from(["CUSTOMER", "VENDOR"]),
        reference=st.sampled_from(["A", "B", None]),
    )
    def add_contact(self, side: str, reference: str | None) -> Any:
        fields = {
            "name": "Oak",
            "contact_type_ids": [side],
            "reference": reference,
            "main_address": {"city": "Leeds"},
        }
        return self.made("contact", self.clerk.send("contact", **fields))

    @rule(
        target=records,
        kind=st.sampled_from(sorted(DOCUMENTS)),
        contact=contacts,
        day=ANY_DAY,
        lines=st.lists(st.tuples(AMOUNTS, RATES, st.integers(0, 2)), min_size=1, max_size=3),
        status=st.sampled_from([None, None, "DRAFT"]),
    )
    def add_document(
        self,
        kind: str,
        contact: Any,
        day: str,
        lines: list[tuple[str, tuple[str, Decimal], int]],
        status: str | None,
    ) -> Any:
        fields = self.document(kind, contact["id"], day, lines)
        if kind.startswith("sales"):
            fields["status_id"] = status
        return self.made(kind, self.clerk.send(kind, **fields))

    def document(
        self, kind: str, contact: str, day: str, lines: list[tuple[str, tuple[str, Decimal], int]]
    ) -> Any:
        _, name, codes = DOCUMENTS[kind]
        return {
            "contact_id": contact,
            "date": day,
            "due_date": day,
            name: [
                self.clerk.line(net, f"{Decimal(net) * share:.2f}", codes[place], tax_rate_id=rate)
                for net, (rate, share), place in lines
            ],
        }

    @rule(
        record=records,
        day=st.one_of(st.none(), ANY_DAY),
        lines=st.one_of(
            st.none(), st.lists(st.tuples(AMOUNTS, RATES, st.integers(0, 2)), min_size=1, max_size=2)
        ),
    )
    def change_document(
        self, record: Any, day: str | None, lines: list[tuple[str, tuple[str, Decimal], int]] | None
    ) -> None:
        if record["kind"] not in DOCUMENTS:
            return
        fields: dict[str, Any] = {"notes": f"changed at {self.clerk.now}"}
        if day is not None:
            fields["date"] = day
        if lines is not None:
            name = DOCUMENTS[record["kind"]][1]
            fields[name] = self.document(record["kind"], "", "", lines)[name]
        reply = self.clerk.put(record["kind"], record["id"], **fields)
        if reply.status != 404:
            self.judge(reply)

    @rule(record=records)
    def release(self, record: Any) -> None:
        if record["kind"] in DOCUMENTS:
            path = catalog()[record["kind"]].path
            reply = self.clerk.ask("POST", f"{path}/{record['id']}/release")
            if reply.status != 404:
                self.judge(reply)

    @rule(target=records, contact=contacts, is_invoice=st.booleans(), day=ANY_DAY, amount=AMOUNTS)
    def add_contact_opening(self, contact: Any, is_invoice: bool, day: str, amount: str) -> Any:
        fields = {
            "contact_opening_balance_type_id": "INVOICE" if is_invoice else "CREDIT_NOTE",
            "contact_id": contact["id"],
            "date": day,
            "reference": "OLD",
            "total_amount": amount,
        }
        kind = "contact_opening_balance"
        return self.made(kind, self.clerk.send(kind, **fields))

    @rule(
        target=records,
        contact=contacts,
        refunds=st.booleans(),
        day=DAYS,
        amount=AMOUNTS,
        share=st.sampled_from([None, Decimal("0.5"), Decimal(1), Decimal(2)]),
        discount=st.sampled_from(["0", "0", "0.01"]),
        place=st.integers(0, 5),
    )
    def pay(
        self,
        contact: Any,
        refunds: bool,
        day: str,
        amount: str,
        share: Decimal | None,
        discount: str,
        place: int,
    ) -> Any:
        side = contact["contact_types"][0]["id"]
        usual = "RECEIPT" if side == "CUSTOMER" else "PAYMENT"
        found = self.open_artefacts(contact["id"])
        parts = []
        if found and share is not None:
            artefact = found[place % len(found)]
            part = f"{abs(artefact.outstanding) * share:.2f}"
            parts = [{"artefact_id": artefact.id, "amount": part, "discount": discount}]
        fields = self.clerk.payment(f"{side}_{'REFUND' if refunds else usual}", contact["id"], amount)
        fields |= {"date": day, "allocated_artefacts": parts, "bank_account_id": self.banks[place % 2]}
        if parts:
            fields["total_amount"] = str(max(Decimal(amount), Decimal(parts[0]["amount"])))
        return self.made("contact_payment", self.clerk.send("contact_payment", **fields))

    def open_artefacts(self, contact: str) -> list[Any]:
        return list(self.clerk.business.company.artefacts.open(contact))

    @rule(target=records, contact=contacts, share=st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(2)]))
    def allocate(self, contact: Any, share: Decimal) -> Any:
        found = self.open_artefacts(contact["id"])
        debits = [each for each in found if each.outstanding > 0]
        credits = [each for each in found if each.outstanding < 0]
        if not debits or not credits:
            return multiple()
        amount = f"{min(debits[0].outstanding, -credits[-1].outstanding) * share:.2f}"
        side = contact["contact_types"][0]["id"]
        fields = {
            "transaction_type_id": f"{side}_ALLOCATION",
            "contact_id": contact["id"],
            "allocated_artefacts": [
                {"artefact_id": debits[0].id, "amount": amount},
                {"artefact_id": credits[-1].id, "amount": f"-{amount}"},
            ],
        }
        return self.made("contact_allocation", self.clerk.send("contact_allocation", **fields))

    @rule(record=records)
    def take_allocations_off(self, record: Any) -> None:
        if record["kind"] == "contact_payment":
            reply = self.clerk.put("contact_payment", record["id"], allocated_artefacts=[])
            if reply.status != 404:
                self.judge(reply)

    @rule(
        target=records,
        day=DAYS,
        sides=st.lists(st.tuples(st.sampled_from((1200, 3000, 7100, 8000)), AMOUNTS), min_size=1, max_size=3),
        error=st.sampled_from([0, 0, 0, 1]),
    )
    def add_journal(self, day: str, sides: list[tuple[int, str]], error: int) -> Any:
        rest = total(Decimal(amount) for _, amount in sides) + error
        lines = [
            {"ledger_account_id": self.clerk.account(code), "debit": amount, "credit": "0"}
            for code, amount in sides
        ]
        lines.append({"ledger_account_id": self.clerk.account(51), "debit": "0", "credit": str(rest)})
        return self.made("journal", self.clerk.send("journal", date=day, reference="J", journal_lines=lines))

    @rule(
        target=records,
        kind=st.sampled_from(
            ["opening_balance_journal", "ledger_account_opening_balance", "bank_opening_balance"]
        ),
        day=st.sampled_from(["2025-12-31", "2026-01-01"]),
        amount=AMOUNTS,
        code=st.sampled_from((30, 3000, 3200)),
    )
    def add_opening(self, kind: str, day: str, amount: str, code: int) -> Any:
        line = {"ledger_account_id": self.clerk.account(code), "debit": "0", "credit": amount}
        fields = {
            "opening_balance_journal": {"date": day, "journal_lines": [line]},
            "ledger_account_opening_balance": line,
            "bank_opening_balance": {
                "date": day,
                "bank_account_id": self.banks[0],
                "debit": amount,
                "credit": "0",
            },
        }
        return self.made(kind, self.clerk.send(kind, **fields[kind]))

    @rule(target=records, day=DAYS, amount=AMOUNTS, from_cash=st.sampled_from([False, False, True]))
    def transfer(self, day: str, amount: str, from_cash: bool) -> Any:
        origin, target = (1, 0) if from_cash else (0, 1)
        fields = {
            "from_bank_account_id": self.banks[origin],
            "to_bank_account_id": self.banks[target],
            "date": day,
            "amount": amount,
        }
        return self.made("bank_transfer", self.clerk.send("bank_transfer", **fields))

    @rule(
        target=records,
        type=st.sampled_from(
            ["OTHER_PAYMENT", "OTHER_RECEIPT", "OTHER_PAYMENT_REFUND", "OTHER_RECEIPT_REFUND"]
        ),
        day=ANY_DAY,
        amount=AMOUNTS,
        tax=st.sampled_from(["0", "0.01"]),
    )
    def pay_other(self, type: str, day: str, amount: str, tax: str) -> Any:
        line = {
            "ledger_account_id": self.clerk.account(7500),
            "total_amount": amount,
            "tax_amount": tax,
            "tax_rate_id": "GB_STANDARD",
        }
        fields = {"transaction_type_id": type, "date": day, "total_amount": amount, "payment_lines": [line]}
        return self.made("other_payment", self.clerk.send("other_payment", **fields))

    @rule(record=records)
    def delete(self, record: Any) -> None:
        reply = self.clerk.delete(record["kind"], record["id"], void_reason="typed twice")
        if reply.status != 404:
            self.judge(reply)

    @rule(contact=contacts)
    def delete_contact(self, contact: Any) -> None:
        reply = self.clerk.delete("contact", contact["id"])
        if reply.status != 404:
            self.judge(reply)

    @rule()
    def save_and_load(self) -> None:
        self.clerk.business = Business.from_document(json.loads(self.saved), catalog())
        assert self.text() == self.saved

    @invariant()
    def debits_equal_credits_on_every_day(self) -> None:
        entries = list(self.clerk.business.company.ledger.entries)
        for day in {entry.values["date"] for entry in entries}:
            amounts = [
                entry.values["debit"] - entry.values["credit"]
                for entry in entries
                if entry.values["date"] == day
            ]
            assert total(amounts) == 0

    @invariant()
    def balances_as_at_any_day_are_the_sum_of_the_entries(self) -> None:
        company = self.clerk.business.company
        for day in EVERY_DAY:
            sums: dict[str, Decimal] = {}
            for entry in company.ledger.entries:
                values = entry.values
                if values["date"] <= day:
                    account = values["ledger_account"].id
                    sums[account] = sums.get(account, Decimal()) + values["debit"] - values["credit"]
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
        open_items: dict[str, Decimal] = {"CUSTOMER": Decimal(), "VENDOR": Decimal()}
        for artefact in company.artefacts.open():
            side = company.table("contact").rows[artefact.contact].values["contact_types"][0].id
            open_items[side] += artefact.outstanding
        balances: dict[str, Decimal] = {"CUSTOMER": Decimal(), "VENDOR": Decimal()}
        page = self.clerk.business.handle(
            self.request("/contacts", show_balance="true", attributes="contact_types", items_per_page="200")
        ).body
        for contact in page["$items"]:
            side = contact["contact_types"][0]["id"]
            balances[side] += Decimal(contact["balance"]) * (1 if side == "CUSTOMER" else -1)
        debtors = company.ledger.account(company.controls["TRADE_DEBTORS"]).total
        creditors = company.ledger.account(company.controls["TRADE_CREDITORS"]).total
        assert open_items == balances == {"CUSTOMER": debtors, "VENDOR": creditors}

    @invariant()
    def what_is_outstanding_is_the_document_less_its_allocations(self) -> None:
        company = self.clerk.business.company
        settled: dict[str, Decimal] = {}
        for kind in ("contact_payment", "contact_allocation"):
            for row in company.table(kind):
                for part in row.values.get("allocated_artefacts") or ():
                    amount = abs(part["amount"]) + part.get("discount", Decimal())
                    settled[part["artefact"].id] = settled.get(part["artefact"].id, Decimal()) + amount
        for kind in DOCUMENTS:
            for row in company.table(kind):
                status = row.values["status"].id
                if status in ("DRAFT", "VOID"):
                    assert row.id not in settled
                    continue
                left = row.values["total_amount"] - settled.get(row.id, Decimal())
                assert row.values["outstanding_amount"] == left >= 0
                expected = "PAID" if not left else "PART_PAID" if row.id in settled else "UNPAID"
                assert status == expected

    def request(self, path: str, **query: str) -> Any:
        from sagerecon.rehearsal.request import ApiRequest

        return ApiRequest("GET", path, query, None, self.clerk.user, self.clerk.now)


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
