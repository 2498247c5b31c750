"""Crashes at any point: each record is in Sage once, none is missing, and few calls are made twice."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from memory_sage import FAULTS
from runs import Crash, Desk, desk, quick_folder, references, twenty

from sagerecon.model.call import Call
from sagerecon.model.clock import DAY, HOUR
from sagerecon.model.errors import PlanStaleError
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.runner.run import Ended

CONTACTS = sorted(f"C{number}" for number in range(10))
INVOICES = sorted(f"I{number}" for number in range(9))


def crash_at(wanted: int) -> Callable[[str], None]:
    """Return a failpoint that crashes at its `wanted`-th call, counted from 0."""
    count = -1

    def failpoint(_: str) -> None:
        nonlocal count
        count += 1
        if count == wanted:
            raise Crash

    return failpoint


def is_whole(here: Desk) -> bool:
    contacts = references(here.sage, "contact")
    return (contacts, references(here.sage, "sales_invoice")) == (CONTACTS, INVOICES)


def finish(here: Desk) -> None:
    """Resume the run to its end, unless the crash came after the last commit."""
    with suppress(PlanStaleError):
        assert here.go().ended is Ended.FINISHED


def failpoints_of_a_run() -> tuple[Plan, int]:
    with quick_folder() as folder:
        here = desk(folder)
        plan = here.planned(twenty())
        reached: list[str] = []
        assert here.go(reached.append).ended is Ended.FINISHED
        assert {"before send", "after answer", "before commit", "after commit"} == set(reached)
        return plan, len(reached)


def test_a_crash_at_any_commit_or_call_duplicates_and_loses_nothing() -> None:
    plan, points = failpoints_of_a_run()
    assert points > 80
    for point in range(points):
        with quick_folder() as folder:
            here = desk(folder)
            here.plan = plan
            with pytest.raises(Crash):
                here.go(crash_at(point))
            finish(here)
            assert is_whole(here), point
            # One call at most is made twice, and one proves that answers are replayed.
            assert sum(here.sage.calls.values()) <= 22, point


def _is_used_up(here: Desk) -> bool:
    """Return whether the run is finished, so that its plan cannot be used again."""
    with here.open() as store:
        return any(run.state == "finished" for run in store.company("B").history.runs())


def test_a_crash_is_survived_after_the_idempotency_window() -> None:
    """Look up what is in doubt, because Sage replays nothing any more."""
    plan, points = failpoints_of_a_run()
    for point in range(0, points, 3):
        with quick_folder() as folder:
            here = desk(folder, honours_ids=False)
            here.plan = plan
            with pytest.raises(Crash):
                here.go(crash_at(point))
            here.clock.sleep(7 * DAY)
            finish(here)
            assert is_whole(here), point


@given(
    faults=st.lists(st.sampled_from(("", "", "", "", *FAULTS)), max_size=60),
    crashes=st.lists(st.integers(0, 90), max_size=4),
    steps_of_the_clock=st.lists(st.sampled_from((0, 0, HOUR, 20 * HOUR, -HOUR)), max_size=4),
)
@example(
    faults=[
        *("lose_after", "fail_before", "", "fail_before", "fail_after", "", "fail_before", "refuse"),
        *("lose_after", "lose_after", "limit", "", "fail_before"),
    ],
    crashes=[7, 49, 69, 52],
    steps_of_the_clock=[20 * HOUR, -HOUR, 0],
)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking runs takes minutes
)
def test_faults_crashes_and_clock_steps_in_any_order(
    faults: list[str], crashes: list[int], steps_of_the_clock: list[int]
) -> None:
    def fault(number: int, _: Call) -> str:
        return faults[number] if number < len(faults) else ""

    with quick_folder() as folder:
        here = desk(folder, fault=fault, per_minute=15)
        here.budget = Budget(15, None)
        here.planned(twenty())
        for number, point in enumerate(crashes):
            if _is_used_up(here):
                break
            try:
                here.go(crash_at(point))
            except Crash:
                if number < len(steps_of_the_clock):
                    here.clock._now += steps_of_the_clock[number]
        for _ in range(6):
            if _is_used_up(here):
                break
            here.go(patience_ms=DAY)
        assert _is_used_up(here)
        assert is_whole(here)


def test_a_lost_store_is_survived_because_writes_have_the_same_names(tmp_path: Path) -> None:
    here = desk(tmp_path)
    here.planned(twenty())
    with pytest.raises(Crash):
        here.go(crash_at(60))
    assert 0 < len(here.sage.bodies_of("contact")) < 20
    for file in tmp_path.iterdir():
        file.unlink()
    here.go()
    assert is_whole(here)
