"""Verdicts in sentences: why, and what would clear it."""

from __future__ import annotations

from datetime import date

from sagerecon.reconciliation.verdict import Cause, RecordVerdict, Verdict

#: Ours, for the machine's own names depend on its language.
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"


def day_in_words(day: date) -> str:
    """`31 March 2017`."""
    return f"{day.day} {_MONTHS.split('|')[day.month - 1]} {day.year}"


def reason(said: RecordVerdict, written_on: date | None, why: str) -> str:
    """One sentence that says what was found; `why` is what the source, the run or the ladder adds."""
    since = f"written on {day_in_words(written_on)}" if written_on else "written"
    match said.verdict:
        case Verdict.VERIFIED:
            return ""
        case Verdict.MISSING:
            return f"It was {since} and is not in Sage, which does not report it as deleted."
        case Verdict.DELETED:
            return f"It was {since} and has been deleted or voided in Sage since."
        case Verdict.EXTRA:
            made = f" on {day_in_words(date.fromisoformat(why))}" if why else ""
            return f"Somebody else made it in Sage{made}; no record of the source stands for it."
        case Verdict.DUPLICATE if not said.key:
            return f"Sage holds it a second time: it repeats {why}."
        case Verdict.DUPLICATE if said.is_recorded:
            return "Another record stands for the same thing in Sage."
        case Verdict.DUPLICATE:
            return f"Several things in Sage bear its key ({why})."
        case Verdict.QUARANTINED | Verdict.LEFT_OUT:
            return _sentence(why)
        case Verdict.NOT_YET_WRITTEN:
            return f"It has not been written yet{_found(why)}."
        case Verdict.NOT_READ:
            return "Its kind was not read back, so nothing can be said."
        case _:
            return _changed(said, since, why)


def clearing(said: RecordVerdict, can_update: bool, why: str) -> str:
    """What would put it right."""
    match said.verdict:
        case Verdict.MISSING | Verdict.DELETED:
            return "Enter it in Sage again as it was, or leave it out of the move by a named rule."
        case Verdict.EXTRA:
            return "Delete it in Sage, or record in writing what it is."
        case Verdict.DUPLICATE if not said.key:
            return f"Delete it in Sage; {why} stays."
        case Verdict.DUPLICATE:
            return "Decide which of them counts, and delete or leave out the other."
        case Verdict.QUARANTINED:
            return "Mend the record in the source or the mapping, and apply again."
        case Verdict.NOT_YET_WRITTEN:
            return "Apply the plan."
        case Verdict.NOT_READ:
            return "Reconcile again with more calls."
        case Verdict.EDITED:
            return _put_back(said)
        case Verdict.SOURCE_CHANGED | Verdict.MAPPING_CHANGED if said.differences:
            return "Plan and apply again." if can_update else "Correct it in Sage; this kind takes no update."
        case Verdict.SOURCE_CHANGED:
            return "Delete it in Sage, or take the record back into the move."
        case Verdict.BOTH_CHANGED:
            return "Agree which side is right and correct the other."
        case Verdict.ROUNDING if said.needs_person:
            return "Round in the mapping, or name a tolerance with its size and reason."
        case _:
            return ""


def _changed(said: RecordVerdict, since: str, why: str) -> str:
    names = ", ".join(dict.fromkeys(difference.field for difference in said.differences))
    if not said.differences:
        return f"It was {since}, and in the source {why or 'nothing stands for it'}."
    if said.verdict is Verdict.ROUNDING:
        kind = "by rounding only" if said.needs_person else "within a named tolerance"
        return f"{names}: the amounts differ {kind}."
    if said.verdict is Verdict.EDITED:
        at_write = all(d.cause is Cause.ALTERED_AT_WRITE for d in said.differences)
        who = "Sage altered it as it was written" if at_write else f"it was {since} and edited in Sage since"
        return _sentence(f"{names}: {who}")
    if said.verdict is Verdict.BOTH_CHANGED:
        return f"{names}: it was {since}; the source and Sage have both changed since."
    what = "the mapping or a parameter" if said.verdict is Verdict.MAPPING_CHANGED else "the source"
    return f"{names}: it was {since}; {what} has changed since and Sage has not."


def _put_back(said: RecordVerdict) -> str:
    wrong = [f"{d.field} to {d.source or 'nothing'}" for d in said.differences if not d.is_excused]
    return f"Put back in Sage: {', '.join(wrong)}; or change the source to what is true."


def _found(why: str) -> str:
    return f"; Sage holds a likely match ({why})" if why else ""


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
