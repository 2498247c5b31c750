"""A rehearsal business and a clerk who works in it, for the tests of its books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.books.business import Business, new_business
from sagerecon.rehearsal.request import FULL, ApiReply, ApiRequest, User

START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
BUSINESS_ID = "0f" * 16


class Clerk:
    """Sends requests, a second apart."""

    def __init__(self, business: Business | None = None, role: str = FULL, **options: Any) -> None:
        self.business = business or new_business(
            catalog(), BUSINESS_ID, "Oak & Sons", accounts_start="2026-01-01", now=START, **options
        )
        self.user = User("u1", "A Clerk", "AC", role)
        self.now = START

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> ApiReply:
        """The reply to a request."""
        self.now += 1_000
        return self.business.handle(ApiRequest(method, path, query, body, self.user, self.now))

    def get(self, path: str, **query: str) -> Any:
        """What a reading answers."""
        reply = self.ask("GET", path, **query)
        assert reply.status == 200, reply.body
        return reply.body

    def post(self, kind: str, **fields: Any) -> Any:
        """The record that was made."""
        reply = self.send(kind, **fields)
        assert reply.status == 201, reply.body
        return reply.body

    def send(self, kind: str, **fields: Any) -> ApiReply:
        """The reply to making a record."""
        return self.ask("POST", catalog()[kind].path, {kind: fields})

    def put(self, kind: str, id: str, **fields: Any) -> ApiReply:
        """The reply to changing a record."""
        return self.ask("PUT", f"{catalog()[kind].path}/{id}", {kind: fields})

    def delete(self, kind: str, id: str, **query: str) -> ApiReply:
        """The reply to deleting a record."""
        return self.ask("DELETE", f"{catalog()[kind].path}/{id}", **query)

    def account(self, code: int) -> str:
        """The id of a ledger account."""
        return self.business.company.keys["ledger_account.nominal_code", code]

    def bank(self, place: int = 0) -> str:
        """The id of a bank account, in the order they were made."""
        return str(self.get("/bank_accounts")["$items"][place]["id"])

    def customer(self, name: str = "Oak Ltd", **fields: Any) -> str:
        """The id of a new customer."""
        return str(self.post("contact", name=name, contact_type_ids=["CUSTOMER"], **fields)["id"])

    def vendor(self, name: str = "Elm plc", **fields: Any) -> str:
        """The id of a new supplier."""
        return str(self.post("contact", name=name, contact_type_ids=["VENDOR"], **fields)["id"])

    def line(self, net: str = "100.00", tax: str = "20.00", account: int = 4000, **fields: Any) -> Any:
        """A line of a document at the standard rate."""
        return {
            "description": "Work",
            "ledger_account_id": self.account(account),
            "quantity": "1",
            "unit_price": net,
            "tax_rate_id": "GB_STANDARD",
            "tax_amount": tax,
            **fields,
        }

    def invoice(self, contact: str, *lines: Any, date: str = "2026-01-05", **fields: Any) -> Any:
        """A new sales invoice, of one line of 100.00 and 20.00 tax unless told otherwise."""
        given = {"contact_id": contact, "date": date, "invoice_lines": list(lines) or [self.line()], **fields}
        return self.post("sales_invoice", **given)

    def receipt(self, contact: str, amount: str, *settled: tuple[str, str], **fields: Any) -> Any:
        """Money from a customer, and the (artefact, amount) pairs that it settles."""
        return self.post(
            "contact_payment", **self.payment("CUSTOMER_RECEIPT", contact, amount, *settled, **fields)
        )

    def payment(self, type: str, contact: str, amount: str, *settled: tuple[str, str], **fields: Any) -> Any:
        """The fields of a payment."""
        return {
            "transaction_type_id": type,
            "contact_id": contact,
            "bank_account_id": self.bank(),
            "date": "2026-01-20",
            "total_amount": amount,
            "allocated_artefacts": [{"artefact_id": id, "amount": part} for id, part in settled],
            **fields,
        }

    def balance(self, code: int, day: str = "") -> Decimal:
        """An account's balance, a debit if positive."""
        query = {"show_balance_details": "true"} | ({"to_date": day} if day else {})
        details = self.get(f"/ledger_accounts/{self.account(code)}", **query)["balance_details"]
        amount = Decimal(details["balance"])
        return -amount if details["credit_or_debit"] == "credit" else amount

    def balances(self, *codes: int) -> list[str]:
        """Several balances as text."""
        return [f"{self.balance(code):.2f}" for code in codes]


def messages(reply: ApiReply) -> list[tuple[str, str]]:
    """(source, message) of each fault of a refusal."""
    return [(fault["$source"], fault["$message"]) for fault in reply.body]
