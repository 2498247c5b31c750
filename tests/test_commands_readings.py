"""A reading belongs to its question: business, as-at day, kinds and id map; and it may be asked again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_books import write_small_books

from sagerecon.commands import explanations, reconciliations, reports, sources
from sagerecon.model.clock import DAY, HOUR, MINUTE
from sagerecon.model.errors import ProjectError
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.plan import Purpose
from sagerecon.project.store import open_store
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.store.reconciliation_log import Basis
from sagerecon.store.run_history import Run

BUDGET = "budget: {per_day: 267, reserve: 250, settle: 10}\nbusiness:"


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    """Yield a move that is loaded."""
    with signed_in(write_small_books(tmp_path)) as move:
        move.load()
        yield move


def attempt(move: Move) -> reconciliations.Reconciled | RunOutcome:
    return reconciliations.reconcile(move.project, move.clock, move.session)


def paused(move: Move) -> int:
    """Reconcile with a budget that pauses the reading, and return when it may continue."""
    result = attempt(move)
    assert isinstance(result, RunOutcome) and result.ended is Ended.PAUSED and result.until
    return result.until


def readings(move: Move) -> list[Run]:
    with open_store(move.project, move.clock) as store:
        runs = store.company(move.project.business.id).history.runs()
    return [run for run in runs if run.purpose is Purpose.READ_BACK]


def basis(move: Move) -> Basis:
    with open_store(move.project, move.clock) as store:
        found = store.company(move.project.business.id).reconciliations.last_basis()
    assert found is not None
    return found


def small_budget(move: Move) -> None:
    """Leave five calls a day, one less than the reading needs."""
    move.clock.sleep(DAY + HOUR)
    move.set("business:", "budget: {per_day: 265, reserve: 250, settle: 10}\nbusiness:")


def test_a_paused_reading_is_resumed_for_its_own_question(moving: Move) -> None:
    small_budget(moving)
    before = moving.sage.calls
    moving.clock.sleep(paused(moving) - moving.clock.now())
    result = attempt(moving)
    assert isinstance(result, reconciliations.Reconciled) and result.reconciliation.ties_out
    assert moving.sage.calls - before == 6 and len(readings(moving)) == 1


def test_a_paused_reading_of_another_as_at_day_is_not_continued(moving: Move) -> None:
    small_budget(moving)
    moving.clock.sleep(paused(moving) - moving.clock.now())
    moving.set("as_at: 2017-04-30", "as_at: 2017-05-31")
    moving.clock.sleep(paused(moving) - moving.clock.now())
    result = attempt(moving)
    assert isinstance(result, reconciliations.Reconciled)
    assert {tie_out.as_at for tie_out in result.reconciliation.tie_outs} == {date(2017, 5, 31)}
    first, second = readings(moving)
    assert (first.state, second.state) == ("open", "finished")
    assert basis(moving).runs.reading == second.id


def test_a_paused_reading_is_too_old_after_two_days(moving: Move) -> None:
    small_budget(moving)
    paused(moving)
    moving.clock.sleep(2 * DAY)
    paused(moving)
    assert len(readings(moving)) == 2


def test_a_reading_that_was_not_judged_yet_is_not_repeated(moving: Move) -> None:
    """Keep the reading where the look for deletions takes another day."""
    ids = {v.key: v.sage_id for v in moving.reconcile().reconciliation.verdicts}
    moving.by_other_hand("DELETE", f"/contact_opening_balances/{ids['documents/N1']}")
    moving.clock.sleep(DAY + HOUR)
    moving.set("business:", "budget: {per_day: 266, reserve: 250, settle: 10}\nbusiness:")  # six calls a day
    before = moving.sage.calls
    moving.clock.sleep(paused(moving) - moving.clock.now())
    result = attempt(moving)
    assert isinstance(result, reconciliations.Reconciled)
    assert moving.sage.calls - before == 7
    (found,) = result.reconciliation.open_verdicts
    assert (found.key, found.verdict.value) == ("documents/N1", "deleted in Sage")


def test_the_most_calls_are_those_of_all_readings_together(moving: Move) -> None:
    """Allow the six calls of the reading, and none to look for what it lacks."""
    ids = {v.key: v.sage_id for v in moving.reconcile().reconciliation.verdicts}
    moving.by_other_hand("DELETE", f"/contact_opening_balances/{ids['documents/N1']}")
    moving.clock.sleep(DAY + HOUR)

    def reconcile(most: int) -> reconciliations.Reconciled | RunOutcome:
        return reconciliations.reconcile(moving.project, moving.clock, moving.session, max_calls=most)

    before = moving.sage.calls
    with pytest.raises(ProjectError, match="takes 1 call after the 6 already made, and --max-calls") as error:
        reconcile(6)
    assert "allows 6 in all" in error.value.message
    assert "--max-calls 1 or more" in error.value.hint
    assert (error.value.exit_code, moving.sage.calls - before) == (2, 6)
    result = reconcile(1)  # what was read is not read again
    assert isinstance(result, reconciliations.Reconciled)
    assert moving.sage.calls - before == 7
    assert [found.verdict for found in result.reconciliation.open_verdicts] == [Verdict.DELETED]


def test_reconciling_twice_within_one_instant_makes_two_readings_in_order(moving: Move) -> None:
    moving.sage.latency = 0
    moving.clock.sleep(DAY)
    now = moving.clock.now()
    assert moving.reconcile().reconciliation.ties_out and moving.reconcile().reconciliation.ties_out
    assert moving.clock.now() == now
    first, second = readings(moving)
    assert first.id != second.id and first.plan == second.plan and first.started_at == second.started_at
    assert basis(moving).runs.reading == second.id and basis(moving).runs.before == first.id


def test_runs_are_in_the_order_in_which_they_began_whatever_the_clock_says(moving: Move) -> None:
    moving.reconcile()
    moving.clock = VirtualClock(moving.clock.now() - MINUTE)  # ours; Sage's clock runs on
    moving.reconcile()
    first, second = readings(moving)
    assert second.started_at > first.started_at  # by Sage's time, as soon as Sage has stated it
    with closing(sqlite3.connect(moving.folder / ".sagerecon/store.sqlite")) as store, store:
        store.execute("UPDATE runs SET started_at = 1 WHERE run = ?", [second.id])
    assert [found.id for found in readings(moving)] == [first.id, second.id]
    assert basis(moving).runs.reading == second.id


def test_a_report_repeats_its_reconciliation_whatever_the_project_says_now(moving: Move) -> None:
    read_on = moving.reconcile().reconciliation
    first = json.loads(reports.report(moving.project, moving.clock)[1].read_text())
    moving.set("as_at: 2017-04-30", "as_at: 2017-05-31")
    moving.clock.sleep(DAY)
    parties = moving.folder / "data/parties.csv"
    parties.write_text(parties.read_text().replace("Oak Ltd", "Oak Limited"))
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    again = json.loads(reports.report(moving.project, moving.clock)[1].read_text())
    assert {tie_out["as_at"] for tie_out in again["reconciliation"]["tie_outs"]} == {"2017-04-30"}
    assert again["cover"].pop("created_on") > first["cover"].pop("created_on")
    assert again == first
    stored = basis(moving)
    assert stored.listings == read_on.coverage.readings.listings
    explained = explanations.explain(moving.project, moving.clock, "parties/C1").verdict
    assert explained is not None and explained.verdict is Verdict.VERIFIED
