"""Like findings, records set aside and verdicts are one entry with a count and examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
from report_cases import edited_company, reconciled
from rich.console import Console, RenderableType
from runs import customer
from test_planning_planner import planned

from sagerecon.model.code import CheckName, Code
from sagerecon.model.draft import LeftOut, Quarantined
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.money import grouped, product
from sagerecon.model.place import Place
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import SetAside, State
from sagerecon.planning.step import QuarantinedStep
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.report.grouping import (
    group_alike,
    like_findings,
    more_like_finding_document,
    more_like_it,
    pattern,
    record_document_likeness,
)
from sagerecon.report.not_carried import plan_not_carried
from sagerecon.report.reconciliation_document import record_document
from sagerecon.report.screen import finding_document
from sagerecon.report.terminal.findings import findings
from sagerecon.report.terminal.not_carried import not_carried_lines
from sagerecon.report.terminal.reconciliation import tie_outs, verdicts
from sagerecon.report.terminal.run import run_status


def shown(renderables: Iterable[RenderableType]) -> list[str]:
    """Return the lines of a wide terminal."""
    console = Console(width=400, record=True, file=StringIO())
    for renderable in renderables:
        console.print(renderable)
    return console.export_text().splitlines()


def not_a_number(row: int, column: str = "amount", hint: str = "") -> Finding:
    message = f"column {column}: '{row}x' is not a number."
    return Finding(Code.NOT_A_NUMBER, Place("bills.csv", row), message, hint)


def test_entries_are_grouped_in_their_order() -> None:
    groups = group_alike(["a1", "b1", "a2", "c1", "b2"], lambda entry: entry[0])
    assert [list(group) for group in groups] == [["a1", "a2"], ["b1", "b2"], ["c1"]]


def test_a_pattern_has_no_names_quoted_values_or_numbers() -> None:
    assert pattern("Sage rejected Oak: 'x' exceeds 12.50 of Oak Ltd.", "Oak", "Oak Ltd") == (
        "Sage rejected …: … exceeds … of …."
    )
    assert pattern("no name", "", "") == "no name"


def test_up_to_three_examples_are_named() -> None:
    assert more_like_it([]) == ""
    assert more_like_it(["a"]) == "and 1 more like it: a"
    assert more_like_it(["a", "b", "c"]) == "and 3 more like it: a, b, c"
    assert more_like_it(["a"] * 2_999) == "and 2,999 more like it: a, a, a, …"


def test_a_thousand_like_findings_are_one_entry() -> None:
    found = [not_a_number(row) for row in range(2, 1_002)] + [
        not_a_number(7, "tax"),
        not_a_number(8, hint="Fix it."),
    ]
    found.append(replace(not_a_number(9), severity=Severity.WARNING))
    assert shown(findings(found)) == [
        "warning bills.csv:9: column amount: '9x' is not a number.",
        "error bills.csv:2: column amount: '2x' is not a number.",
        "  and 999 more like it: bills.csv:3, bills.csv:4, bills.csv:5, …",
        "error bills.csv:7: column tax: '7x' is not a number.",
        "error bills.csv:8: column amount: '8x' is not a number. Fix it.",
    ]


def test_like_findings_at_one_place_are_told_by_what_they_quote() -> None:
    def lacks(name: str, line: int = 6) -> Finding:
        return Finding(Code.MISSING_FIELD, Place("m.yaml", line), f"contact lacks the field '{name}'.")

    names = ["name", "date", "reference", "total", "contact_id", "due"]
    assert shown(findings([lacks(name) for name in names])) == [
        "error m.yaml:6: contact lacks the field 'name'.",
        "  and 5 more like it: 'date', 'reference', 'total', 'contact_id', 'due'",
    ]
    assert shown(findings([lacks("name"), lacks("date"), lacks("name", 9)]))[1] == (
        "  and 2 more like it: 'date', m.yaml:9"
    )
    document = [{"place": "m.yaml:6", "message": lacks(name).message} for name in names[:2]]
    assert more_like_finding_document(document) == "and 1 more like it: 'date'"
    assert shown(findings([lacks("name")] * 3))[1] == "  and 2 more like it: m.yaml:6, m.yaml:6"


def test_at_most_twelve_groups_of_one_code_are_listed() -> None:
    found = [not_a_number(row, column="c" * size) for size in range(1, 15) for row in (2, 3)]
    lines = shown(findings(found))
    assert len(lines) == 12 * 2 + 1
    assert lines[-1] == "… and 4 more of not_a_number (--json lists all)"


def rejected(number: int, reason: str) -> SetAside:
    finding = Finding(
        Code.REJECTED, Place("customers.csv", number), f"Sage rejected Firm {number}: {reason}."
    )
    step = QuarantinedStep(
        kind="contact", key=f"customers/C{number}", reason="", label=f"Firm {number}", findings=(finding,)
    )
    return SetAside(step, State.QUARANTINED, step.findings)


def test_the_status_groups_the_records_that_were_set_aside_by_reason() -> None:
    aside = [*(rejected(number, "no region") for number in range(1, 1_001)), rejected(7, "no name")]
    aside.append(replace(aside[0], state=State.BLOCKED))
    status = run_status(None, {}, 0, (0, 0), Budget(None, None), aside)
    assert shown(status)[2:] == [
        "quarantined Firm 1",
        "  customers.csv:1: Sage rejected Firm 1: no region.",
        "  and 999 more like it: Firm 2, Firm 3, Firm 4, …",
        "quarantined Firm 7",
        "  customers.csv:7: Sage rejected Firm 7: no name.",
        "blocked Firm 1",
        "  customers.csv:1: Sage rejected Firm 1: no region.",
    ]


def test_at_most_twelve_reasons_of_records_set_aside_are_listed() -> None:
    aside = [rejected(number, f"no region {'x' * number}") for number in range(1, 1_001)]
    lines = shown(run_status(None, {}, 0, (0, 0), Budget(None, None), aside))[2:]
    assert len(lines) == 2 * 12 + 1
    assert lines[-1] == "… and 988 more records with other reasons. See all: sagerecon report"


def test_a_plan_groups_its_quarantined_records_by_reason() -> None:
    def quarantined(name: str, why: str) -> Quarantined:
        finding = Finding(Code.TOO_LONG, Place("c.csv", 2), f"{name}: name: {why}.")
        return Quarantined("contact", f"customers/{name}", (finding,), (), label=name)

    outcomes = [quarantined(name, "is too long") for name in ("Oak", "Elm", "Ash")]
    made = planned(customer(1), *left_out(5), *outcomes, quarantined("Yew", "is blank"))
    assert shown(not_carried_lines(plan_not_carried(made))) == [
        "quarantined Oak",
        "  c.csv:2: Oak: name: is too long.",
        "  and 2 more like it: Elm, Ash",
        "quarantined Yew",
        "  c.csv:2: Yew: name: is blank.",
        "left out 5 records of bills (10.00) by rule settled: nothing remains.",
        "  bill 0, bill 1, bill 2, …",
    ]


def left_out(count: int) -> list[LeftOut]:
    return [
        LeftOut(
            kind="contact_opening_balance",
            key=f"bills/{number}",
            rule="settled",
            reason="nothing remains.",
            origins=(),
            amount=Decimal(number),
            label=f"bill {number}",
        )
        for number in range(count)
    ]


def test_a_reconciliation_groups_like_verdicts_with_the_money_at_risk() -> None:
    found = reconciled(edited_company())
    sample = replace(found.open_verdicts[0], at_risk=Decimal("1.50"), reason="Edited.")
    many = [replace(sample, key=f"bills/{number}", label=f"bill {number}") for number in range(1_000)]
    many.append(replace(sample, key="bills/x", label="bill x", remedy="Another remedy."))
    lines = shown(verdicts(replace(found, verdicts=tuple(many))))
    assert sum("bill" in line and "Edited." in line for line in lines) == 2
    (more,) = (line for line in lines if "more like it" in line)
    assert more.startswith("  and 999 more like it: bill ") and more.endswith("; 1,500.00 at risk in total")


def test_at_most_twelve_reasons_and_fields_of_a_reconciliation_are_listed() -> None:
    found = reconciled(edited_company())
    sample = next(verdict for verdict in found.open_verdicts if verdict.differences)
    fields = tuple(replace(sample.differences[0], field=f"lines[{n}].amount") for n in range(1_000))
    many = [
        replace(sample, key=f"bills/{n}", label="", reason="x" * n, differences=fields) for n in range(1, 101)
    ]
    lines = shown(verdicts(replace(found, verdicts=tuple(many))))
    assert len(lines) < 12 * 20
    assert sum("… and 988 more fields" in line for line in lines) == 12
    assert lines[-1] == "… and 88 more records with other reasons. See all: sagerecon report"


def test_at_most_twelve_lines_of_a_tie_out_are_listed_with_the_sum_of_the_others() -> None:
    found = reconciled(edited_company())
    tie_out = next(tie for tie in found.tie_outs if not tie.ties)
    line = next(line for line in tie_out.lines if line.difference)
    many = replace(tie_out, lines=tuple(replace(line, code=f"C{n:04d}") for n in range(1_000)))
    lines = shown([tie_outs([many])])
    assert len(lines) == 2 + 12 + 1
    assert "… and 988 more in the report" in lines[-1]
    assert lines[-1].split()[-1] == grouped(product(988, line.difference))


def letters(number: int) -> str:
    """Return a name without digits, one for each number below 1,000."""
    return "".join(chr(ord("A") + int(digit)) for digit in f"{number:03d}")


def test_the_findings_of_a_projects_own_check_are_one_entry() -> None:
    found = [
        Finding(
            CheckName("no_bill"), Place("payments.json", n + 1), f"Firm {letters(n)} has no bill.", "Add it."
        )
        for n in range(1_000)
    ]
    assert shown(findings(found)) == [
        "error payments.json:1: Firm AAA has no bill. Add it.",
        "  and 999 more like it: payments.json:2, payments.json:3, payments.json:4, …",
    ]
    documents = [{**finding_document(finding), "place": str(finding.place)} for finding in found]
    assert len(like_findings(documents)) == 1


def test_records_that_are_blocked_by_different_records_are_one_entry() -> None:
    def blocked(number: int) -> SetAside:
        other = f"customers/Firm {letters(number)} Ltd"
        message = f"invoice {number} refers to contact {other} (Sage rejected {other}: no region)."
        finding = Finding(Code.BLOCKED, Place("invoices.csv", number + 2), message, "Run it again.")
        step = QuarantinedStep(
            kind="sales_invoice", key=f"invoices/{number}", reason="", label=f"invoice {number}",
            findings=(finding,),
        )  # fmt: skip
        return SetAside(step, State.BLOCKED, step.findings)

    status = run_status(None, {}, 0, (0, 0), Budget(None, None), [blocked(n) for n in range(1_000)])
    assert [line for line in shown(status)[2:] if line.startswith("blocked")] == ["blocked invoice 0"]


def many_edited() -> list[RecordVerdict]:
    sample = next(verdict for verdict in reconciled(edited_company()).open_verdicts if verdict.differences)
    (difference,) = sample.differences

    def edited(number: int) -> RecordVerdict:
        lines = tuple(
            replace(difference, field=f"lines[{line}].details", source=f"Work {letters(number)}", sage="x")
            for line in range(1 + number % 3)
        )
        remedy = f"In Sage, set back {', '.join(f'{d.field} to {d.source}' for d in lines)}."
        key = f"bills/{letters(number)}"
        return replace(sample, key=key, label="", reason="Edited.", remedy=remedy, differences=lines)

    return [edited(number) for number in range(999)]


@pytest.mark.parametrize(
    "reason",
    [
        "Edited.",
        "It may be bills/{0} (case and padding), which was written under that key.",
        "Several entities in Sage have its key (natural key: {1}, {2}).",
        "Sage rejected it: it refers to contact customers/Firm {0} Ltd (not found in Sage).",
    ],
)
def test_verdicts_whose_sentences_name_other_records_are_one_entry(reason: str) -> None:
    many = [
        replace(verdict, reason=reason.format(letters(n)[::-1], *(uuid4().hex for _ in range(2))))
        for n, verdict in enumerate(many_edited())
    ]
    lines = shown(verdicts(replace(reconciled(edited_company()), verdicts=tuple(many))))
    (more,) = (line for line in lines if "more like it" in line)
    assert more.startswith("  and 998 more like it: bills/AAB")
    assert len({record_document_likeness(record_document(verdict)) for verdict in many}) == 1
