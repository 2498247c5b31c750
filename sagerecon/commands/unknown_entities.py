"""The entities in Sage that no record owns, as the last reconciliation found them."""

from __future__ import annotations

from sagerecon.commands.last_reading import LastReading
from sagerecon.model.catalog import Catalog
from sagerecon.pairing.held import Origin
from sagerecon.pairing.identity import as_decimal
from sagerecon.pairing.position import Coverage, EntityReading, Position
from sagerecon.store.company import CompanyStore


def unknown_entities(company: CompanyStore, catalog: Catalog, last: LastReading | None) -> list[Position]:
    """Return the position of each entity in Sage that no record owns; its key is its Sage id.

    Args:
        last: the reading that found them; None before the first reconciliation.
    """
    if last is None or not last.unknown:
        return []
    basis = last.basis
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
        if (entity.kind, entity.sage_id) in last.unknown
        and company.id_map.owner(entity.kind, entity.sage_id) is None
    ]
