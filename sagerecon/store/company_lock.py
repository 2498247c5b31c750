"""One writer per company: Sage allows no parallel writes, and two runs would write everything twice."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.errors import StoreError
from sagerecon.store.database import FencedError, Transaction, Values, prepared, upsert
from sagerecon.store.process import is_alive, this_process
from sagerecon.store.tables import COMPANY_LOCKS

#: A lock of a process on another machine expires when it was not renewed for this long.
LEASE = 5 * MINUTE

_GET = prepared(
    "get_company_lock",
    select(COMPANY_LOCKS).where(COMPANY_LOCKS.c.business == bindparam("business")).with_for_update(),
)
_KEEP = upsert("keep_company_lock", COMPANY_LOCKS)
_RENEW = prepared(
    "renew_company_lock",
    update(COMPANY_LOCKS)
    .where(COMPANY_LOCKS.c.business == bindparam("company"), COMPANY_LOCKS.c.generation == bindparam("ours"))
    .values(until=bindparam("until")),
)
_RELEASE = prepared(
    "release_company_lock",
    update(COMPANY_LOCKS)
    .where(COMPANY_LOCKS.c.business == bindparam("company"), COMPANY_LOCKS.c.generation == bindparam("ours"))
    .values(holder=""),
)


class CompanyLock:
    """The lock of one company. Its generation fences out a holder whose lock has expired."""

    def __init__(self, business: str, clock: Clock) -> None:
        self._business = business
        self._clock = clock
        self._generation: int | None = None

    def acquire(self, transaction: Transaction) -> None:
        """Lock the company for this process.

        Raises:
            StoreError: another running process has locked it.
        """
        row = transaction.one(_GET, {"business": self._business})
        if row is not None and row.holder and not self._may_take(row.holder, row.until):
            host, _, rest = row.holder.partition("/")
            pid = rest.partition("/")[0]
            raise StoreError(
                f"Process {pid} on {host} is working on this company: its lock is valid until"
                f" {instant_text(row.until)} and may be renewed.",
                "Wait until that process has ended, or stop it.",
            )
        generation = 1 if row is None else row.generation + 1
        values: Values = {"business": self._business, "holder": this_process(), "generation": generation}
        transaction.run(_KEEP, {**values, "until": self._clock.now() + LEASE})
        self._generation = generation

    def renew(self, transaction: Transaction, until: int = 0) -> None:
        """Renew the lock, in every commit of a run that holds it; do nothing where none was acquired.

        Args:
            until: the instant up to which the run will sleep.

        Raises:
            FencedError: another process has locked the company in the meantime.
        """
        if self._generation is None:
            return
        until = max(until, self._clock.now()) + LEASE
        values: Values = {"company": self._business, "ours": self._generation, "until": until}
        if transaction.run(_RENEW, values) != 1:
            raise FencedError(
                "The lock on this company expired, and another process is working on it now.",
                "Wait until that process has ended, then run the same command again.",
            )

    def release(self, transaction: Transaction) -> None:
        """Unlock the company; do nothing where no lock was acquired."""
        if self._generation is not None:
            transaction.run(_RELEASE, {"company": self._business, "ours": self._generation})
            self._generation = None

    def _may_take(self, holder: str, until: int) -> bool:
        alive = is_alive(holder)
        if alive is None:
            return until < self._clock.now()
        return not alive or holder == this_process()
