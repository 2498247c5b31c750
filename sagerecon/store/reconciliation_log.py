"""The reconciliations of a company: the readings they are based on, and the verdicts they gave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import BindParameter, Row, bindparam, select

from sagerecon.model.clock import Clock
from sagerecon.model.reading import Reading
from sagerecon.model.value import canonical, read_json
from sagerecon.store.database import Database, Transaction, Values, prepared, upsert
from sagerecon.store.tables import READINGS, RECONCILIATIONS, VERDICTS


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """The last verdict on a difference, and the readings that first and last gave this verdict."""

    fingerprint: str  #: of the figures that differ
    state: str
    first_run: str
    last_run: str


@dataclass(frozen=True, slots=True)
class ReadingRuns:
    """The runs that read Sage for one reconciliation; empty where there was no such run."""

    reading: str  #: of what Sage holds
    deletions: str = ""  #: of what was deleted there
    before: str = ""  #: the reading of the reconciliation before it


@dataclass(frozen=True, slots=True)
class Basis:
    """What one reconciliation is based on: its runs, and what each reading asked and found."""

    runs: ReadingRuns
    listings: tuple[Reading, ...]
    deletions: tuple[Reading, ...]


_OF_COMPANY: BindParameter[str] = bindparam("business")
_ALL = prepared("all_verdicts", select(VERDICTS).where(VERDICTS.c.business == _OF_COMPANY))
_KEEP = upsert("keep_verdict", VERDICTS)
_LAST = prepared(
    "last_reconciliation",
    select(RECONCILIATIONS)
    .where(RECONCILIATIONS.c.business == _OF_COMPANY)
    .order_by(RECONCILIATIONS.c.number.desc())
    .limit(1),
)
_READINGS = prepared(
    "readings_of_reconciliation",
    select(READINGS)
    .where(READINGS.c.business == _OF_COMPANY, READINGS.c.reconciliation == bindparam("number"))
    .order_by(READINGS.c.position),
)
_KEEP_RECONCILIATION = upsert("keep_reconciliation", RECONCILIATIONS)
_KEEP_EVIDENCE = upsert("keep_evidence", READINGS)


class ReconciliationLog:
    """Keeps the reconciliations of one company, and the last verdict on each difference by its id."""

    def __init__(self, business: str, database: Database, clock: Clock) -> None:
        self._business = business
        self._database = database
        self._clock = clock

    def record(self, basis: Basis, verdicts: Iterable[tuple[str, str, str]]) -> None:
        """Record a reconciliation with its readings and its open verdicts, in one commit.

        Args:
            verdicts: the id of each difference, the fingerprint of its figures, and its state.
        """
        with self._database.writing() as transaction:
            row = transaction.one(_LAST, {"business": self._business})
            number = 1 if row is None else row.number + 1
            where: Values = {"business": self._business}
            runs: Values = {
                "reading": basis.runs.reading,
                "deletions": basis.runs.deletions,
                "before": basis.runs.before,
                "at": self._clock.now(),
            }
            transaction.run(_KEEP_RECONCILIATION, {**where, "number": number, **runs})
            for position, (reading, of_deletions) in enumerate(
                (*((r, 0) for r in basis.listings), *((r, 1) for r in basis.deletions))
            ):
                place: Values = {**where, "reconciliation": number, "position": position}
                transaction.run(_KEEP_EVIDENCE, {**place, "of_deletions": of_deletions, **_values(reading)})
            self._record_verdicts(transaction, basis.runs.reading, verdicts)

    def last_basis(self) -> Basis | None:
        """Return what the last reconciliation is based on; None before the first."""
        with self._database.reading() as transaction:
            row = transaction.one(_LAST, {"business": self._business})
            if row is None:
                return None
            found = transaction.rows(_READINGS, {"business": self._business, "number": row.number})
            return Basis(
                ReadingRuns(row.reading, row.deletions, row.before),
                listings=tuple(_reading(each) for each in found if not each.of_deletions),
                deletions=tuple(_reading(each) for each in found if each.of_deletions),
            )

    def last_verdicts(self) -> dict[str, LastVerdict]:
        """Return the last verdict on each difference, by its id."""
        with self._database.reading() as transaction:
            return self._read(transaction)

    def _record_verdicts(
        self, transaction: Transaction, run: str, verdicts: Iterable[tuple[str, str, str]]
    ) -> None:
        before = self._read(transaction)
        for name, fingerprint, state in verdicts:
            last = before.get(name)
            is_unchanged = last is not None and (last.fingerprint, last.state) == (fingerprint, state)
            first = last.first_run if last is not None and is_unchanged else run
            values = {"id": name, "fingerprint": fingerprint, "state": state, "first_run": first}
            transaction.run(_KEEP, {**values, "business": self._business, "last_run": run})

    def _read(self, transaction: Transaction) -> dict[str, LastVerdict]:
        return {
            row.id: LastVerdict(row.fingerprint, row.state, row.first_run, row.last_run)
            for row in transaction.rows(_ALL, {"business": self._business})
        }


def _values(reading: Reading) -> Values:
    return {
        "kind": reading.kind,
        "key": reading.key,
        "query": canonical(dict(reading.query)),
        "as_at": reading.as_at.isoformat() if reading.as_at else "",
        "started_at": reading.started_at,
        "ended_at": reading.ended_at,
        "pages": reading.pages,
        "entities": reading.count,
        "whole": int(reading.is_whole),
        "why_incomplete": reading.why_incomplete,
    }


def _reading(row: Row[tuple[str]]) -> Reading:
    return Reading(
        kind=row.kind,
        key=row.key,
        query=read_json(row.query),
        started_at=row.started_at,
        ended_at=row.ended_at,
        pages=row.pages,
        count=row.entities,
        why_incomplete=row.why_incomplete,
    )
