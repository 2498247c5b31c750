"""What reconciliations said, so that the next one can say "as last time"."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from sagerecon.store.database import Transaction, prepared, upsert
from sagerecon.store.tables import VERDICTS


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """What a reconciliation said of a difference, and since when it says so."""

    fingerprint: str
    state: str
    first_run: str
    last_run: str


_ALL = prepared("all_verdicts", select(VERDICTS).where(VERDICTS.c.business == bindparam("business")))
_KEEP = upsert("keep_verdict", VERDICTS)


def keep_verdicts(
    transaction: Transaction, business: str, run: str, verdicts: list[tuple[str, str, str]]
) -> None:
    """Keep each (id, fingerprint, state); one that says the same keeps the run that said it first."""
    before = read_verdicts(transaction, business)
    for name, fingerprint, state in verdicts:
        last = before.get(name)
        same = last is not None and (last.fingerprint, last.state) == (fingerprint, state)
        first = last.first_run if last is not None and same else run
        values = {"business": business, "id": name, "fingerprint": fingerprint, "state": state}
        transaction.run(_KEEP, {**values, "first_run": first, "last_run": run})


def read_verdicts(transaction: Transaction, business: str) -> dict[str, LastVerdict]:
    """What was said last, by id."""
    return {
        row.id: LastVerdict(row.fingerprint, row.state, row.first_run, row.last_run)
        for row in transaction.rows(_ALL, {"business": business})
    }
