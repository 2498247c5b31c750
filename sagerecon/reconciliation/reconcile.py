"""Compare what we want, what was written and what Sage holds, to one verdict for each record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, Outcome
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.model.money import total
from sagerecon.pairing.claims import Denied
from sagerecon.pairing.held import Held, Origin, OriginFacts, classify, is_gone
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.owners import RecordKey, owners_of_shared
from sagerecon.pairing.read_from_sage import as_listed
from sagerecon.pairing.refusal import Refusals
from sagerecon.pairing.suspect import Suspect
from sagerecon.reconciliation.chart_of_accounts import BRITISH, ChartOfAccounts, ControlAccounts
from sagerecon.reconciliation.comparer import UNKNOWN_INPUTS, Comparer, DraftInputs
from sagerecon.reconciliation.completeness import Counter, group_of, sage_lines, source_lines
from sagerecon.reconciliation.judge import Judge
from sagerecon.reconciliation.patterns import add_estimated_effects, mark_swapped_values
from sagerecon.reconciliation.positions import Facts, Renames
from sagerecon.reconciliation.result import Coverage, Reconciliation, Tolerated
from sagerecon.reconciliation.sage_readings import SageReadings
from sagerecon.reconciliation.verdict import FirstSeen, RecordVerdict
from sagerecon.reconciliation.waiting import with_waiting


def reconcile(
    wanted: Sequence[Outcome],
    written: Iterable[Written],
    held: Iterable[Entity],
    comparisons: Mapping[str, Mapping[str, Comparison]],
    catalog: Catalog,
    *,
    readings: SageReadings,
    read_until: int = 0,
    inputs: DraftInputs = UNKNOWN_INPUTS,
    as_at: date | None = None,
    pre_existing: Collection[str] = (),
    deleted: Collection[str] = (),
    began_at: int | None = None,
    rejected: Mapping[str, Sequence[Finding]] | None = None,
    accounts: ControlAccounts = BRITISH,
    tolerance_limit: Decimal | None = None,
    last: Mapping[str, str] | None = None,
    identities: Identities | None = None,
    suspects: Mapping[RecordKey, Suspect] | None = None,
    in_doubt: Set[RecordKey] = frozenset(),
    refusals: Refusals | None = None,
    apart: Collection[str] = frozenset(),
    denied: Denied | None = None,
    incomplete_store: str = "",
) -> Reconciliation:
    """Return one verdict for each record, and for each entity in Sage that belongs to none; no tie-outs yet.

    Args:
        wanted: the outcomes of today's mapping; they may be read from a file, each time one after the other.
        written: what earlier runs created or adopted.
        held: what was read back.
        comparisons: the comparison rules by mapping and field path.
        readings: which kinds were read whole; the records of any other kind are not read.
        read_until: an instant up to which every record was written before Sage was read.
        inputs: the fingerprints of what today's drafts are made from.
        as_at: the day of the tie-outs. What is dated after it explains no gap.
        pre_existing: Sage ids that were there before the move.
        deleted: Sage ids that Sage reports as deleted.
        began_at: when the first run began, in milliseconds since 1970; None before any run, 0 if unknown.
        rejected: findings of the drafts that a run set aside, by draft key.
        accounts: the nominal codes of the control accounts.
        tolerance_limit: the largest sum that tolerances may excuse.
        last: fingerprints of the open verdicts of the last reconciliation, by id.
        identities: the identities of both sides, where the caller has them already.
        suspects: the records that Sage may hold already, as comparisons with Sage found them.
        in_doubt: kind and key of the records that a run sent without an answer.
        refusals: what Sage refused of a record.
        apart: the keys of drafts that were decided to be none of the records written earlier.
        denied: by kind and draft key, the Sage ids of the entities that a record is decided not to be.
        incomplete_store: why the store may lack records that it wrote; empty where it does not.

    Raises:
        ConservationError: a count or a sum differs from the sum of its parts, which is a bug.
    """
    outcomes, records = wanted, list(written)
    entities, read = list(held), readings.kinds_read
    gone = (entity.sage_id for entity in entities if is_gone(entity))  # evidence, however little was read
    sage = Held.collect((entity for entity in entities if entity.kind in read), {*deleted, *gone})
    identities = identities or Identities(records, entities, catalog)
    counted = Counter()
    chart = _chart(catalog, identities, accounts, _counting(outcomes, counted), records, entities)
    comparer = Comparer(catalog, identities, comparisons, inputs)
    judge = Judge(
        catalog,
        chart,
        comparer,
        as_at,
        is_begin_known=began_at != 0,
        is_store_complete=not incomplete_store,
    )

    shared = owners_of_shared(records, outcomes)
    owners = {record.sage_id: shared.get((record.kind, record.key), record.key) for record in records}
    found = as_listed(readings.listings, entities, sage.deleted, identities, read_until)
    found = found.with_suspects(suspects or {}, lambda _, sage_id: owners.get(sage_id), catalog)
    unowned = [entity for entity in sage.entities if entity.sage_id not in owners]
    by_key = {(record.kind, record.key): record for record in records}
    found = replace(found, unowned=unowned, in_doubt=in_doubt, refusals=refusals or {}).with_matches(
        outcomes, by_key, by_key, catalog, comparisons
    )
    facts = Facts.of(sage, found, readings, rejected or {}, denied or {})
    renames = Renames.among(outcomes, records, catalog, identities, apart)
    claimed: set[str] = set()
    verdicts = list(_records(outcomes, by_key, shared, renames, facts, judge, claimed))
    matched = claimed | {verdict.sage_id for verdict in verdicts if verdict.sage_id}
    kinds = dict.fromkeys([*(kind for kind, _ in counted.groups), *(record.kind for record in records)])
    origins = OriginFacts.collect(pre_existing, began_at, records, sage, catalog)
    classes = classify(sage, kinds, matched, origins)
    verdicts += _extras(classes, sage, judge, owners)
    verdicts = with_waiting(verdicts, outcomes, renames.by_key.keys(), found.refusals.keys())
    verdicts = add_estimated_effects(mark_swapped_values(verdicts), outcomes, chart)
    return Reconciliation(
        verdicts=tuple(_with_first_seen(verdict, last) for verdict in verdicts),
        completeness=source_lines(counted, verdicts),
        sage=sage_lines(
            _held_counted(sage, kinds, judge),
            {
                kind: [(origin, judge.amount_of(kind, entity.body)) for origin, entity in found]
                for kind, found in classes.items()
            },
        ),
        coverage=_coverage(kinds, readings, comparer),
        tolerated=_tolerated(verdicts, tolerance_limit),
        incomplete_store=incomplete_store,
    )


def _counting(outcomes: Iterable[Outcome], counter: Counter) -> Iterator[Outcome]:
    """Yield the outcomes, and count the number and amount of records read, by mapping."""
    for outcome in outcomes:
        counter.add(group_of(outcome.kind, outcome.key), "read", outcome.amount)
        yield outcome


def _held_counted(sage: Held, kinds: Collection[str], judge: Judge) -> Counter:
    """Return the number and amount of entities in Sage, by kind."""
    counter = Counter()
    for entity in sage.entities:
        if entity.kind in kinds:
            counter.add((entity.kind, ""), "held", judge.amount_of(entity.kind, entity.body))
    return counter


def _coverage(kinds: Collection[str], readings: SageReadings, comparer: Comparer) -> Coverage:
    read = readings.kinds_read
    return Coverage(
        kinds_read=tuple(sorted(kind for kind in kinds if kind in read)),
        kinds_not_read=tuple(sorted(kind for kind in kinds if kind not in read)),
        records_compared=comparer.records_compared,
        fields_compared=comparer.fields_compared,
        fields_not_answered=dict(sorted(comparer.not_answered.items())),
        readings=readings,
    )


def _tolerated(verdicts: Iterable[RecordVerdict], limit: Decimal | None) -> Tolerated:
    excused = [verdict for verdict in verdicts if any(d.is_excused for d in verdict.differences)]
    return Tolerated(
        count=sum(d.is_excused for verdict in excused for d in verdict.differences),
        amount=total(verdict.tolerated for verdict in excused),
        limit=limit,
    )


def _chart(
    catalog: Catalog,
    identities: Identities,
    accounts: ControlAccounts,
    outcomes: Iterable[Outcome],
    records: Iterable[Written],
    entities: Iterable[Entity],
) -> ChartOfAccounts:
    """Return codes and sides. What was read back takes precedence over answers, and answers over drafts."""
    chart = ChartOfAccounts(catalog, identities, accounts)
    chart.learn_entities(entities)
    chart.learn_written(records)
    chart.learn_drafts(outcome for outcome in outcomes if isinstance(outcome, Draft))
    return chart


def _records(
    outcomes: Sequence[Outcome],
    by_key: Mapping[RecordKey, Written],
    shared: Mapping[RecordKey, str],
    renames: Renames,
    facts: Facts,
    judge: Judge,
    claimed: set[str],
) -> Iterator[RecordVerdict]:
    """Yield the verdict on each record of the source, then on each that only an earlier run had.

    An earlier record that may be a draft under another key has no verdict of its own.

    Args:
        claimed: gets the Sage id of each entity that may be one of the records.
    """
    left = dict(by_key)
    certain = renames.certain
    for outcome in outcomes:
        written = left.pop((outcome.kind, outcome.key), None)
        if written is not None:
            owner = shared.get((written.kind, written.key), "")
            yield judge.record(facts.of_written(outcome, written, claimed, owner))
        else:
            earlier = certain.get(outcome.key)
            entity = facts.sage.by_id.get((earlier.kind, earlier.sage_id)) if earlier else None
            rename = renames.by_key.get(outcome.key)
            yield judge.record(facts.of_unwritten(outcome, entity, rename, claimed))
    earlier_of = [record for rename in renames.by_key.values() for record in rename.earlier]
    claimed.update(record.sage_id for record in earlier_of)
    for record in earlier_of:
        left.pop((record.kind, record.key), None)
    for written in left.values():
        yield judge.record(facts.of_written(None, written, claimed))


def _extras(
    classes: Mapping[str, Sequence[tuple[Origin, Entity]]],
    sage: Held,
    judge: Judge,
    owners: Mapping[str, str],
) -> Iterator[RecordVerdict]:
    """Yield the verdict on each extra entity, with the record it duplicates, if any."""
    extra = [entity for found in classes.values() for origin, entity in found if origin is Origin.EXTRA]
    if not extra:
        return
    kinds = {entity.kind for entity in extra}
    by_signature: dict[object, str] = {}
    for entity in sage.entities:
        if entity.kind in kinds and entity.sage_id in owners:
            by_signature.setdefault(judge.signature(entity), owners[entity.sage_id])
    by_signature.pop(None, None)
    for entity in extra:
        yield judge.extra_entity(entity, by_signature.get(judge.signature(entity), ""))


def _with_first_seen(verdict: RecordVerdict, last: Mapping[str, str] | None) -> RecordVerdict:
    if last is None or not verdict.needs_review:
        return verdict
    is_known = last.get(verdict.id) == verdict.fingerprint
    return replace(verdict, first_seen=FirstSeen.EARLIER if is_known else FirstSeen.NOW)
