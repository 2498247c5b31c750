"""One thing that is wrong, or worth knowing, with its address and a way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sagerecon.model.place import Place


class Severity(Enum):
    """How much a finding weighs."""

    ERROR = "error"  #: the command must not go on with this
    WARNING = "warning"  #: a person should look; the rest proceeds
    INFO = "info"  #: stated so that it can be signed, such as a choice or a change


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and what would put it right.

    `code` is stable (`unknown_field`), so that it can be counted, filtered and suppressed;
    `message` is a sentence with the figures in it; `hint` says the way out.
    """

    code: str
    place: Place
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}"
        return f"{text} {self.hint}" if self.hint else text
