"""The entities in Sage that no record owns, as the last reconciliation found them."""

from __future__ import annotations

from collections.abc import Collection

from sagerecon.model.catalog import Catalog
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.held import Origin
from sagerecon.pairing.identity import as_decimal
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Coverage, EntityReading, Position
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis


def unknown_entities(
    company: CompanyStore,
    catalog: Catalog,
    basis: Basis | None = None,
    found: Collection[RecordKey] | None = None,
) -> list[Position]:
    """Return the position of each entity in Sage that no record owns; its key is its Sage id.

    Args:
        basis: the readings that found them; by default those of the last reconciliation.
        found: their kinds and Sage ids; by default those that the last reconciliation found.
    """
    basis = basis or company.reconciliations.last_basis()
    if found is None:
        found = company.reconciliations.records_with(Verdict.EXTRA.value)
    if basis is None or not found:
        return []
    read_at = {reading.kind: reading.started_at for reading in basis.listings}
    return [
        Position(
            kind=entity.kind,
            key=entity.sage_id,
            held=EntityReading(entity, read_at.get(entity.kind, 0)),
            coverage=Coverage.WHOLE,
            origin=Origin.EXTRA,
            amount=as_decimal(entity.body.get(catalog[entity.kind].amount)),
        )
        for entity in company.history.entities_read(basis.runs.reading)
        if (entity.kind, entity.sage_id) in found
        and company.id_map.owner(entity.kind, entity.sage_id) is None
    ]
