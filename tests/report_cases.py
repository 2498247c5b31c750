"""Facts of a small migration whose records were edited in Sage, for the tests of the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from reconciliation_cases import AS_AT, CATALOG, Company, small_company
from wanted_figures import open_items_wanted

from sagerecon.model.call import CallTotal
from sagerecon.model.clock import instant
from sagerecon.model.comparison import Comparison, Tolerance
from sagerecon.model.draft import Change, Draft, LeftOut, Quarantined
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.posting import Side
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Covers, Decision
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.pairing.settlement import NOTHING_SETTLED, Settlement, WithoutEffect
from sagerecon.pairing.standing import Standing
from sagerecon.planning.budget import Budget
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.plan import Plan
from sagerecon.planning.planner import Calendar, Provenance, plan_steps
from sagerecon.planning.settling import RunState
from sagerecon.reconciliation.accepted import with_accepted
from sagerecon.reconciliation.balances import tie_opening_control, tie_trial_balance
from sagerecon.reconciliation.open_items import OpenItem, open_items_held
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.subledger import tie_contacts
from sagerecon.reconciliation.tie_out import Adjustment, ControlPair, ExpectedBalance
from sagerecon.report.facts import Cover, ReportFacts, RunFacts
from sagerecon.report.reconciliation_document import reconciliation_document

CENT = Tolerance("rounding of lines", Decimal("0.01"), "Sage rounds tax line by line, the old system once")
COMPARISONS = {"open_bills": {"total_amount": Comparison(tolerance=CENT)}}


def edited_company() -> Company:
    """Return a company with one amount changed, one invoice deleted and one added in Sage."""
    company = small_company(capital="481.00")
    changed = Change("reference", "OAK-LTD-0001", "C1", "max_length 10", Place("mappings/customers.yaml", 9))
    company.drafts[0] = replace(company.drafts[0], changes=(changed,))
    company.outcomes = [
        *company.drafts,
        LeftOut("contact_opening_balance", "open_invoices/1007", "settled", "settled before the cut-over",
                (Place("invoices.csv", 7),), Decimal("60.00"), "invoice 1007"),
        Quarantined("contact_opening_balance", "open_invoices/1008",
                    (Finding("no_lines", Place("invoices.csv", 8), "invoice 1008 has no line.",
                             "Complete it in the source."),),
                    (Place("invoices.csv", 8),), Decimal("81.00"), "invoice 1008"),
    ]  # fmt: skip
    company.edit("open_invoices/1001", total_amount="121.0")
    company.edit("open_bills/1900", total_amount="100.01")
    company.delete("open_invoices/1003")
    company.hold(
        "contact_opening_balance",
        "added-by-hand",
        {
            "contact": {"id": "id-C2"},
            "contact_opening_balance_type": {"id": "INVOICE"},
            "reference": "OB-77",
            "date": "2017-03-30",
            "total_amount": "7.0",
            "created_at": "2017-04-03T09:00:00Z",
            "displayed_as": "OB-77",
        },
    )
    return company


def reconciled(company: Company) -> Reconciliation:
    """Return the reconciliation of the company with its tie-outs."""
    reconciliation = company.reconcile(COMPARISONS, last={}, tolerance_limit=Decimal("1.00"))
    expected = [
        ExpectedBalance("11", "Debtors", Decimal("481.00"), "1100"),
        ExpectedBalance("12", "Debtors, export", Decimal("43.50"), "1100"),
        ExpectedBalance("20", "Creditors", Decimal("-100.00"), "2100"),
        ExpectedBalance("30", "Current account", Decimal("56.50"), "1200"),
        ExpectedBalance("40", "Capital", Decimal("-431.00"), "3000"),
    ]
    adjustments = [
        Adjustment("3000", Decimal("-50.00"), "result of the year", "The source has no account for it.")
    ]
    balances = company.trial_balance(
        c1100="212.50", c2100="-100.01", c1200="56.50", c3000="-481.00", c9999="312.01"
    )
    accounts, verdicts = company.accounts(), reconciliation.verdicts
    drafts = [outcome for outcome in company.outcomes if isinstance(outcome, Draft)]
    held, written = list(company.sage.values()), company.written
    identities = Identities(written, held, CATALOG)
    unsent = OpenItem("customers/C2", "Ash Ltd", "invoice 1008", Decimal("81.00"), date(2016, 12, 1))
    return reconciliation.with_tie_outs(
        (
            tie_trial_balance(expected, balances, AS_AT, adjustments=adjustments, accounts=accounts,
                              verdicts=verdicts),
            tie_contacts("debtors", "Debtors per customer",
                         [*open_items_wanted(drafts, Side.CUSTOMER, CATALOG), unsent],
                         open_items_held(held, identities, Side.CUSTOMER, CATALOG, AS_AT), AS_AT,
                         control=ControlPair("1100", "Trade Debtors", Decimal("524.50"), Decimal("212.50")),
                         verdicts=verdicts),
            tie_contacts("creditors", "Creditors per supplier",
                         open_items_wanted(drafts, Side.VENDOR, CATALOG),
                         open_items_held(held, identities, Side.VENDOR, CATALOG, AS_AT), AS_AT,
                         control=ControlPair("2100", "Creditors", Decimal("-100.00"), Decimal("-100.01")),
                         verdicts=verdicts),
            tie_opening_control(balances, AS_AT, "9999", accounts=accounts, verdicts=verdicts),
        )
    )  # fmt: skip


def decision(standing: Standing, answer: DecisionAnswer, **more: Any) -> Decision:
    """Return a decision about one invoice, with an amount of 120.00."""
    facts = {
        "standing": standing,
        "kind": "contact_opening_balance",
        "answer": answer,
        "because": "agreed with the customer",
        "by": "J. Reviewer",
        "on": date(2017, 4, 3),
        "covers": Covers(1, Decimal("120.00"), "9f2c7e"),
    }
    return Decision(**{**facts, **more})


ACCEPTED = decision(
    Standing.EDITED_IN_SAGE, DecisionAnswer.ACCEPT, key="open_invoices/1001", until=date(2017, 6, 30)
)
KEPT = decision(
    Standing.DELETED_IN_SAGE,
    DecisionAnswer.ACCEPT,
    because="paid in cash",
    covers=Covers(2, Decimal("360.00"), "11aa22"),
)
LAPSED = decision(Standing.NEW, DecisionAnswer.LEAVE_OUT, key="open_invoices/1008", until=date(2017, 4, 3))
IDLE = decision(Standing.RENAMED_IN_SOURCE, DecisionAnswer.SAME_RECORD, rule="leading_zeros")


def settled() -> Settlement:
    """Return the decisions about the edited company: two in effect, one lapsed, one that nothing needs."""
    return Settlement(
        by_record={
            ("contact_opening_balance", "open_invoices/1001"): ACCEPTED,
            ("contact_opening_balance", "open_invoices/1003"): KEPT,
        },
        lapsed=(WithoutEffect(LAPSED, "it held until 2017-04-03"),),
        idle=(IDLE,),
    )


def plan_of(company: Company) -> Plan:
    """Return the plan of the company's migration."""
    return plan_steps(
        pair_with_recorded(company.outcomes, Recorded(), CATALOG),
        KnownEntities(fingerprint="0" * 64),
        CATALOG,
        Budget(100, 2500),
        Provenance("business-1", "a" * 64, "b" * 64, "c" * 64),
        Calendar(instant("2017-04-01T08:00:00Z")),
    )


def cover(company: str = "Oakbridge Trading Ltd") -> Cover:
    return Cover(
        company=company,
        cut_over=AS_AT,
        created_on=date(2017, 4, 4),
        source="QuickBooks Online",
        business="business-1",
        tool_version="0.1.0",
        fingerprints={"snapshot": "a1" * 32, "mappings": "b2" * 32, "catalog": "c3" * 32},
        files=(("invoices.csv", "d4" * 32, 8), ("customers.csv", "e5" * 32, 3)),
    )


def facts(company: Company | None = None, settlement: Settlement = NOTHING_SETTLED) -> ReportFacts:
    company = company or edited_company()
    run = RunFacts(
        id="0f0f0f0f0f0f0f0f",
        plan="0f" * 32,
        state=RunState.FINISHED,
        calls=CallTotal(3564, 2, 3),
        calls_by_day=(
            (date(2017, 4, 1), CallTotal(2240, 1, 0)),
            (date(2017, 4, 2), CallTotal(1310, 1, 3)),
            (date(2017, 4, 3), CallTotal(14, 0, 0)),
        ),
        calls_of_all={
            "loads": CallTotal(3564, 2, 3),
            "readings": CallTotal(21, 0, 0),
            "sign-ins and others": CallTotal(5, 0, 0),
        },
        uncertain=("invoice 1001", "invoice 1002"),
        calls_planned=3560,
        lower_bound=3544,
        lower_bound_reason="16 calls for further pages of what Sage holds",
        limit_per_day=2500,
        reserve=250,
        resumed=1,
        started_at="2017-04-01T08:00:00Z",
        finished_at="2017-04-03T09:12:00Z",
    )
    finding = Finding("receivables", Place("invoices.csv", 4), "Debtors and open invoices differ by 50.00.",
                     "Look at invoice 1039.", Severity.WARNING)  # fmt: skip
    document = reconciliation_document(with_accepted(reconciled(company), settlement, ()))
    return ReportFacts(cover(), document, plan_of(company), run, (finding,))
