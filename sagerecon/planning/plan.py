"""The plan: a header and its steps. Runner, report, dry run and cost gate read the same steps.

A plan file is JSON Lines, each line canonical JSON: the header first, then one step a line, so that a plan
of any length is written and read as a stream and two plans compare line by line. The last line is the seal:
the SHA-256 of all bytes before it, which is also the name of the plan. A file that does not match its seal is
refused, so a plan is applied only as `plan` wrote it. The seal guards against edits, not against forgery.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from sagerecon.model.errors import PlanStaleError
from sagerecon.model.finding import Finding, finding_document, read_finding
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import decimal
from sagerecon.model.typed import require_types
from sagerecon.model.value import canonical, read_json
from sagerecon.planning.requirements import STOP_WHEN_BLOCKED, Requirement
from sagerecon.planning.step import (
    Action,
    AdoptStep,
    CreateStep,
    LeftOutStep,
    QuarantinedStep,
    RenameStep,
    ReverseStep,
    SkipStep,
    Step,
    UpdateStep,
    WaitStep,
)
from sagerecon.planning.step_document import read_step, step_document

#: Raised whenever the content of a plan file changes; a file of another format is refused.
FORMAT = "plan/v7"

#: The form of the last line.
_SEAL = re.compile(rb'\{"seal":"[0-9a-f]{64}"\}\n')


class Purpose(StrEnum):
    """What a plan is for."""

    LOAD = "load"  #: write the records of the source
    READ_BACK = "read_back"  #: read what Sage holds; writes nothing
    CENSUS = "census"  #: read what Sage holds before the first write; writes nothing


#: The remedy for a file with a plan that only reads; earlier versions wrote such files.
READ_ANEW = "It is a plan of readings, which needs no file any more. Read Sage back: sagerecon reconcile"


_READINGS = frozenset(each.value for each in Purpose if each is not Purpose.LOAD)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch in which calls are made before the budget of the rolling day is used up.

    `opens` and `closes` are milliseconds after the start of the run.
    """

    number: int
    opens: int
    closes: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the plan was made from, what it costs, and when it would end."""

    business: str
    purpose: Purpose
    snapshot: str  #: fingerprint of the source snapshot
    mappings: str  #: fingerprint of the mapping files and crosswalks
    catalog: str  #: fingerprint of the catalog
    id_map: str  #: fingerprint of the id map when the plan was made
    made_at: str
    calls: int
    lower_bound: int  #: the fewest calls any plan for these records could make
    bound_reason: str  #: why the plan is above the lower bound, or that it is not
    per_minute: int | None
    per_day: int | None
    reserve: int
    starts_at: str
    finishes_p50: str
    finishes_p90: str
    windows: tuple[Window, ...]
    requirements: tuple[Requirement, ...] = ()  #: what Sage must hold, that which blocks most first
    stop_when_blocked: Decimal = STOP_WHEN_BLOCKED  #: the share of the writes, in per cent
    decisions: str = ""  #: fingerprint of what a person decided; empty where nothing was
    reconciliation: int = 0  #: the number of the last reconciliation when the plan was made; 0 for none
    findings: tuple[Finding, ...] = ()  #: warnings and statements a reader must see before approving


@dataclass(frozen=True)
class Plan:
    """A header and its steps in the order of sending.

    `digest` is the seal of the file the plan was read from; empty where it was not read from a file.
    """

    header: Header
    steps: tuple[Step, ...]
    digest: str = field(default="", compare=False)

    @cached_property
    def hash(self) -> str:
        """The name of the plan: the seal of its file, as 64 hex characters."""
        return self.digest or _digest(_content_lines(self))


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield the lines of the plan's file, each with its line end; the last line is the seal."""
    digest = hashlib.sha256()
    for line in _content_lines(plan):
        digest.update(line.encode())
        yield line
    yield _seal_line(digest.hexdigest())


def read_plan(lines: Iterable[bytes], file: str) -> Plan:
    r"""Return the plan of a file that `plan_lines` wrote.

    Args:
        lines: the file's lines as bytes, split at `\n` alone: the texts of a plan may hold every other
            character that ends a line somewhere.
        file: the file's name, for messages.

    Raises:
        PlanStaleError: the file is not a plan, is of another format, was cut short, or was edited.
    """
    reader = PlanReader(lines, file)
    steps = tuple(reader.steps())
    return Plan(reader.header, steps, reader.digest)


def read_outline(lines: Iterable[bytes], file: str) -> Plan:
    """Return the plan without the bodies of its steps, which are most of it; else as `read_plan`."""
    reader = PlanReader(lines, file)
    steps = tuple(_without_body(step) for step in reader.steps())
    return Plan(reader.header, steps, reader.digest)


def _without_body(step: Step) -> Step:
    match step:
        case CreateStep() | AdoptStep() | UpdateStep() | RenameStep() | ReverseStep() | SkipStep():
            return replace(step, body={}, identity={})
        case WaitStep():
            return replace(step, body={}, identity={})
        case _:
            return step


class PlanReader:
    """A plan file that is read step by step, so that no more than one step is held."""

    def __init__(self, lines: Iterable[bytes], file: str) -> None:
        """Read the header; arguments and errors as `read_plan`."""
        self._file = file
        self._is_reading = False
        self._content = _SealedLines(lines)
        self._lines = iter(self._content)
        with self._refusals():
            head = read_json(next(self._lines, b"").decode())
            found = head.pop("sagerecon")
            self._is_reading = head.get("purpose") in _READINGS
            if found != FORMAT:
                raise _other_format(file, found, self._is_reading)
            self._count = head.pop("steps")
            self.header = require_types(_read_header(head))

    @property
    def digest(self) -> str:
        """The name of the plan, once all steps were read."""
        return self._content.digest

    def steps(self, *holding: bytes) -> Iterator[Step]:
        """Yield the steps in their order, then check the seal: nothing that was yielded counts before that.

        Args:
            holding: only the steps whose line holds one of these are parsed; every step where there is none.

        Raises:
            PlanStaleError: as `read_plan`.
        """
        count = 0
        with self._refusals():
            for line in self._lines:
                count += 1
                if not holding or any(part in line for part in holding):
                    yield require_types(read_step(read_json(line.decode())))
        if count != self._count or self._content.last_line() != _seal_line(self.digest).encode():
            raise _refusal(self._content, self._file, self._is_reading)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise _refusal(self._content, self._file, self._is_reading) from error


def find_step(lines: Iterable[bytes], file: str, key: str) -> Step | None:
    """Return the first step of the record with a draft key, or None; arguments and errors as `read_plan`."""
    found = [step for step in PlanReader(lines, file).steps(canonical(key).encode()) if step.key == key]
    return found[0] if found else None


def steps_not_sent(lines: Iterable[bytes], file: str) -> Plan:
    """Return the plan with the steps alone that wait, are quarantined or left out; else as `read_plan`."""
    reader = PlanReader(lines, file)
    actions = (Action.WAIT, Action.QUARANTINE, Action.LEAVE_OUT)
    found = reader.steps(*(canonical(action.value).encode() for action in actions))
    steps = tuple(step for step in found if isinstance(step, WaitStep | QuarantinedStep | LeftOutStep))
    return Plan(reader.header, steps, reader.digest)


class _SealedLines:
    """The lines of a plan file before its last, and the SHA-256 of those that were read."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._last = next(self._lines, b"")
        self._digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        """Yield every line but the last."""
        for line in self._lines:
            content, self._last = self._last, line
            self._digest.update(content)
            yield content

    @property
    def digest(self) -> str:
        """The SHA-256 of the lines read so far, as 64 hex characters."""
        return self._digest.hexdigest()

    def last_line(self) -> bytes:
        """Read to the end and return the last line."""
        deque(self, maxlen=0)
        return self._last


def _content_lines(plan: Plan) -> Iterator[str]:
    yield canonical({"sagerecon": FORMAT, "steps": len(plan.steps), **_header_document(plan.header)}) + "\n"
    for step in plan.steps:
        yield canonical(step_document(step)) + "\n"


def _seal_line(digest: str) -> str:
    return canonical({"seal": digest}) + "\n"


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()


def _other_format(file: str, found: object, is_reading: bool) -> PlanStaleError:
    return PlanStaleError(
        f"{file} has the format '{found}'; this version of sagerecon reads '{FORMAT}'.",
        READ_ANEW if is_reading else "Create a new plan: sagerecon plan",
    )


def _refusal(content: _SealedLines, file: str, is_reading: bool) -> PlanStaleError:
    """Return the error for a file without a seal, or with another content than its seal states.

    Args:
        is_reading: the header names a plan that only reads.
    """
    if not _SEAL.fullmatch(content.last_line()):
        what, remedy = f"{file} is not a complete plan file.", "Create a new plan: sagerecon plan"
    else:
        what = (
            f"{file} was changed after it was written: its content does not match the seal in its last line."
        )
        remedy = (
            "A plan cannot be edited. Restore the file, or change the source or the mappings and create a new"
            " plan: sagerecon plan"
        )
    return PlanStaleError(what, READ_ANEW if is_reading else remedy)


def _header_document(header: Header) -> dict[str, Any]:
    document = {name: getattr(header, name) for name in Header.__slots__}
    document["purpose"] = header.purpose.value
    document["windows"] = [[w.number, w.opens, w.closes, w.calls] for w in header.windows]
    document["requirements"] = [
        [item.kind, item.key.field, item.key.value, item.users, item.blocked, list(item.examples)]
        for item in header.requirements
    ]
    document["stop_when_blocked"] = f"{header.stop_when_blocked:f}"
    document["findings"] = [finding_document(finding) for finding in header.findings]
    return document


def _read_header(document: dict[str, Any]) -> Header:
    document["purpose"] = Purpose(document["purpose"])
    document["windows"] = tuple(Window(*window) for window in document["windows"])
    document["requirements"] = tuple(_read_requirement(*item) for item in document["requirements"])
    document["stop_when_blocked"] = decimal(document["stop_when_blocked"])
    document["findings"] = tuple(read_finding(finding) for finding in document["findings"])
    return Header(**document)


def _read_requirement(
    kind: str, field: str, value: str, users: int, blocked: int, examples: list[str]
) -> Requirement:
    return Requirement(
        kind=kind, key=NaturalKey(field, value), users=users, blocked=blocked, examples=tuple(examples)
    )
