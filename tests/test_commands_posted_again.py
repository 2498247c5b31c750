"""What changed and cannot be updated is deleted and created again; a store that was restored does neither."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from moves import Move
from small_trade import DOCUMENTS
from test_commands_reversals import (
    apply,
    held,
    move,
    order,
    plan,
    requests,
    sage_id,
    source,
    take,
    total,
    verdicts,
    without,
)
from test_store_distrust import forget_witness, restore_copy, sign_in, store_of

from sagerecon.commands import decisions, runs
from sagerecon.model.errors import IncompleteStoreError, ProjectError
from sagerecon.pairing.groups import decide_command_of
from sagerecon.planning.step import QuarantinedStep
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended

__all__ = ["move"]


def test_what_changed_and_cannot_be_updated_is_posted_again(move: Move) -> None:
    journal, count = sage_id(move, "journal", "journals/J1"), total(move, "journals")
    source(move, DOCUMENTS.replace("J1,J,,2017-02-05,7.00", "J1,J,,2017-02-05,9.00"))
    made = plan(move)
    (step,) = [step for step in made.steps if isinstance(step, QuarantinedStep)]
    assert step.findings[0].hint.endswith("Or decide: sagerecon decide show journals/J1")
    take(move, "journals/J1", "void_and_post_again")
    made = plan(move)
    assert order(made) == ["reverse journals/J1", "create journals/J1"]
    assert (made.header.calls, made.header.lower_bound) == (4, 4)
    with requests(move) as sent:
        counts = apply(move)
    assert (counts[Event.REVERSED], counts[Event.CREATED]) == (1, 1)
    assert (sent, total(move, "journals")) == (["DELETE journals", "POST journals"], count)
    now = sage_id(move, "journal", "journals/J1")
    assert now not in ("", journal)
    assert held(move, "journals", journal).status == 404
    assert held(move, "journals", now).body["total"] == "9.0"
    assert verdicts(move) == ({}, [])
    assert order(plan(move)) == []


def test_what_changed_and_cannot_be_updated_waits_in_the_list_and_is_decided_as_a_group(move: Move) -> None:
    changed = DOCUMENTS.replace("J1,J,,2017-02-05,7.00", "J1,J,,2017-02-05,9.00")
    assert "I2,I,P1,2017-02-01" in changed
    source(move, changed.replace("I2,I,P1,2017-02-01", "I2,I,P1,2017-02-02"))
    found = decisions.decidable(move.project, move.clock)
    (group,) = found.waiting
    assert (group.name, len(group.positions)) == ("journal:source_changed", 1)
    assert decide_command_of(group).startswith("sagerecon decide take journal:source_changed ANSWER")
    (finding,) = [one for one in move.reconcile().reconciliation.open_verdicts if one.kind == "journal"]
    assert finding.remedy == (
        "Sage has no update for a journal. Correct it there, or decide: sagerecon decide show journals/J1"
    )
    take(move, "journal:source_changed", "keep")
    assert decisions.decidable(move.project, move.clock).waiting == ()
    assert not [step for step in plan(move).steps if isinstance(step, QuarantinedStep)]


def test_an_invoice_is_posted_again_with_its_receipt_only_if_that_is_decided_too(move: Move) -> None:
    """Sage lets no invoice be deleted that a receipt is allocated to."""
    changed = DOCUMENTS.replace("I1,I,P1", "I1,I,P2").replace("R1,R,P1", "R1,R,P2")
    source(move, changed)
    with pytest.raises(ProjectError, match="R1 refers to it; void_and_post_again that first, or keep it"):
        take(move, "invoices/I1", "void_and_post_again")
    take(move, "receipts/R1", "void_and_post_again")
    take(move, "invoices/I1", "void_and_post_again")
    steps = ["reverse receipts/R1", "reverse invoices/I1", "create invoices/I1", "create receipts/R1"]
    assert order(plan(move)) == steps
    with requests(move) as made:
        assert apply(move)[Event.CREATED] == 2
    assert made == [
        "DELETE contact_payments",
        "DELETE sales_invoices",
        "POST sales_invoices",
        "POST contact_payments",
    ]
    assert verdicts(move) == ({}, [])


@pytest.mark.parametrize("is_here", [True, False], ids=["with a witness", "on another machine"])
def test_a_store_restored_from_before_deletes_and_creates_nothing_again(
    move: Move, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_here: bool
) -> None:
    changed = DOCUMENTS.replace("J1,J,,2017-02-05,7.00", "J1,J,,2017-02-05,9.00")
    source(move, without("I2", text=changed))
    take(move, "invoices/I2")
    take(move, "journals/J1", "void_and_post_again")
    plan(move)
    copy = tmp_path / "copy.sqlite"
    shutil.copy(store_of(move), copy)
    assert apply(move)[Event.REVERSED] == 2
    count = total(move, "journals")
    restore_copy(move, copy)
    if not is_here:
        forget_witness(monkeypatch, tmp_path / "elsewhere")
    sign_in(move)
    plan(move)
    with requests(move) as made:
        with pytest.raises(IncompleteStoreError):
            runs.apply(move.project, move.clock, move.session)
        outcome = runs.apply(move.project, move.clock, move.session, distrust_store=True)
    assert (outcome.counts[Event.ADOPTED], outcome.counts[Event.REVERSED]) == (1, 2)
    assert (made, total(move, "journals")) == ([], count)
    assert held(move, "journals", sage_id(move, "journal", "journals/J1")).body["total"] == "9.0"
    assert verdicts(move)[1] == []
    assert order(plan(move)) == []


def test_a_replacement_is_created_by_the_same_command_after_failures(move: Move) -> None:
    """The answer to the deletion is lost, the look fails until the run gives up, then the creation fails."""
    count = total(move, "journals")
    source(move, DOCUMENTS.replace("J1,J,,2017-02-05,7.00", "J1,J,,2017-02-05,9.00"))
    take(move, "journals/J1", "void_and_post_again")
    plan(move)
    move.faults.add(Trigger(1, "DELETE", "/journals"), Fault(FaultType.ANSWER_LOST))
    move.faults.add(Trigger(2, "GET", "/journals", times=3), Fault(FaultType.ERROR, status=503))
    move.faults.add(Trigger(1, "POST", "/journals"), Fault(FaultType.ERROR_SAVED))
    with requests(move) as made:
        outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.ended, outcome.to_do, made) == (Ended.UNFINISHED, 1, ["DELETE journals"])
        outcome = runs.apply(move.project, move.clock, move.session)
    assert (outcome.ended, outcome.counts[Event.CREATED]) == (Ended.FINISHED, 1)
    assert (made.count("DELETE journals"), total(move, "journals")) == (1, count)
    assert verdicts(move) == ({}, [])
