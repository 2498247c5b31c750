"""The call ledger of one company: both rolling limits are computed exactly from its latest calls.

A call counts from the instant its answer arrived, in integer milliseconds: when calls were counted from their
sending, Sage could see more calls in a window than its limit. A call without an answer yet counts at its
time-out, so that a crash never makes us send too many. All workers of a company share its ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex

from sqlalchemy import Row, bindparam, select, update

from sagerecon.model.clock import DAY, SECOND, Clock, ServerClock, cautious_now, correction
from sagerecon.planning.budget import Budget, earliest
from sagerecon.store.call_ring import LEDGER, CallRing
from sagerecon.store.call_witness import CallWitness, WitnessedCall
from sagerecon.store.database import Transaction, Values, prepared
from sagerecon.store.run_calls import ADD_RUN_CALLS, NO_RUN, run_call_values
from sagerecon.store.tables import CALLS, LEDGERS
from sagerecon.store.traffic import ADD_TRAFFIC, traffic_values
from sagerecon.store.write_buffer import WriteBuffer

#: The longest time an answer can take: 5 seconds to connect, 60 to read.
ANSWER_WITHIN = 65 * SECOND

#: How long a wait that Sage asks for may be. No limit of Sage's lasts longer than a day; a mistaken header
#: must not stop a move for years.
LONGEST_CLOSURE = 7 * DAY

#: How far two clocks that follow Sage's may be apart, or one before and after a correction.
_CLOCKS_APART = 5 * SECOND

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
_CLOSE = prepared(
    "close_ledger",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"))
    .values(closed_until=bindparam("until"), refusals=bindparam("in_a_row")),
)
_REDATE_CALLS = prepared(
    "redate_calls",
    update(CALLS)
    .where(CALLS.c.business == bindparam("company"), CALLS.c.at > bindparam("latest"))
    .values(at=bindparam("moment")),
)
_REDATE_LEDGER = prepared(
    "redate_ledger",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"))
    .values(last_at=bindparam("newest"), closed_until=bindparam("until")),
)
_ACCEPTED = prepared(
    "calls_accepted",
    update(LEDGERS).where(LEDGERS.c.business == bindparam("company")).values(refusals=bindparam("none")),
)
_KEEP_CLOCK = prepared(
    "keep_clock_ahead",
    update(LEDGERS)
    .where(LEDGERS.c.business == bindparam("company"), LEDGERS.c.clock_ahead != bindparam("milliseconds"))
    .values(clock_ahead=bindparam("ahead_now")),
)
_STATE = prepared("ledger_state", select(LEDGERS).where(LEDGERS.c.business == bindparam("business")))

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (RECEIVE_CALL, RECEIVE_LEDGER, REFUND_CALL, ADD_TRAFFIC, ADD_RUN_CALLS, _ACCEPTED, _KEEP_CLOCK)


@dataclass(frozen=True, slots=True)
class _OpenCall:
    """A call that was booked and has no answer yet."""

    call: str  #: its random name
    sequence: int
    slot: int
    newest: int  #: the newest receive time before it
    run: str
    at: int  #: when it was booked


class CallLedger:
    """Books the calls of one company; at most one call of this object is unanswered at a time.

    Each is recorded by the witness too. What the witness alone knows is counted before the first booking.
    """

    def __init__(
        self, business: str, clock: Clock, buffer: WriteBuffer, witness: CallWitness | None = None
    ) -> None:
        self._business = business
        self._clock = clock
        self._buffer = buffer
        self._ring = CallRing(business)
        self._witness = witness
        self._is_compared = witness is None  # with the witness
        self._is_dated = False  #: whether calls of earlier processes were held against Sage's time
        self._booked: list[WitnessedCall] = []  # since the last commit
        self.unknown_calls = 0  #: those that the store did not know when it was compared with the witness
        self._open: _OpenCall | None = None
        self._ahead: int | None = None  # as recorded by this process
        self._correction = 0  # of the clock at the last booking
        self._dated_otherwise = 0  #: up to this sequence, calls may be dated by another clock or correction
        self.run = NO_RUN  #: the run that calls are counted for
        self._first: tuple[int, int] | None = None  # newest receive time and now, when first asked

    def book(
        self,
        transaction: Transaction,
        budget: Budget,
        *,
        settling: bool,
        sent_within: int = 0,
        is_call: bool = True,
    ) -> int:
        """Book a call in this transaction and return 0, or return the first instant at which one is allowed.

        Args:
            settling: the call settles a step in doubt, and may use what the budget reserves for that.
            sent_within: the milliseconds that may pass before it is sent.
            is_call: whether the API is called; a request for tokens belongs to no run.
        """
        ledger = self._with_witnessed_calls(transaction, self._ring.ledger(transaction, budget), budget)
        ledger = self._with_plausible_times(transaction, ledger)
        self._find_dated_otherwise(ledger)
        now = self._clock.now()
        day = self._day_limit(budget, settling=settling)
        minute_slot = self._counted_at(transaction, ledger, budget.minute_limit)
        day_slot = self._counted_at(transaction, ledger, day)
        passed = self._latest_certain(ledger.last_at)
        supposed = max(cautious_now(self._clock, ledger.clock_ahead), passed)
        wait = max(
            earliest(passed, minute_slot, None) - passed,
            earliest(supposed, None, day_slot) - supposed,
            ledger.closed_until - supposed,
        )
        if wait > 0:
            return int(now + wait)
        at = max(now, ledger.last_at) + sent_within + ANSWER_WITHIN
        call = self._book_new(transaction, ledger, at, ledger.last_at, ledger.rate_limited)
        sequence = ledger.sequence + 1
        run = self.run if is_call else NO_RUN
        transaction.run(ADD_RUN_CALLS, run_call_values(self._business, run, now, sent=1))
        self._open = _OpenCall(
            call=call,
            sequence=sequence,
            slot=sequence % ledger.size,
            newest=ledger.last_at,
            run=run,
            at=now,
        )
        return 0

    def witness_booked(self) -> None:
        """Record the calls that were booked since the last time; they must be committed already.

        Raises:
            WitnessError: a file cannot be written; nothing may be sent.
        """
        while self._booked:
            self._add_witness(self._booked[0])
            del self._booked[0]

    def received(self, size: int, *, is_call: bool = True, has_answer: bool = True) -> None:
        """Count the open call from now.

        Args:
            size: that of the answer in bytes.
            is_call: whether the API was called; a request for tokens is not counted as traffic.
            has_answer: whether an answer came, of whatever kind.
        """
        if (call := self._open) is None:
            return
        self._open = None
        now = max(self._clock.now(), call.newest)
        self._add_witness(WitnessedCall(call.call, now, now))
        received: Values = {"place": call.slot, "number": call.sequence, "moment": now}
        self._buffer.add(RECEIVE_CALL, {"company": self._business, **received})
        self._keep_clock()
        if has_answer:
            self._buffer.add(ADD_RUN_CALLS, run_call_values(self._business, call.run, call.at, answered=1))
        self._buffer.add(RECEIVE_LEDGER, {"company": self._business, "moment": now, "newest": now})
        if is_call:
            self._buffer.add(ADD_TRAFFIC, traffic_values(self._business, now, calls=1, size=size))

    def _keep_clock(self) -> None:
        """Record by how much the machine's clock is ahead of Sage's or behind it, where that has changed.

        The first time, the files of the witness are deleted that are too old by Sage's clock.
        """
        if not isinstance(self._clock, ServerClock) or not self._clock.follows_server:
            return
        if self._ahead is None and self._witness is not None:
            self._witness.delete_earlier(self._clock.now())
        if (ahead := -self._clock.correction) != self._ahead:
            self._ahead = ahead
            self._buffer.add(
                _KEEP_CLOCK, {"company": self._business, "milliseconds": ahead, "ahead_now": ahead}
            )

    def refund(self) -> None:
        """Remove the open call, because it was never sent."""
        if (call := self._open) is None:
            return
        self._open = None
        self._add_witness(WitnessedCall(call.call, 0, call.newest))
        self._buffer.add(REFUND_CALL, {"company": self._business, "number": call.sequence})
        self._buffer.add(ADD_RUN_CALLS, run_call_values(self._business, call.run, call.at, sent=-1))

    def add(self, transaction: Transaction, budget: Budget, calls: int) -> None:
        """Book calls that were answered before it was known that they are this company's."""
        for _ in range(calls):
            ledger = self._ring.ledger(transaction, budget)
            at = max(self._clock.now(), ledger.last_at)
            self._book_new(transaction, ledger, at, at, ledger.rate_limited)
        added = run_call_values(self._business, NO_RUN, self._clock.now(), sent=calls, answered=calls)
        transaction.run(ADD_RUN_CALLS, added)

    def rate_limited(self, transaction: Transaction, until: int, in_a_row: int) -> None:
        """Book one more call: Sage answered 429 to ours, so another app has made a call in both windows.

        Args:
            until: the instant before which no call is booked.
            in_a_row: the 429s without an accepted call in between.
        """
        if (ledger := transaction.one(LEDGER, {"business": self._business})) is not None:
            at = max(self._clock.now(), ledger.last_at)
            self._book_new(transaction, ledger, at, at, ledger.rate_limited + 1)
            transaction.run(ADD_TRAFFIC, traffic_values(self._business, at, rate_limited=1))
            transaction.run(ADD_RUN_CALLS, run_call_values(self._business, self.run, at, rate_limited=1))
            self.close(transaction, until, in_a_row)

    def close(self, transaction: Transaction, until: int, in_a_row: int = 0) -> None:
        """Book no call before `until`, at most for `LONGEST_CLOSURE`."""
        if (ledger := transaction.one(LEDGER, {"business": self._business})) is not None:
            until = max(min(until, self._clock.now() + LONGEST_CLOSURE), ledger.closed_until)
            in_a_row = in_a_row or ledger.refusals
            if self._witness is not None:
                self._witness.add_closure(until, self._clock.now())
            transaction.run(_CLOSE, {"company": self._business, "until": until, "in_a_row": in_a_row})

    def accepted(self) -> None:
        """Count refusals anew, because Sage accepted a call."""
        self._buffer.add(_ACCEPTED, {"company": self._business, "none": 0})

    def closed_until(self) -> int:
        """Return the instant before which Sage accepts no calls; 0 if it never refused one."""
        row = self._buffer.reader.one(_STATE, {"business": self._business})
        return 0 if row is None else int(row.closed_until)

    def refusals(self) -> int:
        """Return the 429s in a row; 0 where the last of them is of another day."""
        row = self._buffer.reader.one(_STATE, {"business": self._business})
        if row is None or self._clock.now() - row.closed_until > DAY:
            return 0
        return int(row.refusals)

    def _day_limit(self, budget: Budget, *, settling: bool) -> int:
        """Return the calls of a day that may be booked.

        Of a run without a reserve, one is kept for the first request of the next start, which is made
        before Sage has stated its time.
        """
        limit = budget.day_limit if settling else budget.allowance
        is_corrected = isinstance(self._clock, ServerClock) and self._clock.is_confirmed
        return max(1, limit - 1) if self.run and is_corrected and not budget.reserve else limit

    def _find_dated_otherwise(self, ledger: Row[tuple[int]]) -> None:
        """Find the calls that were dated before the clock was corrected as it is now, here or elsewhere."""
        now = correction(self._clock)
        if now != self._correction or ledger.clock_ahead != -now:
            self._correction, self._dated_otherwise = now, ledger.sequence

    def _counted_at(self, transaction: Transaction, ledger: Row[tuple[int]], limit: int) -> int | None:
        """Return the instant of the call that is `limit` calls before the next one, or None.

        One that was dated otherwise counts for as much longer as two clocks that follow Sage's may differ:
        Sage states its time in whole seconds, so that no correction is exact.
        """
        at = self._ring.counted_at(transaction, ledger, limit)
        is_exact = ledger.sequence - limit >= self._dated_otherwise
        return at if at is None or is_exact else at + _CLOCKS_APART

    def _latest_certain(self, last_at: int) -> int:
        """Return the latest instant that has certainly passed.

        Before Sage's first answer the clock may be wrong. The newest receive time has passed, and so has
        the time since this ledger was first asked. After the answer it is the time on the clock.
        """
        now = self._clock.now()
        if not isinstance(self._clock, ServerClock) or self._clock.is_confirmed:
            return now
        if self._first is None:
            self._first = last_at, now
        return max(self._first[0] + now - self._first[1], last_at)

    def _with_plausible_times(self, transaction: Transaction, ledger: Row[tuple[int]]) -> Row[tuple[int]]:
        """Return the ledger; calls booked by a clock that was ahead of Sage's count from now instead.

        Among them may be one whose process ended before Sage's first answer.
        """
        now = self._clock.now()
        if not isinstance(self._clock, ServerClock) or not self._clock.follows_server:
            return ledger
        is_ahead = ledger.last_at > now + _CLOCKS_APART
        if is_ahead or not self._is_dated:
            self._is_dated = True
            latest = now + ANSWER_WITHIN  # of a call without an answer yet
            transaction.run(_REDATE_CALLS, {"company": self._business, "moment": latest, "latest": latest})
        if not is_ahead:
            return ledger
        until = min(ledger.closed_until, now + DAY)  # it was reckoned by a wrong clock
        transaction.run(_REDATE_LEDGER, {"company": self._business, "newest": now, "until": until})
        redated = transaction.one(LEDGER, {"business": self._business})
        assert redated is not None  # noqa: S101 - the row was read in this transaction
        return redated

    def _with_witnessed_calls(
        self, transaction: Transaction, ledger: Row[tuple[int]], budget: Budget
    ) -> Row[tuple[int]]:
        """Return the ledger with the calls that the witness alone knows; compare them once per process."""
        if self._witness is None or self._is_compared:
            return ledger
        self._is_compared = True
        witnessed = self._witness.read()
        unknown = self._ring.add_unknown(transaction, ledger, witnessed.calls)
        self.unknown_calls = sum(call.at > self._clock.now() - DAY for call in unknown)
        if witnessed.closed_until > ledger.closed_until:
            state: Values = {"until": witnessed.closed_until, "in_a_row": ledger.refusals}
            transaction.run(_CLOSE, {"company": self._business, **state})
        ledger = self._ring.ledger(transaction, budget)
        if unknown:
            self._dated_otherwise = ledger.sequence
        return ledger

    def _add_witness(self, call: WitnessedCall) -> None:
        if self._witness is not None:
            self._witness.add(call, self._clock.now())

    def _book_new(
        self, transaction: Transaction, ledger: Row[tuple[int]], at: int, newest: int, rate_limited: int
    ) -> str:
        """Book a call of ours, and return its name."""
        call = WitnessedCall(token_hex(8), at, newest)
        self._ring.book(transaction, ledger, call, rate_limited)
        self._booked.append(call)
        return call.call
