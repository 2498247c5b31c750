"""Pair the records of the source with those of earlier runs, as the decisions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Outcome
from sagerecon.model.entity import Written
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.pairing.position import Position
from sagerecon.pairing.read_from_sage import NOT_READ, ReadFromSage
from sagerecon.pairing.referrers import without_blocked_reversals
from sagerecon.pairing.settlement import NOTHING_SETTLED, Members, Settlement, WithoutEffect, settle
from sagerecon.pairing.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The decisions of a project, and what is needed to know whether they still hold."""

    entries: tuple[Decision, ...] = ()
    today: date = date.max
    members: Members = field(default_factory=dict)


NO_DECISIONS = Decisions(today=date.min)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedPositions:
    """The position of each record with the decisions in effect about it."""

    positions: Sequence[Position]
    settlement: Settlement = NOTHING_SETTLED
    #: By the kind and key of a draft, what was written earlier of the same record, under its earlier key.
    earlier: Mapping[RecordKey, Written] = field(default_factory=dict)


def pair_as_decided(
    outcomes: Sequence[Outcome],
    recorded: Recorded,
    catalog: Catalog,
    comparisons: Mapping[str, Mapping[str, Comparison]] = {},
    read: ReadFromSage = NOT_READ,
    decisions: Decisions = NO_DECISIONS,
) -> DecidedPositions:
    """Return the positions after the decisions about renamed records, and the decisions about the others.

    A draft that is decided to be an earlier record is compared with what was written of it, like any record
    of an earlier run. One that is decided to be another record leaves the earlier one gone from the source.
    """
    positions = pair_with_recorded(outcomes, recorded, catalog, comparisons, read)
    about_renames = [d for d in decisions.entries if d.standing is Standing.RENAMED_IN_SOURCE]
    others = [d for d in decisions.entries if d.standing is not Standing.RENAMED_IN_SOURCE]
    renames = settle(positions, about_renames, decisions.today, catalog, decisions.members)
    renames = _each_earlier_once(positions, renames)
    earlier = {
        (at.kind, at.key): _earlier(at, decision)
        for at in positions
        if (decision := renames.of(at)) and decision.answer is DecisionAnswer.SAME_RECORD
    }
    if renames.by_record:
        aliases = {(record.kind, record.key): key for (_, key), record in earlier.items()}
        apart = {key for kind, key in renames.by_record if (kind, key) not in earlier}
        keys = {before: now for (_, before), now in aliases.items()}
        read = replace(read, identities=read.identities.under(keys))
        positions = pair_with_recorded(outcomes, recorded.under(aliases), catalog, comparisons, read, apart)
    rest = settle(positions, others, decisions.today, catalog, decisions.members)
    settlement = without_blocked_reversals(positions, renames.joined(rest), catalog)
    return DecidedPositions(positions=positions, settlement=settlement, earlier=earlier)


def _each_earlier_once(positions: Sequence[Position], renames: Settlement) -> Settlement:
    """Return the decisions without those by which one earlier record would be several records now."""
    chosen: dict[RecordKey, list[Position]] = {}
    for at in positions:
        decision = renames.of(at)
        if decision is not None and decision.answer is DecisionAnswer.SAME_RECORD:
            record = _earlier(at, decision)
            chosen.setdefault((record.kind, record.key), []).append(at)
    refused = {}
    for (_, key), claimants in chosen.items():
        if len(claimants) > 1:
            names = " and ".join(at.key for at in claimants)
            why = f"{key} cannot be both {names}; decide two_records for all but one of them"
            refused.update({(at.kind, at.key): why for at in claimants})
    impossible = [WithoutEffect(renames.by_record[record], why) for record, why in refused.items()]
    return replace(
        renames,
        by_record={record: found for record, found in renames.by_record.items() if record not in refused},
        impossible=(*renames.impossible, *impossible),
    )


def _earlier(position: Position, decision: Decision) -> Written:
    """Return the earlier record that a draft was decided to be."""
    earlier = position.rename.earlier if position.rename else ()
    return next(record for record in earlier if decision.earlier in ("", record.key))
