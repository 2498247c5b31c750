"""A reconciliation on a terminal: like findings are one entry."""

from __future__ import annotations

from reconciliation_cases import Company, contact, invoice
from report_cases import edited_company, reconciled, settled
from rich.console import Console

from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.reconciliation.accepted import with_accepted
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.report.decisions_document import MEANINGS
from sagerecon.report.terminal.reconciliation import accepted, verdicts


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


def test_accepted_differences_are_shown_with_their_decision_and_lapsed_ones_with_the_reason() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(*accepted(with_accepted(reconciled(edited_company()), settled())), sep="\n")
    assert capture.get().splitlines() == [
        "accepted: 1 difference (1.00) by decision: open_invoices/1001: accept",
        "  decided by J. Reviewer on 2017-04-03, until 2017-06-30: agreed with the ",
        "customer",
        "  invoice 1001, edited in Sage (1.00): total_amount: source 120.00, Sage 121.00",
        "accepted: 1 difference (239.00) by decision: contact_opening_balance:deleted: ",
        "accept",
        "  decided by J. Reviewer on 2017-04-03: paid in cash",
        "  invoice 1003, deleted in Sage (239.00): Written on 1 April 2017; deleted or ",
        "voided in Sage since.",
        "lapsed: open_invoices/1008: leave_out, 1 record (120.00), decided by J. Reviewer",
        "on 2017-04-03, until 2017-04-03: agreed with the customer",
        "  It held until 2017-04-03. Its records are judged as if it had not been made.",
    ]


def test_every_answer_has_a_meaning_for_readers() -> None:
    assert set(MEANINGS) == set(DecisionAnswer)
