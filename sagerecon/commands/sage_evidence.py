"""Read what earlier runs recorded and what the last reading of Sage found of it, for a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Outcome
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.pair import NOT_READ, ReadFromSage, Recorded, RecordKey, needed_in_full
from sagerecon.pairing.position import EntityReading
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.store.company import CompanyStore
from sagerecon.store.run_history import RunHistory

#: Verdicts of records that Sage holds as they were written. While the source still says the same, there is
#: nothing to compare.
_HELD_AS_WRITTEN = frozenset({Verdict.VERIFIED.value, Verdict.ROUNDING.value})


def recorded_and_read(
    outcomes: Sequence[Outcome], contents: Mapping[RecordKey, str], company: CompanyStore, catalog: Catalog
) -> tuple[Recorded, ReadFromSage]:
    """Return what earlier runs recorded, and what the last reading of Sage found of the records compared.

    Compared are the records that changed in the source, and those that the last reconciliation did not find
    in Sage as they were written. The others are not loaded.

    Args:
        contents: the fingerprint of the body that was recorded, by kind and draft key.
    """
    verdicts = company.reconciliations.record_verdicts()
    differing = {key for key, verdict in verdicts.items() if verdict not in _HELD_AS_WRITTEN}
    needed = needed_in_full(outcomes, contents) | (contents.keys() & differing)
    if not needed:
        return Recorded(contents=contents), NOT_READ
    recorded = _recorded(outcomes, contents, needed, company.history)
    read = _last_reading(recorded, company)
    if read.entities:
        read = replace(read, identities=Identities(company.history.written(), (), catalog))
    return recorded, read


def _recorded(
    outcomes: Sequence[Outcome],
    contents: Mapping[RecordKey, str],
    needed: Set[RecordKey],
    history: RunHistory,
) -> Recorded:
    """Return what earlier runs recorded, with the needed records in full."""
    present = {(outcome.kind, outcome.key) for outcome in outcomes}
    written = {}
    for record in history.written():
        key = (record.kind, record.key)
        if key in needed:  # the answer is most of a record, and not compared where there is no draft
            written[key] = record if key in present else replace(record, answer={})
    return Recorded(contents=contents, written=written)


def _last_reading(recorded: Recorded, company: CompanyStore) -> ReadFromSage:
    """Return what the reading of the last reconciliation found, and what updates that were not sent saw."""
    history = company.history
    ours = {(record.kind, record.sage_id) for record in recorded.written.values()}
    basis = company.reconciliations.last_basis()
    if basis is None:
        return ReadFromSage(entities=_with_looks({}, ours, history))
    whole = SageReadings(basis.listings, basis.deletions).kinds_read
    began: dict[str, int] = {}
    for reading in basis.listings:
        began[reading.kind] = max(reading.started_at, began.get(reading.kind, 0))
    found = {
        (entity.kind, entity.sage_id): EntityReading(entity, began[entity.kind])
        for entity in history.entities_read(basis.runs.reading)
        if (entity.kind, entity.sage_id) in ours and entity.kind in began
    }
    deleted = history.entities_read(basis.runs.deletions) if basis.runs.deletions else ()
    return ReadFromSage(
        entities=_with_looks(found, ours, history),
        whole={kind: began[kind] for kind in whole},
        deleted=frozenset(entity.sage_id for entity in deleted),
    )


def _with_looks(
    found: Mapping[tuple[str, str], EntityReading], ours: Set[tuple[str, str]], history: RunHistory
) -> dict[tuple[str, str], EntityReading]:
    """Return what was found, with what updates saw since that were then not sent."""
    newest = dict(found)
    for entity, read_at in history.looks():
        key = (entity.kind, entity.sage_id)
        if key in ours and (key not in newest or newest[key].read_at <= read_at):
            newest[key] = EntityReading(entity, read_at)
    return newest
