"""Which record owns an entity in Sage that was recorded for several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sagerecon.model.draft import Draft, Outcome
from sagerecon.model.entity import Written

#: Kind and draft key of a record.
RecordKey = tuple[str, str]


def owners_of_shared(records: Iterable[Written], outcomes: Iterable[Outcome]) -> Mapping[RecordKey, str]:
    """Return by kind and key of each record that has the entity of another one, the key of the owner.

    One that the source still has owns the entity before one that it lost or leaves out; one that was created
    before one that was adopted; then the oldest. A record without an entry has its entity for itself or owns
    it.

    Args:
        records: of earlier runs, at least all those that share an entity.
    """
    records = list(records)
    counts = Counter((record.kind, record.sage_id) for record in records)
    shared = [record for record in records if counts[record.kind, record.sage_id] > 1]
    if not shared:
        return {}
    keys = {(record.kind, record.key) for record in shared}
    wanted = {(o.kind, o.key) for o in outcomes if isinstance(o, Draft) and (o.kind, o.key) in keys}
    owners: dict[tuple[str, str], str] = {}
    for record in sorted(
        shared, key=lambda r: ((r.kind, r.key) not in wanted, r.adopted, r.written_at, r.key)
    ):
        owners.setdefault((record.kind, record.sage_id), record.key)
    named = {(record.kind, record.key): owners[record.kind, record.sage_id] for record in shared}
    return {record: owner for record, owner in named.items() if owner != record[1]}
