"""Statements about calls and the ledger that counts them."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select, update

from sagerecon.store.database import prepared, upsert
from sagerecon.store.tables import CALLS, LEDGERS

# The row stays locked until the commit in PostgreSQL; SQLite has one writer at a time and needs no such lock.
LEDGER = prepared(
    "ledger", select(LEDGERS).where(LEDGERS.c.business == bindparam("business")).with_for_update()
)
KEEP_LEDGER = upsert("keep_ledger", LEDGERS)
CALL_AT = prepared(
    "call_at",
    select(CALLS.c.at).where(
        CALLS.c.business == bindparam("business"),
        CALLS.c.slot == bindparam("slot"),
        CALLS.c.sequence == bindparam("sequence"),
    ),
)
KEEP_CALL = upsert("keep_call", CALLS)
ADVANCE_LEDGER = prepared(
    "advance_ledger",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"))
    .values(
        sequence=bindparam("number"), last_at=bindparam("newest"), rate_limited=bindparam("rate_limited_now")
    ),
)
RECEIVE_CALL = prepared(
    "receive_call",
    update(CALLS)
    .where(
        CALLS.c.business == bindparam("company"),
        CALLS.c.slot == bindparam("place"),
        CALLS.c.sequence == bindparam("number"),
    )
    .values(at=bindparam("moment")),
)
RECEIVE_LEDGER = prepared(
    "receive_ledger",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"), LEDGERS.c.last_at < bindparam("moment"))
    .values(last_at=bindparam("newest")),
)
REFUND_CALL = prepared(
    "refund_call",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"), LEDGERS.c.sequence == bindparam("number"))
    .values(sequence=LEDGERS.c.sequence - 1),
)
CLOSE_LEDGER = prepared(
    "close_ledger",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"))
    .values(closed_until=bindparam("until"), refusals=bindparam("in_a_row")),
)
REDATE_CALLS = prepared(
    "redate_calls",
    update(CALLS)
    .where(CALLS.c.business == bindparam("company"), CALLS.c.at > bindparam("latest"))
    .values(at=bindparam("moment")),
)
REDATE_LEDGER = prepared(
    "redate_ledger",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"))
    .values(last_at=bindparam("newest"), closed_until=bindparam("until")),
)
CALLS_ACCEPTED = prepared(
    "calls_accepted",
    update(LEDGERS).where(LEDGERS.c.business == bindparam("company")).values(refusals=bindparam("none")),
)
KEEP_CLOCK = prepared(
    "keep_clock_ahead",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"), LEDGERS.c.clock_ahead != bindparam("milliseconds"))
    .values(clock_ahead=bindparam("ahead_now")),
)
LEDGER_STATE = prepared("ledger_state", select(LEDGERS).where(LEDGERS.c.business == bindparam("business")))
ALL_CALLS = prepared(
    "calls_of",
    select(CALLS.c.sequence, CALLS.c.at, CALLS.c.call)
    .where(CALLS.c.business == bindparam("business"))
    .order_by(CALLS.c.sequence),
)
CLEAR_CALLS = prepared("clear_calls", delete(CALLS).where(CALLS.c.business == bindparam("business")))
