"""The compiled parts of a mapping, each applied to one record at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagerecon.mapping.objects import ObjectReader
from sagerecon.mapping.record_context import Reader
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import OnExisting
from sagerecon.model.place import Place


@dataclass(frozen=True, slots=True)
class Rule:
    """A named condition with its reason; `merged_into` reads the draft key it is merged into."""

    name: str
    when: Reader
    reason: str
    place: Place
    merged_into: Reader | None = None
    hint: str = ""  #: what to do about the record


def with_hint(reason: str, hint: str) -> str:
    """Return a reason followed by what to do, for lists that show both in one text."""
    return f"{reason.rstrip('.')}. {hint}" if hint else reason


@dataclass(frozen=True, slots=True)
class Part:
    """One of the entities that a record is split into, and the condition under which it is made."""

    name: str
    when: Reader | None
    place: Place


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that each draft must meet; `text` is the expression as written."""

    name: str
    holds: Reader
    text: str
    reason: str
    place: Place
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision recorded in the mapping for records that meet `when`, reported as a change of `field`."""

    when: Reader
    field: str
    before: Reader | None
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything a mapping does with a record, in order."""

    place: Place  #: the mapping's `target`
    where: Reader | None
    split: tuple[Part, ...]  #: empty where each record makes one entity
    leave_out: tuple[Rule, ...]
    quarantine: tuple[Rule, ...]
    body: ObjectReader
    checks: tuple[Check, ...]
    choices: tuple[Choice, ...]
    identity: Mapping[str, Reader | None]  #: None where the field of the body is the identity
    label: Reader | None
    amount: Reader | None
    on_existing: OnExisting
    comparisons: Mapping[str, Comparison]
    readers: Mapping[str, tuple[Reader, Place]]  #: by path, for the fields that have one reader outside lists
