"""Verdicts that need no review because a decision accepts what was found."""

from __future__ import annotations

from dataclasses import replace

from sagerecon.pairing.answers import proposal
from sagerecon.pairing.consequences import VERDICTS, Proposal
from sagerecon.pairing.settlement import Settlement
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict


def with_accepted(found: Reconciliation, settlement: Settlement) -> Reconciliation:
    """Return a reconciliation in which the verdicts that a decision in effect accepts need no review.

    The totals are those that were found: a tie-out with a difference does not tie out for being explained.
    """
    return replace(found, verdicts=tuple(_accepted(verdict, settlement) for verdict in found.verdicts))


def _accepted(verdict: RecordVerdict, settlement: Settlement) -> RecordVerdict:
    decision = settlement.by_record.get((verdict.kind, verdict.key or verdict.sage_id))
    if decision is None or not verdict.needs_review:
        return verdict
    is_settled = proposal(decision.standing, decision.answer) is Proposal.SETTLED
    is_about_it = VERDICTS[decision.standing] is verdict.verdict
    return replace(verdict, accepted=decision) if is_settled and is_about_it else verdict
