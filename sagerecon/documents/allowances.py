"""Comments that allow a finding on one line, with a reason: `# sagerecon: allow unused_let: phase two`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from sagerecon.model.code import Code, all_codes
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion

_COMMENT = re.compile(
    r"(?:^|\s)#[ \t]*sagerecon:[ \t]*allow\b[ \t]*(?P<code>[\w-]*)"
    r"(?:[ \t]+until[ \t]+(?P<until>[^:\s]+))?[ \t]*(?::[ \t]*(?P<reason>.*))?$"
)
_FORM = "Write it as: # sagerecon: allow CODE until 2027-03-31: reason. The date may be left out."


@dataclass(frozen=True, slots=True)
class Allowance:
    """A comment that allows the findings of one code on one line."""

    code: str
    reason: str
    until: str  #: a date; empty where it does not end
    place: Place  #: of the comment
    line: int  #: of the findings

    @property
    def end(self) -> date | None:
        """The last day on which it holds; None where it does not end, or the date is none."""
        with suppress(ValueError):
            return date.fromisoformat(self.until)
        return None


def allowances_in(text: str, file: str) -> Iterator[Allowance]:
    """Yield the allowances in the text of a YAML file; one on a line of its own is for the line below it."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = _COMMENT.search(line)
        if found is not None:
            column = line.index("#", found.start()) + 1
            is_alone = not line[: found.start()].strip()
            yield Allowance(
                code=found["code"],
                reason=(found["reason"] or "").strip(),
                until=found["until"] or "",
                place=Place(file, number, column),
                line=number + 1 if is_alone else number,
            )


def without_allowed(findings: Iterable[Finding], texts: Mapping[str, str], today: date) -> list[Finding]:
    """Return the findings without the warnings that comments allow, and with those about the comments.

    Args:
        texts: of the files that were checked, by their names.
        today: after the end of an allowance its findings are back.
    """
    allowed = [found for file, text in texts.items() for found in allowances_in(text, file)]
    by_line = {
        (each.place.file, each.line, each.code): each
        for each in allowed
        if each.reason and (each.end is None or today <= each.end) and (not each.until or each.end)
    }
    left: list[Finding] = []
    used: set[Allowance] = set()
    for finding in findings:
        key = (finding.place.file, finding.place.line, str(finding.code))
        allowance = by_line.get(key)
        if allowance is not None and finding.severity is not Severity.ERROR:
            used.add(allowance)
        else:
            left.append(finding)
    errors = {(each.place.file, each.place.line, str(each.code)) for each in left}
    for each in allowed:
        if each not in used:
            left.append(_fault(each, today, is_error=(each.place.file, each.line, each.code) in errors))
    return left


def _fault(allowance: Allowance, today: date, *, is_error: bool) -> Finding:
    """Return the finding about an allowance that allows nothing."""
    known = [str(code) for code in all_codes()]
    if not allowance.code or allowance.code not in known:
        message = f"there is no finding '{allowance.code}' to allow."
        return _finding(allowance, message, suggestion(allowance.code, known) or _FORM)
    if not allowance.reason:
        return _finding(allowance, "the comment gives no reason.", _FORM)
    if allowance.until and allowance.end is None:
        return _finding(allowance, f"'{allowance.until}' is not a date.", _FORM)
    if allowance.end is not None and today > allowance.end:
        message = f"the comment allowed {allowance.code} until {allowance.until}."
        return _finding(allowance, message, "Remove it, or give it a later day.")
    if is_error:
        message = f"{allowance.code} is an error here, which cannot be allowed."
        return _finding(allowance, message, "Correct it.")
    message = f"there is no {allowance.code} on line {allowance.line} to allow."
    return _finding(allowance, message, "Remove the comment.")


def _finding(allowance: Allowance, message: str, hint: str) -> Finding:
    return Finding(Code.ALLOWS_NOTHING, allowance.place, message, hint, severity=Severity.WARNING)
