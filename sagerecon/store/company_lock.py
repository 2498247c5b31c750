"""One writer per company: Sage allows no parallel writes, and two runs would write everything twice."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from sagerecon.model.clock import MINUTE, Clock, instant_text
from sagerecon.model.errors import LockedError
from sagerecon.planning.settling import Replays
from sagerecon.store.database import (
    FencedError,
    Transaction,
    Values,
    prepared,
    upsert,
)
from sagerecon.store.memory_log import began_at
from sagerecon.store.process import is_alive, this_process
from sagerecon.store.store_file import StoreReplacedError
from sagerecon.store.stored import reads_rows
from sagerecon.store.tables import COMPANY_LOCKS
from sagerecon.store.witness import Extent, Witness

#: A lock of a process on another machine expires when it was not renewed for this long.
LEASE = 5 * MINUTE

_GET = prepared(
    "get_company_lock",
    select(COMPANY_LOCKS).where(COMPANY_LOCKS.c.business == bindparam("business")).with_for_update(),
)
_GET_EXTENT = prepared(
    "get_extent",
    select(COMPANY_LOCKS.c.generation, COMPANY_LOCKS.c.writes).where(
        COMPANY_LOCKS.c.business == bindparam("business")
    ),
)
_KEEP = upsert("keep_company_lock", COMPANY_LOCKS, ("holder", "generation", "until"))
_RENEW = prepared(
    "renew_company_lock",
    update(COMPANY_LOCKS)
    .where(COMPANY_LOCKS.c.business == bindparam("company"), COMPANY_LOCKS.c.generation == bindparam("ours"))
    .values(until=bindparam("until")),
)
_COUNT_WRITE = prepared(
    "count_write",
    update(COMPANY_LOCKS)
    .where(COMPANY_LOCKS.c.business == bindparam("company"), COMPANY_LOCKS.c.generation == bindparam("ours"))
    .values(writes=COMPANY_LOCKS.c.writes + 1),
)
_GET_REPLAYS = prepared(
    "get_replays",
    select(COMPANY_LOCKS.c.replays).where(COMPANY_LOCKS.c.business == bindparam("business")),
)
_LEARN = prepared(
    "learn_replays",
    update(COMPANY_LOCKS)
    .where(COMPANY_LOCKS.c.business == bindparam("company"))
    .values(replays=bindparam("learnt")),
)
_RELEASE = prepared(
    "release_company_lock",
    update(COMPANY_LOCKS)
    .where(COMPANY_LOCKS.c.business == bindparam("company"), COMPANY_LOCKS.c.generation == bindparam("ours"))
    .values(holder=""),
)


class CompanyLock:
    """The lock of one company. Its generation fences out a holder whose lock has expired.

    Generation and count of writes are also the extent that the witness of the store records.
    """

    def __init__(self, business: str, clock: Clock, witness: Witness | None) -> None:
        self._business = business
        self._clock = clock
        self._witness = witness
        self._generation: int | None = None
        self._witnessed = Extent(0, 0)
        self._is_distrusted = False  #: it may be incomplete, and Sage was read instead
        self._is_vouched = False  #: it is known to be complete, so that its witness may say so

    def require_complete(self, transaction: Transaction) -> bool:
        """Compare the store with its witness; to be called before the lock is acquired.

        Returns:
            Whether the witness states that it is complete; False where it has none yet.

        Raises:
            IncompleteStoreError: the store does not know all that was written to the company.
        """
        if self._witness is None:
            return True
        return not self._is_distrusted and self._witness.require_complete(self._extent(transaction))

    def began_before(self) -> int:
        """Return when the move began by its witnesses, 0 where none states it."""
        return 0 if self._witness is None else self._witness.began_at()

    def distrust(self) -> None:
        """Compare the store with no witness until `vouch`."""
        self._is_distrusted = True

    def vouch(self, reader: Transaction) -> None:
        """Write the witness at once, as the only one of the project, and keep it written from now on.

        Call it when the store is known to hold all that was written to the company.

        Args:
            reader: reads what is committed.

        Raises:
            WitnessError: a witness cannot be written, or that of an earlier store not deleted.
        """
        self._is_vouched, self._is_distrusted = True, False
        self.write_witness(reader, at_once=True)
        if self._witness is not None:
            self._witness.supersede_others()

    def acquire(self, transaction: Transaction) -> None:
        """Lock the company for this process.

        Raises:
            LockedError: another running process has locked it.
        """
        row = transaction.one(_GET, {"business": self._business})
        if row is not None and row.holder and not self._may_take(row.holder, row.until):
            host, _, rest = row.holder.partition("/")
            pid = rest.partition("/")[0]
            raise LockedError(
                f"Process {pid} on {host} is working on this company: its lock is valid until"
                f" {instant_text(row.until)} and may be renewed.",
                "Wait until that process has ended, or stop it.",
                row.until,
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
            StoreReplacedError: the store has become an older one in the meantime.
        """
        if self._generation is None:
            return
        until = max(until, self._clock.now()) + LEASE
        values: Values = {"company": self._business, "ours": self._generation, "until": until}
        if transaction.run(_RENEW, values) != 1:
            row = transaction.one(_GET, {"business": self._business})
            if row is None or row.generation < self._generation:
                raise StoreReplacedError("The content of the store was replaced by an older copy")
            raise FencedError(
                "The lock on this company expired, and another process is working on it now.",
                "Wait until that process has ended, then run the same command again.",
            )

    def count_write(self, transaction: Transaction) -> None:
        """Count a request to create or change a record; do nothing where no lock was acquired."""
        if self._generation is not None:
            transaction.run(_COUNT_WRITE, {"company": self._business, "ours": self._generation})

    @reads_rows
    def replays(self, reader: Transaction) -> Replays:
        """Return whether Sage is known to replay answers to the company."""
        row = reader.one(_GET_REPLAYS, {"business": self._business})
        return Replays.UNKNOWN if row is None else Replays(row.replays)

    def learn(self, transaction: Transaction, replays: Replays) -> None:
        """Record whether Sage replays answers to the company."""
        transaction.run(_LEARN, {"company": self._business, "learnt": replays.value})

    def release(self, transaction: Transaction) -> None:
        """Unlock the company; do nothing where no lock was acquired."""
        if self._generation is not None:
            transaction.run(_RELEASE, {"company": self._business, "ours": self._generation})
            self._generation = None

    def write_witness(self, reader: Transaction, *, at_once: bool = False) -> None:
        """Write the witness of the store, a second after the last time or later.

        Do nothing where no lock was acquired, where there is no witness, and before `vouch`.

        Args:
            reader: reads what is committed, because a witness must never know more than the store.
            at_once: write it in any case.

        Raises:
            StoreReplacedError: the store knows less than when the witness was last written.
            WitnessError: the witness cannot be written.
        """
        if self._witness is None or self._generation is None or not self._is_vouched:
            return
        if not at_once and not self._witness.is_due():
            return
        extent = self._extent(reader)
        if extent.is_less_than(self._witnessed):
            raise StoreReplacedError("The content of the store was replaced by an older copy")
        self._witness.write(extent, began_at(reader, self._business) or 0)
        self._witnessed = extent

    def _extent(self, transaction: Transaction) -> Extent:
        row = transaction.one(_GET_EXTENT, {"business": self._business})
        return Extent(0, 0) if row is None else Extent(row.generation, row.writes)

    def _may_take(self, holder: str, until: int) -> bool:
        alive = is_alive(holder)
        if alive is None:
            return until < self._clock.now()
        return not alive or holder == this_process()
