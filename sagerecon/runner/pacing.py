"""How long to wait before trying again."""

from __future__ import annotations

from random import Random

from sagerecon.model.clock import MINUTE, SECOND

#: After so many tries in a row without an answer the run pauses; the waits add up to three minutes.
TRIES = 8

#: Between tries, doubling to a minute.
_BACKOFF = tuple(min(SECOND << number, MINUTE) for number in range(TRIES))

#: Refusals that outlast a minute are about the day. Asking again and again would take calls from other apps.
_LONG = (15 * MINUTE, 30 * MINUTE, 60 * MINUTE)


def wait_after_refusal(refusals: int, retry_after_ms: int | None, chance: Random) -> int:
    """Milliseconds to wait after the `refusals`-th 429 in a row; the server's own word where it gives one."""
    asked = retry_after_ms or 0
    if refusals > TRIES:
        return max(asked, _LONG[min(refusals - TRIES, len(_LONG)) - 1])
    return asked if retry_after_ms is not None else wait_after_failure(refusals, chance)


def wait_after_failure(failures: int, chance: Random) -> int:
    """Milliseconds to wait after the `failures`-th failure in a row, with up to a quarter more by chance."""
    wait = _BACKOFF[min(failures, TRIES) - 1]
    return wait + chance.randrange(wait // 4)


def is_over(failures: int) -> bool:
    """Whether to leave it for now."""
    return failures >= TRIES
