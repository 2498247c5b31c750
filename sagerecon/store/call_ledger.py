"""The calls of one company: a ring that answers both rolling windows exactly, shared by all workers.

A call is booked when its answer comes, in integer milliseconds: booking at send time let a server see more
than its limit. While it is under way it stands at send + time-out, so that a crash errs on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Row, bindparam, delete, func, select, update

from sagerecon.model.clock import DAY, HOUR, MINUTE, SECOND, Clock
from sagerecon.planning.budget import Budget, earliest
from sagerecon.store.database import Transaction, Values, prepared, upsert
from sagerecon.store.tables import CALLS, LEDGERS, TRAFFIC
from sagerecon.store.work import Work

#: When the answer to a call must have come: 5 seconds to connect, 60 to read.
ANSWER_WITHIN = 65 * SECOND

#: The calendar asks for a day of calls even where no limit is set.
LEAST_SIZE = 2_500

#: Slots beyond the largest limit, so that a refunded call has not overwritten one that still counts.
SPARE = 64

#: A limit from here on is none.
_UNLIMITED = 2**31 - 1

# The row is locked until the commit where a database knows such locks; SQLite has one writer at a time.
_LEDGER = prepared(
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
_TAKE = prepared(
    "take_sequence",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"))
    .values(sequence=bindparam("number"), last_at=bindparam("newest"), refused=bindparam("refusals")),
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
_COUNTED = ("calls", "refused", "bytes")
ADD_TRAFFIC = upsert("add_traffic", TRAFFIC, _COUNTED, add=_COUNTED)
_ALL = prepared(
    "calls_of",
    select(CALLS.c.sequence, CALLS.c.at)
    .where(CALLS.c.business == bindparam("business"))
    .order_by(CALLS.c.sequence),
)
_CLEAR = prepared("clear_calls", delete(CALLS).where(CALLS.c.business == bindparam("business")))
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
_BYTES = prepared(
    "bytes_since",
    select(func.coalesce(func.sum(TRAFFIC.c.bytes), 0)).where(
        TRAFFIC.c.business == bindparam("business"), TRAFFIC.c.minute > bindparam("minute")
    ),
)

_TRAFFIC = prepared(
    "traffic_of",
    select(TRAFFIC).where(TRAFFIC.c.business == bindparam("business")).order_by(TRAFFIC.c.minute),
)

#: What may have to be told again from beside the store.
TOLD = (RECEIVE_CALL, RECEIVE_LEDGER, REFUND_CALL, ADD_TRAFFIC)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was answered in the minute that begins at `at`, in milliseconds since 1970."""

    at: int
    calls: int
    refused: int
    bytes: int


class CallLedger:
    """Books the calls of one company; at most one of ours is under way."""

    def __init__(self, business: str, clock: Clock, work: Work) -> None:
        self._business = business
        self._clock = clock
        self._work = work
        self._under_way: tuple[int, int, int] | None = None  # sequence, slot, newest receive time before

    def take(self, transaction: Transaction, budget: Budget, *, settling: bool) -> int:
        """0 where a call is booked in this transaction, else the instant from which one may go."""
        ledger = self._ledger(transaction, budget)
        now = self._clock.now()
        day = budget.day_limit if settling else budget.allowance
        moment = earliest(
            now, self._back(transaction, ledger, budget.minute_limit), self._back(transaction, ledger, day)
        )
        if moment > now:
            return moment
        self._book(
            transaction, ledger, max(now, ledger.last_at) + ANSWER_WITHIN, ledger.last_at, ledger.refused
        )
        sequence = ledger.sequence + 1
        self._under_way = (sequence, sequence % ledger.size, ledger.last_at)
        return 0

    def received(self, size: int) -> None:
        """The call under way counts from now, and `size` bytes came."""
        if self._under_way is None:
            return
        sequence, slot, newest = self._under_way
        self._under_way = None
        now = max(self._clock.now(), newest)
        call: Values = {"company": self._business, "place": slot, "number": sequence, "moment": now}
        self._work.tell(RECEIVE_CALL, call)
        self._work.tell(RECEIVE_LEDGER, {"company": self._business, "moment": now, "newest": now})
        self._work.tell(ADD_TRAFFIC, self._traffic(now, calls=1, size=size))

    def refund(self) -> None:
        """The call under way never left."""
        if self._under_way is None:
            return
        sequence, _, _ = self._under_way
        self._under_way = None
        self._work.tell(REFUND_CALL, {"company": self._business, "number": sequence})

    def refused(self, transaction: Transaction) -> None:
        """Sage counts a call that is not ours: book it, so that both windows narrow by one."""
        if (ledger := transaction.one(_LEDGER, {"business": self._business})) is not None:
            at = max(self._clock.now(), ledger.last_at)
            self._book(transaction, ledger, at, at, ledger.refused + 1)
            transaction.run(ADD_TRAFFIC, self._traffic(at, refused=1))

    def booked(self, transaction: Transaction, since: int) -> list[int]:
        """The instants of the calls after `since`, oldest first."""
        return [row.at for row in transaction.rows(_SINCE, {"business": self._business, "since": since})]

    def refusals(self, transaction: Transaction) -> int:
        """How often Sage refused a call we had room for."""
        ledger = transaction.one(_LEDGER, {"business": self._business})
        return 0 if ledger is None else int(ledger.refused)

    def bytes_last_hour(self, transaction: Transaction) -> int:
        """Bytes answered in the last hour, by whole minutes."""
        minute = (self._clock.now() - HOUR) // MINUTE
        row = transaction.one(_BYTES, {"business": self._business, "minute": minute})
        return 0 if row is None else int(row[0])

    def traffic(self, transaction: Transaction) -> list[Traffic]:
        """Every minute in which a call was answered, oldest first."""
        return [
            Traffic(row.minute * MINUTE, row.calls, row.refused, row.bytes)
            for row in transaction.rows(_TRAFFIC, {"business": self._business})
        ]

    def _traffic(self, at: int, *, calls: int = 0, refused: int = 0, size: int = 0) -> Values:
        minute = at // MINUTE
        return {
            "business": self._business,
            "minute": minute,
            "calls": calls,
            "refused": refused,
            "bytes": size,
        }

    def day_ago(self) -> int:
        """The instant at which calls leave the longest window."""
        return self._clock.now() - DAY

    def _back(self, transaction: Transaction, ledger: Row[tuple[int]], limit: int) -> int | None:
        """When the call stands that is `limit` back from the next one."""
        sequence = ledger.sequence - limit + 1
        if sequence < 1 or limit >= _UNLIMITED:
            return None
        key = {"business": self._business, "slot": sequence % ledger.size, "sequence": sequence}
        row = transaction.first(_AT, key)
        return None if row is None else int(row[0])

    def _book(
        self, transaction: Transaction, ledger: Row[tuple[int]], at: int, newest: int, refused: int
    ) -> None:
        sequence = ledger.sequence + 1
        call: Values = {
            "business": self._business,
            "slot": sequence % ledger.size,
            "sequence": sequence,
            "at": at,
        }
        transaction.run(_KEEP_CALL, call)
        transaction.run(
            _TAKE, {"company": self._business, "number": sequence, "newest": newest, "refusals": refused}
        )

    def _ledger(self, transaction: Transaction, budget: Budget) -> Row[tuple[int]]:
        """The ring's state, made or enlarged where the budget asks for more slots than it has."""
        limits = [limit for limit in (budget.minute_limit, budget.day_limit) if limit < _UNLIMITED]
        size = max([*limits, LEAST_SIZE]) + SPARE
        ledger = transaction.one(_LEDGER, {"business": self._business})
        if ledger is not None and ledger.size >= size:
            return ledger
        calls = transaction.rows(_ALL, {"business": self._business})
        transaction.run(_CLEAR, {"business": self._business})
        for row in calls:
            call: Values = {"business": self._business, "slot": row.sequence % size, "sequence": row.sequence}
            transaction.run(_KEEP_CALL, {**call, "at": row.at})
        state = {"sequence": 0, "last_at": 0, "refused": 0} if ledger is None else ledger._asdict()
        transaction.run(_KEEP_LEDGER, {**state, "business": self._business, "size": size})
        made = transaction.one(_LEDGER, {"business": self._business})
        assert made is not None  # noqa: S101 - it was written in this transaction
        return made
