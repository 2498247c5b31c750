"""A record's verdict as part of a report document. All amounts are text."""

from __future__ import annotations

from typing import Any

from sagerecon.model.money import decimal_text
from sagerecon.reconciliation.verdict import Difference, RecordVerdict


def record_document(verdict: RecordVerdict) -> dict[str, Any]:
    """Return a record with its verdict, differences, places in source and Sage, and remedy."""
    return {
        "verdict": verdict.verdict.value,
        "kind": verdict.kind,
        "key": verdict.key,
        "label": verdict.label or verdict.key or verdict.sage_id,
        "amount": None if verdict.amount is None else decimal_text(verdict.amount),
        "amount_at_risk": decimal_text(verdict.at_risk),
        "reason": verdict.reason,
        "remedy": verdict.remedy,
        "source_rows": [str(place) for place in verdict.origins],
        "mapping_line": str(verdict.mapping),
        "sage_id": verdict.sage_id,
        "match_method": verdict.match_method.value,
        "first_seen": verdict.first_seen.value if verdict.first_seen else "",
        "differences": [_difference(difference) for difference in verdict.differences],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    tolerance = difference.tolerance
    return {
        "field": difference.field,
        "source": difference.source,
        "written": difference.written,
        "sage": difference.sage,
        "amount_difference": None if difference.gap is None else decimal_text(difference.gap),
        "cause": difference.cause.value,
        "pattern": difference.shape.value,
        "tolerance": None
        if tolerance is None
        else {"name": tolerance.name, "size": decimal_text(tolerance.size), "reason": tolerance.reason},
    }
