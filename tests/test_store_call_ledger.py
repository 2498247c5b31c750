"""Tests that the ring of calls agrees with counting all calls."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from runs import quick_folder

from sagerecon.model.clock import DAY, HOUR, MINUTE, SECOND, ServerClock
from sagerecon.planning.budget import Budget
from sagerecon.rehearsal.clock import SkewedClock, VirtualClock
from sagerecon.store.opening import open_store
from sagerecon.store.run_log import RunLog
from sagerecon.store.traffic import Traffic

WAITS = st.sampled_from((0, 1, 999, 10 * SECOND, MINUTE - 1, MINUTE, MINUTE + 1, HOUR, DAY - 1, DAY, DAY + 1))


def allowed_at(made: list[int], now: int, per_minute: int, per_day: int) -> int:
    """Return the first instant at which both windows allow a call, by counting."""
    moment = now
    for window, limit in ((MINUTE, per_minute), (DAY, per_day)):
        while sum(at > moment - window for at in made) >= limit:
            moment = min(at for at in made if at > moment - window) + window
    return moment


@given(
    waits=st.lists(WAITS, min_size=1, max_size=40), per_minute=st.integers(1, 5), per_day=st.integers(1, 9)
)
@settings(max_examples=30, deadline=None)
def test_the_ring_agrees_with_brute_force(waits: list[int], per_minute: int, per_day: int) -> None:
    clock, made = VirtualClock(), []
    budget = Budget(per_minute, per_day, reserve=0, settle=0)
    with quick_folder() as folder, open_store(f"sqlite:///{folder}/s.db", clock, None) as store:
        company = store.company("B")
        for wait in waits:
            clock.sleep(wait)
            moment = company.run_log.book(budget)
            assert (moment or clock.now()) == allowed_at(made, clock.now(), per_minute, per_day)
            if not moment:
                clock.sleep(50)
                company.run_log.received(10)
                made.append(clock.now())
        company.run_log.flush()
        assert company.history.calls_of_last_day() == [at for at in made if at > clock.now() - DAY]


def test_an_unanswered_call_counts_at_its_timeout() -> None:
    clock = VirtualClock()
    with quick_folder() as folder:
        with open_store(f"sqlite:///{folder}/s.db", clock, None) as store:
            assert store.company("B").run_log.book(Budget(1, None)) == 0
        with open_store(
            f"sqlite:///{folder}/s.db", clock, None
        ) as store:  # the first process ended before the answer
            assert store.company("B").run_log.book(Budget(1, None)) == clock.now() + 65 * SECOND + MINUTE


def test_a_call_that_was_not_sent_is_refunded() -> None:
    with quick_folder() as folder, open_store(f"sqlite:///{folder}/s.db", VirtualClock(), None) as store:
        company = store.company("B")
        assert company.run_log.book(Budget(1, None)) == 0
        company.run_log.refund()
        assert company.run_log.book(Budget(1, None)) == 0


def test_a_refund_removes_no_call_of_another_process() -> None:
    clock, budget = VirtualClock(), Budget(2, None)
    with quick_folder() as folder:
        url = f"sqlite:///{folder}/s.db"
        with open_store(url, clock, None) as one, open_store(url, clock, None) as other:
            assert one.company("B").run_log.book(budget) == 0
            assert other.company("B").run_log.book(budget) == 0
            one.company("B").run_log.refund()
            one.company("B").run_log.flush()
            assert one.company("B").run_log.book(budget) > clock.now()


def test_two_processes_share_one_budget() -> None:
    clock, budget = VirtualClock(), Budget(2, None)
    with quick_folder() as folder:
        url = f"sqlite:///{folder}/s.db"
        with open_store(url, clock, None) as one, open_store(url, clock, None) as other:
            assert one.company("B").run_log.book(budget) == 0
            assert other.company("B").run_log.book(budget) == 0
            one.company("B").run_log.received(1)
            other.company("B").run_log.received(1)
            one.company("B").run_log.flush()
            other.company("B").run_log.flush()
            assert one.company("B").run_log.book(budget) == clock.now() + MINUTE
            assert one.company("A").run_log.book(budget) == 0  # another company has its own ledger


def test_a_clock_that_steps_back_opens_no_window(tmp_path: Path) -> None:
    clock = VirtualClock()
    with open_store(f"sqlite:///{tmp_path}/s.db", clock, None) as store:
        company = store.company("B")
        start = clock.now()
        for _ in range(2):
            assert company.run_log.book(Budget(3, None)) == 0
            company.run_log.received(1)
        clock._now -= HOUR
        assert company.run_log.book(Budget(3, None)) == 0
        company.run_log.received(1)
        clock._now += HOUR
        assert company.run_log.book(Budget(3, None)) == start + MINUTE


def test_the_ring_grows_with_the_budget_and_keeps_its_calls(tmp_path: Path) -> None:
    clock = VirtualClock()
    with open_store(f"sqlite:///{tmp_path}/s.db", clock, None) as store:
        company = store.company("B")
        _book(company.run_log, clock, 30)
        assert len(company.history.calls_of_last_day()) == 30
        assert company.run_log.book(Budget(None, 10_000)) == 0
        assert len(company.history.calls_of_last_day()) == 31


def test_a_refusal_counts_as_one_more_call(tmp_path: Path) -> None:
    clock = VirtualClock()
    with open_store(f"sqlite:///{tmp_path}/s.db", clock, None) as store:
        company = store.company("B")
        assert company.run_log.book(Budget(2, None)) == 0
        company.run_log.received(1)
        company.run_log.rate_limited(clock.now(), 1)
        assert company.run_log.book(Budget(2, None)) == clock.now() + MINUTE
        assert company.history.status().rate_limited == 1


def test_answers_are_counted_by_minute(tmp_path: Path) -> None:
    clock = VirtualClock()
    with open_store(f"sqlite:///{tmp_path}/s.db", clock, None) as store:
        company = store.company("B")
        start = clock.now()
        for size in (100, 20):
            company.run_log.book(Budget(None, None))
            company.run_log.received(size)
        clock.sleep(2 * MINUTE)
        company.run_log.rate_limited(clock.now(), 1)
        assert company.history.traffic() == [
            Traffic(at=start, calls=2, rate_limited=0, bytes=120),
            Traffic(at=start + 2 * MINUTE, calls=0, rate_limited=1, bytes=0),
        ]


def _book(log: RunLog, clock: VirtualClock, calls: int) -> None:
    for _ in range(calls):
        assert log.book(Budget(None, None)) == 0
        clock.sleep(100)
        log.received(1)


def test_a_wait_that_sage_asks_for_closes_the_ledger_for_every_process(tmp_path: Path) -> None:
    clock, url = VirtualClock(), f"sqlite:///{tmp_path}/s.db"
    start = clock.now()
    with open_store(url, clock, None) as store:
        log = store.company("B").run_log
        assert (log.book(Budget(None, None)), log.closed_until(), log.refusals()) == (0, 0, 0)
        log.received(1)
        log.rate_limited(start + 2 * HOUR, 3)
        log.close(start + HOUR)  # the longer wait holds
    with open_store(url, clock, None) as store:
        log = store.company("B").run_log
        assert log.book(Budget(None, None)) == log.closed_until() == start + 2 * HOUR
        assert store.company("A").run_log.book(Budget(None, None)) == 0
        assert log.book(Budget(None, 5_000)) == start + 2 * HOUR  # a larger ring keeps the wait
        clock.sleep(2 * HOUR)
        assert (log.book(Budget(None, None)), log.refusals()) == (0, 3)
        log.accepted()
        log.flush()
        assert log.refusals() == 0


def test_a_wait_is_at_most_a_week_and_refusals_of_another_day_do_not_count(tmp_path: Path) -> None:
    clock = VirtualClock()
    with open_store(f"sqlite:///{tmp_path}/s.db", clock, None) as store:
        log = store.company("B").run_log
        assert log.book(Budget(None, None)) == 0
        log.rate_limited(clock.now() + 400 * DAY, 9)
        assert log.book(Budget(None, None)) == clock.now() + 7 * DAY
        clock.sleep(8 * DAY)
        assert log.refusals() == 9
        clock.sleep(1)
        assert log.refusals() == 0


def test_calls_booked_by_a_clock_that_was_ahead_count_from_the_time_of_sage(tmp_path: Path) -> None:
    true, url = VirtualClock(), f"sqlite:///{tmp_path}/s.db"
    with open_store(url, SkewedClock(true, 25 * HOUR), None) as store:
        log = store.company("B").run_log
        assert log.book(Budget(1, None)) == 0
        log.received(1)
        log.close(true.now() + 60 * HOUR)
    clock = ServerClock(true)
    with open_store(url, clock, None) as store:
        log = store.company("B").run_log
        clock.observe(true.now(), true.now())
        assert log.book(Budget(1, None)) == true.now() + DAY
        clock.sleep(DAY)
        assert log.book(Budget(1, None)) == 0
