"""Tie-outs at the network door: codes in any spelling, and what a tie-out does not show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_books import write_small_books

from sagerecon.commands import plans, runs, sources
from sagerecon.model.clock import HOUR
from sagerecon.pairing.consequences import Verdict
from sagerecon.reconciliation.tie_out import TieOut
from sagerecon.rehearsal.clock import SkewedClock


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    with signed_in(write_small_books(tmp_path)) as move:
        yield move


def tie_outs(move: Move) -> dict[str, TieOut]:
    return {tie.name: tie for tie in move.reconcile().reconciliation.tie_outs}


def test_a_crosswalk_target_with_leading_zeros_is_sages_account(moving: Move) -> None:
    crosswalk = moving.folder / "crosswalks/nominals.csv"
    crosswalk.write_text(crosswalk.read_text().replace("VANS,30", "VANS,0030"))
    moving.load()
    tie = tie_outs(moving)["trial_balance"]
    assert tie.ties and "30" in [line.code for line in tie.lines]


def test_a_tie_out_names_the_kinds_that_it_does_not_include(moving: Move) -> None:
    moving.load()
    ties = tie_outs(moving)
    (note,) = ties["debtors"].notes
    assert note.startswith("Not included, because they were not read: ") and "sales invoice" in note
    assert ties["trial_balance"].notes == ties["opening_control"].notes == ()


def test_a_record_deleted_after_a_load_by_a_clock_that_was_ahead_is_deleted_in_sage(moving: Move) -> None:
    ahead = SkewedClock(moving.clock, 49 * HOUR)
    sources.snapshot(moving.project, ahead, lambda _file, _rows: None)
    plans.plan(moving.project, ahead)
    runs.apply(moving.project, ahead, moving.session)
    moving.clock.sleep(HOUR)
    (found,) = (
        item
        for item in moving.by_other_hand("GET", "/contact_opening_balances", attributes="all").body["$items"]
        if item["reference"] == "N1"
    )
    assert moving.by_other_hand("DELETE", f"/contact_opening_balances/{found['id']}").status == 204
    moving.clock.sleep(HOUR)
    (verdict,) = (v for v in moving.reconcile().reconciliation.open_verdicts if v.key == "documents/N1")
    assert verdict.verdict is Verdict.DELETED
