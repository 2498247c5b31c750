"""A rehearsal business and a clerk who sends requests to it, for tests of its books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.books.business import Business, new_business
from sagerecon.rehearsal.request import FULL, ApiReply, ApiRequest, User

START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
BUSINESS_ID = "0f" * 16


class Clerk:
    """Sends requests to a business, one second apart."""

    def __init__(self, business: Business | None = None, role: str = FULL, **options: Any) -> None:
        self.business = business or new_business(
            catalog(), BUSINESS_ID, "Oak & Sons", accounts_start="2026-01-01", now=START, **options
        )
        self.user = User("u1", "A Clerk", "AC", role)
        self.now = START

    def request(self, method: str, path: str, body: Any = None, **query: str) -> ApiReply:
        """Send a request and return the reply."""
        self.now += 1_000
        return self.business.handle(ApiRequest(method, path, query, body, self.user, self.now))

    def get(self, path: str, **query: str) -> Any:
        """Read a path and return the body."""
        reply = self.request("GET", path, **query)
        assert reply.status == 200, reply.body
        return reply.body

    def post(self, kind: str, **fields: Any) -> Any:
        """Create a record and return it."""
        reply = self.send(kind, **fields)
        assert reply.status == 201, reply.body
        return reply.body

    def send(self, kind: str, **fields: Any) -> ApiReply:
        """Send a record to create and return the reply."""
        return self.request("POST", catalog()[kind].path, {kind: fields})

    def put(self, kind: str, id: str, **fields: Any) -> ApiReply:
        """Update a record and return the reply."""
        return self.request("PUT", f"{catalog()[kind].path}/{id}", {kind: fields})

    def delete(self, kind: str, id: str, **query: str) -> ApiReply:
        """Delete a record and return the reply."""
        return self.request("DELETE", f"{catalog()[kind].path}/{id}", **query)

    def account(self, code: int) -> str:
        """Return the id of a ledger account."""
        return self.business.company.keys["ledger_account.nominal_code", code]

    def bank(self, place: int = 0) -> str:
        """Return the id of a bank account, by its position in creation order."""
        return str(self.get("/bank_accounts")["$items"][place]["id"])

    def customer(self, name: str = "Oak Ltd", **fields: Any) -> str:
        """Create a customer and return its id."""
        return str(self.post("contact", name=name, contact_type_ids=["CUSTOMER"], **fields)["id"])

    def vendor(self, name: str = "Elm plc", **fields: Any) -> str:
        """Create a supplier and return its id."""
        return str(self.post("contact", name=name, contact_type_ids=["VENDOR"], **fields)["id"])

    def line(self, net: str = "100.00", tax: str = "20.00", account: int = 4000, **fields: Any) -> Any:
        """Return a document line at the standard rate."""
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
        """Create a sales invoice, by default with one line of 100.00 and 20.00 tax."""
        given = {"contact_id": contact, "date": date, "invoice_lines": list(lines) or [self.line()], **fields}
        return self.post("sales_invoice", **given)

    def receipt(self, contact: str, amount: str, *settled: tuple[str, str], **fields: Any) -> Any:
        """Create a customer receipt that settles these pairs of artefact id and amount."""
        return self.post(
            "contact_payment", **self.payment("CUSTOMER_RECEIPT", contact, amount, *settled, **fields)
        )

    def payment(self, type: str, contact: str, amount: str, *settled: tuple[str, str], **fields: Any) -> Any:
        """Return the fields of a payment."""
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
        """Return an account's balance; a debit is positive."""
        query = {"show_balance_details": "true"} | ({"to_date": day} if day else {})
        details = self.get(f"/ledger_accounts/{self.account(code)}", **query)["balance_details"]
        amount = Decimal(details["balance"])
        return -amount if details["credit_or_debit"] == "credit" else amount

    def balances(self, *codes: int) -> list[str]:
        """Return several balances as text."""
        return [f"{self.balance(code):.2f}" for code in codes]


def messages(reply: ApiReply) -> list[tuple[str, str]]:
    """Return pairs of source and message of a refusal."""
    return [(fault["$source"], fault["$message"]) for fault in reply.body]
