"""The sentences of a verdict: its reason and its remedy."""

from __future__ import annotations

from datetime import date

from sagerecon.pairing.consequences import Verdict
from sagerecon.reconciliation.verdict import Cause, RecordVerdict

#: Written out here because strftime depends on the locale of the machine.
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"


def date_text(day: date) -> str:
    """Return a date as `31 March 2017`."""
    return f"{day.day} {_MONTHS.split('|')[day.month - 1]} {day.year}"


def reason_for(verdict: RecordVerdict, written_on: date | None, detail: str) -> str:
    """Return one sentence that says what was found.

    Args:
        verdict: the verdict, without reason and remedy.
        written_on: the day on which the record was written, if it was.
        detail: what source, run, match or reading add; for an extra entity its day of creation, or what it
            repeats.
    """
    written = f"written on {date_text(written_on)}" if written_on else "written"
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
        case Verdict.DUPLICATE if verdict.is_recorded:
            return "Another record has the same entity in Sage."
        case Verdict.DUPLICATE:
            return f"Several entities in Sage have its key ({detail})."
        case Verdict.QUARANTINED | Verdict.LEFT_OUT:
            return _sentence(detail)
        case Verdict.NOT_YET_WRITTEN:
            found = f"; Sage holds a likely match ({detail})" if detail else ""
            return f"Not yet written{found}."
        case Verdict.NOT_READ:
            return _sentence(f"Not compared: {detail or 'its kind was not read back'}")
        case _:
            return _changed(verdict, written, detail)


def remedy_for(verdict: RecordVerdict, can_update: bool, detail: str) -> str:
    """Return what to do about a verdict; empty where nothing is to be done."""
    match verdict.verdict:
        case Verdict.MISSING | Verdict.DELETED:
            return "Enter it in Sage again, or leave it out of the move by a named rule."
        case Verdict.EXTRA:
            return "Delete it in Sage, or document what it is."
        case Verdict.DUPLICATE if not verdict.key:
            return f"Delete it in Sage and keep {detail}."
        case Verdict.DUPLICATE:
            return "Decide which of them is right, and delete or leave out the other."
        case Verdict.QUARANTINED:
            return "Correct the record in the source or the mapping, and apply again."
        case Verdict.NOT_YET_WRITTEN:
            return "Apply the plan."
        case Verdict.NOT_READ:
            return "Remove the cause, then reconcile again: sagerecon reconcile"
        case Verdict.EDITED:
            return _set_back(verdict)
        case Verdict.SOURCE_CHANGED | Verdict.MAPPING_CHANGED if verdict.differences:
            return (
                "Plan and apply again." if can_update else "Correct it in Sage; its kind cannot be updated."
            )
        case Verdict.SOURCE_CHANGED:
            return "Delete it in Sage, or put the record back into the move."
        case Verdict.BOTH_CHANGED:
            return "Agree which side is right and correct the other."
        case Verdict.ROUNDING if verdict.needs_review:
            return "Round in the mapping, or name a tolerance with its size and reason."
        case _:
            return ""


def _changed(verdict: RecordVerdict, written: str, detail: str) -> str:
    names = ", ".join(dict.fromkeys(difference.field for difference in verdict.differences))
    if not verdict.differences:
        return _sentence(f"{_capital(written)}; {detail or 'no source record corresponds to it'}")
    if verdict.verdict is Verdict.ROUNDING:
        kind = "by rounding only" if verdict.needs_review else "within a named tolerance"
        return f"{names}: the amounts differ {kind}."
    if verdict.verdict is Verdict.EDITED:
        if all(difference.cause is Cause.ALTERED_AT_WRITE for difference in verdict.differences):
            return f"{names}: altered by Sage when it was written."
        return f"{names}: {written}, and edited in Sage since."
    if verdict.verdict is Verdict.BOTH_CHANGED:
        return f"{names}: {written}; source and Sage have both changed since."
    what = "the mapping or a parameter" if verdict.verdict is Verdict.MAPPING_CHANGED else "the source"
    return f"{names}: {written}; {what} has changed since, Sage has not."


def _set_back(verdict: RecordVerdict) -> str:
    wrong = [f"{d.field} to {d.source or 'nothing'}" for d in verdict.differences if not d.is_excused]
    return f"In Sage, set back {', '.join(wrong)}; or correct the source."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
