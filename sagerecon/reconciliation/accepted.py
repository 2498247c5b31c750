"""Verdicts that need no review because a decision accepts what was found."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from sagerecon.pairing.answers import CONSEQUENCES, awaits_decision, proposal
from sagerecon.pairing.consequences import VERDICTS, Proposal, Verdict
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.tie_out import TieOut, TieOutLine
from sagerecon.reconciliation.verdict import RecordVerdict

#: Verdicts that a reconciliation finds by field, besides the one of the standing.
_FINER = {Standing.SOURCE_CHANGED: (Verdict.MAPPING_CHANGED,)}


def with_accepted(found: Reconciliation, settlement: Settlement) -> Reconciliation:
    """Return a reconciliation in which the verdicts that a decision in effect accepts need no review.

    The totals are those that were found: a tie-out with a difference does not tie out for being explained.
    """
    verdicts = tuple(_accepted(verdict, settlement) for verdict in found.verdicts)
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
    """Return whether a decision may accept what was found for a record."""
    return bool(verdict.key) and any(
        VERDICTS[standing] is verdict.verdict
        for standing, answers in CONSEQUENCES.items()
        if awaits_decision(standing) and Proposal.SETTLED in answers.values()
    )


def _accepted(verdict: RecordVerdict, settlement: Settlement) -> RecordVerdict:
    decision = settlement.by_record.get((verdict.kind, verdict.key or verdict.sage_id))
    if decision is None or not verdict.needs_review:
        return verdict
    is_settled = proposal(decision.standing, decision.answer) is Proposal.SETTLED
    is_about_it = verdict.verdict in (VERDICTS[decision.standing], *_FINER.get(decision.standing, ()))
    return replace(verdict, accepted=decision) if is_settled and is_about_it else verdict
