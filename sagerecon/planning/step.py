"""The steps of a plan: one small class for each action, joined in the union `Step`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import ClassVar, TypeAlias

from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Body, Change, OnExisting
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE, Place
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.standing import Standing


class Action(Enum):
    """What a step does. Doing nothing is an action too, so that a plan accounts for every record."""

    READ = "read"  #: read a listing or a single entity; changes nothing
    CREATE = "create"  #: create the entity; one that Sage holds already may be adopted instead
    ADOPT = "adopt"  #: the entity in Sage is the record, by decision or as its equal; only its id is kept
    UPDATE = "update"  #: the entity was written with other content; send the fields that may be changed
    SKIP = "skip"  #: recorded by an earlier run with the same content; nothing is sent
    LEAVE_OUT = "leave_out"  #: deliberately not carried over, by a named rule
    QUARANTINE = "quarantine"  #: cannot be sent until its findings are dealt with
    WAIT = "wait"  #: left alone with all that refers to it until it is decided what it is
    KEEP = "keep"  #: recorded by an earlier run and no longer wanted; it is left in Sage
    RENAME = "rename"  #: its key takes over the entity that was recorded under an earlier one
    REVERSE = "reverse"  #: delete the entity that an earlier run created
    SETTLED = "settled"  #: left as it is by a decision


@dataclass(frozen=True, slots=True, kw_only=True)
class _AnyStep:
    """What every step has.

    `number` counts from 1 in the order of sending; 0 before the plan is put together.
    """

    number: int = 0
    kind: str
    key: str
    reason: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecordStep(_AnyStep):
    """What every step about a record of the source has."""

    amount: Decimal | None = None
    origins: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _DraftStep(_RecordStep):
    """What every step about a draft has."""

    body: Body
    identity: Mapping[str, str] = field(default_factory=dict)
    mapping: Place = NOWHERE
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStep(_AnyStep):
    """Read `path`. Every page is followed; `calls` is the number of pages expected."""

    action: ClassVar[Action] = Action.READ
    calls: int = 1
    window: int = 0  #: the budget window it falls in, from 1
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, str] = field(default_factory=dict)  #: field path -> the value Sage must answer
    sage_id: str = ""  #: of the one entity that is asked for, which Sage may not find


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateStep(_DraftStep):
    """Create an entity with `body`."""

    action: ClassVar[Action] = Action.CREATE
    calls: ClassVar[int] = 1
    window: int = 0  #: the budget window it falls in, from 1
    on_existing: OnExisting = OnExisting.CREATE
    reversibility: str = ""
    replaces: str = ""  #: the Sage id of the entity that was recorded for the key and is no longer in Sage
    apart: tuple[str, ...] = ()  #: Sage ids of what it is not: decided to be other records, or gone


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptStep(_DraftStep):
    """Record the entity with `sage_id` for the key. It is read; nothing is sent.

    One that was decided to be the record is recorded whatever it holds. Without a decision (`is_equal`) it is
    recorded if it is equal to the draft still, by the rules of `compare`.
    """

    action: ClassVar[Action] = Action.ADOPT
    look_calls: int = 1  #: calls to read the entity; 0 where a listing of the plan shows it
    window: int = 0  #: the budget window it falls in, from 1
    sage_id: str
    replaces: str = ""  #: the Sage id of the entity that was recorded for the key and is no longer in Sage
    is_equal: bool = False  #: no decision was made: the last reading shows that it is equal
    compare: Mapping[str, Comparison] = field(default_factory=dict)  #: the rules by field path
    on_existing: OnExisting = OnExisting.CREATE

    @property
    def calls(self) -> int:
        """The calls it makes."""
        return self.look_calls

    @property
    def creation(self) -> CreateStep | None:
        """The creation of what is adopted because it is equal; None where that was decided."""
        return _creation(self, self.on_existing) if self.is_equal else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStep(_DraftStep):
    """Send the fields `changed` to the entity that an earlier run recorded for the key.

    `body` is the whole draft, which is recorded as written. A changed field that it lacks is cleared. Before
    it is sent, what Sage holds is compared with what was written, by the rules of `compare`. The fields
    `left` are in the body as they were written before.
    """

    action: ClassVar[Action] = Action.UPDATE
    changed: tuple[str, ...]
    look_calls: int = 1  #: calls to read the entity first; 0 where a listing of the plan shows it
    compare: Mapping[str, Comparison] = field(default_factory=dict)  #: the rules by field path
    covers: str = ""  #: the edits in Sage that a decision was made for, by their fingerprint
    left: tuple[str, ...] = ()  #: the fields that a decision leaves as Sage holds them
    window: int = 0  #: the budget window it falls in, from 1
    reversibility: str = ""

    @property
    def calls(self) -> int:
        """The calls it makes: the update, and the look before it."""
        return 1 + self.look_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameStep(_DraftStep):
    """Send nothing: the key takes over the entity recorded under `earlier`.

    `body` and `identity` are what was written then, with references by today's keys.
    """

    action: ClassVar[Action] = Action.RENAME
    calls: ClassVar[int] = 0
    earlier: str
    sage_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseStep(_DraftStep):
    """Delete the entity recorded for the key, if Sage still holds what was written.

    `body` is what was written. One call reads the entity, the other deletes it. What Sage holds is compared
    with what was written by the rules of `compare`. No listing is relied on: what was deleted cannot be
    restored, and what the run deletes before may make the entity deletable.
    """

    action: ClassVar[Action] = Action.REVERSE
    calls: ClassVar[int] = 2
    sage_id: str
    void_reason: str = ""  #: empty where the kind is deleted and not voided
    compare: Mapping[str, Comparison] = field(default_factory=dict)  #: the rules by field path
    window: int = 0  #: the budget window it falls in, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipStep(_DraftStep):
    """Send nothing: an earlier run recorded the same content."""

    action: ClassVar[Action] = Action.SKIP
    calls: ClassVar[int] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutStep(_RecordStep):
    """Send nothing: the mapping leaves the record out by `rule`."""

    action: ClassVar[Action] = Action.LEAVE_OUT
    calls: ClassVar[int] = 0
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedStep(_RecordStep):
    """Send nothing: the record has `findings`.

    `changes` are the values altered by the mapping where the record became a draft.
    """

    action: ClassVar[Action] = Action.QUARANTINE
    calls: ClassVar[int] = 0
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(_RecordStep):
    """Send nothing: it is to be decided first what the record is.

    `changes` are the values altered by the mapping. Where Sage may hold the record, or what was written of it
    is not known, or it waits for another one, `body`, `identity` and `mapping` are those of the draft, so
    that a comparison with Sage can settle it.
    """

    action: ClassVar[Action] = Action.WAIT
    calls: ClassVar[int] = 0
    standing: Standing
    rule: str = ""  #: what explains that it may be a record written earlier
    earlier: tuple[str, ...] = ()  #: the draft keys of the records written earlier that it may be
    may_be: tuple[str, ...] = ()  #: the Sage ids of the entities in Sage that it may be
    refers_to: str = ""  #: the draft key of the waiting record for which it waits, if it waits for another
    #: The key or group of a decision: one about it that has no effect any more, or one that leaves out the
    #: record it refers to.
    decided: str = ""
    refused: str = ""  #: when and why Sage refused the update
    changes: tuple[Change, ...] = ()
    body: Body = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    mapping: Place = NOWHERE
    on_existing: OnExisting = OnExisting.CREATE
    apart: tuple[str, ...] = ()  #: Sage ids of what was decided to be other records

    @property
    def is_withheld(self) -> bool:
        """Whether a decision about it has no effect."""
        return bool(self.decided) and not self.refers_to

    @property
    def creation(self) -> CreateStep | None:
        """The creation that waits for a comparison or for another record; None where it waits otherwise."""
        if not self.body:
            return None
        return _creation(self, self.on_existing, self.apart)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepStep(_RecordStep):
    """Send nothing: an earlier run recorded it, and it stays in Sage."""

    action: ClassVar[Action] = Action.KEEP
    calls: ClassVar[int] = 0
    standing: Standing
    rule: str = ""  #: the rule that leaves it out now, if one does
    edited: tuple[str, ...] = ()  #: of a record that the source lost, the fields edited in Sage since


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledStep(_RecordStep):
    """Send nothing: a decision leaves both sides as they are."""

    action: ClassVar[Action] = Action.SETTLED
    calls: ClassVar[int] = 0
    standing: Standing
    answer: DecisionAnswer


#: A step that changes what Sage holds.
WriteStep: TypeAlias = CreateStep | UpdateStep | ReverseStep

#: A step that makes calls.
CallingStep: TypeAlias = ReadStep | WriteStep | AdoptStep

#: A step that makes no call.
PassedStep: TypeAlias = (
    SkipStep | LeftOutStep | QuarantinedStep | WaitStep | KeepStep | RenameStep | SettledStep
)

Step: TypeAlias = CallingStep | PassedStep


def _creation(step: AdoptStep | WaitStep, on_existing: OnExisting, apart: tuple[str, ...] = ()) -> CreateStep:
    return CreateStep(
        number=step.number,
        kind=step.kind,
        key=step.key,
        reason=step.reason,
        label=step.label,
        amount=step.amount,
        origins=step.origins,
        body=step.body,
        identity=step.identity,
        mapping=step.mapping,
        changes=step.changes,
        on_existing=on_existing,
        apart=apart,
    )


def place_of(step: Step) -> Place:
    """Return where the step's record is in the source; its mapping, or no place, where that is not known."""
    match step:
        case ReadStep():
            return NOWHERE
        case LeftOutStep() | QuarantinedStep() | WaitStep() | KeepStep() | SettledStep():
            return step.origins[0] if step.origins else NOWHERE
        case _:
            return step.origins[0] if step.origins else step.mapping


def name_of(step: Step) -> str:
    """Return what a message calls the step's record: its label, or its key where it has none."""
    return step.label or step.key
