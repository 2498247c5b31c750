"""A small trade behind a served rehearsal, of which a clerk enters and deletes documents in Sage by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from history_source import FILES
from served import SANDBOX, Served, serving

from sagerecon.model.clock import MINUTE

CUSTOMERS = "ref,name,notes\n0001,Firm 1,Leeds\n0002,Firm 2,York\n"
INVOICES = "number,ref,date,amount\n00011,0001,2017-04-02,10.50\n00012,0002,2017-04-03,20.50\n"
PAYMENTS = "number,ref,date,amount,bank\n00030,0001,2017-05-01,2.50,Main\n00031,0001,2017-05-02,3.50,Main\n"
DATA = {
    "data/banks.csv": "name,code\nMain,1210\n",
    "data/customers.csv": CUSTOMERS,
    "data/invoices.csv": INVOICES,
    "data/payments.csv": PAYMENTS,
}
PROJECT = re.sub(r"budget:.*\n", "", FILES["sagerecon.yaml"]) + f"sage: {{address: {SANDBOX}}}\n"


@contextmanager
def loaded_trade(
    folder: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str] = {}
) -> Iterator[HandTrade]:
    """Serve a rehearsal into which the trade was loaded a minute ago, with some files more, or other ones."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("COLUMNS", "400")
    project = folder / "project"
    for name, text in {**FILES, **DATA, "sagerecon.yaml": PROJECT, **files}.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(project) as served:
        trade = HandTrade(served)
        for word in ("snapshot", "plan", "apply"):
            assert trade.run(word)[0] == 0
        served.clock.sleep(MINUTE)
        yield trade


class HandTrade:
    """The trade: its commands, its source files, and the documents that a clerk has in Sage."""

    def __init__(self, served: Served) -> None:
        self.served = served

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command a second later; return its exit code, and its output with single spaces."""
        self.served.clock.sleep(1_000)
        ran = self.served.run(*words)
        return ran.exit_code, " ".join(ran.output.split())

    def change(self, name: str, before: str, now: str) -> None:
        """Change a source file, and freeze it."""
        path = self.served.folder / f"data/{name}.csv"
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, now))
        assert self.run("snapshot")[0] == 0

    def decide(self, name: str, answer: str) -> tuple[int, str]:
        return self.run("decide", "take", name, answer, "--because", "compared with Sage")

    def in_sage(self, resource: str = "sales_invoices") -> list[Any]:
        """Return what Sage holds, without what was voided."""
        reply = self.served.by_other_hand("GET", f"/{resource}", attributes="all", items_per_page="200")
        return [item for item in reply.body["$items"] if (item.get("status") or {}).get("id") != "VOID"]

    def references(self) -> list[str]:
        return sorted(item["reference"] for item in self.in_sage())

    def sage_id(self, resource: str, reference: str) -> str:
        return str(next(item["id"] for item in self.in_sage(resource) if item.get("reference") == reference))

    def enter(self, reference: str, customer: str, amount: str, day: str) -> str:
        """Enter an invoice as the mapping would send it, and return its Sage id."""
        accounts = self.in_sage("ledger_accounts")
        sales = next(item["id"] for item in accounts if "4000" in item["displayed_as"])
        line = {
            "description": "Work",
            "ledger_account_id": sales,
            "quantity": "1",
            "unit_price": amount,
            "tax_rate_id": "GB_NO_TAX",
            "tax_amount": "0.00",
        }
        body = {
            "contact_id": self.sage_id("contacts", customer),
            "date": day,
            "due_date": day,
            "reference": reference,
            "invoice_lines": [line],
        }
        reply = self.served.by_other_hand("POST", "/sales_invoices", {"sales_invoice": body})
        assert reply.status == 201, reply
        return str(reply.body["id"])

    def delete(self, resource: str, reference: str) -> None:
        path = f"/{resource}/{self.sage_id(resource, reference)}"
        assert self.served.by_other_hand("DELETE", path, void_reason="by mistake").status < 300
