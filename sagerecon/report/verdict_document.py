"""The verdict of a whole reconciliation, as part of a report document and as a sentence."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sagerecon.model.count import counted
from sagerecon.model.money import decimal_text, total
from sagerecon.pairing.consequences import Verdict
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.tie_out import TieOut

#: The class of the records whose difference a decision accepts, whatever their verdict is.
ACCEPTED = "accepted by decision"


def verdict_document(reconciliation: Reconciliation) -> dict[str, Any]:
    """Return the verdict: one sentence, and counts of verdicts, exceptions and tie-outs.

    Each record is counted once in `records`: by its verdict, or as accepted by decision.
    """
    counts = Counter(verdict.verdict for verdict in reconciliation.verdicts if verdict.accepted is None)
    failed = [tie_out for tie_out in reconciliation.tie_outs if not tie_out.ties]
    opened, accepted = reconciliation.open_verdicts, [verdict for verdict, _ in reconciliation.accepted]
    records = {verdict.value: counts[verdict] for verdict in Verdict if counts[verdict]}
    return {
        "ties_out": reconciliation.ties_out,
        "summary": _summary(reconciliation, counts[Verdict.VERIFIED], len(opened), failed),
        "records": {**records, ACCEPTED: len(accepted)} if accepted else records,
        "all_records": len(reconciliation.verdicts),
        "exceptions": len(opened),
        "amount_at_risk": decimal_text(total(verdict.at_risk for verdict in opened)),
        "accepted": len(accepted),
        "amount_accepted": decimal_text(total(verdict.at_risk for verdict in accepted)),
        "tie_outs": len(reconciliation.tie_outs),
        "tie_outs_failed": [tie_out.about for tie_out in failed],
        "tie_outs_not_taken": [missing.about for missing in reconciliation.not_taken],
        "not_read": list(reconciliation.unread),
        "incomplete_store": reconciliation.incomplete_store,
    }


def ties_out_text(reconciliation: Reconciliation) -> str:
    """Return that everything ties out, and with how many accepted differences, without a full stop."""
    count = len(reconciliation.accepted)
    accepted = f" with {counted(count, 'accepted difference')}" if count else ""
    return f"Everything ties out{accepted}"


def accepted_sentence(reconciliation: Reconciliation) -> str:
    """Return after a space how many differences are accepted by decision; empty for none."""
    count = len(reconciliation.accepted)
    return f" Accepted by decision: {counted(count, 'difference')}." if count else ""


def _summary(reconciliation: Reconciliation, verified: int, opened: int, failed: list[TieOut]) -> str:
    if reconciliation.ties_out:
        excused = reconciliation.tolerated.count
        within = f", {counted(excused, 'difference')} within tolerance" if excused else ""
        agreeing = len(reconciliation.tie_outs)
        tie_outs = f"{counted(agreeing, 'tie-out')} {'agrees' if agreeing == 1 else 'agree'}"
        found = f"{counted(verified, 'record')} verified, {tie_outs}{within}"
        return f"{ties_out_text(reconciliation)}: {found}."
    parts = []
    if opened:
        parts.append(counted(opened, "exception"))
    if failed:
        parts.append(f"{len(failed)} of {counted(len(reconciliation.tie_outs), 'tie-out')} with differences")
    if not reconciliation.tolerated.is_within_limit:
        parts.append("tolerated differences above their limit")
    if missing := len(reconciliation.not_taken):
        parts.append(f"{counted(missing, 'tie-out')} not taken")
    if reconciliation.unread:
        parts.append("Sage was not read completely")
    if reconciliation.incomplete_store:
        parts.append("the store is not complete")
    return f"Needs review: {', '.join(parts)}.{accepted_sentence(reconciliation)}"
