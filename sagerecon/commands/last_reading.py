"""What Sage held at the last reconciliation, and at the looks since, for the next plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from sagerecon.model.entity import Entity, Written
from sagerecon.model.reading import Reading
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.pair import ReadFromSage, RecordKey
from sagerecon.pairing.position import EntityReading
from sagerecon.pairing.suspect import Suspect
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis


def to_compare(company: CompanyStore) -> frozenset[RecordKey]:
    """Return the records that the last reconciliation did not verify.

    A verified record whose source is unchanged stands as it stood then, so that it is not read in full.
    """
    return company.reconciliations.records_without(Verdict.VERIFIED.value)


def as_last_read(
    company: CompanyStore, records: Iterable[Written], basis: Basis | None = None
) -> ReadFromSage:
    """Return what Sage held of each record when its kind was last read whole.

    A record that such a reading did not find is absent; what was written after the reading began is not known
    by it, and a kind that was not read whole says nothing about what it lacks. The same holds for entities
    that a record may be which was not written.
    """
    suspects = company.history.suspects()
    alike = {(at.kind, sage_id) for at in suspects.values() for sage_id in at.sage_ids}
    ours = {(record.kind, record.sage_id) for record in records} | alike
    found: dict[RecordKey, EntityReading] = {}
    deleted: frozenset[RecordKey] = frozenset()
    basis = (basis or company.reconciliations.last_basis()) if ours else None
    if basis is not None:
        began = _began(basis.listings)
        for entity in company.history.entities_read(basis.runs.reading):
            key = (entity.kind, entity.sage_id)
            if key in ours and entity.kind in began:
                found[key] = EntityReading(entity, began[entity.kind])
        whole = SageReadings(basis.listings).kinds_read
        for key in ours:
            if key[0] in whole and key not in found:
                found[key] = EntityReading(Entity(*key, {}), began[key[0]])
        if basis.runs.deletions:
            entities = company.history.entities_read(basis.runs.deletions)
            deleted = frozenset((entity.kind, entity.sage_id) for entity in entities)
    for entity, read_at in company.history.looks():
        key = (entity.kind, entity.sage_id)
        if key in ours and (key not in found or found[key].read_at <= read_at):
            found[key] = EntityReading(entity, read_at)
    return ReadFromSage(
        entities=found,
        deleted=deleted,
        suspects={at: _as_read(suspect, found, deleted, company) for at, suspect in suspects.items()},
    )


def _as_read(
    suspect: Suspect,
    found: Mapping[RecordKey, EntityReading],
    deleted: Collection[RecordKey],
    company: CompanyStore,
) -> Suspect:
    """Return a suspect with its entities as they were read since, without those that are gone."""
    there: list[Entity] = []
    for entity in suspect.entities:
        reading = found.get((entity.kind, entity.sage_id))
        is_newer = reading is not None and reading.read_at > suspect.seen_at
        now = reading.entity if reading is not None and is_newer else entity
        is_absent = is_gone(now) or (is_newer and not now.body) or (now.kind, now.sage_id) in deleted
        if not is_absent:
            there.append(now)
    owners = {entity.sage_id: company.id_map.owner(entity.kind, entity.sage_id) for entity in there}
    ids = {entity.sage_id for entity in there}
    return replace(
        suspect,
        entities=tuple(there),
        gone=tuple(sage_id for sage_id in suspect.sage_ids if sage_id not in ids),
        owners={sage_id: owner for sage_id, owner in owners.items() if owner is not None},
    )


def _began(listings: Iterable[Reading]) -> dict[str, int]:
    """Return by kind when its first reading began."""
    began: dict[str, int] = {}
    for reading in listings:
        began[reading.kind] = min(reading.started_at, began.get(reading.kind, reading.started_at))
    return began
