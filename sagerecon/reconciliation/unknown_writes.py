"""What is said of a record where the store does not know all that was written to Sage.

Nobody knows then whether a run of a lost store wrote an entity, changed it or deleted it. No plan is carried
out before that is known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sagerecon.pairing.consequences import Verdict
from sagerecon.reconciliation.verdict import Cause, Difference, RecordVerdict
from sagerecon.reconciliation.wording import NOT_YET, date_text

#: What to do first. Apply refuses a plan until then.
COMPLETE_STORE = (
    "Put the complete store in its place, or let Sage be read instead: sagerecon apply --distrust-store."
    " Then reconcile again."
)

#: Verdicts on records of which a lost store may have written the entity.
_PERHAPS_WRITTEN = frozenset({Verdict.NOT_YET_WRITTEN, Verdict.ALREADY_IN_SAGE, Verdict.DUPLICATE})

#: Verdicts on records that a run of a lost store may have changed or deleted since.
_PERHAPS_CHANGED = frozenset({Verdict.EDITED, Verdict.BOTH_CHANGED, Verdict.MISSING, Verdict.DELETED})

#: Verdicts on records that are updated, once a plan can be carried out.
_TO_UPDATE = frozenset({Verdict.SOURCE_CHANGED, Verdict.MAPPING_CHANGED})


def as_far_as_known(verdict: RecordVerdict) -> RecordVerdict:
    """Return the verdict on a record without what only a complete store can say."""
    if verdict.verdict in _PERHAPS_WRITTEN and not verdict.is_recorded and not verdict.is_set_aside:
        is_plain = verdict.reason.startswith(NOT_YET)
        reason = verdict.reason.replace(NOT_YET, "Not in the store", 1) if is_plain else verdict.reason
        return replace(
            verdict,
            reason=f"{reason} The store does not know whether a run wrote it.",
            remedy=COMPLETE_STORE,
            differences=tuple(map(_as_far_as_known, verdict.differences)),
        )
    if verdict.verdict in _PERHAPS_CHANGED:
        reason = f"{verdict.reason} The store does not know whether a later run did that."
        return replace(verdict, reason=reason, remedy=COMPLETE_STORE)
    return replace(verdict, remedy=COMPLETE_STORE) if verdict.verdict in _TO_UPDATE else verdict


def reason_where_store_is_incomplete(created_on: str) -> str:
    """Return why an entity needs review that a lost store may have written; `created_on` is a day."""
    created = f"Created in Sage on {date_text(date.fromisoformat(created_on))}. " if created_on else ""
    return f"{created}No source record corresponds to it. The store does not know whether a run wrote it."


def _as_far_as_known(difference: Difference) -> Difference:
    is_unknown = difference.cause is Cause.NEVER_WRITTEN
    return replace(difference, cause=Cause.NOT_KNOWN) if is_unknown else difference
