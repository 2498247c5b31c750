"""The part of the document that proves: verdict, completeness, tie-outs, exceptions. All amounts are text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sagerecon.model.money import decimal_text, total
from sagerecon.reconciliation.completeness import SageLine, SourceLine, Tally
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.shares import Share
from sagerecon.reconciliation.tie_out import TieOut, TieOutLine
from sagerecon.reconciliation.verdict import Difference, RecordVerdict, Verdict
from sagerecon.report.words import many

SOURCE_PARTS = ("created", "already_there", "left_out", "merged", "quarantined", "not_yet_written")
SAGE_PARTS = ("ours", "pre_existing", "created_by_sage", "extra")


def proof_document(reconciliation: Reconciliation) -> dict[str, Any]:
    """Everything a reconciliation says, in the order in which it is read."""
    verdicts = reconciliation.verdicts
    return {
        "verdict": verdict_document(reconciliation),
        "completeness": [_source_line(line) for line in reconciliation.completeness],
        "held": [_sage_line(line) for line in reconciliation.sage],
        "tie_outs": [tie_out_document(tie_out) for tie_out in reconciliation.tie_outs],
        "exceptions": [record_document(verdict) for verdict in reconciliation.open_verdicts],
        "tolerated": {
            "count": reconciliation.tolerated.count,
            "amount": decimal_text(reconciliation.tolerated.amount),
            "limit": _text(reconciliation.tolerated.limit),
            "within_limit": reconciliation.tolerated.is_within_limit,
            "records": [record_document(v) for v in verdicts if any(d.is_excused for d in v.differences)],
        },
        "left_out": [record_document(v) for v in verdicts if v.verdict is Verdict.LEFT_OUT],
        "coverage": {
            "kinds_read": list(reconciliation.coverage.kinds_read),
            "kinds_not_read": list(reconciliation.coverage.kinds_not_read),
            "records_compared": reconciliation.coverage.records_compared,
            "fields_compared": reconciliation.coverage.fields_compared,
            "fields_not_answered": dict(reconciliation.coverage.fields_not_answered),
        },
    }


def verdict_document(reconciliation: Reconciliation) -> dict[str, Any]:
    """The verdict in one sentence, and what it is made of."""
    counts = Counter(verdict.verdict for verdict in reconciliation.verdicts)
    open_ties = [tie_out for tie_out in reconciliation.tie_outs if not tie_out.ties]
    return {
        "ties_out": reconciliation.ties_out,
        "sentence": _sentence(reconciliation, counts[Verdict.VERIFIED], open_ties),
        "records": {verdict.value: counts[verdict] for verdict in Verdict if counts[verdict]},
        "open_verdicts": len(reconciliation.open_verdicts),
        "at_risk": decimal_text(total(verdict.at_risk for verdict in reconciliation.open_verdicts)),
        "tie_outs": len(reconciliation.tie_outs),
        "tie_outs_open": [tie_out.about for tie_out in open_ties],
    }


def tie_out_document(tie_out: TieOut) -> dict[str, Any]:
    """One tie-out with its lines and totals."""
    control = tie_out.control
    return {
        "name": tie_out.name,
        "about": tie_out.about,
        "as_at": tie_out.as_at.isoformat(),
        "ties": tie_out.ties,
        "buckets": list(tie_out.buckets),
        "lines": [_line(line) for line in tie_out.lines],
        "totals": _totals(tie_out.totals),
        "control": None
        if control is None
        else {
            "code": control.code,
            "name": control.name,
            "source": _text(control.source),
            "sage": _text(control.sage),
            "agrees": tie_out.control_agrees,
        },
    }


def record_document(verdict: RecordVerdict) -> dict[str, Any]:
    """One record with its differences, where it stands on both sides, and what clears it."""
    return {
        "verdict": verdict.verdict.value,
        "kind": verdict.kind,
        "key": verdict.key,
        "label": verdict.label or verdict.key or verdict.sage_id,
        "amount": _text(verdict.amount),
        "at_risk": decimal_text(verdict.at_risk),
        "reason": verdict.reason,
        "remedy": verdict.remedy,
        "source_rows": [str(place) for place in verdict.origins],
        "mapping": str(verdict.mapping),
        "sage_id": verdict.sage_id,
        "matched_by": verdict.match_method.value,
        "first_seen": verdict.first_seen.value if verdict.first_seen else "",
        "differences": [_difference(difference) for difference in verdict.differences],
    }


def _sentence(reconciliation: Reconciliation, verified: int, open_ties: list[TieOut]) -> str:
    if reconciliation.ties_out:
        excused = reconciliation.tolerated.count
        within = f", {many(excused, 'difference')} within named tolerances" if excused else ""
        agreed = many(len(reconciliation.tie_outs), "total")
        return (
            f"Everything ties out: {many(verified, 'record')} verified, {agreed} agree to the cent{within}."
        )
    parts = []
    if found := len(reconciliation.open_verdicts):
        parts.append(f"{many(found, 'record')} {'needs' if found == 1 else 'need'} attention")
    if open_ties:
        parts.append(f"{len(open_ties)} of {many(len(reconciliation.tie_outs), 'total')} do not agree")
    if not reconciliation.tolerated.is_within_limit:
        parts.append("what tolerances excuse is more than its limit")
    return f"A person must look: {', '.join(parts)}."


def _source_line(line: SourceLine) -> dict[str, Any]:
    parts = {name: _tally(getattr(line, name)) for name in SOURCE_PARTS}
    return {"kind": line.kind, "mapping": line.mapping, "read": _tally(line.read), **parts}


def _sage_line(line: SageLine) -> dict[str, Any]:
    parts = {name: _tally(getattr(line, name)) for name in SAGE_PARTS}
    return {"kind": line.kind, "held": _tally(line.held), **parts}


def _tally(tally: Tally) -> dict[str, Any]:
    return {"count": tally.count, "amount": decimal_text(tally.amount)}


def _line(line: TieOutLine) -> dict[str, Any]:
    return {
        "code": line.code,
        "name": line.name,
        "old": [
            {"code": code, "name": name, "amount": decimal_text(amount)} for code, name, amount in line.old
        ],
        "adjustments": [
            {"name": entry.name, "reason": entry.reason, "amount": decimal_text(entry.amount)}
            for entry in line.adjustments
        ],
        **_totals(line),
        "explanation": line.explanation,
        "records": [_share(share) for share in line.records],
    }


def _totals(line: TieOutLine) -> dict[str, Any]:
    return {
        "source": decimal_text(line.source),
        "adjustment": decimal_text(line.adjustment),
        "expected": decimal_text(line.expected),
        "sage": decimal_text(line.sage),
        "difference": decimal_text(line.difference),
        "explained": decimal_text(line.explained),
        "remainder": decimal_text(line.remainder),
        "aged_source": _texts(line.aged_source),
        "aged_sage": _texts(line.aged_sage),
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "record": share.id,
        "label": share.label,
        "verdict": share.verdict,
        "amount": decimal_text(share.amount),
        "sage_id": share.sage_id,
        "source_rows": [str(place) for place in share.origins],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    tolerance = difference.tolerance
    return {
        "field": difference.field,
        "source": difference.source,
        "written": difference.written,
        "sage": difference.sage,
        "gap": _text(difference.gap),
        "cause": difference.cause.value,
        "shape": difference.shape.value,
        "tolerance": None
        if tolerance is None
        else {"name": tolerance.name, "size": decimal_text(tolerance.size), "reason": tolerance.reason},
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else decimal_text(amount)


def _texts(amounts: Iterable[Decimal]) -> list[str]:
    return [decimal_text(amount) for amount in amounts]
