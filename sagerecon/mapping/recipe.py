"""The parts of a compiled mapping, each ready to be asked about one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sagerecon.mapping.frame import Read
from sagerecon.mapping.objects import Plan
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import OnExisting
from sagerecon.model.place import Place


@dataclass(frozen=True, slots=True)
class Rule:
    """A named condition with its reason. For a `leave_out`, `merged_into` is the draft that stands for it."""

    name: str
    when: Read
    reason: str
    place: Place
    merged_into: Read | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold of a draft; `text` is the expression as written."""

    name: str
    holds: Read
    text: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice a person made about records that meet `when`; it is listed as a change of `field`."""

    when: Read
    field: str
    before: Read | None
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a mapping does with a record, in the order in which it does it."""

    place: Place  #: the mapping's `target`
    where: Read | None
    leave_out: tuple[Rule, ...]
    quarantine: tuple[Rule, ...]
    body: Plan
    checks: tuple[Check, ...]
    choices: tuple[Choice, ...]
    identity: Mapping[str, Read | None]  #: None where the body's own field says it
    label: Read | None
    amount: Read | None
    on_existing: OnExisting
    comparisons: Mapping[str, Comparison]
