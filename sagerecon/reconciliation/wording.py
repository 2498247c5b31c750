"""The sentences of a verdict: its reason and its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sagerecon.model.count import counted
from sagerecon.model.draft import LeftOut, Outcome, Quarantined
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.groups import show_command
from sagerecon.reconciliation.evidence import Evidence
from sagerecon.reconciliation.verdict import Cause, Difference, RecordVerdict

#: Written out here because strftime depends on the locale of the machine.
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"

#: What to do about a record that only the source has changed.
PLAN_AND_APPLY = "Plan and apply again."

#: What to do about a record that Sage may hold already.
DECIDE = "Compare it with Sage, and decide which it is: sagerecon decide list"


def date_text(day: date) -> str:
    """Return a date as `31 March 2017`."""
    return f"{day.day} {_MONTHS.split('|')[day.month - 1]} {day.year}"


def rows_after(rows: int, day: date) -> Iterator[str]:
    """Yield a sentence if there are rows of the source that are dated after the day of a tie-out."""
    if rows:
        yield f"Not included: {counted(rows, 'row')} of the source dated after {date_text(day)}."


#: How the reason begins of a record that the store does not have.
NOT_YET = "Not yet written"

#: What to do about an entity that no record owns.
DECIDE_WHOSE = "Decide whose it is: sagerecon decide list"


def reason_for(
    verdict: RecordVerdict, written_on: date | None, detail: str, *, is_absent: bool = False
) -> str:
    """Return one sentence that says what was found.

    Args:
        is_absent: what was written is known to be in Sage no more.
        verdict: the verdict, without reason and remedy.
        written_on: the day on which the record was written or adopted, if it was.
        detail: what source, run, match or reading add; for an extra entity its day of creation, or what it
            repeats.
    """
    done = "adopted" if _is_adopted(verdict) else "written"
    written = f"{done} on {date_text(written_on)}" if written_on else done
    match verdict.verdict:
        case Verdict.VERIFIED:
            return ""
        case Verdict.MISSING:
            return (
                f"{_capital(written)}; not found in Sage, {detail or 'which does not report it as deleted'}."
            )
        case Verdict.DELETED:
            return f"{_capital(written)}; deleted or voided in Sage since."
        case Verdict.EXTRA:
            created = f" on {date_text(date.fromisoformat(detail))}" if detail else ""
            return f"Created in Sage{created}, not by sagerecon; no source record corresponds to it."
        case Verdict.DUPLICATE if not verdict.key:
            return f"Sage holds it twice: it repeats {detail}."
        case Verdict.DUPLICATE if verdict.is_set_aside:
            return _with_written(verdict, written, detail, is_absent)
        case Verdict.DUPLICATE if verdict.is_recorded:
            return f"It has the same entity in Sage as {detail}."
        case Verdict.DUPLICATE:
            return f"Several entities in Sage have its key ({detail})."
        case Verdict.LEFT_OUT if not verdict.is_recorded:
            return _sentence(detail)
        case Verdict.QUARANTINED:
            return _with_written(verdict, written, detail, is_absent)
        case Verdict.GONE | Verdict.LEFT_OUT:
            return _sentence(f"{_capital(written)}; {detail}")
        case Verdict.RENAMED:
            return f"It may be {detail}, which was written under that key."
        case Verdict.NOT_YET_WRITTEN | Verdict.ALREADY_IN_SAGE:
            found = f"; Sage holds a likely match ({detail})" if detail else ""
            return f"{NOT_YET}{found}."
        case Verdict.NOT_READ:
            return _sentence(f"Not compared: {detail or 'its kind was not read back'}")
        case _:
            return _changed(verdict, written)


def reason_where_begin_is_unknown(created_on: str) -> str:
    """Return why an entity needs review that may have been in Sage before the move; `created_on` is a day."""
    created = f"Created in Sage on {date_text(date.fromisoformat(created_on))}. " if created_on else ""
    return f"{created}It is not known whether that was before the move, for the store was lost."


def detail_of(evidence: Evidence, verdict: Verdict) -> str:
    """Return what outcome, run, match or reading add to the reason of the verdict."""
    match verdict:
        case Verdict.NOT_READ:
            return evidence.why_unread
        case Verdict.DUPLICATE if evidence.position.owner and not evidence.is_set_aside:
            return evidence.position.owner
        case Verdict.MISSING if evidence.is_deletion_unknown:
            return "whose list of deleted records could not be read"
        case Verdict.GONE:
            return _left_by(evidence.outcome) + _edited_too(evidence)
        case Verdict.LEFT_OUT if evidence.position.is_absent:
            is_deleted = evidence.position.is_deleted
            return f"{_left_by(evidence.outcome)}, and {_DELETED if is_deleted else 'not found in Sage'}"
        case Verdict.RENAMED if evidence.position.rename is not None:
            keys = " or ".join(record.key for record in evidence.earlier)
            return f"{keys} ({evidence.position.rename.rule.value})"
    if isinstance(evidence.outcome, Quarantined):
        return " ".join(finding.message for finding in evidence.outcome.findings)
    if evidence.rejected:
        return " ".join(dict.fromkeys(finding.message for finding in evidence.rejected))
    if isinstance(evidence.outcome, LeftOut):
        return _left_by(evidence.outcome)
    if evidence.written is None and evidence.match.sage_ids:
        return f"{evidence.match.method.value}: {', '.join(evidence.match.sage_ids)}"
    return ""


_DELETED = "deleted or voided in Sage"


def _edited_too(evidence: Evidence) -> str:
    """Return in which fields a record that left the source was edited in Sage, or was other when adopted."""
    names = ", ".join(evidence.position.agreement.edited)
    if not names:
        return ""
    is_claimed = evidence.written is not None and evidence.written.is_claimed
    return f", and {'different in Sage' if is_claimed else 'edited in Sage since'} ({names})"


def _left_by(outcome: Outcome | None) -> str:
    """Return how a record left the source."""
    if not isinstance(outcome, LeftOut):
        return "no longer in the source"
    return (
        f"merged into {outcome.merged_into}"
        if outcome.merged_into
        else f"{outcome.reason} (rule {outcome.rule})"
    )


def _with_written(verdict: RecordVerdict, written: str, detail: str, is_absent: bool) -> str:
    """Return why a record is not sent, and what became of what was written of it earlier."""
    state = "Sage no longer holds it" if is_absent else "that stays"
    return _sentence(detail) + (f" {_capital(written)} before; {state}." if verdict.is_recorded else "")


def remedy_for(verdict: RecordVerdict, detail: str, why_fixed: str = "") -> str:
    """Return what to do about a verdict; empty where nothing is to be done.

    Args:
        why_fixed: why no update brings to Sage what the source changed; empty where one does.
    """
    match verdict.verdict:
        case Verdict.MISSING | Verdict.DELETED:
            return "Decide whether it is written again, or accepted as Sage has it: sagerecon decide list"
        case Verdict.EXTRA:
            return "Delete it in Sage, or decide whose it is: sagerecon decide list"
        case Verdict.DUPLICATE if not verdict.key:
            return f"Delete it in Sage and keep {detail}, or decide whose it is: sagerecon decide list"
        case Verdict.DUPLICATE:
            return "Decide which of them is right, and delete or leave out the other."
        case Verdict.QUARANTINED:
            return "Correct the record in the source or the mapping, and apply again."
        case Verdict.NOT_YET_WRITTEN:
            return "Plan and apply: sagerecon plan names what waits, and for what."
        case Verdict.ALREADY_IN_SAGE:
            return "Apply the plan: it adopts an equal entity, and waits for a decision on another one."
        case Verdict.NOT_READ:
            return "Remove the cause, then reconcile again: sagerecon reconcile"
        case Verdict.EDITED:
            return _set_back(verdict)
        case Verdict.GONE:
            return "Delete it in Sage, or put the record back into the move."
        case Verdict.RENAMED:
            return "Decide whether they are one record; until then the plan waits with it."
        case Verdict.SOURCE_CHANGED | Verdict.MAPPING_CHANGED:
            correct = f"{why_fixed}. Correct it there, or decide: {show_command(verdict.key)}"
            return correct if why_fixed else PLAN_AND_APPLY
        case Verdict.BOTH_CHANGED:
            return "Agree which side is right and correct the other."
        case Verdict.ROUNDING if verdict.needs_review:
            return "Round in the mapping, or name a tolerance with its size and reason."
        case _:
            return ""


def remedy_of_waiting(key: str) -> str:
    """Return what to do about a changed record that is not sent before it is decided on another.

    Args:
        key: of that other one, to which it refers.
    """
    return f"Once it is decided on {key}, which it needs, plan and apply again: {show_command(key)}"


#: Verdicts on a record of which Sage may have refused a change, or the deletion.
REFUSABLE = frozenset(
    {
        Verdict.SOURCE_CHANGED,
        Verdict.MAPPING_CHANGED,
        Verdict.EDITED,
        Verdict.BOTH_CHANGED,
        Verdict.GONE,
    }
)


def remedy_of_refused(key: str, refusal: str, verdict: Verdict) -> str:
    """Return what to do about a record of which Sage refused what was sent.

    Args:
        refusal: when and why.
    """
    is_gone = verdict is Verdict.GONE
    first = "Delete in Sage what refers to it" if is_gone else "Correct it in Sage or in the source"
    return f"{refusal} {first}, or decide: {show_command(key)}"


def _changed(verdict: RecordVerdict, written: str) -> str:
    names = ", ".join(dict.fromkeys(difference.field for difference in verdict.differences))
    if not verdict.differences:
        return f"{_capital(written)}; the record has changed since."
    if verdict.verdict is Verdict.ROUNDING:
        kind = "by rounding only" if verdict.needs_review else "within a named tolerance"
        return f"{names}: the amounts differ {kind}."
    if verdict.verdict is Verdict.EDITED:
        is_altered = all(difference.cause is Cause.ALTERED_AT_WRITE for difference in verdict.differences)
        if is_altered and not _is_adopted(verdict):
            return f"{names}: altered by Sage when it was written."
        return _edited(verdict, written)
    is_edited = any(d.cause in (Cause.EDITED_AFTER_LOAD, Cause.BOTH_CHANGED) for d in verdict.differences)
    if verdict.verdict is Verdict.BOTH_CHANGED and _is_adopted(verdict) and not is_edited:
        return f"{names}: {written} as it was in Sage, which differs; the source has changed since."
    if verdict.verdict is Verdict.BOTH_CHANGED:
        return f"{names}: {written}; source and Sage have both changed since."
    what = "the mapping or a parameter" if verdict.verdict is Verdict.MAPPING_CHANGED else "the source"
    return f"{names}: {written}; {what} has changed since, Sage has not."


def _edited(verdict: RecordVerdict, written: str) -> str:
    """Return why a record is edited in Sage: since it was written, or as it was when it was adopted."""
    as_adopted = _as_adopted(verdict)
    edited = ", ".join(dict.fromkeys(d.field for d in verdict.differences if not _is_as_adopted(verdict, d)))
    if not as_adopted:
        return f"{edited}: {written}, and edited in Sage since."
    since = f" {edited}: edited in Sage since." if edited else ""
    return f"{as_adopted}: {written} as it was in Sage, which differs from the source.{since}"


def _as_adopted(verdict: RecordVerdict) -> str:
    """Return the fields in which an entity differed when it was adopted, and that nobody edited since."""
    return ", ".join(dict.fromkeys(d.field for d in verdict.differences if _is_as_adopted(verdict, d)))


def _is_as_adopted(verdict: RecordVerdict, difference: Difference) -> bool:
    return _is_adopted(verdict) and difference.cause in (Cause.NEVER_WRITTEN, Cause.ALTERED_AT_WRITE)


def _is_adopted(verdict: RecordVerdict) -> bool:
    """Return whether the record was not created by a run, but adopted: its entity was in Sage already."""
    return verdict.is_recorded and not verdict.is_created


def _set_back(verdict: RecordVerdict) -> str:
    wrong = [d for d in verdict.differences if not d.is_excused]
    values = ", ".join(f"{d.field} to {d.source or 'nothing'}" for d in wrong)
    if any(_is_as_adopted(verdict, d) for d in wrong):
        return (
            f"In Sage, set {values}; or correct the source; or decide which side counts:"
            f" {show_command(verdict.key)}"
        )
    return f"In Sage, set back {values}; or correct the source."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
