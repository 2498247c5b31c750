"""Everything together: what we want, what was written and what Sage holds, to one verdict each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, Outcome
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.model.money import total
from sagerecon.pairing.held import Held, Past, classify, owners_of
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.key_ladder import NO_MATCH, KeyLadder, Match, Rung
from sagerecon.reconciliation.chart_of_accounts import BRITISH, ChartOfAccounts, ControlAccounts
from sagerecon.reconciliation.completeness import (
    Counter,
    SageLine,
    SourceLine,
    group_of,
    sage_lines,
    source_lines,
)
from sagerecon.reconciliation.decision import Evidence
from sagerecon.reconciliation.judge import TODAY, Judge, Today
from sagerecon.reconciliation.patterns import with_swaps, with_usual_effects
from sagerecon.reconciliation.tie_out import TieOut
from sagerecon.reconciliation.verdict import Difference, RecordVerdict

__all__ = ["ControlAccounts", "Coverage", "Reconciliation", "Today", "Tolerated", "reconcile"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the verdicts rest on: which kinds were read back, and how many fields could be compared."""

    kinds_read: tuple[str, ...]
    kinds_not_read: tuple[str, ...]
    records_compared: int
    fields_compared: int
    fields_not_answered: Mapping[str, int]  #: `contact.main_address.city` -> in how many records


@dataclass(frozen=True, slots=True)
class Tolerated:
    """What named tolerances excuse, and the limit of its own that the sum has."""

    count: int
    amount: Decimal
    limit: Decimal | None = None

    @property
    def is_within_limit(self) -> bool:
        """Whether the sum may stand."""
        return self.limit is None or self.amount <= self.limit


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What Sage holds, compared with what the source says and with what was written."""

    verdicts: tuple[RecordVerdict, ...]
    completeness: tuple[SourceLine, ...]
    sage: tuple[SageLine, ...]
    coverage: Coverage
    tolerated: Tolerated
    tie_outs: tuple[TieOut, ...] = ()

    @property
    def findings(self) -> tuple[RecordVerdict, ...]:
        """The verdicts that need a person, the largest amount at risk first."""
        open_ones = (verdict for verdict in self.verdicts if verdict.needs_person)
        return tuple(sorted(open_ones, key=lambda verdict: (-verdict.at_risk, verdict.id)))

    @property
    def differences(self) -> tuple[tuple[RecordVerdict, Difference], ...]:
        """Every field on which the sides disagree, with its record."""
        return tuple((verdict, difference) for verdict in self.verdicts for difference in verdict.differences)

    @property
    def ties_out(self) -> bool:
        """Whether nobody has to look: no open verdict, all totals agree, tolerances within their limit."""
        return (
            not any(verdict.needs_person for verdict in self.verdicts)
            and all(tie_out.ties for tie_out in self.tie_outs)
            and self.tolerated.is_within_limit
        )

    def with_tie_outs(self, tie_outs: Sequence[TieOut]) -> Reconciliation:
        """The same, with these tie-outs."""
        return replace(self, tie_outs=tuple(tie_outs))


def reconcile(
    wanted: Iterable[Outcome],
    written: Iterable[Written],
    held: Iterable[Entity],
    comparisons: Mapping[str, Mapping[str, Comparison]],
    catalog: Catalog,
    *,
    read: Collection[str],
    today: Today = TODAY,
    before: Collection[str] = (),
    deleted: Collection[str] = (),
    began_at: int | None = None,
    rejected: Mapping[str, Sequence[Finding]] | None = None,
    accounts: ControlAccounts = BRITISH,
    tolerance_limit: Decimal | None = None,
    last: Mapping[str, str] | None = None,
    identities: Identities | None = None,
) -> Reconciliation:
    """One verdict for each record and for each thing in Sage that no record stands for; no tie-outs yet.

    `comparisons` are the rules per mapping and field path; `read` the kinds that were read back whole;
    `before` the Sage ids that stood there before the move; `deleted` those Sage reports as deleted;
    `began_at` when the first run began; `rejected` the draft keys that the run set aside, with why;
    `last` the open verdicts of the last reconciliation, id -> fingerprint; `identities` the id map read
    both ways, where the caller has it already.

    Raises:
        ConservationError: a count or a sum is not what its parts add up to, which is a fault of ours.
    """
    outcomes, records = list(wanted), list(written)
    sage = Held.of(held, deleted)
    identities = identities or Identities(records, sage.entities, catalog)
    chart = _chart(catalog, identities, accounts, outcomes, records, sage.entities)
    judge = Judge(catalog, identities, chart, comparisons, today)

    recorded = owners_of(records)
    ladder = KeyLadder((e for e in sage.entities if e.sage_id not in recorded), catalog)
    said = list(_records(outcomes, records, sage, judge, ladder, frozenset(read), rejected or {}))
    matched = {verdict.sage_id for verdict in said if verdict.sage_id}
    kinds = dict.fromkeys([*(outcome.kind for outcome in outcomes), *(record.kind for record in records)])
    classes = classify(sage, kinds, matched, Past.of(before, began_at, records))
    said += _strangers(classes, sage, judge, recorded)
    said = [_since(verdict, last) for verdict in with_usual_effects(with_swaps(said), outcomes, chart)]

    reads, holds = Counter(), Counter()
    for outcome in outcomes:
        reads.add(group_of(outcome.kind, outcome.key), "read", outcome.amount)
    for entity in sage.entities:
        if entity.kind in kinds:
            holds.add((entity.kind, ""), "held", judge.amount_of(entity.kind, entity.body))
    by_class = {
        kind: [(part, judge.amount_of(kind, entity.body)) for part, entity in found]
        for kind, found in classes.items()
    }
    excused = [verdict for verdict in said if any(d.is_excused for d in verdict.differences)]
    return Reconciliation(
        verdicts=tuple(said),
        completeness=source_lines(reads, said),
        sage=sage_lines(holds, by_class),
        coverage=Coverage(
            kinds_read=tuple(sorted(kind for kind in kinds if kind in read)),
            kinds_not_read=tuple(sorted(kind for kind in kinds if kind not in read)),
            records_compared=judge.records_compared,
            fields_compared=judge.fields_compared,
            fields_not_answered=dict(sorted(judge.not_answered.items())),
        ),
        tolerated=Tolerated(
            sum(d.is_excused for verdict in excused for d in verdict.differences),
            total(verdict.tolerated for verdict in excused),
            tolerance_limit,
        ),
    )


def _chart(
    catalog: Catalog,
    identities: Identities,
    accounts: ControlAccounts,
    outcomes: Iterable[Outcome],
    records: Iterable[Written],
    entities: Iterable[Entity],
) -> ChartOfAccounts:
    """Return codes and sides: what was read back prevails over answers, and answers over drafts."""
    chart = ChartOfAccounts(catalog, identities, accounts)
    chart.learn_entities(entities)
    chart.learn_written(records)
    chart.learn_drafts(outcome for outcome in outcomes if isinstance(outcome, Draft))
    return chart


def _records(
    outcomes: Sequence[Outcome],
    records: Sequence[Written],
    sage: Held,
    judge: Judge,
    ladder: KeyLadder,
    read: frozenset[str],
    rejected: Mapping[str, Sequence[Finding]],
) -> Iterator[RecordVerdict]:
    by_key = {(record.kind, record.key): record for record in records}
    owners = owners_of(records)
    claimed: set[str] = set()
    for outcome in outcomes:
        written = by_key.pop((outcome.kind, outcome.key), None)
        match = NO_MATCH
        if written is not None:
            entity = sage.by_id.get((written.kind, written.sage_id))
        else:
            match = ladder.climb(outcome) if isinstance(outcome, Draft) else match
            entity = _claimed_once(match, outcome.kind, sage, claimed)
        yield judge.record(
            Evidence(
                outcome=outcome,
                written=written,
                entity=entity,
                match=match,
                is_read=outcome.kind in read,
                is_deleted=written is not None and entity is None and written.sage_id in sage.deleted,
                rejected=rejected.get(outcome.key, ()) if written is None else (),
                shares_entity=written is not None and owners[written.sage_id] != written.key,
            )
        )
    for written in by_key.values():
        entity = sage.by_id.get((written.kind, written.sage_id))
        is_deleted = entity is None and written.sage_id in sage.deleted
        yield judge.record(
            Evidence(None, written, entity, is_read=written.kind in read, is_deleted=is_deleted)
        )


def _claimed_once(match: Match, kind: str, sage: Held, claimed: set[str]) -> Entity | None:
    """The entity of a match by natural key, unless another record has claimed it."""
    if match.rung is not Rung.NATURAL_KEY or match.sage_ids[0] in claimed:
        return None
    claimed.add(match.sage_ids[0])
    return sage.by_id.get((kind, match.sage_ids[0]))


def _strangers(
    classes: Mapping[str, Sequence[tuple[str, Entity]]],
    sage: Held,
    judge: Judge,
    recorded: Mapping[str, str],
) -> Iterator[RecordVerdict]:
    extra = [entity for found in classes.values() for part, entity in found if part == "extra"]
    if not extra:
        return
    kinds = {entity.kind for entity in extra}
    twins: dict[object, str] = {}
    for entity in sage.entities:
        if entity.kind in kinds and entity.sage_id in recorded:
            twins.setdefault(judge.signature(entity), recorded[entity.sage_id])
    twins.pop(None, None)
    for entity in extra:
        yield judge.stranger(entity, twins.get(judge.signature(entity), ""))


def _since(verdict: RecordVerdict, last: Mapping[str, str] | None) -> RecordVerdict:
    if last is None or not verdict.needs_person:
        return verdict
    known = last.get(verdict.id) == verdict.fingerprint
    return replace(verdict, since="as last time" if known else "new")
