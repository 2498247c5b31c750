"""Verdicts that need no review because a decision accepts what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from sagerecon.pairing.answers import CONSEQUENCES, DecisionAnswer, awaits_decision, proposal
from sagerecon.pairing.consequences import VERDICTS, Proposal, Verdict
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.groups import drop_command
from sagerecon.pairing.objections import pushed_fields
from sagerecon.pairing.position import Position
from sagerecon.pairing.refused import is_refused
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing, standing
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.tie_out import TieOut, TieOutLine
from sagerecon.reconciliation.verdict import RecordVerdict

#: Verdicts that a reconciliation finds besides the one of the standing: by field, or by key
_FINER = {
    Standing.SOURCE_CHANGED: (Verdict.MAPPING_CHANGED,),
    Standing.NEW: (Verdict.ALREADY_IN_SAGE, Verdict.DUPLICATE),
    Standing.UNKNOWN_IN_SAGE: (Verdict.DUPLICATE,),
}


def with_accepted(
    found: Reconciliation, settlement: Settlement, positions: Iterable[Position] = ()
) -> Reconciliation:
    """Return a reconciliation in which the verdicts that a decision in effect accepts need no review.

    The remedy of one that a decision in effect is about, and that a plan carries out, is to do that.

    The totals are those that were found: a tie-out with a difference does not tie out for being explained.

    Args:
        positions: those of the records with which the decisions were compared.
    """
    positions = tuple(positions)
    standings = _standings_left(settlement, positions)
    remedies = _remedies_of_withheld(settlement, positions)
    verdicts = tuple(
        _accepted(_with_remedy(verdict, remedies), settlement, standings) for verdict in found.verdicts
    )
    accepted = frozenset(verdict.id for verdict in verdicts if verdict.accepted is not None)
    tie_outs = tuple(_with_shares(tie_out, accepted) for tie_out in found.tie_outs)
    return replace(found, verdicts=verdicts, settlement=settlement, tie_outs=tie_outs)


def _with_shares(tie_out: TieOut, accepted: Set[str]) -> TieOut:
    """Return a tie-out that says which of the records that explain a difference are accepted."""
    if not accepted:
        return tie_out
    return replace(tie_out, lines=tuple(_with_shares_of(line, accepted) for line in tie_out.lines))


def _with_shares_of(line: TieOutLine, accepted: Set[str]) -> TieOutLine:
    if not any(share.id in accepted for share in line.records):
        return line
    records = (
        replace(share, verdict=f"{share.verdict}, accepted by decision") if share.id in accepted else share
        for share in line.records
    )
    return replace(line, records=tuple(records))


def can_be_accepted(verdict: RecordVerdict) -> bool:
    """Return whether a decision may accept what was found for a record; not where none is needed."""
    if verdict.verdict is Verdict.ALREADY_IN_SAGE and verdict.is_left_to_plan:
        return False
    return bool(verdict.key) and any(
        VERDICTS[standing] is verdict.verdict
        for standing, answers in CONSEQUENCES.items()
        if awaits_decision(standing) and Proposal.SETTLED in answers.values()
    )


def _standings_left(
    settlement: Settlement, positions: Iterable[Position]
) -> Mapping[tuple[str, str], Standing]:
    """Return the standing of each record that differs only in fields that a decision leaves to Sage."""
    return {
        (at.kind, at.key): standing(at)
        for at in positions
        if (decision := settlement.of(at)) is not None
        and decision.answer is DecisionAnswer.FIELDS
        and not pushed_fields(at, decision)
    }


def _remedies_of_withheld(
    settlement: Settlement, positions: Iterable[Position]
) -> Mapping[tuple[str, str], str]:
    """Return what to do about each record of which nothing is sent until a decision is made again."""
    return {
        (at.kind, at.key): _to_decide_again(made)
        for at in positions
        if (made := settlement.withholding(at)) is not None and not is_refused(at)
    }


def _with_remedy(verdict: RecordVerdict, remedies: Mapping[tuple[str, str], str]) -> RecordVerdict:
    remedy = remedies.get((verdict.kind, verdict.key)) if verdict.needs_review else None
    return verdict if remedy is None else replace(verdict, remedy=remedy)


def _accepted(
    verdict: RecordVerdict, settlement: Settlement, standings: Mapping[tuple[str, str], Standing]
) -> RecordVerdict:
    record = (verdict.kind, verdict.key or verdict.sage_id)
    is_renamed = verdict.verdict is Verdict.RENAMED
    decision = (settlement.renames if is_renamed else settlement.by_record).get(record)
    if decision is None or not verdict.needs_review:
        return verdict
    found = standings.get(record, decision.standing)
    is_settled = proposal(decision.standing, decision.answer) is Proposal.SETTLED or record in standings
    is_about_it = verdict.verdict in (VERDICTS[found], *_FINER.get(found, ()))
    if not is_about_it:
        return verdict
    if is_settled:
        return replace(verdict, accepted=decision)
    is_left = proposal(decision.standing, decision.answer) is Proposal.KEEP
    return verdict if is_left else replace(verdict, remedy=_to_carry_out(decision))


def _to_decide_again(decision: Decision) -> str:
    return f"Decide again, or drop the decision that has no effect: {drop_command(decision.subject)}"


def _to_carry_out(decision: Decision) -> str:
    return f"It is decided: {decision.answer.value}. Carry it out: sagerecon plan, then sagerecon apply"
