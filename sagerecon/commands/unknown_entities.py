"""The entities in Sage that no record owns, as the reconciliation that last read their kind found them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from sagerecon.commands.history import read_history
from sagerecon.commands.last_reading import LastReading, unknown_in_sage
from sagerecon.commands.newest_readings import NewestReadings, entities_of
from sagerecon.model.catalog import Catalog
from sagerecon.pairing.held import Held, Origin, OriginFacts
from sagerecon.pairing.identity import as_decimal
from sagerecon.pairing.owners import RecordKey
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
        unknown = unknown_in_sage(company.reconciliations, basis.number)
        found += _read_by(company, basis, {record for record in unknown if record[0] == kind})
    return [
        _position(reading, catalog)
        for reading in found
        if company.id_map.owner(reading.entity.kind, reading.entity.sage_id) is None
    ]


def freed_entities(
    company: CompanyStore, catalog: Catalog, last: LastReading, freed: Mapping[RecordKey, EntityReading]
) -> list[Position]:
    """Return the position of each entity that no record can be any more, by a decision since the reading.

    One that was in Sage before the move, or that Sage made itself, is not among them.
    """
    if not freed:
        return []
    history = read_history(company)
    before = {sage_id for _, sage_id in company.history.ids_read(history.first_run)}
    held = Held.collect(entities_of(company, last.basis), ())
    facts = OriginFacts.collect(before, history.began_at, company.history.written(), held, catalog)
    return [_position(at, catalog) for at in freed.values() if facts.origin(at.entity) is Origin.EXTRA]


def _position(reading: EntityReading, catalog: Catalog) -> Position:
    entity = reading.entity
    return Position(
        kind=entity.kind,
        key=entity.sage_id,
        held=reading,
        coverage=Coverage.WHOLE,
        origin=Origin.EXTRA,
        amount=as_decimal(entity.body.get(catalog[entity.kind].amount)),
    )


def _read_by(company: CompanyStore, basis: Basis, entities: Set[tuple[str, str]]) -> Iterator[EntityReading]:
    """Yield the entities of these kinds and Sage ids as the reading of a reconciliation found them."""
    if not entities:
        return
    read_at = {reading.kind: reading.started_at for reading in basis.listings}
    for entity in company.history.entities_read(basis.runs.reading):
        if (entity.kind, entity.sage_id) in entities:
            yield EntityReading(entity, read_at.get(entity.kind, 0))
