"""Decisions, and the differences that they accept, as part of a report document. All amounts are text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from sagerecon.model.money import decimal_text, total
from sagerecon.model.rows import Row, Rows
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Decision
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.report.record_document import record_document

#: What each answer does, for readers who do not know its name.
MEANINGS: Mapping[DecisionAnswer, str] = {
    DecisionAnswer.LEAVE_OUT: "not created in Sage",
    DecisionAnswer.ADOPT: "the entity in Sage is this record",
    DecisionAnswer.KEEP_APART: "the entity in Sage is another one; this record is created",
    DecisionAnswer.KEEP: "Sage stays as it is",
    DecisionAnswer.REPLACE: "deleted in Sage, and created again as the source has it now",
    DecisionAnswer.PUSH: "Sage gets what the source has",
    DecisionAnswer.ACCEPT: "what Sage holds is accepted",
    DecisionAnswer.FIELDS: "each field as the decision names it",
    DecisionAnswer.REVERSE: "deleted in Sage",
    DecisionAnswer.LATER: "left in Sage for now, and still to be reviewed",
    DecisionAnswer.SAME_RECORD: "the record that was written earlier, under a new key",
    DecisionAnswer.TWO_RECORDS: "another record than the earlier one; it is created",
    DecisionAnswer.WRITE_AGAIN: "created in Sage once more, besides what Sage holds now",
    DecisionAnswer.THIS_ONE: "the one that is named counts",
    DecisionAnswer.OURS_BY_HAND: "entered in Sage by hand as part of the migration",
    DecisionAnswer.THEIRS: "not part of the migration",
}


class Effect(Enum):
    """What has become of a decision. The value is what people read."""

    IN_EFFECT = "in effect"
    LAPSED = "lapsed"  #: its figures have changed, or its day is over
    IMPOSSIBLE = "not possible"  #: what it says cannot be done
    NOT_NEEDED = "not needed now"  #: no record has the standing that it is about


def decision_document(decision: Decision) -> dict[str, Any]:
    """Return a decision: what it is about, who made it, when, why, and until when it holds."""
    amount = decision.covers.amount
    return {
        "subject": decision.subject,
        "standing": decision.standing.value,
        "answer": decision.answer.value,
        "because": decision.because,
        "by": decision.by,
        "on": decision.on.isoformat(),
        "until": decision.until.isoformat() if decision.until else "",
        "records": decision.covers.records,
        "amount": None if amount is None else decimal_text(amount),
        "line": decision.place.line,
    }


def accepted_documents(reconciliation: Reconciliation) -> Rows:
    """Return the verdicts that decisions accept: what differs, who accepted it, when, why and until when.

    `decision` is the number of the decision among `decisions_documents`.
    """
    numbers = {id(made): number for number, (made, *_) in enumerate(_effects(reconciliation), start=1)}
    accepted = reconciliation.accepted
    return Rows(len(accepted), lambda: (_accepted(verdict, by, numbers[id(by)]) for verdict, by in accepted))


def _accepted(verdict: RecordVerdict, decision: Decision, number: int) -> Row:
    return {
        "decision": number,
        "id": verdict.id,
        **record_document(verdict),
        "subject": decision.subject,
        "answer": decision.answer.value,
        "because": decision.because,
        "by": decision.by,
        "on": decision.on.isoformat(),
        "until": decision.until.isoformat() if decision.until else "",
    }


def decisions_documents(reconciliation: Reconciliation) -> list[dict[str, Any]]:
    """Return every decision with its effect, and with the number and amount of the differences it accepts."""
    accepted_by: dict[int, list[RecordVerdict]] = {}
    for verdict, by in reconciliation.accepted:
        accepted_by.setdefault(id(by), []).append(verdict)
    documents = []
    for number, (decision, effect, why) in enumerate(_effects(reconciliation), start=1):
        accepted = accepted_by.get(id(decision), [])
        documents.append(
            {
                "number": number,
                **decision_document(decision),
                "meaning": MEANINGS[decision.answer],
                "effect": effect.value,
                "reason": why,
                "accepted": len(accepted),
                "amount_accepted": decimal_text(total(verdict.at_risk for verdict in accepted)),
            }
        )
    return documents


def _effects(reconciliation: Reconciliation) -> Iterator[tuple[Decision, Effect, str]]:
    """Yield each decision with its effect, and why it has none where that is so."""
    settlement = reconciliation.settlement
    for decision in settlement.in_effect:
        yield decision, Effect.IN_EFFECT, ""
    for entry in settlement.lapsed:
        yield entry.decision, Effect.LAPSED, entry.why
    for entry in settlement.impossible:
        yield entry.decision, Effect.IMPOSSIBLE, entry.why
    for decision in settlement.idle:
        yield decision, Effect.NOT_NEEDED, ""
