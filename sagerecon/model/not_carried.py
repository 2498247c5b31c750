"""A record that is not carried over: quarantined with its reasons, or left out by a named rule."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sagerecon.model.draft import LeftOut, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place

QUARANTINED, LEFT_OUT = "quarantined", "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCarried:
    """One record that is not carried over, and why."""

    state: str  #: such as `quarantined`
    kind: str
    key: str
    label: str = ""
    amount: Decimal | None = None
    origins: tuple[Place, ...] = ()
    findings: tuple[Finding, ...] = ()
    rule: str = ""  #: by which it is left out
    reason: str = ""  #: of the rule

    @property
    def name(self) -> str:
        """What a message calls it: its label, or its key where it has none."""
        return self.label or self.key

    @property
    def mapping(self) -> str:
        """The name of the mapping that it is a record of."""
        return self.key.partition("/")[0]


def not_carried(outcome: Outcome) -> NotCarried | None:
    """Return the record of an outcome that is no draft; None for a draft."""
    match outcome:
        case Quarantined():
            return NotCarried(
                state=QUARANTINED,
                kind=outcome.kind,
                key=outcome.key,
                label=outcome.label,
                amount=outcome.amount,
                origins=outcome.origins,
                findings=outcome.findings,
            )
        case LeftOut():
            return NotCarried(
                state=LEFT_OUT,
                kind=outcome.kind,
                key=outcome.key,
                label=outcome.label,
                amount=outcome.amount,
                origins=outcome.origins,
                rule=outcome.rule,
                reason=outcome.reason,
            )
        case _:
            return None


def not_carried_document(record: NotCarried) -> dict[str, Any]:
    """Return a record as JSON."""
    return {
        "state": record.state,
        "kind": record.kind,
        "key": record.key,
        "label": record.label,
        "amount": record.amount,
        "rows": [str(place) for place in record.origins],
        "rule": record.rule,
        "reason": record.reason,
        "findings": [
            {
                "code": str(finding.code),
                "place": str(finding.place),
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in record.findings
        ],
    }
