"""What goes wrong on the way, by a schedule or by chance from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Protocol

from sagerecon.model.errors import ProjectError


class Trouble(Enum):
    """A sort of fault."""

    REFUSED = "refused"  #: no connection is made; nothing was sent
    RESET = "reset"  #: the connection is reset before the request is read
    ANSWER_LOST = "answer_lost"  #: the request is carried out, then the connection is reset
    ERROR_SAVED = "error_saved"  #: carried out, and answered with `status` all the same
    ERROR = "error"  #: answered with `status`, not carried out
    TRUNCATED = "truncated"  #: carried out; the answer's body breaks off
    NOT_JSON = "not_json"  #: carried out; a gateway's page comes instead of the answer
    SLOW = "slow"  #: carried out; the answer takes `milliseconds` longer
    DUPLICATE = "duplicate"  #: delivered twice; the second answer comes
    WRONG_ECHO = "wrong_echo"  #: carried out; the answer names another business
    TOO_MANY = "too_many"  #: 429, whatever the limits say
    EDIT = "edit"  #: somebody else does `edit` just before the request; the request itself goes well


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `status` is for errors, `milliseconds` for a slow answer, `edit` for another hand."""

    trouble: Trouble
    status: int = 500
    milliseconds: int = 0
    edit: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a fault strikes: at the `nth` request that matches, counted from 1, and `times` in a row.

    An empty method or path matches any; a path matches what begins with it (`/contacts`, `/token`).
    """

    nth: int
    method: str = ""
    path: str = ""
    times: int = 1

    def matches(self, method: str, path: str) -> bool:
        """Whether such a request is counted."""
        return (not self.method or method == self.method) and path.startswith(self.path)


class Faults(Protocol):
    """Decides what happens to each request."""

    def strike(self, method: str, path: str) -> tuple[Fault, ...]:
        """The faults that strike this request; the path is without the version."""
        ...


class NoFaults:
    """Nothing goes wrong."""

    def strike(self, method: str, path: str) -> tuple[Fault, ...]:  # noqa: ARG002
        return ()


@dataclass(slots=True)
class _Entry:
    occasion: Occasion
    fault: Fault
    seen: int = 0


class ScheduledFaults:
    """Faults at known occasions."""

    def __init__(self, entries: Iterable[tuple[Occasion, Fault]] = ()) -> None:
        self._entries = [_Entry(occasion, fault) for occasion, fault in entries]

    def add(self, occasion: Occasion, fault: Fault) -> None:
        """One more; its requests are counted from now."""
        self._entries.append(_Entry(occasion, fault))

    def document(self) -> list[dict[str, Any]]:
        """The occasions that can be written down, and how often each was met."""
        return [
            {
                **asdict(entry.occasion),
                "trouble": entry.fault.trouble.value,
                "status": entry.fault.status,
                "milliseconds": entry.fault.milliseconds,
                "seen": entry.seen,
            }
            for entry in self._entries
            if entry.fault.edit is None
        ]

    @classmethod
    def from_document(cls, document: Iterable[Mapping[str, Any]]) -> ScheduledFaults:
        """The faults that `document` gave."""
        faults = cls()
        for facts in document:
            occasion = Occasion(facts["nth"], facts["method"], facts["path"], facts["times"])
            fault = Fault(Trouble(facts["trouble"]), facts["status"], facts["milliseconds"])
            faults._entries.append(_Entry(occasion, fault, facts["seen"]))
        return faults

    def strike(self, method: str, path: str) -> tuple[Fault, ...]:
        struck = []
        for entry in self._entries:
            if entry.occasion.matches(method, path):
                entry.seen += 1
                if 0 <= entry.seen - entry.occasion.nth < entry.occasion.times:
                    struck.append(entry.fault)
        return tuple(struck)


@dataclass(slots=True)
class SeededFaults:
    """Faults by chance: each trouble strikes so many in a thousand requests that match `path`."""

    seed: int
    per_thousand: Mapping[Trouble, int]
    path: str = ""
    drawn: int = 0  #: how many requests it has decided on
    _chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - reproducible, and no secret
        for _ in range(self.drawn):
            self._chance.randrange(1_000)

    def document(self) -> dict[str, Any]:
        """Its seed, its shares and how far it is."""
        shares = {trouble.value: share for trouble, share in self.per_thousand.items()}
        return {"seed": self.seed, "per_thousand": shares, "path": self.path, "drawn": self.drawn}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SeededFaults:
        """The faults that `document` gave."""
        shares = {Trouble(name): share for name, share in document["per_thousand"].items()}
        return cls(document["seed"], shares, document["path"], document["drawn"])

    def strike(self, method: str, path: str) -> tuple[Fault, ...]:  # noqa: ARG002
        if not path.startswith(self.path):
            return ()
        self.drawn += 1
        dice = self._chance.randrange(1_000)
        for trouble, share in sorted(self.per_thousand.items(), key=lambda item: item[0].value):
            dice -= share
            if dice < 0:
                return (Fault(trouble, _STATUS.get(trouble, 500), milliseconds=5_000),)
        return ()


_STATUS = {Trouble.ERROR: 503}


def faults_document(faults: Faults) -> dict[str, Any] | None:
    """Faults with how far they are, for saving; None where nothing goes wrong.

    What somebody else does between two calls cannot be written down and is left out.
    """
    if isinstance(faults, ScheduledFaults):
        return {"scheduled": faults.document()}
    if isinstance(faults, SeededFaults):
        return {"seeded": faults.document()}
    return None


def faults_of(document: Mapping[str, Any] | None) -> Faults | None:
    """The faults that `faults_document` gave, going on where they were."""
    if document is None:
        return None
    if "seeded" in document:
        return SeededFaults.from_document(document["seeded"])
    return ScheduledFaults.from_document(document["scheduled"])


def read_faults(text: str) -> ScheduledFaults:
    """The faults written as `answer_lost POST /contacts 3; error=503 any / 10; slow=70000 GET / 1`.

    Each is a trouble with its status or milliseconds, a method or `any`, the beginning of a path, and
    which of the matching requests it strikes.

    Raises:
        ProjectError: it is not written so.
    """
    faults = ScheduledFaults()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        try:
            name, method, path, nth = part.split()
            name, _, amount = name.partition("=")
            trouble = Trouble(name)
            fault = Fault(trouble)
            if amount and trouble is Trouble.SLOW:
                fault = Fault(trouble, milliseconds=int(amount))
            elif amount:
                fault = Fault(trouble, status=int(amount))
            faults.add(Occasion(int(nth), "" if method == "any" else method.upper(), path), fault)
        except ValueError:
            known = ", ".join(trouble.value for trouble in Trouble if trouble is not Trouble.EDIT)
            raise ProjectError(
                f"'{part}' is not a fault.",
                f"Write one as `answer_lost POST /contacts 3`; there are {known}.",
            ) from None
    return faults
