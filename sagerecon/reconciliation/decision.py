"""The verdict on one record: that of its standing, refined by what only a reconciliation knows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sagerecon.model.money import magnitude
from sagerecon.pairing.consequences import VERDICTS, Verdict
from sagerecon.pairing.standing import Standing, standing
from sagerecon.reconciliation.evidence import Evidence
from sagerecon.reconciliation.verdict import Cause, Difference, Shape

#: Standings of a draft that no run has written.
_UNWRITTEN = frozenset(
    {Standing.NEW, Standing.ALREADY_IN_SAGE, Standing.DUPLICATE_IN_SAGE, Standing.NOT_READ}
)


def verdict_of(evidence: Evidence, differences: Sequence[Difference]) -> Verdict:
    """Return the verdict on a record.

    It is the one of its standing, the same by which a plan proposes what to do. It is finer in three cases:
    - The run set an unwritten draft aside: quarantined.
    - Neither side changed since, and a value differs that Sage altered as it was written, or a tolerance
      excuses: rounding, or edited in Sage where more than rounding differs.
    - The draft changed, and the snapshot did not: mapping changed.
    """
    found = standing(evidence.position)
    if evidence.rejected and evidence.written is None and found in _UNWRITTEN:
        return Verdict.QUARANTINED
    match VERDICTS[found]:
        case Verdict.VERIFIED:
            return _of_unchanged(differences)
        case Verdict.SOURCE_CHANGED if any(d.cause is Cause.MAPPING_CHANGED for d in differences):
            return Verdict.MAPPING_CHANGED
        case verdict:
            return verdict


def _of_unchanged(differences: Sequence[Difference]) -> Verdict:
    """Return the verdict on a record that neither side changed since, whatever Sage made of it then."""
    if not differences:
        return Verdict.VERIFIED
    is_rounding = all(d.is_excused or d.shape is Shape.ROUNDING for d in differences)
    return Verdict.ROUNDING if is_rounding else Verdict.EDITED


#: Verdicts for which the whole amount of the record is at risk.
_WHOLE = frozenset(
    {
        Verdict.MISSING,
        Verdict.DELETED,
        Verdict.EXTRA,
        Verdict.DUPLICATE,
        Verdict.QUARANTINED,
        Verdict.NOT_YET_WRITTEN,
        Verdict.ALREADY_IN_SAGE,
        Verdict.NOT_READ,
        Verdict.GONE,
        Verdict.RENAMED,
    }
)


def at_risk(verdict: Verdict, amount: Decimal | None, differences: Sequence[Difference]) -> Decimal:
    """Return the money that may be wrong: the widest gap, or the whole amount.

    It is the whole amount where an account, a contact or a date differs.
    """
    whole = magnitude(amount or Decimal())
    if verdict in _WHOLE or (verdict in (Verdict.SOURCE_CHANGED, Verdict.BOTH_CHANGED) and not differences):
        return whole
    risks = [Decimal()]
    for difference in differences:
        if difference.is_excused:
            continue
        if difference.gap is not None:
            risks.append(magnitude(difference.gap))
        elif difference.field.endswith(("_id", "date")):
            risks.append(whole)
    return max(risks)
