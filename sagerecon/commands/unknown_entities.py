"""The entities in Sage that no record owns, as the reconciliation that last read their kind found them."""

from __future__ import annotations

from collections.abc import Iterator, Set

from sagerecon.commands.last_reading import LastReading
from sagerecon.commands.newest_readings import NewestReadings
from sagerecon.model.catalog import Catalog
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.held import Origin
from sagerecon.pairing.identity import as_decimal
from sagerecon.pairing.position import Coverage, EntityReading, Position
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis


def unknown_entities(company: CompanyStore, catalog: Catalog, last: LastReading | None) -> list[Position]:
    """Return the position of each entity in Sage that no record owns; its key is its Sage id.

    Args:
        last: the reading that found them; None before the first reconciliation.
    """
    if last is None:
        return []
    found = [*_read_by(company, last.basis, last.unknown)]
    for kind, basis in NewestReadings.of(company, last.basis).earlier.items():
        verdicts = company.reconciliations.records_with(Verdict.EXTRA.value, basis.number)
        found += _read_by(company, basis, {record for record in verdicts if record[0] == kind})
    return [
        Position(
            kind=reading.entity.kind,
            key=reading.entity.sage_id,
            held=reading,
            coverage=Coverage.WHOLE,
            origin=Origin.EXTRA,
            amount=as_decimal(reading.entity.body.get(catalog[reading.entity.kind].amount)),
        )
        for reading in found
        if company.id_map.owner(reading.entity.kind, reading.entity.sage_id) is None
    ]


def _read_by(company: CompanyStore, basis: Basis, entities: Set[tuple[str, str]]) -> Iterator[EntityReading]:
    """Yield the entities of these kinds and Sage ids as the reading of a reconciliation found them."""
    if not entities:
        return
    read_at = {reading.kind: reading.started_at for reading in basis.listings}
    for entity in company.history.entities_read(basis.runs.reading):
        if (entity.kind, entity.sage_id) in entities:
            yield EntityReading(entity, read_at.get(entity.kind, 0))
