"""One writer for a company: Sage asks for no parallel writes, and two runs would write everything twice."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.errors import StoreError
from sagerecon.store.database import FencedError, Transaction, Values, prepared, upsert
from sagerecon.store.holder import is_alive, is_this_process, this_process
from sagerecon.store.tables import LANES

#: A holder on another machine that says nothing for this long is taken for dead.
LEASE = 5 * MINUTE

_GET = prepared("get_lane", select(LANES).where(LANES.c.business == bindparam("business")).with_for_update())
_KEEP = upsert("keep_lane", LANES)
_RENEW = prepared(
    "renew_lane",
    update(LANES)
    .where(LANES.c.business == bindparam("company"), LANES.c.generation == bindparam("ours"))
    .values(until=bindparam("until")),
)
_LEAVE = prepared(
    "leave_lane",
    update(LANES)
    .where(LANES.c.business == bindparam("company"), LANES.c.generation == bindparam("ours"))
    .values(holder=""),
)


class Lane:
    """Our hold on a company, with a generation that fences a holder thought dead."""

    def __init__(self, business: str, clock: Clock) -> None:
        self._business = business
        self._clock = clock
        self._generation: int | None = None

    def enter(self, transaction: Transaction) -> None:
        """Hold the company.

        Raises:
            StoreError: another process holds it.
        """
        row = transaction.one(_GET, {"business": self._business})
        if row is not None and row.holder and not self._may_take(row.holder, row.until):
            host, _, rest = row.holder.partition("/")
            raise StoreError(
                f"Process {rest.partition('/')[0]} on {host} is working on this company"
                f" (until {instant_text(row.until)} at least).",
                "Wait until it has ended, or stop it.",
            )
        generation = 1 if row is None else row.generation + 1
        values: Values = {"business": self._business, "holder": this_process(), "generation": generation}
        transaction.run(_KEEP, {**values, "until": self._clock.now() + LEASE})
        self._generation = generation

    def keep(self, transaction: Transaction, until: int = 0) -> None:
        """Still ours: part of every commit of a run that writes.

        Raises:
            FencedError: another process has taken the company over.
        """
        if self._generation is None:
            return
        until = max(until, self._clock.now()) + LEASE
        values: Values = {"company": self._business, "ours": self._generation, "until": until}
        if transaction.run(_RENEW, values) != 1:
            raise FencedError("Another process has taken this company over.", "Let that one finish.")

    def leave(self, transaction: Transaction) -> None:
        """Let the company go."""
        if self._generation is not None:
            transaction.run(_LEAVE, {"company": self._business, "ours": self._generation})
            self._generation = None

    def _may_take(self, holder: str, until: int) -> bool:
        alive = is_alive(holder)
        if alive is None:
            return until < self._clock.now()
        return not alive or is_this_process(holder)
