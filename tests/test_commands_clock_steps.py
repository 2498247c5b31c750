"""The machine's clock steps between two commands: Sage counts no more calls in a window than are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from moves import Move
from test_store_call_witness import PER_MINUTE, arrivals, keep, most_within, moving, put_back

from sagerecon.commands import reconciliations
from sagerecon.model.clock import HOUR, MINUTE, SECOND
from sagerecon.rehearsal.clock import SkewedClock

__all__ = ["arrivals", "moving"]  # fixtures

#: By how much the machine's clock is ahead of Sage's, in milliseconds, before the step and after it.
STEPS = {
    "back": (0, -HOUR),
    "forward": (0, HOUR),
    "put right, was behind": (-HOUR, 0),
    "put right, was ahead": (HOUR, 0),
    "from one side to the other": (HOUR, -HOUR),
    "none, always ahead": (HOUR, HOUR),
}


def reconcile(moving: Move, ahead: int) -> None:
    clock = SkewedClock(moving.clock, ahead)
    done = reconciliations.reconcile(moving.project, clock, moving.session)
    assert isinstance(done, reconciliations.Reconciled)


@pytest.mark.parametrize("milliseconds", (0, 500))
@pytest.mark.parametrize("step", STEPS)
def test_no_minute_has_more_calls_than_allowed(
    moving: Move, arrivals: list[int], step: str, milliseconds: int
) -> None:
    """Begin at several instants of a second, because Sage states its time in whole seconds."""
    before, after = STEPS[step]
    moving.clock.sleep(milliseconds)
    for ahead in (before, before, after, after):
        reconcile(moving, ahead)
    assert len(arrivals) > PER_MINUTE
    assert most_within(arrivals, MINUTE) <= PER_MINUTE


@pytest.mark.parametrize("milliseconds", (0, 500))
def test_nor_where_only_the_witness_knows_of_the_calls(
    moving: Move, arrivals: list[int], tmp_path: Path, milliseconds: int
) -> None:
    copy = keep(moving, tmp_path)
    moving.clock.sleep(milliseconds)
    reconcile(moving, -HOUR)
    reconcile(moving, -HOUR)
    put_back(moving, copy)
    reconcile(moving, 0)
    assert len(arrivals) > PER_MINUTE
    assert most_within(arrivals, MINUTE) <= PER_MINUTE


def test_a_clock_that_does_not_step_waits_no_longer(moving: Move, arrivals: list[int]) -> None:
    for _ in range(4):
        reconcile(moving, 0)
    wait = arrivals[PER_MINUTE] - arrivals[0]
    assert MINUTE <= wait < MINUTE + SECOND
