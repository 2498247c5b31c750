"""What can be decided, and what cannot: one rule for what is offered and for what is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.pairing.answers import ADOPTIONS, DELETIONS, DecisionAnswer, answers, proposal
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.decide import DecidedPositions, earlier_chosen_twice, entities_chosen_twice
from sagerecon.pairing.decisions import Covers, Decision, Side
from sagerecon.pairing.groups import Group, Offer, claims_on, groups, selected
from sagerecon.pairing.objections import differing_fields, objection
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.referrers import Referrers
from sagerecon.pairing.refused import is_left_alone
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing, standing

_ONE_AT_A_TIME = "it is given for one record at a time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decidable:
    """The groups of records on which decisions can be made, and what speaks against each answer."""

    groups: tuple[Group, ...]  #: whether or not a decision about them is in effect
    settlement: Settlement
    catalog: Catalog
    positions: Sequence[Position]  #: of every record, by the decisions in effect
    undecided: Sequence[Position]  #: of every record, without any decision
    claims: Mapping[RecordKey, int]
    referrers: Referrers
    incomplete_store: str = ""  #: why the store may lack what was written to Sage, and the remedy

    @property
    def waiting(self) -> tuple[Group, ...]:
        """The groups with those of their records that wait for a decision, and what can be answered."""
        keys = {(at.kind, at.key, standing(at)) for at in self.positions if self._waits(at)}
        return tuple(self.with_offers(self.among(keys)))

    @property
    def held_up(self) -> Mapping[str, tuple[Position, ...]]:
        """The records that are not sent because a decision leaves out what they refer to, by its subject."""
        left_out = {at.key: made.subject for at in self.positions if (made := self._leaves_out(at))}
        found: dict[str, list[Position]] = {}
        for at in self.positions if left_out else ():
            if at.key in left_out or PROPOSALS[standing(at)] not in (Proposal.CREATE, Proposal.UPDATE):
                continue
            references = at.outcome.references if isinstance(at.outcome, Draft) else ()
            subjects = [left_out[need.key] for need in references if need.key in left_out]
            if subjects:
                found.setdefault(subjects[0], []).append(at)
        return {subject: tuple(waiting) for subject, waiting in found.items()}

    def among(self, keys: Collection[tuple[str, str, Standing]]) -> Iterator[Group]:
        """Yield the groups with those of their records that are named, by kind, key and standing."""
        for group in self.groups:
            left = tuple(at for at in group.positions if (at.kind, at.key, group.standing) in keys)
            if left:
                yield replace(group, positions=left)

    def with_offers(self, found: Iterable[Group]) -> Iterator[Group]:
        """Yield parts of groups, each with what can be answered about the group of that name.

        Nothing is offered by a name that means others too on which no decision is needed. The records that
        have a decision of their own are yielded by themselves, without an answer for all.
        """
        for part in found:
            left = self.left_to(part)
            its_own = {id(at) for at in left}
            named = self.left_to(
                replace(part, positions=selected(self.groups, part.kind, part.standing, part.rule))
            )
            others = [at for at in named if id(at) not in its_own and self.settlement.of(at) is None]
            if left and others:
                yield replace(part, positions=left, others=len(others))
            elif left:
                yield replace(part, positions=left, offers=self.offers(replace(part, positions=named)))
            if alone := self.alone(part):
                yield replace(part, positions=alone, is_alone=True)

    def offers(self, group: Group) -> tuple[Offer, ...]:
        """Return every answer of the standing of a group or a record, and why it cannot be given if so."""
        possible = answers(group.standing) if self.left_to(group) else ()
        return tuple(self._offer(group, answer) for answer in possible)

    def refusals(self, decision: Decision, group: Group) -> Mapping[RecordKey, str]:
        """Return why a decision cannot be carried out, by the records that refuse it; empty where it can.

        One about a group says nothing of the records about which there is a decision of their own.
        """
        records = {(at.kind, at.key): at for at in self.left_to(group)}
        decided = {**self.settlement.by_record, **dict.fromkeys(records, decision)}
        found: dict[RecordKey, str] = {}
        if decision.answer in DELETIONS:
            found.update(self.referrers.blocked(decided))
        if decision.answer in ADOPTIONS:
            found.update(entities_chosen_twice(self.positions, decided))
        if decision.answer is DecisionAnswer.SAME_RECORD:
            renamed = {**self.settlement.renames, **dict.fromkeys(records, decision)}
            found.update(earlier_chosen_twice(self.undecided, renamed))
        for record, at in records.items():
            why = objection(at, decision, self.claims, self.catalog) or self._needless(at, decision)
            if why:
                found[record] = why
        return {record: found[record] for record in records if record in found}

    def _offer(self, group: Group, answer: DecisionAnswer) -> Offer:
        if answer not in group.answers:
            return Offer(answer, refused=_ONE_AT_A_TIME)
        why = ""
        for parameters, decision in _candidates(group, answer):
            refused = self.refusals(decision, group)
            if not refused:
                return Offer(answer, parameters)
            key, why = next((key, why) for (_, key), why in refused.items())
            first = "" if group.key else f"{key}: "
            why = "; ".join(filter(None, (self.share_of(group, refused), f"{first}{why}")))
        return Offer(answer, refused=why)

    def share_of(self, group: Group, refused: Collection[RecordKey]) -> str:
        """Return how many records of a group refuse an answer, and the way out; empty if it has only one."""
        total, count = len(self.left_to(group)), len(refused)
        if total <= 1:
            return ""
        if count == total:
            return f"each of its {total:,} records refuses it"
        first = "decide on it by its key first" if count == 1 else "decide on them by their keys first"
        return f"{count:,} of its {total:,} records refuse{'s' if count == 1 else ''} it ({first})"

    def left_to(self, group: Group) -> tuple[Position, ...]:
        """Return the records about which a decision about a group is: those without one of their own."""
        alone = {id(at) for at in self.alone(group)}
        return tuple(at for at in group.positions if id(at) not in alone)

    def alone(self, group: Group) -> tuple[Position, ...]:
        """Return the records of a group with a decision of their own, also one without effect."""
        if group.key:
            return ()
        is_renamed = group.standing is Standing.RENAMED_IN_SOURCE
        alone = self.settlement.renamed_alone if is_renamed else self.settlement.alone
        return tuple(at for at in group.positions if (at.kind, at.key) in alone)

    def _needless(self, at: Position, decision: Decision) -> str:
        """Return why no decision is needed to send what the source changed: Sage has not refused it."""
        is_push = decision.answer is DecisionAnswer.PUSH and decision.standing is Standing.SOURCE_CHANGED
        is_refused = at.refusal(is_deletion=False) is not None
        is_sent = not is_refused and self.settlement.withholding(at) is None
        return "it is sent without a decision" if is_push and is_sent else ""

    def _leaves_out(self, at: Position) -> Decision | None:
        """Return the decision in effect by which a record is not written; None where there is none."""
        made = None if at.is_written else self.settlement.of(at)
        is_settled = made is not None and proposal(made.standing, made.answer) is Proposal.SETTLED
        return made if is_settled else None

    def _waits(self, at: Position) -> bool:
        if not answers(standing(at)) or self.settlement.of(at) is not None:
            return False
        return is_left_alone(at, self.catalog) or self.settlement.withholding(at) is not None


def decidable(decided: DecidedPositions, catalog: Catalog) -> Decidable:
    """Return what can be decided about the records of a pairing.

    Records that may be earlier ones are as they are without a decision, so that another can be made.
    """
    undecided = decided.undecided or decided.positions
    every = (*decided.positions, *decided.unknown)
    found = groups(every)
    before = groups(undecided) if decided.undecided else found
    renamed = [group for group in before if group.standing is Standing.RENAMED_IN_SOURCE]
    others = [group for group in found if group.standing is not Standing.RENAMED_IN_SOURCE]
    return Decidable(
        groups=tuple(group for group in (*renamed, *others) if answers(group.standing)),
        settlement=decided.settlement,
        catalog=catalog,
        positions=every,
        undecided=undecided,
        claims=claims_on(undecided),
        referrers=Referrers(decided.positions, catalog),
    )


def _candidates(group: Group, answer: DecisionAnswer) -> Iterator[tuple[str, Decision]]:
    """Yield what an answer may say, with the parameters by which it is said."""
    plain = Decision(
        standing=group.standing,
        kind=group.kind,
        rule=group.rule,
        key=group.key,
        answer=answer,
        because="",
        by="",
        on=date.min,
        covers=Covers(0, None, ""),
    )
    at = group.positions[0]
    sage_ids = at.suspect.sage_ids if group.key and at.suspect is not None else ()
    earlier = at.rename.earlier if group.key and at.rename is not None else ()
    if answer is DecisionAnswer.FIELDS:
        fields = dict.fromkeys(differing_fields(at), Side.THEIRS)
        yield "--ours FIELD --theirs FIELD", replace(plain, fields=fields)
        return
    if answer is not DecisionAnswer.THIS_ONE or not sage_ids:
        yield "", plain
    if answer in ADOPTIONS:
        yield from (("--sage-id ID", replace(plain, sage_id=sage_id)) for sage_id in sage_ids)
    if answer is DecisionAnswer.SAME_RECORD:
        yield from (("--from KEY", replace(plain, earlier=record.key)) for record in earlier)
