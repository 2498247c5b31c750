"""What Sage held at the last reconciliation, and at the looks since, for the next plan."""

from __future__ import annotations

from collections.abc import Iterable

from sagerecon.model.catalog import Catalog
from sagerecon.model.entity import Entity, Written
from sagerecon.model.reading import Reading
from sagerecon.pairing.agreement import inner_ids
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.pair import ReadFromSage, RecordKey
from sagerecon.pairing.position import EntityReading
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis


def to_compare(company: CompanyStore) -> frozenset[RecordKey]:
    """Return the records that the last reconciliation did not verify, and those that a run looked at.

    A verified record whose source is unchanged stands as it stood then, so that it is not read in full.
    """
    looks = list(company.history.looks())
    owners = ((entity.kind, company.id_map.owner(entity.kind, entity.sage_id)) for entity, _ in looks)
    looked_at = {(kind, key) for kind, key in owners if key is not None}
    return company.reconciliations.records_without(Verdict.VERIFIED.value) | looked_at


def as_last_read(
    company: CompanyStore, records: Iterable[Written], catalog: Catalog, basis: Basis | None = None
) -> ReadFromSage:
    """Return what Sage held of each record when its kind was last read whole.

    A record that such a reading did not find is absent; what was written after the reading began is not known
    by it, and a kind that was not read whole says nothing about what it lacks.
    """
    ours = {(record.kind, record.sage_id): record for record in records}
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
    inner = {
        sage_id
        for key, reading in found.items()
        for sage_id in inner_ids(ours[key], reading.entity, catalog[key[0]].fields)
    }
    written = company.history.ids_written() if inner else ()
    own = frozenset(record.sage_id for record in written if record.sage_id in inner)
    return ReadFromSage(entities=found, deleted=deleted, ours=own)


def _began(listings: Iterable[Reading]) -> dict[str, int]:
    """Return by kind when its first reading began."""
    began: dict[str, int] = {}
    for reading in listings:
        began[reading.kind] = min(reading.started_at, began.get(reading.kind, reading.started_at))
    return began
