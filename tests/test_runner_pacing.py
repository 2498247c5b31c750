"""Waits after failures and after 429s."""

from random import Random

from sagerecon.model.clock import HOUR, MINUTE, SECOND
from sagerecon.runner.pacing import TRIES, is_over, wait_after_429, wait_after_failure


def test_waits_double_to_a_minute_with_jitter() -> None:
    waits = [wait_after_failure(number, Random(1)) for number in range(1, 12)]
    for wait, least in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60], strict=True):
        assert least * SECOND <= wait < least * SECOND * 5 // 4
    assert next(number for number in range(1, 12) if is_over(number)) == TRIES


def test_a_wait_is_at_least_what_the_server_asks_and_grows_to_an_hour() -> None:
    jitter = Random(1)
    assert wait_after_429(1, 3 * SECOND, jitter) == 3 * SECOND
    assert wait_after_429(1, 0, jitter) == 0
    assert wait_after_429(1, 5 * HOUR, jitter) == 5 * HOUR
    long = [wait_after_429(TRIES + number, None, jitter) for number in range(1, 5)]
    assert long == [15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 60 * MINUTE]
