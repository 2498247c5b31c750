"""A reading that failed does not undo what an earlier one has found, for plan, proof and decisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from test_commands_last_reading import DELETED, EDITED, SAME, steps
from test_commands_looks import edit, parties, plan_again, the_id, write

from sagerecon.commands import decisions, runs
from sagerecon.commands.decisions import Choice
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.step import Action
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger

BY_HAND = {"name": "By hand", "contact_type_ids": ["CUSTOMER"]}
FORBIDDEN = Fault(FaultType.ERROR, status=403)

#: Which request to /contacts fails first: the listing itself, or what was deleted there.
FAILING = {"listing": 1, "deletions": 2}


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of three customers: one edited in Sage, one deleted; and another one entered there."""
    with signed_in(write(tmp_path, 3)) as opened:
        opened.load()
        opened.clock.sleep(60_000)
        edit(opened, EDITED, name="By hand")
        assert opened.by_other_hand("DELETE", f"/contacts/{the_id(opened, DELETED)}").status == 204
        assert opened.by_other_hand("POST", "/contacts", {"contact": BY_HAND}).status == 201
        opened.reconcile()
        yield opened


def reconcile_in_vain(move: Move, nth: int = 1) -> dict[str, Verdict]:
    """Reconcile while Sage refuses the contacts from the nth request on, and return the verdicts by key."""
    move.clock.sleep(60_000)
    faults = move.sage.faults
    move.sage.faults = ScheduledFaults([(Trigger(nth, "GET", "/contacts", times=99), FORBIDDEN)])
    found = move.reconcile().reconciliation
    move.sage.faults = faults
    return {str(verdict.key).partition("/")[2]: verdict.verdict for verdict in found.verdicts if verdict.key}


def decide(move: Move, name: str, answer: str) -> None:
    choice = Choice(answer=answer, because="agreed", by="Kim")
    decisions.take(move.project, move.clock, name, choice)


def waiting(move: Move) -> set[str]:
    found = decisions.decidable(move.project, move.clock)
    assert not found.settlement.lapsed
    return {at.key.rpartition("/")[2] for group in found.waiting for at in group.positions}


@pytest.mark.parametrize("request_", FAILING)
def test_records_stand_as_they_were_read_last(move: Move, request_: str) -> None:
    before = steps(move, parties(3))
    assert before == {
        EDITED: (Action.KEEP, "edited in Sage"),
        DELETED: (Action.WAIT, "deleted in Sage"),
        SAME: (Action.SKIP, None),
    }
    reconcile_in_vain(move, FAILING[request_])
    reconcile_in_vain(move, FAILING[request_])
    assert steps(move, parties(3)) == before


@pytest.mark.parametrize("request_", FAILING)
def test_what_sage_reported_as_deleted_stays_deleted(move: Move, request_: str) -> None:
    assert reconcile_in_vain(move, FAILING[request_])[DELETED] is Verdict.DELETED


def test_what_was_not_read_is_verified_no_more(move: Move) -> None:
    found = reconcile_in_vain(move)
    assert (found[EDITED], found[SAME]) == (Verdict.NOT_READ, Verdict.NOT_READ)


@pytest.mark.parametrize("request_", FAILING)
def test_a_decision_about_a_deleted_record_is_carried_out(move: Move, request_: str) -> None:
    decide(move, f"parties/{DELETED}", "write_again")
    reconcile_in_vain(move, FAILING[request_])
    assert steps(move, parties(3))[DELETED][0] is Action.CREATE
    runs.apply(move.project, move.clock, move.session)
    assert the_id(move, DELETED)
    found = move.reconcile().reconciliation
    assert {v.key: v.verdict for v in found.verdicts}[f"parties/{DELETED}"] is Verdict.VERIFIED


def test_a_record_that_is_missing_stays_missing(tmp_path: Path) -> None:
    """Lose a customer of whose deletion Sage never reported, because that listing failed each time."""
    with signed_in(write(tmp_path, 3)) as move:
        move.load()
        move.clock.sleep(60_000)
        assert move.by_other_hand("DELETE", f"/contacts/{the_id(move, DELETED)}").status == 204
        assert reconcile_in_vain(move, FAILING["deletions"])[DELETED] is Verdict.MISSING
        assert reconcile_in_vain(move, FAILING["listing"])[DELETED] is Verdict.NOT_READ
        assert steps(move, parties(3))[DELETED] == (Action.WAIT, "missing in Sage")


def test_an_edit_that_was_read_is_not_overwritten(move: Move) -> None:
    reconcile_in_vain(move)
    assert steps(move, parties(3, " Ltd"))[EDITED] == (Action.WAIT, "both changed")


def test_a_record_written_since_is_taken_as_written(move: Move) -> None:
    plan_again(move, parties(3, " Ltd"))
    runs.apply(move.project, move.clock, move.session)  # updates the one that nobody has touched
    reconcile_in_vain(move)
    assert steps(move, parties(3, " Ltd"))[SAME][0] is Action.SKIP


def test_what_another_user_entered_is_still_to_be_decided(move: Move) -> None:
    (entered,) = waiting(move) - {DELETED, EDITED}
    reconcile_in_vain(move)
    assert entered in waiting(move)
    decide(move, entered, "theirs")
    reconcile_in_vain(move)
    assert entered not in waiting(move)
    assert entered in {key for _, key in decisions.decidable(move.project, move.clock).settlement.by_record}
