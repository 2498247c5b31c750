"""The calendar of a plan: its calls laid over days by simulating the rolling windows call by call."""

from __future__ import annotations

from collections.abc import Sequence

from sagerecon.model.clock import MINUTE
from sagerecon.planning.budget import Budget, earliest
from sagerecon.planning.plan import Window

#: A wait longer than this ends a window: the run pauses rather than sleeps.
PATIENCE = 15 * MINUTE

#: Milliseconds a call takes when nothing was measured yet: Sage's usual time for a document.
USUAL_LATENCY = 600

#: The slow case of the forecast: every answer takes twice as long and one call in twenty is made twice,
#: for its answer was lost. Ninety in a hundred runs under the rehearsal's faults ended before it.
SLOW_LATENCY_FACTOR = 2
SLOW_REPEATS = 20


def lay_out(
    calls: int, budget: Budget, latency: int = USUAL_LATENCY, booked: Sequence[int] = (), opens: int = 0
) -> tuple[Window, ...]:
    """Return the windows in which `calls` calls are made one after another, from time `opens`.

    A call is booked when its answer comes; booking it when it is sent let a server see more than its limit
    in a minute.

    Args:
        latency: how long an answer takes, in milliseconds.
        booked: the calls of the last day, oldest first, in milliseconds before the start (negative or zero).
        opens: until when Sage accepts no calls, in milliseconds after the start.
    """
    answered = list(booked)
    now, first, made = opens, 0, 0
    windows: list[Window] = []
    for _ in range(calls):
        moment = earliest(
            now, _nth_last(answered, budget.minute_limit), _nth_last(answered, budget.allowance)
        )
        if made and moment - now > PATIENCE:
            windows.append(Window(len(windows) + 1, first, now, made))
            first, made = moment, 0
        elif not made:
            first = moment
        now = moment + latency
        answered.append(now)
        made += 1
    if made:
        windows.append(Window(len(windows) + 1, first, now, made))
    return tuple(windows)


def slow_finish(
    calls: int, budget: Budget, latency: int = USUAL_LATENCY, booked: Sequence[int] = (), opens: int = 0
) -> int:
    """Return when nine in ten runs have ended, in milliseconds after the start; arguments as `lay_out`."""
    windows = lay_out(calls + -(-calls // SLOW_REPEATS), budget, latency * SLOW_LATENCY_FACTOR, booked, opens)
    return windows[-1].closes if windows else 0


def window_of(call: int, windows: Sequence[Window]) -> int:
    """Return the number of the window in which the `call`-th call is made; calls count from 1."""
    for window in windows:
        call -= window.calls
        if call <= 0:
            return window.number
    return windows[-1].number if windows else 0


def _nth_last(instants: Sequence[int], number: int) -> int | None:
    return instants[-number] if len(instants) >= number else None
