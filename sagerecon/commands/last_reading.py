"""What earlier runs recorded, and what Sage held of it when it was last read, for plan and proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from sagerecon.commands.newest_readings import NewestReadings
from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft, Outcome, references_in
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.held import is_absent
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.key_ladder import Candidates
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.pair import Recorded, needed_in_full
from sagerecon.pairing.position import EntityReading
from sagerecon.pairing.read_from_sage import NOT_READ, ReadFromSage
from sagerecon.pairing.refusal import Refusals, still_referred_to
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.store.company import CompanyStore
from sagerecon.store.reconciliation_log import Basis, ReconciliationLog

#: What runs found in Sage that they did not update, delete or adopt, by kind and Sage id: for each entity
#: the last look.
Looks = Mapping[tuple[str, str], EntityReading]


@dataclass(frozen=True, slots=True)
class LastReading:
    """The readings of the last reconciliation, and what it found by them."""

    basis: Basis
    unverified: Set[RecordKey] = frozenset()  #: kind and draft key of the records it did not verify
    unknown: Set[RecordKey] = frozenset()  #: kind and Sage id of the entities that no record owns

    @classmethod
    def of(cls, basis: Basis, verdicts: Iterable[RecordVerdict]) -> LastReading:
        """Return what a reconciliation found that is not recorded yet."""
        unverified, unknown = set(), set()
        for found in verdicts:
            if not found.key:
                unknown.add((found.kind, found.sage_id))
            elif found.verdict is not Verdict.VERIFIED:
                unverified.add((found.kind, found.key))
        return cls(basis, unverified, unknown)

    @classmethod
    def recorded(cls, company: CompanyStore) -> LastReading | None:
        """Return what the last reconciliation found, as the store recorded it; None before the first."""
        log = company.reconciliations
        basis = log.last_basis()
        if basis is None:
            return None
        unverified = log.records_without(Verdict.VERIFIED.value)
        return cls(basis, unverified, unknown_in_sage(log))


def unknown_in_sage(log: ReconciliationLog, number: int | None = None) -> Set[RecordKey]:
    """Return kind and Sage id of the entities that no record owns, also of those that repeat a record.

    Args:
        number: that of the reconciliation that judged them; None for the last.
    """
    found = log.records_with(Verdict.EXTRA.value, number) | log.records_with(Verdict.DUPLICATE.value, number)
    return {record for record in found if "/" not in record[1]}  # the key of a draft names its mapping


def recorded_and_read(
    outcomes: Sequence[Outcome],
    rules: Mapping[str, str],
    contents: Mapping[RecordKey, str],
    company: CompanyStore,
    catalog: Catalog,
    last: LastReading | None,
    *,
    has_renames: bool = True,
) -> tuple[Recorded, ReadFromSage]:
    """Return what earlier runs recorded, in full where it is compared, and what Sage held of that.

    Compared are the records that the source changed, those that the last reconciliation did not verify or
    compared by other rules, those that share an entity, and those that a run has looked at since. A verified
    record whose source is unchanged stands as it stood then, so that it is not read in full. With them come
    the entities that a record may be which no run has written.

    Args:
        rules: by mapping, the fingerprint of its comparison rules.
        contents: the fingerprint of the body that was recorded, by kind and draft key.
        last: the readings to compare with; None before the first reconciliation.
        has_renames: whether a decision may make a record that the source lost one that it has now. Before
            Sage was read, only then is the answer to its write needed, which is most of a record.
    """
    history = company.history
    looks = {(e.kind, e.sage_id): EntityReading(e, read_at) for e, read_at in history.looks()}
    basis = None if last is None else last.basis
    unverified = frozenset[RecordKey]() if last is None else _unverified(contents, rules, last)
    needed = needed_in_full(outcomes, contents) | unverified | (company.id_map.shared() & contents.keys())
    suspects = history.suspects()
    drafts = _perhaps_not_held(outcomes, contents, needed)
    newest = None if basis is None else NewestReadings.of(company, basis)
    unowned = frozenset() if newest is None else newest.unowned({draft.kind for draft in drafts})
    if not needed and not looks and not suspects and not unowned:
        return Recorded(contents=contents), NOT_READ
    present = {(outcome.kind, outcome.key) for outcome in outcomes}
    written: dict[RecordKey, Written] = {}

    def recorded() -> Iterator[Written]:
        for record in history.written():
            key = (record.kind, record.key)
            if key in needed or (record.kind, record.sage_id) in looks:
                is_compared = has_renames or key in present or basis is not None or bool(looks)
                written[key] = record if is_compared else replace(record, answer={})
            yield record

    found: list[Entity] = []
    candidates, may_be = Candidates(drafts if unowned else (), catalog), list[Entity]()

    def held() -> Iterator[Entity]:
        ours = {(record.kind, record.sage_id) for record in written.values()}
        ours |= {(suspect.kind, sage_id) for suspect in suspects.values() for sage_id in suspect.sage_ids}
        for entity in () if newest is None else newest.entities():
            if (entity.kind, entity.sage_id) in ours:
                found.append(entity)
            if (entity.kind, entity.sage_id) in unowned and candidates.has(entity):
                may_be.append(entity)
            yield entity

    identities = Identities(recorded(), held(), catalog)
    read = replace(NOT_READ, identities=identities)
    if newest is not None:
        read = newest.as_read(found, written.values(), identities)
    absent = {record: look for record, look in looks.items() if is_absent(look.entity)}
    read = _with_looks(read, absent).with_suspects(suspects, company.id_map.owner, catalog)
    read = replace(
        read,
        unowned=tuple(may_be),
        in_doubt=history.creations_in_doubt(),
        refusals=refusals_of(company, catalog),
        void_referrers=_void_referrers(company, catalog),
    )
    return Recorded(contents=contents, written=written), _with_looks(read, looks)


def refusals_of(company: CompanyStore, catalog: Catalog) -> Refusals:
    """Return what Sage refused of each record, without that after which what referred to it was deleted."""
    history = company.history
    return still_referred_to(history.refusals(), history.deletions(), catalog)


def _void_referrers(company: CompanyStore, catalog: Catalog) -> Mapping[RecordKey, tuple[str, ...]]:
    """Return by record the keys of what runs have voided that refers to it: Sage keeps both."""
    found: dict[RecordKey, tuple[str, ...]] = {}
    for step, _ in company.history.reversals():
        if catalog[step.kind].is_voided:
            for kind, key in {(ref.kind, ref.key) for ref in references_in(step.body)}:
                if isinstance(key, str):
                    found[kind, key] = (*found.get((kind, key), ()), step.key)
    return found


def _perhaps_not_held(
    outcomes: Iterable[Outcome], contents: Mapping[RecordKey, str], needed: Set[RecordKey]
) -> list[Draft]:
    """Return the drafts that no run has written, and those that were not verified since."""
    drafts = (outcome for outcome in outcomes if isinstance(outcome, Draft))
    return [d for d in drafts if (d.kind, d.key) not in contents or (d.kind, d.key) in needed]


def _unverified(
    contents: Mapping[RecordKey, str], rules: Mapping[str, str], last: LastReading
) -> Set[RecordKey]:
    """Return the records that the last reconciliation did not verify by the comparison rules of today.

    Args:
        rules: by mapping, the fingerprint of its comparison rules.
    """
    changed = {name for name, rule in rules.items() if last.basis.rules.get(name) != rule}
    by_other_rules = {record for record in contents if record[1].partition("/")[0] in changed}
    return (last.unverified & contents.keys()) | by_other_rules


def _with_looks(read: ReadFromSage, looks: Looks) -> ReadFromSage:
    """Return what was read with the looks that are newer than the reading of their kind."""
    newer = {
        key: look
        for key, look in looks.items()
        if look.read_at >= read.whole.get(key[0], 0)
        and (key not in read.entities or look.read_at >= read.entities[key].read_at)
    }
    return replace(read, entities={**read.entities, **newer})
