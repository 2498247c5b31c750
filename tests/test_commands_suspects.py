"""Plan, reconciliation and the list of decisions say the same about each record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import write_small_trade
from test_commands_already_in_sage import decide, lost_with_an_edit, records, replan
from test_store_distrust import apply, plan

from sagerecon.commands import decisions, sources
from sagerecon.commands.reconciliations import Reconciled
from sagerecon.model.clock import MINUTE
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.standing import standing
from sagerecon.planning.step import AdoptStep, WaitStep
from sagerecon.reconciliation.verdict import RecordVerdict


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
