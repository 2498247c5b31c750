"""The rolling windows agree with a count of all calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sagerecon.model.catalog import LimitProfile
from sagerecon.model.clock import DAY, HOUR, MINUTE, instant
from sagerecon.rehearsal.limits import Limits, RollingWindow, daily_calls

PROFILE = LimitProfile("small", per_minute=3, per_day=7, in_flight=2, bytes_per_hour=1_000, app_per_day=1_000)

#: Steps between calls, including the boundaries of a minute and of a day.
STEPS = st.lists(
    st.one_of(
        st.integers(0, 3 * MINUTE),
        st.sampled_from([0, 1, MINUTE - 1, MINUTE, MINUTE + 1, DAY - 1, DAY, DAY + 1]),
    ),
    max_size=60,
)


@given(STEPS)
def test_a_call_is_accepted_exactly_if_the_count_allows_it(steps: list[int]) -> None:
    limits, now, let_in = Limits(PROFILE), 0, list[int]()
    for step in steps:
        now += step
        in_minute = sum(moment > now - MINUTE for moment in let_in)
        in_day = sum(moment > now - DAY for moment in let_in)
        exceeded = limits.book_call("app", "oak", now)
        assert (exceeded is None) == (in_minute < 3 and in_day < 7)
        if exceeded is None:
            let_in.append(now)


@given(STEPS)
def test_a_refusal_names_the_first_instant_with_room(steps: list[int]) -> None:
    limits, now = Limits(PROFILE), 0
    for step in steps:
        now += step
        exceeded = limits.book_call("app", "oak", now)
        if exceeded is None:
            continue
        copy = Limits.from_document(limits.document(), PROFILE)
        before = copy.book_call("app", "oak", exceeded.frees_at - 1)
        assert before is not None
        after = copy.book_call("app", "oak", exceeded.frees_at)
        assert after is None or after.limit != exceeded.limit


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, HOUR // 2, HOUR - 1, HOUR, HOUR + 1]), st.integers(1, 400)),
        max_size=40,
    )
)
def test_amounts_are_summed_over_the_window(bookings: list[tuple[int, int]]) -> None:
    window, now, entered = RollingWindow(1_000, HOUR), 0, list[tuple[int, int]]()
    for step, amount in bookings:
        now += step
        used = sum(size for moment, size in entered if moment > now - HOUR)
        assert window.used(now) == used
        assert (window.frees_at(now) == now) == (used < 1_000)
        window.book(now, amount)
        entered.append((now, amount))


def test_calls_in_flight_are_counted_by_app() -> None:
    limits = Limits(PROFILE)
    limits.begin_call("app")
    limits.begin_call("app")
    exceeded = limits.book_call("app", "oak", 0)
    assert exceeded is not None
    assert exceeded.limit == "in_flight"
    assert limits.book_call("other", "oak", 0) is None
    limits.end_call("app", 0, 0)
    assert limits.book_call("app", "oak", 0) is None


def test_refused_calls_count_only_if_configured() -> None:
    for counts, used in ((False, 3), (True, 5)):
        limits = Limits(PROFILE, counts_refused=counts)
        for _ in range(5):
            limits.book_call("app", "oak", 0)
        assert limits.used("oak", 0)[0] == used


def test_without_limits_every_call_is_accepted() -> None:
    limits = Limits(LimitProfile("open", None, None, 2, 1_000, 1_000))
    assert all(limits.book_call("app", "oak", 0) is None for _ in range(500))


def test_daily_calls_are_spread_over_working_hours() -> None:
    start = instant("2026-01-05T12:00:00Z")
    moments = list(daily_calls(start, 2, 10))
    assert len(moments) == 6 + 10  # without the first day's calls before noon
    assert moments[0] == start
    assert moments[-1] == instant("2026-01-06T17:00:00Z")
