"""A reconciliation on a terminal: like findings are one entry."""

from __future__ import annotations

from reconciliation_cases import Company, contact, invoice
from rich.console import Console

from sagerecon.reconciliation.result import Reconciliation
from sagerecon.report.terminal.reconciliation import verdicts


def shown(found: Reconciliation) -> list[str]:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(*verdicts(found), sep="\n")
    return [line.strip() for line in capture.get().splitlines()]


def unsent(count: int) -> Company:
    """Return a company with `count` invoices that were never written."""
    company = Company.moved(contact("C1", "Oak Ltd"))
    company.outcomes += [invoice(str(1001 + number), "C1", "10.00") for number in range(count)]
    return company


def test_many_records_with_one_finding_are_one_entry() -> None:
    assert shown(unsent(1_200).reconcile()) == [
        "not yet written: 1,200 contact opening balance records. Not yet written. Amount at risk: 12,000.00.",
        "such as invoice 1001 (invoices.csv:1), invoice 1002 (invoices.csv:2), invoice 1003 (invoices.csv:3)",
        "Apply the plan.",
    ]


def test_a_few_records_and_records_with_differences_are_shown_one_by_one() -> None:
    assert sum(line.startswith("not yet written: invoice") for line in shown(unsent(3).reconcile())) == 3
    company = Company.moved(*(contact(f"C{number}", f"Firm {number}") for number in range(1, 6)))
    for number in range(1, 6):
        company.edit(f"customers/C{number}", name=f"FIRM {number}")
    assert sum(line.startswith("edited in Sage: Firm") for line in shown(company.reconcile())) == 5
