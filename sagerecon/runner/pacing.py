"""How long to wait before trying again."""

from __future__ import annotations

from random import Random

from sagerecon.model.clock import MINUTE, SECOND

#: Tries in a row without an answer after which the run pauses; the waits add up to three minutes.
TRIES = 8

#: Milliseconds between tries, doubling to a minute.
_BACKOFF = tuple(min(SECOND << number, MINUTE) for number in range(TRIES))

#: Waits after 429s that outlast a minute: they concern the day, and each try takes a call from other apps.
_LONG = (15 * MINUTE, 30 * MINUTE, 60 * MINUTE)


def wait_after_429(count: int, retry_after_ms: int | None, jitter: Random) -> int:
    """Return the milliseconds to wait after the `count`-th 429 in a row; at least what the server asks."""
    asked = retry_after_ms or 0
    if count > TRIES:
        return max(asked, _LONG[min(count - TRIES, len(_LONG)) - 1])
    return asked if retry_after_ms is not None else wait_after_failure(count, jitter)


def wait_after_failure(failures: int, jitter: Random) -> int:
    """Return the milliseconds to wait after the `failures`-th failure in a row, with up to 25 % jitter."""
    wait = _BACKOFF[min(failures, TRIES) - 1]
    return wait + jitter.randrange(wait // 4)


def is_over(failures: int) -> bool:
    """Return whether so many failures in a row pause the run."""
    return failures >= TRIES
