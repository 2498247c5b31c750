"""Records that were deleted in Sage by decision, and are neither in the source nor written any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sagerecon.model.place import Place
from sagerecon.pairing.consequences import Verdict
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.reconciliation.wording import date_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """A record whose entity was deleted or voided in Sage by decision."""

    kind: str
    key: str
    label: str
    amount: Decimal | None
    sage_id: str
    origins: tuple[Place, ...]
    on: date
    reason: str  #: by whom it was decided, and why


def with_reversed(found: Reconciliation, records: Iterable[Reversed]) -> Reconciliation:
    """Return a reconciliation that names these records as left out, which needs no review.

    One that is in the source again is judged like any other.
    """
    judged = {(verdict.kind, verdict.key) for verdict in found.verdicts}
    named = tuple(_verdict(record) for record in records if (record.kind, record.key) not in judged)
    return replace(found, verdicts=(*found.verdicts, *named))


def _verdict(record: Reversed) -> RecordVerdict:
    return RecordVerdict(
        verdict=Verdict.LEFT_OUT,
        kind=record.kind,
        key=record.key,
        label=record.label,
        amount=record.amount,
        sage_id=record.sage_id,
        origins=record.origins,
        reason=f"Deleted or voided in Sage on {date_text(record.on)}, {record.reason}.",
    )
