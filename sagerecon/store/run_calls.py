"""Counts the requests to Sage by run and day; those that belong to no run have an empty one.

A request is counted when it is booked, and again when its answer comes. So a call that went out before a
crash is counted as sent, and known to be without an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from sagerecon.model.call import CallTotal
from sagerecon.model.clock import DAY
from sagerecon.store.database import Transaction, Values, prepared, upsert
from sagerecon.store.tables import RUN_CALLS

#: The run of requests that belong to none: sign-ins, tokens, look-ups before a run.
NO_RUN = ""

_COUNTED = ("sent", "answered", "rate_limited")
ADD_RUN_CALLS = upsert("add_run_calls", RUN_CALLS, _COUNTED, add=_COUNTED)
_OF_COMPANY = prepared(
    "run_calls",
    select(RUN_CALLS).where(RUN_CALLS.c.business == bindparam("business")).order_by(RUN_CALLS.c.day),
)

#: Marks the runs of a store that did not count their calls: a day before the first.
MARK_EARLIER_RUNS = "INSERT INTO run_calls (business, run, day) SELECT business, run, -1 FROM runs"


@dataclass(frozen=True, slots=True)
class DayOfCalls:
    """The requests of one run on one day."""

    run: str  #: empty for requests that belong to no run
    at: int  #: when the day begins, in milliseconds since 1970; negative for what was not counted
    sent: int
    answered: int
    rate_limited: int  #: answers 429


def run_call_values(
    business: str, run: str, at: int, *, sent: int = 0, answered: int = 0, rate_limited: int = 0
) -> Values:
    """Return what `ADD_RUN_CALLS` adds to the day of the instant `at`."""
    counted = {"sent": sent, "answered": answered, "rate_limited": rate_limited}
    return {"business": business, "run": run, "day": at // DAY, **counted}


def read_run_calls(transaction: Transaction, business: str) -> list[DayOfCalls]:
    """Return the requests of each run and day, by day."""
    return [
        DayOfCalls(
            run=row.run,
            at=row.day * DAY,
            sent=row.sent,
            answered=row.answered,
            rate_limited=row.rate_limited,
        )
        for row in transaction.rows(_OF_COMPANY, {"business": business})
    ]


def total_calls(days: Iterable[DayOfCalls]) -> CallTotal:
    """Return the sum of several days."""
    found = list(days)
    sent = sum(day.sent for day in found)
    return CallTotal(
        sent=sent,
        unanswered=sent - sum(day.answered for day in found),
        rate_limited=sum(day.rate_limited for day in found),
        is_complete=all(day.at >= 0 for day in found),
    )
