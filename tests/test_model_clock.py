"""Tests of the clock that follows a server."""

import pytest

from sagerecon.model.clock import DAY, HOUR, MINUTE, SECOND, ServerClock, SystemClock, on_this_machine
from sagerecon.rehearsal.clock import SkewedClock, VirtualClock


@pytest.mark.parametrize("skew", [25 * HOUR, -25 * HOUR, 4 * SECOND, -4 * SECOND])
def test_the_clock_follows_the_time_that_an_answer_states(skew: int) -> None:
    true = VirtualClock()
    clock = ServerClock(SkewedClock(true, skew))
    asked_at = clock.now()
    assert not clock.is_confirmed
    true.sleep(150)
    clock.observe(true.now() // SECOND * SECOND, asked_at)
    assert clock.is_confirmed and clock.follows_server
    assert abs(clock.now() - true.now()) <= SECOND
    clock.sleep(DAY)
    assert abs(clock.now() - true.now()) <= SECOND


@pytest.mark.parametrize(("skew", "later"), [(25 * HOUR, 25 * HOUR), (0, 0), (-25 * HOUR, 0)])
def test_a_machine_ahead_of_the_server_shows_an_instant_of_it_later(skew: int, later: int) -> None:
    true = VirtualClock()
    clock = ServerClock(SkewedClock(true, skew))
    clock.observe(true.now(), clock.now())
    until = true.now() + HOUR
    assert abs(on_this_machine(until, clock) - until - later) <= SECOND
    assert on_this_machine(until, true) == until


def test_a_small_difference_and_a_slow_answer_correct_nothing() -> None:
    true = VirtualClock()
    clock = ServerClock(SkewedClock(true, 1_500))
    before = clock.now()
    clock.observe(true.now() // SECOND * SECOND, before)
    assert clock.now() == before
    stated = true.now() // SECOND * SECOND
    true.sleep(10 * MINUTE)  # this process was suspended before it read the answer
    clock.observe(stated, before)
    assert clock.now() == before + 10 * MINUTE


def test_an_answer_without_a_time_confirms_the_clock_as_it_is() -> None:
    clock = ServerClock(VirtualClock())
    before = clock.now()
    clock.observe(None, before)
    assert (clock.now(), clock.is_confirmed, clock.follows_server) == (before, True, False)


def test_the_clock_of_the_machine_advances() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(5)
    assert before + 5 <= clock.now() < before + MINUTE
