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


def test_like_records_are_one_entry_with_the_first_and_a_count() -> None:
    lines = shown(unsent(1_200).reconcile())
    assert lines[0].startswith("not yet written: invoice 1001 ")
    assert lines[-1] == (
        "and 1,199 more like it: invoice 1002, invoice 1003, invoice 1004, …; 12,000.00 at risk in total"
    )
    assert sum(line.startswith("not yet written: ") for line in lines) == 1


def test_records_with_other_differences_are_entries_of_their_own() -> None:
    company = Company.moved(*(contact(f"C{number}", f"Firm {number}") for number in range(1, 6)))
    for number in range(1, 6):
        company.edit(f"customers/C{number}", **({"name": "X"} if number < 4 else {"reference": "X"}))
    entries = [line for line in shown(company.reconcile()) if line.startswith("edited in Sage: ")]
    assert len(entries) == 2
