"""Faults between client and server: scheduled for known requests, or drawn at random from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Protocol

from sagerecon.model.errors import ProjectError


class FaultType(Enum):
    """What goes wrong."""

    REFUSED = "refused"  #: no connection is made; nothing was sent
    RESET = "reset"  #: the connection is reset before the request is read
    ANSWER_LOST = "answer_lost"  #: the request is carried out, then the connection is reset
    ERROR_SAVED = "error_saved"  #: the request is carried out, but answered with `status`
    ERROR = "error"  #: the request is answered with `status` and not carried out
    TRUNCATED = "truncated"  #: the request is carried out; the body of the answer is incomplete
    NOT_JSON = "not_json"  #: the request is carried out; the answer is a gateway's HTML page
    SLOW = "slow"  #: the request is carried out; the answer takes `milliseconds` longer
    DUPLICATE = "duplicate"  #: the request is delivered twice; the client gets the second answer
    WRONG_ECHO = "wrong_echo"  #: the request is carried out; the answer's X-Business names another business
    TOO_MANY = "too_many"  #: the request is answered with 429, whatever the limits
    EDIT = "edit"  #: `edit` is called just before the request, as by another user; the request succeeds


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `status` applies to errors, `milliseconds` to a slow answer, `edit` to an edit."""

    type: FaultType
    status: int = 500
    milliseconds: int = 0
    edit: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a fault occurs: at the `nth` matching request, counted from 1, and `times` in a row.

    An empty method or path matches every request; a path matches by prefix (`/contacts`, `/token`).
    """

    nth: int
    method: str = ""
    path: str = ""
    times: int = 1

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request counts for this trigger."""
        return (not self.method or method == self.method) and path.startswith(self.path)


class Faults(Protocol):
    """Decides which faults each request meets."""

    def faults_for(self, method: str, path: str) -> tuple[Fault, ...]:
        """Count this request and return the faults it meets; the path is without the version."""
        ...


class NoFaults:
    """No fault at any request."""

    def faults_for(self, method: str, path: str) -> tuple[Fault, ...]:  # noqa: ARG002
        return ()


@dataclass(slots=True)
class _Entry:
    trigger: Trigger
    fault: Fault
    seen: int = 0


class ScheduledFaults:
    """Faults at known requests."""

    def __init__(self, entries: Iterable[tuple[Trigger, Fault]] = ()) -> None:
        self._entries = [_Entry(trigger, fault) for trigger, fault in entries]

    def add(self, trigger: Trigger, fault: Fault) -> None:
        """Add a fault; its trigger counts requests from now on."""
        self._entries.append(_Entry(trigger, fault))

    def document(self) -> list[dict[str, Any]]:
        """Return the triggers with their faults and counts as JSON, without those that call `edit`."""
        return [
            {
                **asdict(entry.trigger),
                "trouble": entry.fault.type.value,
                "status": entry.fault.status,
                "milliseconds": entry.fault.milliseconds,
                "seen": entry.seen,
            }
            for entry in self._entries
            if entry.fault.edit is None
        ]

    @classmethod
    def from_document(cls, document: Iterable[Mapping[str, Any]]) -> ScheduledFaults:
        """Read the faults that `document` returned."""
        faults = cls()
        for facts in document:
            trigger = Trigger(facts["nth"], facts["method"], facts["path"], facts["times"])
            fault = Fault(FaultType(facts["trouble"]), facts["status"], facts["milliseconds"])
            faults._entries.append(_Entry(trigger, fault, facts["seen"]))
        return faults

    def faults_for(self, method: str, path: str) -> tuple[Fault, ...]:
        struck = []
        for entry in self._entries:
            if entry.trigger.matches(method, path):
                entry.seen += 1
                if 0 <= entry.seen - entry.trigger.nth < entry.trigger.times:
                    struck.append(entry.fault)
        return tuple(struck)


@dataclass(slots=True)
class SeededFaults:
    """Random faults: each type's share, in 1,000 requests that match `path`."""

    seed: int
    per_thousand: Mapping[FaultType, int]
    path: str = ""
    drawn: int = 0  #: number of requests decided so far
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible, not a secret
        for _ in range(self.drawn):
            self._random.randrange(1_000)

    def document(self) -> dict[str, Any]:
        """Return the seed, the shares and the number of draws so far."""
        shares = {fault_type.value: share for fault_type, share in self.per_thousand.items()}
        return {"seed": self.seed, "per_thousand": shares, "path": self.path, "drawn": self.drawn}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SeededFaults:
        """Read the faults that `document` returned."""
        shares = {FaultType(name): share for name, share in document["per_thousand"].items()}
        return cls(document["seed"], shares, document["path"], document["drawn"])

    def faults_for(self, method: str, path: str) -> tuple[Fault, ...]:  # noqa: ARG002
        if not path.startswith(self.path):
            return ()
        self.drawn += 1
        number = self._random.randrange(1_000)
        for fault_type, share in sorted(self.per_thousand.items(), key=lambda item: item[0].value):
            number -= share
            if number < 0:
                return (Fault(fault_type, _STATUS.get(fault_type, 500), milliseconds=5_000),)
        return ()


_STATUS = {FaultType.ERROR: 503}


def faults_document(faults: Faults) -> dict[str, Any] | None:
    """Return the faults and their progress as JSON, for saving; None for no faults.

    Edits are left out: a function cannot be written to a file.
    """
    if isinstance(faults, ScheduledFaults):
        return {"scheduled": faults.document()}
    if isinstance(faults, SeededFaults):
        return {"seeded": faults.document()}
    return None


def faults_from_document(document: Mapping[str, Any] | None) -> Faults | None:
    """Read the faults that `faults_document` returned, with their progress."""
    if document is None:
        return None
    if "seeded" in document:
        return SeededFaults.from_document(document["seeded"])
    return ScheduledFaults.from_document(document["scheduled"])


def read_faults(text: str) -> ScheduledFaults:
    """Parse faults such as `answer_lost POST /contacts 3; error=503 any / 10; slow=70000 GET / 1`.

    Each one has a type, with its status or milliseconds; a method or `any`; the beginning of a path; and
    which of the matching requests fails, counted from 1.

    Raises:
        ProjectError: the text does not have this form.
    """
    faults = ScheduledFaults()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        try:
            name, method, path, nth = part.split()
            name, _, amount = name.partition("=")
            fault_type = FaultType(name)
            fault = Fault(fault_type)
            if amount and fault_type is FaultType.SLOW:
                fault = Fault(fault_type, milliseconds=int(amount))
            elif amount:
                fault = Fault(fault_type, status=int(amount))
            faults.add(Trigger(int(nth), "" if method == "any" else method.upper(), path), fault)
        except ValueError:
            known = ", ".join(
                fault_type.value for fault_type in FaultType if fault_type is not FaultType.EDIT
            )
            raise ProjectError(
                f"'{part}' is not a valid fault.",
                f"Use the form `answer_lost POST /contacts 3`; types: {known}.",
            ) from None
    return faults
