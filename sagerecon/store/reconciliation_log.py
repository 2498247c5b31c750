"""The reconciliations of a company: the readings they are based on, and the verdicts they gave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, func, select

from sagerecon.model.clock import Clock
from sagerecon.model.reading import Reading
from sagerecon.model.typed import require_types
from sagerecon.model.value import canonical, read_json
from sagerecon.store.database import Database, Transaction, Values, prepared, upsert
from sagerecon.store.result_rows import replace_rows, with_rows, without_rows
from sagerecon.store.stored import read_object, reads_rows
from sagerecon.store.tables import READINGS, RECONCILIATIONS, RECORD_VERDICTS, VERDICTS


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
    id_map: str = ""  #: the fingerprint of the id map for which Sage was read
    confirmation: str = ""  #: looked for what a listing in several pages lacks


@dataclass(frozen=True, slots=True)
class Basis:
    """What one reconciliation is based on: its runs, and what each reading asked and found."""

    runs: ReadingRuns
    listings: tuple[Reading, ...]
    deletions: tuple[Reading, ...]
    rules: Mapping[str, str] = field(default_factory=dict)
    """By mapping, the fingerprint of its comparison rules."""
    number: int = 0  #: that of the reconciliation, from 1; 0 before it is recorded


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict in the form in which it is stored."""

    id: str
    kind: str
    key: str  #: of an entity without a record, its Sage id
    verdict: str
    reason: str
    fingerprint: str  #: of the figures that differ
    is_open: bool  #: whether it needs review
    may_be: tuple[tuple[str, str, str], ...] = ()  #: kind, Sage id and earlier key of what it may be


@dataclass(frozen=True, slots=True)
class LastJudged:
    """The verdict on a record in the last reconciliation."""

    verdict: str
    reason: str
    may_be: tuple[tuple[str, str, str], ...]  #: kind, Sage id and earlier key of what it may be


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A reconciliation as its report shows it: what it compared with, and what it found.

    The long lists of the document are `Rows`.
    """

    source: Mapping[str, Any]
    document: Mapping[str, Any]


#: What the stored source has beside that of the report.
_BASIS = "basis"

_OF_COMPANY: BindParameter[str] = bindparam("business")
_ALL = prepared("all_verdicts", select(VERDICTS).where(VERDICTS.c.business == _OF_COMPANY))
_KEEP = upsert("keep_verdict", VERDICTS)
_LAST = prepared(
    "last_reconciliation",
    select(RECONCILIATIONS.c.number, RECONCILIATIONS.c.reading, RECONCILIATIONS.c.deletions)
    .add_columns(RECONCILIATIONS.c.before, RECONCILIATIONS.c.source)
    .where(RECONCILIATIONS.c.business == _OF_COMPANY)
    .order_by(RECONCILIATIONS.c.number.desc())
    .limit(1),
)
_LAST_RESULT = prepared(
    "last_result",
    select(RECONCILIATIONS.c.number, RECONCILIATIONS.c.source, RECONCILIATIONS.c.document)
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
_WHOLE_LISTINGS = prepared(
    "whole_listings",
    select(READINGS.c.reconciliation, READINGS.c.kind)
    .where(READINGS.c.business == _OF_COMPANY, READINGS.c.of_deletions == 0)
    .group_by(READINGS.c.reconciliation, READINGS.c.kind)
    .having(func.min(READINGS.c.whole) == 1)
    .order_by(READINGS.c.reconciliation),
)
_NUMBERED = prepared(
    "numbered_reconciliation",
    select(RECONCILIATIONS.c.number, RECONCILIATIONS.c.reading, RECONCILIATIONS.c.deletions)
    .add_columns(RECONCILIATIONS.c.before, RECONCILIATIONS.c.source)
    .where(RECONCILIATIONS.c.business == _OF_COMPANY, RECONCILIATIONS.c.number == bindparam("number")),
)
_DELETIONS = prepared(
    "runs_of_deletions",
    select(RECONCILIATIONS.c.deletions)
    .where(RECONCILIATIONS.c.business == _OF_COMPANY, RECONCILIATIONS.c.deletions != "")
    .order_by(RECONCILIATIONS.c.number),
)
_KEEP_RECONCILIATION = upsert("keep_reconciliation", RECONCILIATIONS)
_KEEP_EVIDENCE = upsert("keep_evidence", READINGS)
_KEEP_RECORD = upsert("keep_record_verdict", RECORD_VERDICTS)
_RECORD = prepared(
    "record_verdict",
    select(RECORD_VERDICTS.c.verdict, RECORD_VERDICTS.c.reason, RECORD_VERDICTS.c.may_be)
    .add_columns(RECORD_VERDICTS.c.reconciliation)
    .where(
        RECORD_VERDICTS.c.business == _OF_COMPANY,
        RECORD_VERDICTS.c.kind == bindparam("kind"),
        RECORD_VERDICTS.c.key == bindparam("key"),
    ),
)
_OF_LAST = prepared(
    "record_verdicts",
    select(RECORD_VERDICTS.c.kind, RECORD_VERDICTS.c.key).where(
        RECORD_VERDICTS.c.business == _OF_COMPANY,
        RECORD_VERDICTS.c.reconciliation == bindparam("number"),
        RECORD_VERDICTS.c.verdict != bindparam("verdict"),
    ),
)
_WITH_VERDICT = prepared(
    "records_with_verdict",
    select(RECORD_VERDICTS.c.kind, RECORD_VERDICTS.c.key).where(
        RECORD_VERDICTS.c.business == _OF_COMPANY,
        RECORD_VERDICTS.c.reconciliation == bindparam("number"),
        RECORD_VERDICTS.c.verdict == bindparam("verdict"),
    ),
)


class ReconciliationLog:
    """Keeps the reconciliations of one company, and the last verdict on each difference by its id."""

    def __init__(self, business: str, database: Database, clock: Clock) -> None:
        self._business = business
        self._database = database
        self._clock = clock

    def record(self, basis: Basis, verdicts: Iterable[Judged], result: StoredResult) -> None:
        """Record a reconciliation with its readings, its verdicts and its result, in one commit."""
        document, lists = without_rows(result.document)
        with self._database.writing() as transaction:
            row = transaction.one(_LAST, {"business": self._business})
            number = 1 if row is None else row.number + 1
            where: Values = {"business": self._business}
            runs: Values = {
                "reading": basis.runs.reading,
                "deletions": basis.runs.deletions,
                "before": basis.runs.before,
                "at": self._clock.now(),
                "source": _text({**result.source, _BASIS: _compared_with(basis)}),
                "document": document,
            }
            transaction.run(_KEEP_RECONCILIATION, {**where, "number": number, **runs})
            replace_rows(transaction, self._business, number, lists)
            for position, (reading, of_deletions) in enumerate(
                (*((r, 0) for r in basis.listings), *((r, 1) for r in basis.deletions))
            ):
                place: Values = {**where, "reconciliation": number, "position": position}
                transaction.run(_KEEP_EVIDENCE, {**place, "of_deletions": of_deletions, **_values(reading)})
            self._record_verdicts(transaction, number, basis.runs.reading, verdicts)

    def last_result(self) -> StoredResult | None:
        """Return the result of the last reconciliation; None before the first.

        Its rows can be read until the next one is recorded.
        """
        with self._database.reading() as transaction:
            row = transaction.one(_LAST_RESULT, {"business": self._business})
        if row is None:
            return None
        source = {name: value for name, value in read_object(row.source).items() if name != _BASIS}
        document = with_rows(self._database, self._business, row.number, row.document)
        return StoredResult(source, document)

    def verdict(self, kind: str, key: str) -> LastJudged | None:
        """Return a record's verdict in the last reconciliation; None where it has none."""
        with self._database.reading() as transaction:
            last = transaction.one(_LAST, {"business": self._business})
            row = transaction.one(_RECORD, {"business": self._business, "kind": kind, "key": key})
            if last is None or row is None or row.reconciliation != last.number:
                return None
            return _last_judged(row)

    def records_without(self, verdict: str) -> frozenset[tuple[str, str]]:
        """Return kind and draft key of the records that the last reconciliation gave another verdict."""
        with self._database.reading() as transaction:
            last = transaction.one(_LAST, {"business": self._business})
            if last is None:
                return frozenset()
            where: Values = {"business": self._business, "number": last.number, "verdict": verdict}
            return frozenset((row.kind, row.key) for row in transaction.rows(_OF_LAST, where))

    def records_with(self, verdict: str, number: int | None = None) -> frozenset[tuple[str, str]]:
        """Return kind and key of what a reconciliation gave this verdict, and no later one judged.

        Args:
            number: that of the reconciliation; None for the last.
        """
        with self._database.reading() as transaction:
            if number is None:
                last = transaction.one(_LAST, {"business": self._business})
                number = 0 if last is None else last.number
            where: Values = {"business": self._business, "number": number, "verdict": verdict}
            return frozenset((row.kind, row.key) for row in transaction.rows(_WITH_VERDICT, where))

    def last_basis(self) -> Basis | None:
        """Return what the last reconciliation is based on; None before the first."""
        with self._database.reading() as transaction:
            row = transaction.one(_LAST, {"business": self._business})
            return None if row is None else self._basis(transaction, row)

    def last_number(self) -> int:
        """Return the number of the last reconciliation; 0 before the first."""
        with self._database.reading() as transaction:
            row = transaction.one(_LAST, {"business": self._business})
            return 0 if row is None else int(row.number)

    def newest_whole(self, besides: Set[str]) -> dict[str, Basis]:
        """Return for each kind that was ever read whole what the newest such reconciliation is based on.

        Args:
            besides: the kinds that are not asked for.
        """
        with self._database.reading() as transaction:
            where: Values = {"business": self._business}
            newest = {
                row.kind: row.reconciliation
                for row in transaction.rows(_WHOLE_LISTINGS, where)
                if row.kind not in besides
            }
            found = {
                number: self._basis(transaction, row)
                for number in sorted(set(newest.values()))
                if (row := transaction.one(_NUMBERED, {**where, "number": number})) is not None
            }
        return {kind: found[number] for kind, number in newest.items()}

    def runs_of_deletions(self) -> tuple[str, ...]:
        """Return the runs that asked for what was deleted in Sage, in the order of their reconciliations."""
        with self._database.reading() as transaction:
            rows = transaction.rows(_DELETIONS, {"business": self._business})
            return tuple(row.deletions for row in rows)

    def last_verdicts(self) -> dict[str, LastVerdict]:
        """Return the last verdict on each difference, by its id."""
        with self._database.reading() as transaction:
            return self._read(transaction)

    def _record_verdicts(
        self, transaction: Transaction, number: int, run: str, verdicts: Iterable[Judged]
    ) -> None:
        before = self._read(transaction)
        for judged in verdicts:
            record: Values = {
                "kind": judged.kind,
                "key": judged.key,
                "verdict": judged.verdict,
                "reason": _text(judged.reason),
                "may_be": _text(judged.may_be),
            }
            transaction.run(_KEEP_RECORD, {**record, "business": self._business, "reconciliation": number})
            if judged.is_open:
                last = before.get(judged.id)
                now = (judged.fingerprint, judged.verdict)
                is_unchanged = last is not None and (last.fingerprint, last.state) == now
                first = last.first_run if last is not None and is_unchanged else run
                values = {"id": judged.id, "fingerprint": judged.fingerprint, "state": judged.verdict}
                transaction.run(
                    _KEEP, {**values, "business": self._business, "first_run": first, "last_run": run}
                )

    def _basis(self, transaction: Transaction, row: Row[tuple[int]]) -> Basis:
        found = transaction.rows(_READINGS, {"business": self._business, "number": row.number})
        return _read_basis(row, found)

    def _read(self, transaction: Transaction) -> dict[str, LastVerdict]:
        return {
            row.id: LastVerdict(row.fingerprint, row.state, row.first_run, row.last_run)
            for row in transaction.rows(_ALL, {"business": self._business})
        }


def _compared_with(basis: Basis) -> dict[str, object]:
    return {"id_map": basis.runs.id_map, "confirmation": basis.runs.confirmation, "rules": dict(basis.rules)}


def _text(document: object) -> str:
    """Return a document as JSON in its own order, which is the order of the report."""
    return json.dumps(document)


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


@reads_rows
def _last_judged(row: Row[tuple[str]]) -> LastJudged:
    may_be = tuple((kind, sage_id, key) for kind, sage_id, key in read_json(row.may_be))
    return require_types(LastJudged(row.verdict, read_json(row.reason), may_be))


@reads_rows
def _read_basis(row: Row[tuple[int]], readings: Sequence[Row[tuple[str]]]) -> Basis:
    compared = read_object(row.source).get(_BASIS, {})
    basis = Basis(
        ReadingRuns(
            row.reading,
            row.deletions,
            row.before,
            id_map=compared.get("id_map", ""),
            confirmation=compared.get("confirmation", ""),
        ),
        listings=tuple(_reading(each) for each in readings if not each.of_deletions),
        deletions=tuple(_reading(each) for each in readings if each.of_deletions),
        rules=compared.get("rules", {}),
        number=row.number,
    )
    return require_types(basis)


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
