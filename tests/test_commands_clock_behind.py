"""A machine's clock is a day behind: when the move began is known by Sage's time, not by the machine's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_trade import write_small_trade

from sagerecon.commands import plans, reconciliations, runs, sources
from sagerecon.model.clock import DAY, HOUR, MINUTE
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.settling import Replays
from sagerecon.project.store import open_store
from sagerecon.rehearsal.clock import SkewedClock
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event, Progress
from sagerecon.runner.run import Ended


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    """A business that was made in Sage within the hour, so that its own accounts are as old as the move."""
    with signed_in(write_small_trade(tmp_path / "project")) as opened:
        opened.clock.sleep(MINUTE)
        yield opened


def load(moving: Move, ahead: int) -> None:
    clock = SkewedClock(moving.clock, ahead)
    sources.snapshot(moving.project, clock, lambda _file, _rows: None)
    plans.plan(moving.project, clock)
    assert runs.apply(moving.project, clock, moving.session).ended is Ended.FINISHED
    moving.clock.sleep(MINUTE)


def extra(moving: Move, ahead: int) -> list[str]:
    clock = SkewedClock(moving.clock, ahead)
    done = reconciliations.reconcile(moving.project, clock, moving.session)
    assert isinstance(done, reconciliations.Reconciled)
    return [found.id for found in done.reconciliation.verdicts if found.verdict is Verdict.EXTRA]


@pytest.mark.parametrize("ahead", [(0, 0), (0, -25 * HOUR), (-25 * HOUR, 0), (-25 * HOUR, -25 * HOUR)])
def test_sages_own_accounts_are_not_extra(moving: Move, ahead: tuple[int, int]) -> None:
    """Load twice, each time by another clock, as on two machines."""
    first, second = ahead
    load(moving, first)
    load(moving, second)
    assert extra(moving, second) == []


@pytest.mark.parametrize("ahead", [25 * HOUR, -25 * HOUR])
def test_what_a_clerk_enters_after_the_begin_is_extra(moving: Move, ahead: int) -> None:
    load(moving, ahead)
    body = {"contact": {"name": "Stranger", "contact_type_ids": ["CUSTOMER"]}}
    assert moving.by_other_hand("POST", "/contacts", body).status == 201
    moving.clock.sleep(MINUTE)
    assert len(extra(moving, 0)) == 1


@pytest.mark.parametrize("behind", [0, 8 * DAY - 3 * MINUTE, 8 * DAY])
@pytest.mark.parametrize("path", ["/contacts", "/sales_invoices", "/contact_payments"])
@pytest.mark.parametrize("replays", [Replays.UNKNOWN, Replays.HONOURED])
def test_what_sage_forgot_is_looked_up_whatever_the_clock_says(
    moving: Move, path: str, behind: int, replays: Replays
) -> None:
    """Lose an answer, and resume when Sage forgot its idempotency id, with a token that looks valid."""
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)

    def kill(progress: Progress) -> None:
        if progress.event is Event.RESENT:
            raise KilledError

    moving.faults.add(Trigger(2, "POST", path), Fault(FaultType.ANSWER_LOST))
    with pytest.raises(KilledError):
        runs.apply(moving.project, moving.clock, moving.session, on_progress=kill)
    with open_store(moving.project, moving.clock) as store:
        store.company(moving.project.business.id).run_log.learn(replays)
    moving.clock.sleep(8 * DAY)
    clock = SkewedClock(moving.clock, -behind)
    resumed = runs.apply(moving.project, clock, moving.session)
    assert resumed.ended is Ended.FINISHED
    assert resumed.counts[Event.LOOKED_UP] >= 1 and Event.RESENT not in resumed.counts
    moving.clock.sleep(MINUTE)
    assert extra(moving, 0) == []


class KilledError(BaseException):
    """The end of a process that was killed."""
