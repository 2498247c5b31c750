"""Move the QuickBooks sample company by opening items: stories C1 to C6 and F6, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from moves import QBO, Move, move, needs_qbo

from sagerecon.commands import plans, reports, sources
from sagerecon.model.draft import Draft, LeftOut, Quarantined
from sagerecon.model.errors import OtherBooksError, SagereconError, SourceError, ValidationError
from sagerecon.model.money import total
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.step import ReadStep
from sagerecon.project.store import open_store
from sagerecon.reconciliation.verdict import FirstSeen
from sagerecon.runner.run import Ended

pytestmark = needs_qbo

NAMED = {"result_account: null": "result_account: Retained Earnings"}


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    with move(tmp_path / "project", "quickbooks", QBO, NAMED) as opened:
        yield opened


def sentences(found: tuple[object, ...]) -> str:
    return "\n".join(str(finding) for finding in found)


def test_c1_receivables_are_stated_three_ways_and_the_gap_is_named(moving: Move) -> None:
    prepared = sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    messages = sentences(prepared.findings)
    for figure in ("5,493.52", "5,443.52", "5,281.52", "invoice 1039", "50.00", "invoice 1038", "162.00"):
        assert figure in messages
    assert "1,602.67" in messages


def test_c2_open_documents_are_moved_with_their_open_amount(moving: Move) -> None:
    prepared = sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    sales = [o for o in prepared.outcomes if isinstance(o, Draft) and o.mapping == "open_sales"]
    assert len(sales) == 22
    assert total(draft.amount or Decimal() for draft in sales) == Decimal("5493.52")
    remains = {draft.body["reference"]: draft.body["total_amount"] for draft in sales}
    assert (remains["1021"], remains["1005"], remains["1007"]) == (
        Decimal("239"),
        Decimal("4"),
        Decimal("450"),
    )
    partly = next(draft for draft in sales if draft.body["reference"] == "1021")
    assert "459.00" in str(partly.body["details"])
    assert not any(draft.body["contact_opening_balance_type_id"] == "CREDIT_NOTE" for draft in sales)
    bills = [o for o in prepared.outcomes if isinstance(o, Draft) and o.mapping == "open_bills"]
    assert len(bills) == 5
    assert total(draft.body["total_amount"] for draft in bills) == Decimal("1602.67")  # type: ignore[misc]


def test_c3_the_plan_asks_for_the_account_that_carries_the_result(tmp_path: Path) -> None:
    with move(tmp_path / "project", "quickbooks", QBO) as unnamed:
        sources.snapshot(unnamed.project, unnamed.clock, lambda _file, _rows: None)
        with pytest.raises(ValidationError) as refused:
            plans.plan(unnamed.project, unnamed.clock)
        messages = sentences(refused.value.findings)
        assert "1,692.46" in messages and "result_account" in messages
        unnamed.set(*next(iter(NAMED.items())))
        assert plans.plan(unnamed.project, unnamed.clock).header.calls > 0


def test_c4_sub_customers_are_kept_or_joined_by_choice(tmp_path: Path) -> None:
    for choice, contacts in (("keep", 29), ("join", 26)):
        changes = {**NAMED, "sub_customers: keep": f"sub_customers: {choice}"}
        with move(tmp_path / choice, "quickbooks", QBO, changes) as moved:
            prepared = sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None)
            customers = [o for o in prepared.outcomes if o.key.startswith("customers/")]
            assert sum(isinstance(o, Draft) for o in customers) == contacts
            messages = sentences(prepared.findings) + "".join(
                str(c.rule) for o in customers if isinstance(o, Draft) for c in o.changes
            )
            if choice == "keep":
                assert "parent:child" in messages
            else:
                merged = [o for o in customers if isinstance(o, LeftOut)]
                assert [o.merged_into for o in merged] == ["customers/7", "customers/7", "customers/22"]
            assert len([o for o in prepared.outcomes if o.key.startswith("open_sales/INVOICE")]) == 33
            assert not any(isinstance(o, Quarantined) for o in prepared.outcomes)


def test_c5_an_invoice_that_cannot_be_rebuilt_is_an_error(moving: Move) -> None:
    folder = moving.folder
    (folder / "whole_documents" / "sales_invoices.yaml").rename(folder / "mappings" / "sales_invoices.yaml")
    (folder / "mappings" / "open_sales.yaml").unlink()
    prepared = sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    invoices = [o for o in prepared.outcomes if o.key.startswith("sales_invoices/")]
    refused = {o.label: o for o in invoices if isinstance(o, Quarantined)}
    assert "no sales line" in str(refused["invoice 1013"].findings[0])
    assert refused["invoice 1013"].amount == Decimal("81.00")


def test_c6_payments_without_their_bills_are_ten_findings_and_the_rest_proceeds(moving: Move) -> None:
    prepared = sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    missing = [finding for finding in prepared.findings if finding.code == "bill_payment_without_bill"]
    assert len(missing) == 10
    assert moving.load().ended is Ended.FINISHED


def test_everything_ties_out_and_changes_in_sage_are_found(moving: Move) -> None:
    outcome = moving.load()
    assert outcome.ended is Ended.FINISHED, outcome
    assert not any(outcome.counts.get(word) for word in ("quarantined", "blocked", "parked"))
    reconciled = moving.reconcile().reconciliation
    assert [str(v.reason) for v in reconciled.open_verdicts] == []
    assert {t.name for t in reconciled.tie_outs} == {
        "trial_balance",
        "debtors",
        "creditors",
        "bank",
        "opening_control",
    }
    for tie_out in reconciled.tie_outs:
        assert tie_out.ties, (tie_out.name, [line for line in tie_out.lines if line.difference])
    assert reconciled.ties_out

    # F6: one amount edited, one record deleted, one added, by another user
    with open_store(moving.project, moving.clock) as store:
        written = {w.key: w for w in store.company(moving.project.business.id).history.written()}
    moving.clock.sleep(3_600_000)
    edited = written["open_sales/INVOICE|67"].sage_id
    reply = moving.by_other_hand(
        "PUT", f"/contact_opening_balances/{edited}", {"contact_opening_balance": {"total_amount": "240.00"}}
    )
    assert reply.status == 200, reply
    deleted = written["open_bills/19"].sage_id
    assert moving.by_other_hand("DELETE", f"/contact_opening_balances/{deleted}").status == 204
    added = moving.by_other_hand(
        "POST",
        "/contact_opening_balances",
        {
            "contact_opening_balance": {
                "contact_opening_balance_type_id": "INVOICE",
                "contact_id": written["customers/1"].sage_id,
                "date": "2017-03-30",
                "reference": "EXTRA1",
                "total_amount": "10.00",
            }
        },
    )
    assert added.status == 201, added

    found = moving.reconcile().reconciliation.open_verdicts
    assert {v.verdict: v.sage_id for v in found} == {
        Verdict.EDITED: edited,
        Verdict.DELETED: deleted,
        Verdict.EXTRA: added.body["id"],
    }
    by_verdict = {v.verdict: v for v in found}
    assert str(by_verdict[Verdict.EDITED].origins[0]).startswith("invoices.json")
    assert str(by_verdict[Verdict.DELETED].origins[0]).startswith("bills_open_only.json")
    assert {v.first_seen for v in found} == {FirstSeen.NOW}
    reports.report(moving.project, moving.clock)
    page = (moving.folder / "reports" / "report.json").read_text()
    assert '"first_seen": "now"' in page and '"earlier"' not in page  # as in the reconciliation it reports
    again = moving.reconcile().reconciliation.open_verdicts
    assert {v.id for v in again} == {v.id for v in found}
    assert {v.first_seen for v in again} == {FirstSeen.EARLIER}


def test_a_business_with_other_settings_is_an_error(tmp_path: Path) -> None:
    with move(tmp_path / "project", "quickbooks", QBO, NAMED) as moved:
        moved.set("currency: USD", "currency: GBP")
        moved.set("cut_over: 2017-03-31", "cut_over: 2017-04-30")
        moved.set("as_at: 2017-03-31", "as_at: 2017-04-30")
        with pytest.raises(OtherBooksError) as refused:
            moved.load()
        assert "base currency is USD, not GBP" in refused.value.message
        assert "accounts start date is 2017-04-01, not 2017-05-01" in refused.value.message
        assert moved.by_other_hand("GET", "/contacts", exclude_system="true").body["$total"] == 0


@pytest.mark.parametrize(
    "name", ["invalid_json.txt", "empty.json", "not_json.txt", "credit_memos_other_company.json"]
)
def test_wrong_files_are_an_error_with_a_message(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in QBO.glob("*.json"):
        (data / path.name).write_bytes(path.read_bytes())
    (data / "invoices.json").write_bytes((QBO / "broken" / name).read_bytes())
    with move(tmp_path / "project", "quickbooks", data, NAMED) as moved:
        with pytest.raises(SagereconError) as refused:
            sources.snapshot(moved.project, moved.clock, lambda _file, _rows: None)
        assert isinstance(refused.value, SourceError | ValidationError)
        assert "invoices.json" in str(refused.value) + sentences(getattr(refused.value, "findings", ()))
        assert not moved.project.snapshot_file.exists()


def test_the_plan_accounts_for_every_record(moving: Move) -> None:
    prepared = sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    made = plans.plan(moving.project, moving.clock)
    steps = [step for step in made.steps if not isinstance(step, ReadStep)]
    assert len(steps) == len(prepared.outcomes)
    assert made.header.calls == sum(step.calls for step in made.steps)
