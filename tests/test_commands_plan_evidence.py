"""A plan made after a reconciliation says of each record what the reconciliation said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from test_commands_looks import edit, parties, plan_again, the_id, write

from sagerecon.planning.plan import Plan
from sagerecon.planning.step import Action


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of which three customers are loaded; then one is edited and one deleted in Sage."""
    with signed_in(write(tmp_path, 3)) as opened:
        opened.load()
        edit(opened, "C1", name="Oak by hand")
        assert opened.by_other_hand("DELETE", f"/contacts/{the_id(opened, 'C2')}").status in (200, 204)
        yield opened


def actions(plan: Plan) -> dict[str, Action]:
    return {step.key.partition("/")[2]: step.action for step in plan.steps if step.kind == "contact"}


def test_a_plan_names_what_the_reconciliation_found_edited_and_deleted(move: Move) -> None:
    move.reconcile()
    found = actions(plan_again(move, parties(3)))
    assert (found["C1"], found["C2"], found["C3"]) == (Action.KEEP, Action.WAIT, Action.SKIP)


def test_it_does_so_too_where_the_source_has_changed_as_well(move: Move) -> None:
    move.reconcile()
    found = actions(plan_again(move, parties(3, " Ltd")))
    assert (found["C1"], found["C2"], found["C3"]) == (Action.WAIT, Action.WAIT, Action.UPDATE)


def test_nothing_is_concluded_where_no_reconciliation_has_read_sage(move: Move) -> None:
    assert set(actions(plan_again(move, parties(3))).values()) == {Action.SKIP}
