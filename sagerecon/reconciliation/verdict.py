"""The verdict on one record, its differences and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from sagerecon.model.comparison import Tolerance
from sagerecon.model.money import magnitude, total
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.value import fingerprint
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.key_ladder import MatchMethod

#: Verdicts that need no review. ROUNDING needs one where no tolerance excuses the amount.
SETTLED = frozenset(
    {Verdict.VERIFIED, Verdict.ROUNDING, Verdict.LEFT_OUT, Verdict.SYSTEM, Verdict.THERE_BEFORE}
)


class Cause(Enum):
    """Why two values differ. The value is what people read."""

    EDITED_AFTER_LOAD = "edited in Sage after the load"
    ALTERED_AT_WRITE = "altered by Sage as it was written"
    SOURCE_CHANGED = "changed in the source since"
    REMOVED_AT_SOURCE = "no longer in the source"
    MAPPING_CHANGED = "mapping or parameters changed since"
    BOTH_CHANGED = "changed on both sides"
    NEVER_WRITTEN = "not written by us"
    NOT_KNOWN = "not known whether written by us"  #: the store does not know all that was written


class Shape(Enum):
    """How two values differ, judged by their text. The value is what people read."""

    CASE = "letter case"
    WHITESPACE = "white space"
    UNICODE_FORM = "unicode form"
    LEADING_ZEROS = "leading zeros"
    TRUNCATED = "truncated"
    SIGN_FLIPPED = "sign reversed"
    ROUNDING = "rounding"
    SCALE = "decimal point moved"
    DAY_MONTH_SWAP = "day and month swapped"
    DATE_SHIFT = "shifted by one day"
    EMPTY = "empty on one side"
    SWAPPED = "values swapped between two records"
    DEBIT_CREDIT_SWAPPED = "debit and credit swapped"
    VALUE = "another value"


class FirstSeen(Enum):
    """When a verdict that needs review was found first. The value is what people read."""

    NOW = "now"
    EARLIER = "earlier"  #: the last reconciliation found the same


@dataclass(frozen=True, slots=True)
class Difference:
    """A field on which source and Sage disagree, with the value that was written, all as text."""

    field: str
    source: str
    written: str
    sage: str
    cause: Cause
    shape: Shape
    gap: Decimal | None = None  #: Sage less source, where both are amounts
    tolerance: Tolerance | None = None  #: the one that excuses it

    @property
    def is_excused(self) -> bool:
        """Whether a named tolerance covers it."""
        return self.tolerance is not None


@dataclass(frozen=True, slots=True)
class MayBe:
    """What a record may be: a record written earlier under another key, or an entity in Sage."""

    kind: str
    sage_id: str
    key: str = ""  #: the earlier key; empty for an entity in Sage


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """The verdict on a record, and why, as a reconciliation recorded it."""

    verdict: Verdict
    reason: str  #: one sentence
    may_be: tuple[MayBe, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """The verdict on one record, or on an entity in Sage that has no record (`key` is empty then)."""

    verdict: Verdict
    kind: str
    key: str = ""
    label: str = ""
    amount: Decimal | None = None
    sage_id: str = ""
    origins: tuple[Place, ...] = ()
    mapping: Place = NOWHERE
    differences: tuple[Difference, ...] = ()
    reason: str = ""  #: one sentence
    remedy: str = ""  #: what to do about it
    match_method: MatchMethod = MatchMethod.NONE
    may_be: tuple[MayBe, ...] = ()  #: what it may be in Sage, where that is to be decided
    at_risk: Decimal = Decimal()  #: the money that may be wrong, never negative
    #: account -> Sage less source, debit positive
    effects: Mapping[str, Decimal] = field(default_factory=dict)
    #: contact -> what it owes or is owed, Sage less source
    contact_effects: Mapping[str, Decimal] = field(default_factory=dict)
    is_estimate: bool = False  #: `effects` are taken from other drafts of its mapping, for it has none
    is_wanted: bool = False  #: the source has the record today
    is_recorded: bool = False  #: the id map knows it
    is_created: bool = False  #: an earlier run created it in Sage, and did not adopt it
    is_merged: bool = False  #: shares its Sage entity with another record
    is_set_aside: bool = False  #: findings keep the source's record from being sent
    is_left_to_plan: bool = False  #: the next plan adopts its entity, or looks for it, without a decision
    accepted: Decision | None = None  #: the decision in effect that accepts what was found
    first_seen: FirstSeen | None = None  #: None where no review is needed or no reconciliation went before

    @property
    def id(self) -> str:
        """The name under which the next reconciliation finds it again."""
        return f"{self.kind}/{self.key or self.sage_id}"

    @property
    def fingerprint(self) -> str:
        """A digest of verdict and values, by which the next reconciliation recognises an unchanged one."""
        values = [[d.field, d.source, d.written, d.sage] for d in self.differences]
        return fingerprint([self.verdict.value, self.sage_id, values])

    @property
    def needs_review(self) -> bool:
        """Whether it has to be reviewed."""
        if self.accepted is not None:
            return False
        if self.verdict is Verdict.ROUNDING:
            return not all(difference.is_excused for difference in self.differences)
        return self.verdict not in SETTLED

    @property
    def tolerated(self) -> Decimal:
        """The sum of the absolute gaps that named tolerances excuse."""
        return total(magnitude(d.gap) for d in self.differences if d.is_excused and d.gap is not None)
