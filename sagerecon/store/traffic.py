"""Reads the calls of a company: those that a limit still counts, and how many were answered per minute."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from sagerecon.model.clock import MINUTE
from sagerecon.store.database import Transaction, Values, prepared, upsert
from sagerecon.store.tables import CALLS, LEDGERS, TRAFFIC

_COUNTED = ("calls", "rate_limited", "bytes")
ADD_TRAFFIC = upsert("add_traffic", TRAFFIC, _COUNTED, add=_COUNTED)
_SINCE = prepared(
    "calls_since",
    select(CALLS.c.at)
    .where(
        CALLS.c.business == bindparam("business"),
        CALLS.c.at > bindparam("since"),
        CALLS.c.sequence
        <= select(LEDGERS.c.sequence).where(LEDGERS.c.business == bindparam("business")).scalar_subquery(),
    )
    .order_by(CALLS.c.at),
)
_TRAFFIC = prepared(
    "traffic_of",
    select(TRAFFIC).where(TRAFFIC.c.business == bindparam("business")).order_by(TRAFFIC.c.minute),
)
_REFUSALS = prepared(
    "rate_limited_of", select(LEDGERS.c.rate_limited).where(LEDGERS.c.business == bindparam("business"))
)


_CLOCK = prepared(
    "clock_ahead_of", select(LEDGERS.c.clock_ahead).where(LEDGERS.c.business == bindparam("business"))
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The calls that were answered in the minute that begins at `at`, in milliseconds since 1970."""

    at: int
    calls: int
    rate_limited: int
    bytes: int


def traffic_values(business: str, at: int, *, calls: int = 0, rate_limited: int = 0, size: int = 0) -> Values:
    """Return what `ADD_TRAFFIC` adds to the minute of the instant `at`; `size` is in bytes."""
    counted = {"calls": calls, "rate_limited": rate_limited, "bytes": size}
    return {"business": business, "minute": at // MINUTE, **counted}


def read_calls_since(transaction: Transaction, business: str, since: int) -> list[int]:
    """Return the instants of the calls after `since`, oldest first."""
    return [row.at for row in transaction.rows(_SINCE, {"business": business, "since": since})]


def read_rate_limited(transaction: Transaction, business: str) -> int:
    """Return how many calls were answered 429 although our own limits allowed them."""
    row = transaction.one(_REFUSALS, {"business": business})
    return 0 if row is None else int(row.rate_limited)


def read_clock_ahead(transaction: Transaction, business: str) -> int:
    """Return the milliseconds by which this machine's clock was ahead of Sage's at the last answer.

    They are negative where it was behind.
    """
    row = transaction.one(_CLOCK, {"business": business})
    return 0 if row is None else int(row.clock_ahead)


def read_traffic(transaction: Transaction, business: str) -> list[Traffic]:
    """Return the calls of each minute in which one was answered, oldest first."""
    return [
        Traffic(at=row.minute * MINUTE, calls=row.calls, rate_limited=row.rate_limited, bytes=row.bytes)
        for row in transaction.rows(_TRAFFIC, {"business": business})
    ]
