"""Which decisions are in effect, by record, and which have lapsed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date

from sagerecon.model.catalog import Catalog
from sagerecon.pairing.answers import STANDING_NAMES
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.figures import covers, figures, theirs_digest
from sagerecon.pairing.groups import Group, claims_on, groups, selected
from sagerecon.pairing.objections import objection
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import Standing, standing

#: By the fingerprint of what a decision covers, the digests of the records it was made about.
Members = Mapping[str, Set[str]]

#: By the same fingerprint, the draft keys of these records, each with its `renames.marks`.
Keys = Mapping[str, Mapping[str, Set[str]]]


NO_MEMBERS: Members = {}
NO_KEYS: Keys = {}


@dataclass(frozen=True, slots=True)
class WithoutEffect:
    """A decision that has no effect, and why."""

    decision: Decision
    why: str
    is_refused: bool = False  #: by Sage


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What the decisions settle: by kind and draft key, and those that settle nothing."""

    by_record: Mapping[tuple[str, str], Decision] = field(default_factory=dict)
    #: Those by which a record is an earlier one or another; `by_record` has what is decided about it besides.
    renames: Mapping[tuple[str, str], Decision] = field(default_factory=dict)
    lapsed: tuple[WithoutEffect, ...] = ()  #: their figures have changed, or their day is over
    impossible: tuple[WithoutEffect, ...] = ()  #: what they say cannot be done
    #: No record has the standing they are about, or others about single records settle all of theirs.
    idle: tuple[Decision, ...] = ()
    #: By kind and draft key, the decision that was made about a record and has no effect: nothing of the
    #: record is sent until it is made again or dropped.
    withheld: Mapping[tuple[str, str], Decision] = field(default_factory=dict)
    #: Kind and draft key of the records with a decision of their own, also one without effect. None about
    #: their group is about them.
    alone: Set[tuple[str, str]] = frozenset()
    #: The same of records that may be earlier ones.
    renamed_alone: Set[tuple[str, str]] = frozenset()

    @property
    def in_effect(self) -> tuple[Decision, ...]:
        """The decisions that settle a record, each once."""
        every = (*self.renames.values(), *self.by_record.values())
        return tuple({id(decision): decision for decision in every}.values())

    def of(self, position: Position) -> Decision | None:
        """Return the decision about a position, if one is in effect.

        That a record is an earlier one says nothing about what was edited in Sage, or deleted there.
        """
        is_renamed = bool(self.renames) and standing(position) is Standing.RENAMED_IN_SOURCE
        made = self.renames if is_renamed else self.by_record
        return made.get((position.kind, position.key))

    def withholding(self, position: Position) -> Decision | None:
        """Return the decision without effect because of which a record is not created, updated or adopted."""
        would_write = PROPOSALS[standing(position)] in (Proposal.CREATE, Proposal.UPDATE)
        is_due = would_write or position.is_adoptable
        return self.withheld.get((position.kind, position.key)) if is_due else None

    def without(self, records: Collection[tuple[str, str]]) -> Settlement:
        """Return what is settled without the decisions about some records, of which nothing is sent then."""
        taken = {record: self.by_record[record] for record in records}
        left = {record: found for record, found in self.by_record.items() if record not in taken}
        return replace(self, by_record=left, withheld={**self.withheld, **taken})

    def with_renames(self, renames: Settlement) -> Settlement:
        """Return what is settled, and what is settled about the records that may be earlier ones."""
        return replace(
            self,
            renames=renames.by_record,
            lapsed=renames.lapsed + self.lapsed,
            impossible=renames.impossible + self.impossible,
            idle=renames.idle + self.idle,
            withheld={**renames.withheld, **self.withheld},
            renamed_alone=renames.alone,
        )


NOTHING_SETTLED = Settlement()


def settle(
    positions: Sequence[Position],
    decisions: Collection[Decision],
    today: date,
    catalog: Catalog,
    members: Members = NO_MEMBERS,
    keys: Keys = NO_KEYS,
    alone: Set[tuple[str, str]] = frozenset(),
) -> Settlement:
    """Return which decisions are in effect: one about a record, else the last in their order about its group.

    One about many records is not about those with one of their own.

    A decision about many records still holds where some of them no longer need it; it lapses where one was
    added, or has other figures now. Of the records that a decision without effect was made about nothing is
    sent.

    Args:
        members: of decisions about many, the digests of their records where they are known.
        keys: of decisions about many, the draft keys of their records where they are known.
        alone: kind and draft key of the records that may have had a key on which was decided.
    """
    if not decisions:
        return NOTHING_SETTLED
    found = groups(positions)
    claims = claims_on(positions)
    in_effect: dict[tuple[str, str], Decision] = {}
    withheld: dict[tuple[str, str], Decision] = {}
    present = {(position.kind, position.key) for position in positions}
    lapsed, impossible, idle, possible = [], [], [], []
    every = [(decision, _about(decision, found)) for decision in decisions]
    alone = alone | {(at.kind, at.key) for decision, about in every if decision.key for at in about}
    for decision, whole in every:
        about = whole if decision.key else _left_to_group(whole, alone)
        if not about:
            idle.append(decision)
        elif why := _why_lapsed(decision, about, whole, today, members):
            lapsed.append(WithoutEffect(decision, why))
        elif why := next(_objections(decision, about, claims, catalog), ""):
            impossible.append(WithoutEffect(decision, why))
        else:
            possible.append(decision)
            in_effect.update(dict.fromkeys(((p.kind, p.key) for p in about), decision))
            continue
        for record in _withheld(decision, about, keys, present):
            withheld[record] = decision
            if decision.key:  # an earlier one about the record does not take its place
                in_effect.pop(record, None)
    needed = {id(decision) for decision in in_effect.values()}
    idle += [decision for decision in possible if id(decision) not in needed]
    return Settlement(
        by_record=in_effect,
        lapsed=tuple(lapsed),
        impossible=tuple(impossible),
        idle=tuple(idle),
        withheld={record: made for record, made in withheld.items() if record not in in_effect},
        alone=alone,
    )


def _withheld(
    decision: Decision, about: Sequence[Position], keys: Keys, present: Set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return the records that a decision without effect was made about.

    These are all of its kind and standing where it is not known which they were, or where one of them is
    not in the source any more, since it may be there under another key.
    """
    records = {(position.kind, position.key) for position in about}
    covered = {(decision.kind, key) for key in keys.get(decision.covers.fingerprint, ())}
    return records & covered if covered and covered <= present else records


def _left_to_group(whole: Sequence[Position], alone: Set[tuple[str, str]]) -> Sequence[Position]:
    """Return the records of a group that a decision about it is about."""
    return [at for at in whole if (at.kind, at.key) not in alone] if alone else whole


def _about(decision: Decision, found: Sequence[Group]) -> tuple[Position, ...]:
    if not decision.key:
        return selected(found, decision.kind, decision.standing, decision.rule)
    return tuple(
        at
        for standing in STANDING_NAMES
        if decision.is_about(standing)
        for at in selected(found, decision.kind, standing, decision.rule)
        if at.key == decision.key
    )


def _why_lapsed(
    decision: Decision, about: Sequence[Position], whole: Sequence[Position], today: date, members: Members
) -> str:
    """Return why a decision no longer holds; empty while it does.

    Args:
        whole: the records with those on which was decided alone, perhaps later.
    """
    if not decision.holds_on(today):
        return f"it held until {decision.until}"
    now, before = [figures(position) for position in about], decision.covers
    covered = covers(now)
    if covered.fingerprint == before.fingerprint:
        return ""
    if {record.digest for record in now} <= members.get(before.fingerprint, frozenset()):
        return ""
    if len(about) < len(whole) and covers(map(figures, whole)).fingerprint == before.fingerprint:
        return ""
    if decision.left_fields and all(_is_as_left(position, decision) for position in about):
        return ""
    if (covered.records, covered.amount) == (before.records, before.amount):
        return "the figures have changed since"
    return f"it was made about {before}, and there {'is' if covered.records == 1 else 'are'} {covered} now"


def _is_as_left(position: Position, decision: Decision) -> bool:
    """Return whether the fields that a decision leaves to Sage are as they were, and no other was edited."""
    is_same = theirs_digest(position, decision.left_fields) == decision.covers.theirs
    return is_same and set(position.agreement.edited) <= set(decision.left_fields)


def _objections(
    decision: Decision, about: Iterable[Position], claims: Mapping[tuple[str, str], int], catalog: Catalog
) -> Iterator[str]:
    for position in about:
        if why := objection(position, decision, claims, catalog):
            yield f"{position.key}: {why}"
