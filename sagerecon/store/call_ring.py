"""The latest calls of a company, in a ring with more slots than any limit counts calls."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Row, bindparam, delete, select, update

from sagerecon.planning.budget import Budget
from sagerecon.store.call_witness import WitnessedCall
from sagerecon.store.database import Transaction, Values, prepared, upsert
from sagerecon.store.tables import CALLS, LEDGERS

#: The least number of slots: planning needs the calls of a whole day even where no limit is set.
LEAST_SIZE = 2_500

#: Slots beyond the largest limit, so that a refunded call has not overwritten one that still counts.
SPARE = 64

#: A limit of this size or more means that there is no limit.
_UNLIMITED = 2**31 - 1

# The row stays locked until the commit in PostgreSQL; SQLite has one writer at a time and needs no such lock.
LEDGER = prepared(
    "ledger", select(LEDGERS).where(LEDGERS.c.business == bindparam("business")).with_for_update()
)
_KEEP_LEDGER = upsert("keep_ledger", LEDGERS)
_AT = prepared(
    "call_at",
    select(CALLS.c.at).where(
        CALLS.c.business == bindparam("business"),
        CALLS.c.slot == bindparam("slot"),
        CALLS.c.sequence == bindparam("sequence"),
    ),
)
_KEEP_CALL = upsert("keep_call", CALLS)
_ADVANCE = prepared(
    "advance_ledger",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"))
    .values(
        sequence=bindparam("number"), last_at=bindparam("newest"), rate_limited=bindparam("rate_limited_now")
    ),
)
_ALL = prepared(
    "calls_of",
    select(CALLS.c.sequence, CALLS.c.at, CALLS.c.call)
    .where(CALLS.c.business == bindparam("business"))
    .order_by(CALLS.c.sequence),
)
_CLEAR = prepared("clear_calls", delete(CALLS).where(CALLS.c.business == bindparam("business")))


class CallRing:
    """The calls of one company in their order of booking, and the state of its ledger."""

    def __init__(self, business: str) -> None:
        self._business = business

    def ledger(self, transaction: Transaction, budget: Budget) -> Row[tuple[int]]:
        """Return the state of the ring, which is created or enlarged where the budget needs more slots."""
        limits = [limit for limit in (budget.minute_limit, budget.day_limit) if limit < _UNLIMITED]
        size = max([*limits, LEAST_SIZE]) + SPARE
        ledger = transaction.one(LEDGER, {"business": self._business})
        if ledger is not None and ledger.size >= size:
            return ledger
        calls = transaction.rows(_ALL, {"business": self._business})
        transaction.run(_CLEAR, {"business": self._business})
        for row in calls:
            call: Values = {"business": self._business, "slot": row.sequence % size, "sequence": row.sequence}
            transaction.run(_KEEP_CALL, {**call, "at": row.at, "call": row.call})
        none = dict.fromkeys((column.name for column in LEDGERS.columns if column.name != "business"), 0)
        state = none if ledger is None else ledger._asdict()
        transaction.run(_KEEP_LEDGER, {**state, "business": self._business, "size": size})
        return self._read(transaction)

    def counted_at(self, transaction: Transaction, ledger: Row[tuple[int]], limit: int) -> int | None:
        """Return the instant of the call that is `limit` calls before the next one, or None."""
        sequence = ledger.sequence - limit + 1
        if sequence < 1 or limit >= _UNLIMITED:
            return None
        key = {"business": self._business, "slot": sequence % ledger.size, "sequence": sequence}
        row = transaction.first(_AT, key)
        return None if row is None else int(row[0])

    def book(
        self, transaction: Transaction, ledger: Row[tuple[int]], call: WitnessedCall, rate_limited: int
    ) -> None:
        """Put a call into the next slot."""
        sequence = ledger.sequence + 1
        row: Values = {"slot": sequence % ledger.size, "sequence": sequence, "at": call.at, "call": call.call}
        transaction.run(_KEEP_CALL, {"business": self._business, **row})
        state: Values = {"number": sequence, "newest": call.newest, "rate_limited_now": rate_limited}
        transaction.run(_ADVANCE, {"company": self._business, **state})

    def add_unknown(
        self, transaction: Transaction, ledger: Row[tuple[int]], calls: Iterable[WitnessedCall]
    ) -> list[WitnessedCall]:
        """Book the calls that the ring lacks behind its own, and return them.

        An older copy of a store lacks the newest calls.

        Args:
            ledger: the state of the ring; it is another one afterwards.
            calls: in their order of time.
        """
        kept = transaction.rows(_ALL, {"business": self._business})
        known = {row.call for row in kept}
        is_full = ledger.sequence >= ledger.size  # what is older than the ring has left it
        oldest = min((row.at for row in kept), default=0) if is_full else 0
        unknown = [call for call in calls if call.call not in known and call.at > oldest]
        for call in unknown:
            at, newest = max(call.at, ledger.last_at), max(call.newest, ledger.last_at)
            self.book(transaction, ledger, WitnessedCall(call.call, at, newest), ledger.rate_limited)
            ledger = self._read(transaction)
        return unknown

    def _read(self, transaction: Transaction) -> Row[tuple[int]]:
        ledger = transaction.one(LEDGER, {"business": self._business})
        assert ledger is not None  # noqa: S101 - it was written in this transaction
        return ledger
