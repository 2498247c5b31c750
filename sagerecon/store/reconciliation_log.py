"""The verdicts of a company's reconciliations, so that the next one can name what has not changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from sagerecon.store.database import Database, Transaction, prepared, upsert
from sagerecon.store.tables import VERDICTS


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """The last verdict on a difference, and the readings that first and last gave this verdict."""

    fingerprint: str  #: of the figures that differ
    state: str
    first_run: str
    last_run: str


_ALL = prepared("all_verdicts", select(VERDICTS).where(VERDICTS.c.business == bindparam("business")))
_KEEP = upsert("keep_verdict", VERDICTS)


class ReconciliationLog:
    """Keeps the verdicts of one company's reconciliations, by id of the difference."""

    def __init__(self, business: str, database: Database) -> None:
        self._business = business
        self._database = database

    def record_verdicts(self, run: str, verdicts: Iterable[tuple[str, str, str]]) -> None:
        """Record the verdicts of the reconciliation that is based on the reading `run`.

        Args:
            run: the id of the reading run.
            verdicts: the id of each difference, the fingerprint of its figures, and its state.
        """
        with self._database.writing() as transaction:
            before = self._read(transaction)
            for name, fingerprint, state in verdicts:
                last = before.get(name)
                is_unchanged = last is not None and (last.fingerprint, last.state) == (fingerprint, state)
                first = last.first_run if last is not None and is_unchanged else run
                values = {"id": name, "fingerprint": fingerprint, "state": state, "first_run": first}
                transaction.run(_KEEP, {**values, "business": self._business, "last_run": run})

    def last_verdicts(self) -> dict[str, LastVerdict]:
        """Return the last verdict on each difference, by its id."""
        with self._database.reading() as transaction:
            return self._read(transaction)

    def _read(self, transaction: Transaction) -> dict[str, LastVerdict]:
        return {
            row.id: LastVerdict(row.fingerprint, row.state, row.first_run, row.last_run)
            for row in transaction.rows(_ALL, {"business": self._business})
        }
