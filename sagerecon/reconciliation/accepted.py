"""Verdicts that need no review because a decision accepts what was found."""

from __future__ import annotations

from dataclasses import replace

from sagerecon.pairing.answers import proposal
from sagerecon.pairing.consequences import VERDICTS, Proposal, Verdict
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict

#: Verdicts that a reconciliation finds by field, besides the one of the standing.
_FINER = {Standing.SOURCE_CHANGED: (Verdict.MAPPING_CHANGED,)}


def with_accepted(found: Reconciliation, settlement: Settlement) -> Reconciliation:
    """Return a reconciliation in which the verdicts that a decision in effect accepts need no review.

    The totals are those that were found: a tie-out with a difference does not tie out for being explained.
    """
    verdicts = tuple(_accepted(verdict, settlement) for verdict in found.verdicts)
    return replace(found, verdicts=verdicts, settlement=settlement)


def _accepted(verdict: RecordVerdict, settlement: Settlement) -> RecordVerdict:
    decision = settlement.by_record.get((verdict.kind, verdict.key))
    if decision is None or not verdict.needs_review:
        return verdict
    is_settled = proposal(decision.standing, decision.answer) is Proposal.SETTLED
    is_about_it = verdict.verdict in (VERDICTS[decision.standing], *_FINER.get(decision.standing, ()))
    return replace(verdict, accepted=decision) if is_settled and is_about_it else verdict
