"""One thing that is wrong or worth knowing, with its place and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from sagerecon.model.code import FindingCode, read_code
from sagerecon.model.place import Place
from sagerecon.model.value import encodable


class Severity(Enum):
    """How serious a finding is."""

    ERROR = "error"  #: the command stops
    WARNING = "warning"  #: needs review; the command continues
    INFO = "info"  #: for sign-off, such as a choice or a change


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and what to do about it.

    `code` is stable (`unknown_field`), so that findings can be counted, filtered and suppressed;
    `message` is a sentence with the values; `hint` says what to do.
    """

    code: FindingCode
    place: Place
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        """Write out half characters, which a name or a cell may hold and which no file can."""
        for name in ("message", "hint"):
            object.__setattr__(self, name, encodable(getattr(self, name)))
        if not self.place.file.isascii():
            place = replace(self.place, file=encodable(self.place.file))
            object.__setattr__(self, "place", place)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}"
        return f"{text} {self.hint}" if self.hint else text


def finding_document(finding: Finding) -> list[str]:
    """Return `finding` as a JSON list: code, place, message, hint, severity."""
    return [str(finding.code), finding.place.address, finding.message, finding.hint, finding.severity.value]


def read_finding(document: list[str]) -> Finding:
    """Return the finding that `finding_document` wrote.

    Raises:
        ValueError: The list is not of that form.
    """
    code, place, message, hint, severity = document
    return Finding(
        code=read_code(code),
        place=Place.parse(place),
        message=message,
        hint=hint,
        severity=Severity(severity),
    )
