"""Plan, reconciliation and the list of decisions say the same about each record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import write_small_trade
from test_commands_already_in_sage import decide, lost_with_an_edit, records, replan
from test_store_distrust import apply, delete_store, plan, sign_in

from sagerecon.commands import decisions, sources
from sagerecon.commands.reconciliations import Reconciled
from sagerecon.model.clock import DAY, MINUTE
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.standing import standing
from sagerecon.planning.step import AdoptStep, CreateStep, WaitStep
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.report.decisions_document import decisions_documents
from sagerecon.runner.progress import Event


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    with signed_in(write_small_trade(tmp_path / "project")) as opened:
        yield opened


def found(moving: Move) -> Mapping[str, RecordVerdict]:
    """Reconcile, and return the open verdicts by key; that of an entity without a record by its Sage id."""
    moving.clock.sleep(MINUTE)
    reconciled = moving.reconcile()
    assert isinstance(reconciled, Reconciled)
    return {at.key or at.sage_id: at for at in reconciled.reconciliation.open_verdicts}


def edit(moving: Move, **fields: Any) -> str:
    """Edit the invoice of Ash in Sage, and return its Sage id."""
    listed = moving.by_other_hand("GET", "/sales_invoices", attributes="all").body["$items"]
    (sage_id,) = [item["id"] for item in listed if item["contact"]["displayed_as"].startswith("Ash")]
    change = {"sales_invoice": fields}
    assert moving.by_other_hand("PUT", f"/sales_invoices/{sage_id}", change).status == 200
    return str(sage_id)


def lose_store(moving: Move) -> None:
    """Delete the store after a load, and rebuild it from Sage."""
    delete_store(moving, Path())
    moving.clock.sleep(8 * DAY)
    sign_in(moving)
    plan(moving)
    apply(moving, distrust_store=True)


def renumber(moving: Move, *changes: tuple[str, str]) -> None:
    """Change the source files, and freeze them again."""
    for path in (moving.project.folder / "data").glob("*.csv"):
        text = path.read_text()
        for before, now in changes:
            text = text.replace(before, now)
        path.write_text(text)
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)


def differing(moving: Move) -> dict[str, tuple[str, ...]]:
    """Return the fields that `decide show` names, by key."""
    shown = decisions.decidable(moving.project, moving.clock)
    return {at.key: differing_fields(at) for at in shown.positions if differing_fields(at)}


def test_what_waits_because_sage_may_hold_it_is_so_for_the_reconciliation_too(moving: Move) -> None:
    sage_id = lost_with_an_edit(moving)
    assert records(replan(moving), WaitStep) == ["invoices/I4", "receipts/R2"]
    verdicts = found(moving)
    assert {key: at.verdict for key, at in verdicts.items()} == {
        "invoices/I4": Verdict.ALREADY_IN_SAGE,
        "receipts/R2": Verdict.ALREADY_IN_SAGE,
    }  # and no entity is extra besides
    assert verdicts["invoices/I4"].sage_id == sage_id
    assert "due_date is '2017-06-30' and would be '2017-02-02'" in verdicts["invoices/I4"].reason
    assert verdicts["invoices/I4"].remedy.endswith("sagerecon decide list")
    (group, *_) = decisions.decidable(moving.project, moving.clock).waiting
    assert standing(group.positions[0]).value == verdicts["invoices/I4"].verdict.value
    decide(moving, "sales_invoice:already_in_sage", "adopt")
    assert records(replan(moving), AdoptStep) == ["invoices/I4"]


def test_an_edit_of_a_record_that_is_decided_to_be_renamed_is_not_overlooked(moving: Move) -> None:
    plan(moving)
    apply(moving)
    moving.clock.sleep(MINUTE)
    edit(moving, reference="changed")
    assert [d.field for d in found(moving)["invoices/I4"].differences] == ["reference"]
    renumber(moving, ("\nI4,", "\nI04,"))
    decide(moving, "invoices/I04", "same_record")
    assert differing(moving) == {"invoices/I04": ("reference",)}
    replan(moving)
    apply(moving)
    assert [d.field for d in found(moving)["invoices/I04"].differences] == ["reference"]
    assert differing(moving) == {"invoices/I04": ("reference",)}


def test_what_was_entered_by_hand_for_the_move_is_accepted_until_it_changes(moving: Move) -> None:
    plan(moving)
    apply(moving)
    moving.clock.sleep(MINUTE)
    added = {"contact": {"name": "Late Ltd", "contact_type_ids": ["CUSTOMER"]}}
    sage_id = str(moving.by_other_hand("POST", "/contacts", added).body["id"])
    assert found(moving)[sage_id].verdict is Verdict.EXTRA
    decide(moving, sage_id, "ours_by_hand")
    assert "answer: ours_by_hand" in (moving.folder / "decisions.yaml").read_text()
    moving.clock.sleep(MINUTE)
    reconciled = moving.reconcile()
    assert isinstance(reconciled, Reconciled)
    accepted = [(at.sage_id, at.needs_review) for at, _ in reconciled.reconciliation.accepted]
    assert accepted == [(sage_id, False)]
    (shown,) = decisions_documents(reconciled.reconciliation)
    assert (shown["effect"], shown["accepted"]) == ("in effect", 1)
    assert shown["meaning"] == "entered in Sage by hand as part of the migration"
    change = {"contact": {"name": "Later Ltd"}}
    assert moving.by_other_hand("PUT", f"/contacts/{sage_id}", change).status == 200
    assert found(moving)[sage_id].verdict is Verdict.EXTRA
    assert decisions.decidable(moving.project, moving.clock).settlement.lapsed


def test_one_entity_cannot_be_two_records_by_a_decision_about_their_group(moving: Move) -> None:
    """The invoices I1 and I2 are alike in everything, and after the store was lost Sage holds one, edited."""
    plan(moving)
    apply(moving)
    listed = moving.by_other_hand("GET", "/sales_invoices", attributes="all").body["$items"]
    spare, paid = sorted((i for i in listed if "Oak" in str(i)), key=lambda item: str(item["total_paid"]))
    change = {"sales_invoice": {"due_date": "2017-06-30"}}
    assert moving.by_other_hand("PUT", f"/sales_invoices/{paid['id']}", change).status == 200
    void = {"sales_invoice": {"void_reason": "entered twice"}}
    assert moving.by_other_hand("DELETE", f"/sales_invoices/{spare['id']}", void).status in (200, 204)
    lose_store(moving)
    assert {"invoices/I1", "invoices/I2"} <= set(records(replan(moving), WaitStep))
    with pytest.raises(ProjectError, match="cannot be both invoices/I1 and invoices/I2") as error:
        decide(moving, "sales_invoice:already_in_sage", "adopt")
    assert "decide keep_apart for all but one of them" in str(error.value)
    assert not (moving.folder / "decisions.yaml").exists()
    decide(moving, "invoices/I1", "adopt")
    with pytest.raises(ProjectError, match="cannot be both"):
        decide(moving, "invoices/I2", "adopt")
    decide(moving, "invoices/I2", "keep_apart")
    assert records(replan(moving), AdoptStep) == ["invoices/I1"]


@pytest.mark.parametrize("how", ["corrected", "deleted", "changed otherwise"])
def test_what_was_corrected_in_sage_needs_no_decision_after_a_reconciliation(moving: Move, how: str) -> None:
    listed = moving.by_other_hand("GET", "/ledger_accounts", items_per_page="200").body["$items"]
    sales, purchases = (
        next(item["id"] for item in listed if code in item["displayed_as"]) for code in ("4000", "5000")
    )
    by_hand = {
        "item_code": "G1",
        "description": "Screws",
        "sales_ledger_account_id": sales,
        "purchase_ledger_account_id": purchases,
    }
    reply = moving.by_other_hand("POST", "/products", {"product": by_hand})
    assert reply.status == 201, reply
    sage_id = str(reply.body["id"])
    plan(moving)
    apply(moving)
    assert "goods/G1" in records(replan(moving), WaitStep)
    assert found(moving)["goods/G1"].verdict is Verdict.ALREADY_IN_SAGE
    moving.clock.sleep(MINUTE)
    if how == "deleted":
        assert moving.by_other_hand("DELETE", f"/products/{sage_id}").status in (200, 204)
    else:
        change = {"product": {"description": "Bolts" if how == "corrected" else "Nails"}}
        assert moving.by_other_hand("PUT", f"/products/{sage_id}", change).status == 200
    assert "goods/G1" in records(replan(moving), WaitStep)  # nothing has read it since
    verdict = found(moving)["goods/G1"].verdict
    made = replan(moving)
    if how == "changed otherwise":
        assert "goods/G1" in records(made, WaitStep)
        assert verdict is Verdict.ALREADY_IN_SAGE
        return
    assert "goods/G1" in records(made, CreateStep)
    assert apply(moving).counts.get(Event.ADOPTED, 0) == (1 if how == "corrected" else 0)
    assert not any(isinstance(step, WaitStep) for step in replan(moving).steps)
    assert "goods/G1" not in found(moving)
