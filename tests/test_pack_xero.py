"""Move a Xero organisation in several currencies by opening items, to the cent in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from moves import SHARED, Move, move
from pack_moves import left_out, snapshot
from small_xero import TABLES, write_export

from sagerecon.commands import plans, preparation
from sagerecon.model.draft import Draft, Outcome, Quarantined
from sagerecon.model.errors import OtherBooksError, ValidationError
from sagerecon.model.money import grouped, total
from sagerecon.pairing.consequences import Verdict
from sagerecon.project.store import open_store
from sagerecon.reconciliation.tie_out import TieOut
from sagerecon.runner.run import Ended

COMPANY = SHARED / "data" / "xero-company"

needs_company = pytest.mark.skipif(
    not COMPANY.exists(), reason="the Xero company lies in ../shared/data, which is absent"
)

CANADA = {
    "country: GB": "country: CA",
    "currency: GBP": "currency: CAD",
    "2026-12-31        #": "2021-03-17        #",
}


@contextmanager
def moving(folder: Path, data: Path, card: str, changes: Mapping[str, str] = {}) -> Iterator[Move]:
    """Yield the move of a project whose crosswalk has a row for the bank account without a code."""
    with move(folder, "xero", data, changes) as opened:
        with (opened.folder / "crosswalks" / "accounts.csv").open("a") as table:
            table.write(f"{card},10101,\n")
        yield opened


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Move]:
    with moving(tmp_path / "project", write_export(tmp_path / "data"), "Company Card") as opened:
        yield opened


def drafts(outcomes: tuple[Outcome, ...], mapping: str) -> dict[str, Draft]:
    return {o.key.partition("/")[2]: o for o in outcomes if isinstance(o, Draft) and o.mapping == mapping}


def reconciled(moved: Move) -> dict[str, TieOut]:
    reconciliation = moved.reconcile().reconciliation
    assert [(v.label, v.reason) for v in reconciliation.open_verdicts] == []
    assert reconciliation.ties_out
    return {tie_out.name: tie_out for tie_out in reconciliation.tie_outs}


def test_a_contact_becomes_one_for_each_side_and_currency(small: Move) -> None:
    outcomes = snapshot(small).outcomes
    customers = {key: d.body["name"] for key, d in drafts(outcomes, "customers").items()}
    assert customers == {"c1|GBP": "Elm Ltd", "c1|USD": "Elm Ltd (USD)", "c2|USD": "Fir Inc"}
    suppliers = {key: d.body["name"] for key, d in drafts(outcomes, "suppliers").items()}
    assert suppliers == {"c1|EUR": "Elm Ltd"}
    assert left_out(outcomes) == {
        "other_contacts/c3": "never_traded",
        "open_sales/INVOICE|i4": "settled",
        "open_sales/INVOICE|i5": "void",
        "open_bills/INVOICE|i7": "not_approved",
        "analysis_categories/t1|o3": "not_in_use",
        "analysis_categories/t2|o2": "no_type",
    }
    assert not any(isinstance(o, Quarantined) for o in outcomes)


def test_open_items_keep_their_currency_and_rate(small: Move) -> None:
    items = drafts(snapshot(small).outcomes, "open_sales")
    kept = {
        key: tuple(str(item.body.get(name)) for name in ("total_amount", "currency_id", "exchange_rate"))
        for key, item in items.items()
    }
    assert kept == {
        "INVOICE|i1": ("100.00", "GBP", "None"),
        "INVOICE|i2": ("100.00", "USD", "1.3000000000"),
        "INVOICE|i3": ("100.00", "USD", "1.3000000000"),
        "CREDIT_NOTE|n1": ("10.00", "USD", "1.2500000000"),
    }
    amounts = {key: str(item.amount) for key, item in items.items()}
    assert amounts == {
        "INVOICE|i1": "100.00",
        "INVOICE|i2": "76.92",
        "INVOICE|i3": "76.92",
        "CREDIT_NOTE|n1": "-8.00",
    }
    assert items["INVOICE|i3"].body["details"] == "Invoice INV-3 for 150.00 USD, of which 100.00 remains"


def test_open_documents_of_one_number_are_kept_apart(tmp_path: Path) -> None:
    bills = """
        8c41,c2,2026-12-05,2027-01-04,6,6,GBP,1,INV-1,AUTHORISED,ACCPAY
        97b0,c1,2026-12-05,2027-01-04,7,7,GBP,1,INV-1,AUTHORISED,ACCPAY
    """
    data = write_export(tmp_path / "data", invoice=TABLES["invoice"].rstrip() + bills)
    with moving(tmp_path / "project", data, "Company Card") as moved:
        outcomes = snapshot(moved).outcomes
    assert not any(isinstance(o, Quarantined) for o in outcomes)
    items = {**drafts(outcomes, "open_sales"), **drafts(outcomes, "open_bills")}
    references = {key: item.body["reference"] for key, item in items.items()}
    assert references["INVOICE|i1"] == "INV-1-i1"
    assert references["INVOICE|8c41"] == "INV-1-8c41"
    assert references["INVOICE|97b0"] == "INV-1-97b0"
    assert references["INVOICE|i2"] == "INV-2"
    (change,) = items["INVOICE|8c41"].changes
    assert (change.field, change.before, change.after) == ("reference", "INV-1", "INV-1-8c41")


def test_a_small_organisation_ties_out_in_every_currency(small: Move) -> None:
    outcome = small.load()
    assert outcome.ended is Ended.FINISHED, outcome
    ties = reconciled(small)
    assert {name: grouped(tie.totals.sage) for name, tie in ties.items()} == {
        "trial_balance": "0.00",
        "debtors": "245.84",
        "debtors_usd": "190.00",
        "creditors": "50.00",
        "creditors_eur": "60.00",
        "bank": "987.50",
        "opening_control": "0.00",
    }
    assert ties["debtors_usd"].about == "Debtors per customer in USD"
    entries = [entry for line in ties["trial_balance"].lines for entry in line.adjustments]
    assert [(e.target, e.amount, e.reason) for e in entries] == [
        ("1100", Decimal("-0.01"), "rounding: the open invoices, each converted at its own rate"),
        ("10860", Decimal("0.01"), "rounding: the other side of the open invoices"),
    ]


def test_a_changed_foreign_amount_is_found_in_both_currencies(small: Move) -> None:
    small.load()
    with open_store(small.project, small.clock) as store:
        written = {w.key: w for w in store.company(small.project.business.id).history.written()}
    small.clock.sleep(3_600_000)
    edited = written["open_sales/INVOICE|i2"].sage_id
    path, change = f"/contact_opening_balances/{edited}", {"total_amount": "113.00"}
    assert small.by_other_hand("PUT", path, {"contact_opening_balance": change}).status == 200
    reconciliation = small.reconcile().reconciliation
    assert [(v.verdict, v.sage_id) for v in reconciliation.open_verdicts] == [(Verdict.EDITED, edited)]
    gaps = {t.name: t.totals.difference for t in reconciliation.tie_outs if not t.ties}
    assert gaps == {
        "debtors": Decimal("10.00"),
        "debtors_usd": Decimal("13.00"),
        "trial_balance": Decimal("0.00"),
        "opening_control": Decimal("-10.00"),
    }
    (line,) = (
        line for t in reconciliation.tie_outs if t.name == "debtors" for line in t.lines if line.records
    )
    assert (line.explained, line.remainder) == (Decimal("10.00"), Decimal())


def test_an_item_added_by_another_user_counts_in_the_base_currency(small: Move) -> None:
    small.load()
    with open_store(small.project, small.clock) as store:
        written = {w.key: w for w in store.company(small.project.business.id).history.written()}
    small.clock.sleep(3_600_000)
    body = {
        "contact_opening_balance_type_id": "INVOICE",
        "contact_id": written["customers/c2|USD"].sage_id,
        "date": "2026-12-30",
        "reference": "EXTRA",
        "total_amount": "130.00",
        "exchange_rate": "1.3",
    }
    added = small.by_other_hand("POST", "/contact_opening_balances", {"contact_opening_balance": body})
    assert added.status == 201, added
    (extra,) = small.reconcile().reconciliation.open_verdicts
    assert (extra.verdict, extra.amount) == (Verdict.EXTRA, Decimal("100.00"))


def test_results_of_earlier_years_are_retained_earnings(tmp_path: Path) -> None:
    changes = {"year_start: null": "year_start: '2026-04-01'"}
    data = write_export(tmp_path / "data")
    with moving(tmp_path / "project", data, "Company Card", changes) as moved:
        (journal,) = drafts(snapshot(moved).outcomes, "opening_journal").values()
        lines = {line["details"]: line["credit"] for line in journal.body["journal_lines"] if line["credit"]}  # type: ignore[index,union-attr,call-overload]
        assert lines == {"Sales": Decimal("245.85"), "Retained Earnings": Decimal("1000.00")}


def test_more_than_rounding_stops_the_plan(tmp_path: Path) -> None:
    lines = TABLES["journal_line"].replace("245.85", "245.75")
    data = write_export(tmp_path / "data", journal_line=lines)
    with moving(tmp_path / "project", data, "Company Card") as moved:
        snapshot(moved)
        with pytest.raises(ValidationError) as refused:
            plans.plan(moved.project, moved.clock)
        messages = "\n".join(map(str, refused.value.findings))
        assert "opening control account would end at -0.09" in messages
        assert "Accounts Receivable: 0.09 less than open invoices" in messages


def test_a_business_without_multi_currency_is_an_error(tmp_path: Path) -> None:
    data = write_export(tmp_path / "data")
    with moving(
        tmp_path / "project", data, "Company Card", {"multi_currency: true": "multi_currency: false"}
    ) as moved:
        moved.set("multi_currency: false", "multi_currency: true")
        with pytest.raises(OtherBooksError, match="multi currency enabled is False, not True"):
            moved.load()


@needs_company
def test_a_company_in_three_currencies_ties_out_to_the_cent(tmp_path: Path) -> None:
    with moving(tmp_path / "project", COMPANY, "Business American Express", CANADA) as moved:
        outcomes = snapshot(moved).outcomes
        sales, bills = drafts(outcomes, "open_sales"), drafts(outcomes, "open_bills")
        assert (len(sales), len(bills)) == (13, 3)
        in_currency = {
            currency: total(
                item.body["total_amount"] for item in sales.values() if item.body["currency_id"] == currency
            )  # type: ignore[misc]
            for currency in ("GBP", "USD")
        }
        assert in_currency == {"GBP": Decimal(12_735), "USD": Decimal(30_106)}
        assert total(item.amount or Decimal() for item in sales.values()) == Decimal("60596.17")
        assert total(item.amount or Decimal() for item in bills.values()) == Decimal("-88.46")
        assert moved.load().ended is Ended.FINISHED
        ties = reconciled(moved)
    balances = ties["trial_balance"]
    assert len([line for line in balances.lines if line.source]) == 38
    assert total(max(line.source, Decimal()) for line in balances.lines) == Decimal("569351.62")
    receivable = next(line for line in balances.lines if line.code == "1100")
    assert (receivable.source, receivable.sage) == (Decimal("60596.16"), Decimal("60596.17"))
    assert [(e.amount, e.reason) for e in receivable.adjustments] == [
        (Decimal("0.01"), "rounding: the open invoices, each converted at its own rate")
    ]
    assert {name: ties[name].totals.sage for name in ties if name.startswith(("debtors", "creditors"))} == {
        "debtors": Decimal("60596.17"),
        "debtors_gbp": Decimal(12_735),
        "debtors_usd": Decimal(30_106),
        "creditors": Decimal("88.46"),
        "creditors_usd": Decimal("58.86"),
    }


@needs_company
@pytest.mark.parametrize(
    ("day", "accounts", "debits"),
    [("2020-02-29", 33, "141437.13"), ("2021-02-28", 36, "571697.08"), ("2021-03-17", 38, "569351.62")],
)
def test_the_trial_balance_at_three_days(tmp_path: Path, day: str, accounts: int, debits: str) -> None:
    changes = {**CANADA, "2026-12-31        #": f"{day}        #"}
    with moving(tmp_path / "project", COMPANY, "Business American Express", changes) as moved:
        snapshot(moved)
        expected = preparation.prepare(moved.project).expectations.balances or ()
        assert len(expected) == accounts
        assert total(max(balance.amount, Decimal()) for balance in expected) == Decimal(debits)
