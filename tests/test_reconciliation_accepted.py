"""Which verdicts a decision accepts, and what stays as it was found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_cases import decision, edited_company, reconciled, settled

from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing
from sagerecon.reconciliation.accepted import can_be_accepted, with_accepted
from sagerecon.reconciliation.result import Reconciliation

KEY = "contact_opening_balance", "open_invoices/1001"


def found_as(verdict: Verdict) -> Reconciliation:
    """Return a reconciliation that gives one record this verdict, about which the next plan asks."""
    found = reconciled(edited_company())
    verdicts = (
        replace(each, verdict=verdict, is_left_to_plan=False) if (each.kind, each.key) == KEY else each
        for each in found.verdicts
    )
    return replace(found, verdicts=tuple(verdicts))


@pytest.mark.parametrize(
    ("verdict", "standing", "answer", "is_accepted"),
    [
        (Verdict.EDITED, Standing.EDITED_IN_SAGE, DecisionAnswer.ACCEPT, True),
        (Verdict.BOTH_CHANGED, Standing.BOTH_CHANGED, DecisionAnswer.ACCEPT, True),
        (Verdict.GONE, Standing.GONE_FROM_SOURCE, DecisionAnswer.KEEP, True),
        (Verdict.SOURCE_CHANGED, Standing.SOURCE_CHANGED, DecisionAnswer.KEEP, True),
        (Verdict.MAPPING_CHANGED, Standing.SOURCE_CHANGED, DecisionAnswer.KEEP, True),
        (Verdict.NOT_YET_WRITTEN, Standing.NEW, DecisionAnswer.LEAVE_OUT, True),
        (Verdict.ALREADY_IN_SAGE, Standing.NEW, DecisionAnswer.LEAVE_OUT, True),
        (Verdict.GONE, Standing.GONE_FROM_SOURCE, DecisionAnswer.LATER, False),
        (Verdict.RENAMED, Standing.RENAMED_IN_SOURCE, DecisionAnswer.TWO_RECORDS, False),
        (Verdict.MAPPING_CHANGED, Standing.EDITED_IN_SAGE, DecisionAnswer.ACCEPT, False),
        (Verdict.QUARANTINED, Standing.NEW, DecisionAnswer.LEAVE_OUT, False),
        (Verdict.NOT_READ, Standing.EDITED_IN_SAGE, DecisionAnswer.ACCEPT, False),
        (Verdict.VERIFIED, Standing.EDITED_IN_SAGE, DecisionAnswer.ACCEPT, False),
    ],
)
def test_a_decision_accepts_the_verdict_of_its_standing_alone(
    verdict: Verdict, standing: Standing, answer: DecisionAnswer, is_accepted: bool
) -> None:
    made = decision(standing, answer, key=KEY[1])
    found = with_accepted(found_as(verdict), Settlement(by_record={KEY: made}), ())
    assert [(each.id, by) for each, by in found.accepted] == ([("/".join(KEY), made)] if is_accepted else [])
    if is_accepted:
        assert can_be_accepted(next(v for v in found.verdicts if v.accepted)) == (
            verdict in (Verdict.EDITED, Verdict.BOTH_CHANGED, Verdict.GONE, Verdict.ALREADY_IN_SAGE)
        )  # a plan sends those without a decision, so that none is offered


def test_accepted_verdicts_come_largest_first_and_tie_outs_keep_their_totals() -> None:
    before = reconciled(edited_company())
    after = with_accepted(before, settled(), ())
    assert [(each.label, str(each.at_risk)) for each, _ in after.accepted] == [
        ("invoice 1003", "239.00"),
        ("invoice 1001", "1.00"),
    ]
    for tie_out, other in zip(after.tie_outs, before.tie_outs, strict=True):
        assert replace(tie_out.totals, records=()) == replace(other.totals, records=())
        assert (tie_out.ties, tie_out.totals.remainder) == (other.ties, other.totals.remainder)
    debtors = next(line for tie_out in after.tie_outs for line in tie_out.lines if line.code == "1100")
    assert "invoice 1001 edited in Sage, accepted by decision (1.00)" in debtors.explanation


def test_without_decisions_nothing_changes() -> None:
    before = reconciled(edited_company())
    assert with_accepted(before, Settlement(), ()) == before
