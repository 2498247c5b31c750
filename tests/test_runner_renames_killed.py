"""Renames in a process that is killed: afterwards each key owns its entity once, and nothing is doubled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from moves import Move, signed_in
from runs import Crash, quick_folder
from test_cli_second_run import CUSTOMERS, stripped
from test_runner_renames import Door, actions, decide, owners, planned_again, totals, watched, write

from sagerecon.commands import projects, runs
from sagerecon.model.errors import PlanStaleError
from sagerecon.planning.step import Action
from sagerecon.project.sage import SANDBOX_APP, SANDBOX_SECRET
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.sage.session import open_session
from sagerecon.store import opening, process

#: The points of a run are shared out among so many tests, which may run side by side.
PARTS = 4
EARLIER = [f"{number:07}" for number in range(1042, 1045)]
#: By kind, what the id map called each record before the renames.
RENAMED = {
    "contact": {f"parties/{number.lstrip('0')}": f"parties/{number}" for number in CUSTOMERS},
    "sales_invoice": {f"documents/{number.lstrip('0')}": f"documents/{number}" for number in EARLIER},
}
#: What the second run creates: a customer, and invoices of renamed customers and of the new one.
NEW_CUSTOMER, NEW_INVOICES = "777", ["5000", "5001", "5003"]


@dataclass
class Attempt:
    """One attempt at the second run: its processes, one after the other, some of them killed."""

    move: Move
    kept: Kept
    processes: int = 0
    left: int = -1  #: failpoints until the kill; below 0 nothing is killed any more
    reached: int = 0  #: failpoints so far

    def failpoint(self, _: str) -> None:
        self.reached += 1
        self.left -= 1
        if self.left == 0:
            raise Crash

    def apply(self, kill: int = -1) -> RunOutcome | None:
        """Apply the plan as a process of its own; return None where it is killed, at its `kill`th point."""
        self.processes += 1
        self.left = kill
        try:
            return runs.apply(self.move.project, self.move.clock, self.move.session)
        except Crash:
            return None

    def finish(self) -> None:
        """Run the same command until the plan is used up; its last start may have nothing left to do."""
        for _ in range(4):
            try:
                outcome = self.apply()
            except PlanStaleError as error:
                assert "was completed" in str(error), error
                return
            if outcome is not None and outcome.ended is Ended.FINISHED:
                return
        pytest.fail("the run does not come to its end")

    def check(self, door: Door, *, reconciles: bool = True) -> None:
        """Check that each key owns its entity once, and that no renamed record was created."""
        for kind, names in RENAMED.items():
            now, before = owners(self.move, kind), self.kept.owners[kind]
            assert {key: now.get(key) for key in names} == {key: before[old] for key, old in names.items()}
            assert not set(before) & set(now)
            assert len(set(now.values())) == len(now)
        assert set(door.created) == {NEW_CUSTOMER, *NEW_INVOICES}
        assert totals(self.move) == (self.kept.totals[0] + 1, self.kept.totals[1] + len(NEW_INVOICES))
        if reconciles:
            found = self.move.reconcile().reconciliation
            assert found.ties_out, [verdict.reason for verdict in found.open_verdicts]


@dataclass
class Kept:
    """A project whose renames are decided and planned, with its Sage; put back before each attempt."""

    home: Path
    now: int
    owners: dict[str, dict[str, str]]  #: by kind and draft key, the Sage id before the renames
    totals: tuple[int, int]  #: of contacts and invoices in Sage, some of which Sage made itself

    @contextmanager
    def attempt(self, *faults: tuple[Trigger, Fault]) -> Iterator[tuple[Attempt, Door]]:
        home = self.home / "now"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.home / "kept", home)
        clock = VirtualClock(self.now)
        with open_session() as session, pytest.MonkeyPatch.context() as patch:
            set_environment(patch, home)
            catalog = projects.open_project(home / "project").catalog
            troubles = ScheduledFaults(faults)
            sage = RehearsalSage.load(
                home / "sage.json", catalog, clock, Business.from_document, faults=troubles
            )
            mount(session, sage)
            attempt = Attempt(Move(home / "project", clock, session, sage, troubles), self)
            patch.setattr(process, "_started", lambda _: str(attempt.processes))  # earlier ones have ended
            patch.setattr(opening, "open_store", partial(opening.open_store, failpoint=attempt.failpoint))
            patch.setattr(runs, "run", partial(runs.run, failpoint=attempt.failpoint))
            with watched(sage) as door:
                yield attempt, door


def set_environment(patch: pytest.MonkeyPatch, home: Path) -> None:
    patch.setenv("XDG_STATE_HOME", str(home / "state"))
    patch.setenv("SAGERECON_CLIENT_ID", SANDBOX_APP)
    patch.setenv("SAGERECON_CLIENT_SECRET", SANDBOX_SECRET)


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    with quick_folder() as home, pytest.MonkeyPatch.context() as patch:
        now = home / "now"
        set_environment(patch, now)
        write(now / "project", CUSTOMERS, EARLIER)
        with signed_in(now / "project") as move:
            assert move.load().counts[Event.CREATED] == 6
            before = {kind: owners(move, kind) for kind in RENAMED}, totals(move)
            customers = [*stripped(CUSTOMERS), NEW_CUSTOMER]
            write(now / "project", customers, [*stripped(EARLIER), *NEW_INVOICES])
            planned_again(move)
            plan = decide(move, *(f"{kind}:renamed:leading_zeros" for kind in RENAMED))
            assert actions(plan) == {Action.READ: 3, Action.RENAME: 6, Action.UPDATE: 6, Action.CREATE: 4}
            move.sage.save(now / "sage.json")
            shutil.copytree(now, home / "kept")
            yield Kept(home, move.clock.now(), *before)


def points(kept: Kept) -> int:
    with kept.attempt() as (attempt, door):
        attempt.finish()
        reached = attempt.reached
        attempt.check(door)
    return reached


@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_at_any_commit_or_call_doubles_no_renamed_record(kept: Kept, part: int) -> None:
    last = points(kept)
    assert last > 50
    for point in range(1 + part, last + 1, PARTS):
        with kept.attempt() as (attempt, door):
            assert attempt.apply(point) is None, point
            attempt.finish()
            attempt.check(door, reconciles=point % 5 == 0)


def test_a_second_kill_on_top_of_the_first_doubles_no_renamed_record(kept: Kept) -> None:
    last = points(kept)
    for point in range(2, last, 9):
        for second in (3, 20):
            with kept.attempt() as (attempt, door):
                assert attempt.apply(point) is None, point
                attempt.apply(second)
                attempt.finish()
                attempt.check(door)


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("what", [FaultType.ANSWER_LOST, FaultType.ERROR_SAVED, FaultType.RESET])
def test_a_failure_of_sage_on_top_of_a_kill_doubles_no_renamed_record(
    kept: Kept, method: str, what: FaultType
) -> None:
    for point in range(4, points(kept), 20):
        with kept.attempt((Trigger(2, method, "", 2), Fault(what))) as (attempt, door):
            attempt.apply(point)
            attempt.finish()
            attempt.check(door)
