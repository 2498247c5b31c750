"""Verdicts that need no review because a decision accepts what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sagerecon.pairing.answers import DecisionAnswer, proposal
from sagerecon.pairing.consequences import VERDICTS, Proposal
from sagerecon.pairing.objections import pushed_fields
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing, standing
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict


def with_accepted(
    found: Reconciliation, settlement: Settlement, positions: Iterable[Position]
) -> Reconciliation:
    """Return a reconciliation in which the verdicts that a decision in effect accepts need no review.

    The totals are those that were found: a tie-out with a difference does not tie out for being explained.

    Args:
        positions: of the records, with what the decisions were held against.
    """
    standings = _standings_left(settlement, positions)
    return replace(
        found, verdicts=tuple(_accepted(verdict, settlement, standings) for verdict in found.verdicts)
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


def _accepted(
    verdict: RecordVerdict, settlement: Settlement, standings: Mapping[tuple[str, str], Standing]
) -> RecordVerdict:
    record = (verdict.kind, verdict.key)
    decision = settlement.by_record.get(record)
    if decision is None or not verdict.needs_review:
        return verdict
    is_settled = proposal(decision.standing, decision.answer) is Proposal.SETTLED or record in standings
    is_about_it = VERDICTS[standings.get(record, decision.standing)] is verdict.verdict
    return replace(verdict, accepted=decision) if is_settled and is_about_it else verdict
