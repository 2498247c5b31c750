"""A reconciliation on a terminal: like findings are one entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from reconciliation_cases import Company, contact, invoice
from report_cases import edited_company, reconciled, settled
from rich.console import Console

from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Covers, Decision
from sagerecon.pairing.settlement import Settlement, WithoutEffect
from sagerecon.pairing.standing import Standing
from sagerecon.reconciliation.accepted import with_accepted
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.report.decisions_document import MEANINGS
from sagerecon.report.terminal.decisions import settled_lines
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
        console.print(*accepted(with_accepted(reconciled(edited_company()), settled(), ())), sep="\n")
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
        "  It held until 2017-04-03. Its records are judged as if it had not been made. A",
        "plan sends none of them until it is made again or dropped.",
    ]


def test_every_answer_has_a_meaning_for_readers() -> None:
    assert set(MEANINGS) == set(DecisionAnswer)


def decided(number: int, **more: Any) -> Decision:
    values: dict[str, Any] = {
        "standing": Standing.GONE_FROM_SOURCE, "kind": "contact", "answer": DecisionAnswer.KEEP,
        "because": "settled", "by": "J. Reviewer", "on": date(2017, 4, 3), "key": f"customers/Firm {number}",
        "covers": Covers(1, Decimal(number), str(number)), **more,
    }  # fmt: skip
    return Decision(**values)


def test_a_thousand_decisions_that_say_the_same_are_one_entry() -> None:
    many = [decided(number) for number in range(1_000)]
    lapsed = tuple(WithoutEffect(each, f"{each.key} has another amount") for each in many)
    other = decided(7, because="paid in cash")
    lines = list(settled_lines(Settlement(lapsed=lapsed, idle=(*many, other))))
    more = "    and 999 more like it: customers/Firm 1, customers/Firm 2, customers/Firm 3, …"
    assert lines.count(more) == 2
    assert [line for line in lines if line.startswith("Not needed now")] == [
        "Not needed now: customers/Firm 0: keep, 1 record (0.00)",
        "Not needed now: customers/Firm 7: keep, 1 record (7.00)",
    ]
    assert len(lines) == 4 + 4 + 3


def test_at_most_twelve_different_decisions_of_a_sort_are_listed() -> None:
    made = Settlement(idle=tuple(decided(number, because="x" * number) for number in range(1, 101)))
    lines = list(settled_lines(made))
    assert len(lines) == 3 * 12 + 1 and lines[-1] == "Not needed now: 88 more, see decisions.yaml"


def test_a_thousand_accepted_differences_with_a_decision_each_are_one_entry() -> None:
    found = reconciled(edited_company())
    sample = found.open_verdicts[0]
    made = [decided(number) for number in range(1_000)]
    records = tuple(replace(sample, key=each.key, at_risk=Decimal(1), accepted=each) for each in made)
    settlement = Settlement(
        by_record={("contact", each.key): each for each in made},
        lapsed=tuple(WithoutEffect(decided(number), "it held") for number in range(1_000)),
    )
    console = Console(width=200)
    with console.capture() as capture:
        console.print(*accepted(replace(found, verdicts=records, settlement=settlement)), sep="\n")
    lines = capture.get().splitlines()
    assert lines[0].startswith("accepted: 1,000 differences (1,000.00) by decision: customers/Firm 0: keep")
    more = "  and 999 more like it: customers/Firm 1, customers/Firm 2, customers/Firm 3, …"
    assert lines.count(more) == 2
    assert len(lines) < 12
