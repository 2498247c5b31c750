"""The look before each update and adoption: a call for each record, or pages of a listing, if cheaper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.entity import Written
from sagerecon.pairing.owners import RecordKey
from sagerecon.planning.census import kinds_listed
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.readings import read_back
from sagerecon.planning.shown import is_listed
from sagerecon.planning.step import AdoptStep, ReadStep, Step, UpdateStep

_REASON = "reads what Sage holds, to overwrite nothing that was edited there"


def with_looks(
    readings: Sequence[ReadStep],
    steps: Sequence[Step],
    known: KnownEntities,
    catalog: Catalog,
    comparisons: Mapping[str, Mapping[str, Comparison]],
    written: Mapping[RecordKey, Written] = {},
) -> list[Step]:
    """Return the readings and the steps with a look before each update and each adoption.

    A listing that is read anyway is asked for every field. Else a listing comes before the first look of its
    kind, where its pages are fewer than the records that it shows. Any other record is read by itself.

    Args:
        readings: those that find what Sage holds already.
        steps: of the records, in the order of sending.
        comparisons: the comparison rules of each mapping, by field path.
        written: by kind and key, what an earlier run wrote of the records.
    """
    listed = [
        (step.kind, step.key)
        for step in steps
        if isinstance(step, UpdateStep | AdoptStep) and is_listed(step, catalog, written)
    ]
    counts = Counter(kind for kind, _ in listed)
    shared = kinds_listed(readings) & set(counts)
    looks = {kind: _listing(kind, known, catalog) for kind in counts if kind not in shared}
    cheaper = {kind for kind, look in looks.items() if look.calls < counts[kind]}
    by_listing = {(kind, key) for kind, key in listed if kind in cheaper | shared}
    found: list[Step] = [*_with_every_field(readings, shared, catalog)]
    for step in steps:
        if not isinstance(step, UpdateStep | AdoptStep):
            found.append(step)
            continue
        is_by_listing = (step.kind, step.key) in by_listing
        if is_by_listing and (look := looks.pop(step.kind, None)) is not None:
            found.append(look)
        is_compared = isinstance(step, UpdateStep) or step.is_equal
        rules = comparisons.get(step.key.partition("/")[0], {}) if is_compared else {}
        found.append(replace(step, look_calls=0 if is_by_listing else 1, compare=dict(rules)))
    return found


def _with_every_field(
    readings: Iterable[ReadStep], kinds: frozenset[str], catalog: Catalog
) -> Iterable[ReadStep]:
    """Yield the readings, those of `kinds` with all the fields that a look compares."""
    for reading in readings:
        if reading.kind in kinds and "search" not in reading.query:
            yield replace(reading, query=read_back(catalog[reading.kind], 0, catalog).query)
        else:
            yield reading


def _listing(name: str, known: KnownEntities, catalog: Catalog) -> ReadStep:
    """Return the listing that shows every entity of a kind; those recorded are taken as its number."""
    kind = catalog[name]
    recorded = sum(1 for of_kind, _ in known.contents if of_kind == name)
    return replace(
        read_back(kind, max(recorded, known.counts.get(name, 0)), catalog),
        key=f"{kind.resource}/before-updates",
        reason=_REASON,
    )
