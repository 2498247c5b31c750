"""A reconciliation as part of a report document, and its summary. All amounts are text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from sagerecon.model.clock import instant_text
from sagerecon.model.money import decimal_text
from sagerecon.model.reading import Reading
from sagerecon.model.rows import Row, Rows
from sagerecon.pairing.consequences import Verdict
from sagerecon.reconciliation.completeness import SageLine, SourceLine, Tally
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.shares import Share
from sagerecon.reconciliation.tie_out import TieOut, TieOutLine
from sagerecon.report.decisions_document import accepted_documents, decisions_documents
from sagerecon.report.record_document import record_document
from sagerecon.report.verdict_document import verdict_document

Item = TypeVar("Item")

#: Increased when the document of a reconciliation changes; a report is not written from another version.
DOCUMENT_VERSION = 2


def reconciliation_document(reconciliation: Reconciliation) -> dict[str, Any]:
    """Return a reconciliation in full: verdict, completeness, tie-outs, exceptions, coverage.

    The lists that may have an entry for each record are `Rows`.
    """
    verdicts = reconciliation.verdicts
    tolerated = [v for v in verdicts if any(d.is_excused for d in v.differences)]
    left_out = [v for v in verdicts if v.verdict is Verdict.LEFT_OUT]
    return {
        "format_version": DOCUMENT_VERSION,
        "verdict": verdict_document(reconciliation),
        "completeness": [_source_line(line) for line in reconciliation.completeness],
        "sage_records": [_sage_line(line) for line in reconciliation.sage],
        "tie_outs": [tie_out_document(tie_out) for tie_out in reconciliation.tie_outs],
        "tie_outs_not_taken": [
            {"name": missing.name.value, "title": missing.about, "reason": missing.why}
            for missing in reconciliation.not_taken
        ],
        "exceptions": _rows(reconciliation.open_verdicts, record_document),
        "tolerated": {
            "count": reconciliation.tolerated.count,
            "amount": decimal_text(reconciliation.tolerated.amount),
            "limit": _text(reconciliation.tolerated.limit),
            "within_limit": reconciliation.tolerated.is_within_limit,
            "records": _rows(tolerated, record_document),
        },
        "accepted": accepted_documents(reconciliation),
        "decisions": decisions_documents(reconciliation),
        "left_out": _rows(left_out, record_document),
        "coverage": {
            "kinds_read": list(reconciliation.coverage.kinds_read),
            "kinds_not_read": list(reconciliation.coverage.kinds_not_read),
            "records_compared": reconciliation.coverage.records_compared,
            "fields_compared": reconciliation.coverage.fields_compared,
            "fields_not_returned": dict(reconciliation.coverage.fields_not_answered),
            "readings": [reading_document(reading) for reading in reconciliation.coverage.readings.all],
        },
    }


def reconciliation_summary(reconciliation: Reconciliation) -> dict[str, Any]:
    """Return the exceptions, the decisions and the totals of the tie-outs, for the result of a command."""
    return {
        "ties_out": reconciliation.ties_out,
        "not_read": list(reconciliation.unread),
        "incomplete_store": reconciliation.incomplete_store,
        "exceptions": [
            {
                "id": verdict.id,
                "verdict": verdict.verdict.value,
                "label": verdict.label,
                "sage_id": verdict.sage_id,
                "source_rows": [str(place) for place in verdict.origins],
                "reason": verdict.reason,
                "first_seen": verdict.first_seen.value if verdict.first_seen else "",
            }
            for verdict in reconciliation.open_verdicts
        ],
        "accepted": list(accepted_documents(reconciliation)),
        "decisions": decisions_documents(reconciliation),
        "tie_outs": {
            **{
                missing.name.value: {"ties_out": False, "not_taken": missing.why}
                for missing in reconciliation.not_taken
            },
            **{tie_out.name: _tie_out_summary(tie_out) for tie_out in reconciliation.tie_outs},
        },
    }


def _tie_out_summary(tie_out: TieOut) -> dict[str, Any]:
    return {
        "ties_out": tie_out.ties,
        "expected": decimal_text(tie_out.totals.expected),
        "sage": decimal_text(tie_out.totals.sage),
        "difference": decimal_text(tie_out.totals.difference),
    }


def tie_out_document(tie_out: TieOut) -> dict[str, Any]:
    """Return a tie-out with its lines, totals and control account."""
    control = tie_out.control
    return {
        "name": tie_out.name,
        "title": tie_out.about,
        "as_at": tie_out.as_at.isoformat(),
        "ties_out": tie_out.ties,
        "buckets": list(tie_out.buckets),
        "notes": list(tie_out.notes),
        "lines": _rows(tie_out.lines, _line),
        "totals": _totals(tie_out.totals),
        "control_account": None
        if control is None
        else {
            "code": control.code,
            "name": control.name,
            "source": _text(control.source),
            "sage": _text(control.sage),
            "agrees": tie_out.control_agrees,
        },
    }


def reading_document(reading: Reading) -> dict[str, Any]:
    """Return a reading: what was asked, when, and whether the answer is complete."""
    return {
        "kind": reading.kind,
        "reading": reading.key,
        "query": dict(reading.query),
        "as_at": reading.as_at.isoformat() if reading.as_at else "",
        "started_at": instant_text(reading.started_at),
        "ended_at": instant_text(reading.ended_at),
        "whole": reading.is_whole,
        "reason": reading.why_incomplete,
        "pages": reading.pages,
        "count": reading.count,
    }


def _source_line(line: SourceLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "mapping": line.mapping,
        "read": _tally(line.read),
        "created": _tally(line.created),
        "existing": _tally(line.already_there),
        "left_out": _tally(line.left_out),
        "merged": _tally(line.merged),
        "quarantined": _tally(line.quarantined),
        "not_yet_written": _tally(line.not_yet_written),
    }


def _sage_line(line: SageLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "total": _tally(line.held),
        "migrated": _tally(line.ours),
        "pre_existing": _tally(line.pre_existing),
        "created_by_sage": _tally(line.created_by_sage),
        "extra": _tally(line.extra),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {"count": tally.count, "amount": decimal_text(tally.amount)}


def _line(line: TieOutLine) -> dict[str, Any]:
    return {
        "code": line.code,
        "name": line.name,
        "source_accounts": [
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
        "unexplained": decimal_text(line.remainder),
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


def _rows(items: Sequence[Item], document: Callable[[Item], Row]) -> Rows:
    return Rows(len(items), lambda: map(document, items))


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else decimal_text(amount)


def _texts(amounts: Iterable[Decimal]) -> list[str]:
    return [decimal_text(amount) for amount in amounts]
