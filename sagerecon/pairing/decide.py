"""Pair the records of the source with those of earlier runs, as the decisions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import DUPLICATE_RULE, LeftOut, Outcome
from sagerecon.model.entity import Written
from sagerecon.pairing.aliases import Aliases
from sagerecon.pairing.answers import ADOPTIONS, DecisionAnswer, apart
from sagerecon.pairing.claims import Denied, claimed_by, denied_by
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.lost_keys import decided_alone, with_lost_keys, without_lost_keys
from sagerecon.pairing.objections import adopted_entity
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.pairing.position import EntityReading, Position
from sagerecon.pairing.read_from_sage import NOT_READ, ReadFromSage
from sagerecon.pairing.referrers import without_blocked_reversals
from sagerecon.pairing.refused import without_refused
from sagerecon.pairing.settlement import NOTHING_SETTLED, Keys, Members, Settlement, WithoutEffect, settle
from sagerecon.pairing.standing import Standing, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The decisions of a project, and what is needed to know whether they still hold."""

    entries: tuple[Decision, ...] = ()
    today: date = date.max
    members: Members = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    #: The later key by kind and earlier key, of entities that a run recorded for another key by decision.
    renamed: Aliases = field(default_factory=dict)


NO_DECISIONS = Decisions(today=date.min)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedPositions:
    """The position of each record with the decisions in effect about it."""

    positions: Sequence[Position]
    settlement: Settlement = NOTHING_SETTLED
    #: By the kind and key of a draft, what was written earlier of the same record, under its earlier key.
    earlier: Mapping[RecordKey, Written] = field(default_factory=dict)
    unknown: Sequence[Position] = ()  #: of the entities in Sage that no record owns
    #: As they are without any decision; empty where they are the same.
    undecided: Sequence[Position] = ()

    @property
    def denied(self) -> Denied:
        """The entities that records are decided not to be, of those that they may be."""
        return denied_by(self.positions, self.settlement)

    @property
    def freed(self) -> Mapping[RecordKey, EntityReading]:
        """By kind and Sage id, the entities that records are decided not to be, and that may be no other."""
        denied = self.denied
        claimed = claimed_by(self.positions, denied)
        return {
            (at.kind, entity.sage_id): EntityReading(entity, at.suspect.seen_at)
            for at in self.positions
            if at.suspect is not None and (at.kind, at.key) in denied
            for entity in at.suspect.entities
            if (at.kind, entity.sage_id) not in claimed and entity.sage_id not in at.suspect.owners
        }

    @property
    def apart(self) -> frozenset[str]:
        """The keys of the drafts that are decided to be none of the records written earlier."""
        made = self.settlement.renames.items()
        return frozenset(key for (_, key), at in made if at.answer is DecisionAnswer.TWO_RECORDS)


def pair_as_decided(
    outcomes: Sequence[Outcome],
    recorded: Recorded,
    catalog: Catalog,
    comparisons: Mapping[str, Mapping[str, Comparison]] = {},
    read: ReadFromSage = NOT_READ,
    decisions: Decisions = NO_DECISIONS,
    unknown: Sequence[Position] = (),
) -> DecidedPositions:
    """Return the positions after the decisions about renamed records, and the decisions about the others.

    A draft that is decided to be an earlier record is compared with what was written of it, like any record
    of an earlier run. One that is decided to be another record leaves the earlier one gone from the source.

    Args:
        unknown: the positions of entities in Sage that no record owns, on which decisions may be made too.
            None is made on one that may be a record: that is decided on.
    """
    positions = pair_with_recorded(outcomes, recorded, catalog, comparisons, read)
    undecided: Sequence[Position] = ()
    about_renames = [d for d in decisions.entries if d.standing is Standing.RENAMED_IN_SOURCE]
    others = [d for d in decisions.entries if d.standing is not Standing.RENAMED_IN_SOURCE]
    renames = settle(positions, about_renames, decisions.today, catalog, decisions.members, decisions.keys)
    renames = _each_earlier_once(positions, renames)
    earlier = {
        (at.kind, at.key): _earlier(at, decision)
        for at in positions
        if (decision := renames.by_record.get((at.kind, at.key)))
        and decision.answer is DecisionAnswer.SAME_RECORD
    }
    aliases = {(record.kind, record.key): key for (_, key), record in earlier.items()}
    if renames.by_record:
        undecided = positions
        apart = {key for kind, key in renames.by_record if (kind, key) not in earlier}
        keys = {before: now for (_, before), now in aliases.items()}
        read = replace(read, identities=read.identities.under(keys))
        positions = pair_with_recorded(outcomes, recorded.under(aliases), catalog, comparisons, read, apart)
    about_others = replace(decisions, entries=tuple(others), renamed={**decisions.renamed, **aliases})
    unknown = _unclaimed(unknown, positions, about_others, catalog)
    rest = _settled(positions, unknown, about_others, catalog)
    settlement = without_blocked_reversals(positions, rest.with_renames(renames), catalog)
    return DecidedPositions(
        positions=positions, settlement=settlement, earlier=earlier, unknown=unknown, undecided=undecided
    )


def _settled(
    positions: Sequence[Position], unknown: Sequence[Position], decisions: Decisions, catalog: Catalog
) -> Settlement:
    """Return what decisions settle that are not about renamed records."""
    every = [*positions, *unknown]
    lost = tuple(with_lost_keys(decisions.entries, every, decisions.keys, decisions.renamed, catalog))
    settled = settle(
        every,
        decisions.entries,
        decisions.today,
        catalog,
        decisions.members,
        decisions.keys,
        decided_alone(lost),
    )
    settled = without_lost_keys(settled, lost)
    return without_refused(every, _of_duplicates(positions, _each_entity_once(positions, settled)))


def _unclaimed(
    unknown: Sequence[Position], positions: Sequence[Position], decisions: Decisions, catalog: Catalog
) -> Sequence[Position]:
    """Return the entities without a record that may be no record, by the decisions about records."""
    may_be = claimed_by(positions, {})
    if not any((at.kind, at.key) in may_be for at in unknown):
        return unknown
    claimed = claimed_by(positions, denied_by(positions, _settled(positions, (), decisions, catalog)))
    return [at for at in unknown if (at.kind, at.key) not in claimed]


def earlier_chosen_twice(
    positions: Sequence[Position], decided: Mapping[RecordKey, Decision]
) -> Mapping[RecordKey, str]:
    """Return why it cannot be carried out, for each decision by which one earlier record would be several.

    Args:
        positions: as they are without any decision.
        decided: the decisions by kind and draft key.
    """
    chosen: dict[RecordKey, list[Position]] = {}
    for at in positions:
        decision = decided.get((at.kind, at.key)) if at.rename is not None else None
        if decision is not None and decision.answer is DecisionAnswer.SAME_RECORD:
            for record in _may_be(at, decision)[:1]:
                chosen.setdefault((record.kind, record.key), []).append(at)
    return _chosen_twice(chosen)


def _each_earlier_once(positions: Sequence[Position], renames: Settlement) -> Settlement:
    """Return the decisions without those by which one earlier record would be several records now."""
    return _without(renames, earlier_chosen_twice(positions, renames.by_record))


def _of_duplicates(positions: Sequence[Position], settlement: Settlement) -> Settlement:
    """Return the decisions with those about which record of the source counts.

    They are carried out as the source is prepared: the others are left out. A record that is a duplicate
    nevertheless has no effective decision.
    """
    counted: dict[RecordKey, list[RecordKey]] = {}
    for at in positions:
        if isinstance(at.outcome, LeftOut) and at.outcome.rule == DUPLICATE_RULE:
            counted.setdefault((at.kind, at.outcome.merged_into), []).append((at.kind, at.key))
    duplicate = Standing.DUPLICATE_IN_SOURCE
    carried_out = {
        record: decision
        for decision in settlement.idle
        for record in counted.get((decision.kind, decision.key), ())
        if decision.standing is duplicate
    }
    why = "another record of its identity is decided to count too"
    refused = [decision for decision in settlement.by_record.values() if decision.standing is duplicate]
    in_effect = {at: made for at, made in settlement.by_record.items() if made.standing is not duplicate}
    return replace(
        settlement,
        by_record={**in_effect, **carried_out},
        impossible=(*settlement.impossible, *(WithoutEffect(decision, why) for decision in refused)),
        idle=tuple(decision for decision in settlement.idle if decision not in carried_out.values()),
    )


def entities_chosen_twice(
    positions: Sequence[Position], decided: Mapping[RecordKey, Decision]
) -> Mapping[RecordKey, str]:
    """Return why it cannot be carried out, for each decision by which one entity would be several records.

    Args:
        decided: the decisions by kind and draft key.
    """
    chosen: dict[RecordKey, list[Position]] = {}
    for at in positions:
        decision = decided.get((at.kind, at.key)) if at.suspect is not None else None
        if decision is not None and decision.answer in ADOPTIONS:
            entity = adopted_entity(at, decision)
            if entity is not None:
                chosen.setdefault((entity.kind, entity.sage_id), []).append(at)
    return _chosen_twice(chosen)


def _each_entity_once(positions: Sequence[Position], settlement: Settlement) -> Settlement:
    """Return the decisions without those by which one entity in Sage would be several records."""
    return _without(settlement, entities_chosen_twice(positions, settlement.by_record))


def _chosen_twice(chosen: Mapping[RecordKey, Sequence[Position]]) -> Mapping[RecordKey, str]:
    """Return the reason for each record that chooses the same as another: one alone can be right."""
    refused = {}
    for (_, key), claimants in chosen.items():
        if len(claimants) > 1:
            names = " and ".join(at.key for at in claimants)
            why = f"{key} cannot be both {names}; decide {{}} for all but one of them"
            refused.update({(at.kind, at.key): why.format(apart(standing(at)).value) for at in claimants})
    return refused


def _without(settlement: Settlement, refused: Mapping[RecordKey, str]) -> Settlement:
    """Return the decisions in effect without those about the refused records, which are impossible."""
    impossible = [WithoutEffect(settlement.by_record[record], why) for record, why in refused.items()]
    return replace(settlement.without(refused), impossible=(*settlement.impossible, *impossible))


def _earlier(position: Position, decision: Decision) -> Written:
    """Return the earlier record that a draft was decided to be."""
    return _may_be(position, decision)[0]


def _may_be(position: Position, decision: Decision) -> Sequence[Written]:
    """Return the earlier records that a draft may be by a decision: the one that it names, or all."""
    earlier = position.rename.earlier if position.rename else ()
    return [record for record in earlier if decision.earlier in ("", record.key)]
