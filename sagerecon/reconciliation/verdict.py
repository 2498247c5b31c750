"""What is said of each record: one verdict, its differences, and what would clear it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from sagerecon.model.comparison import Tolerance
from sagerecon.model.money import total
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.value import fingerprint


class Verdict(Enum):
    """The closed set; each record gets exactly one. The value is what people read."""

    VERIFIED = "verified"  #: Sage holds what the source says today
    ROUNDING = "rounding"  #: amounts differ by rounding or within a named tolerance, nothing else does
    MISSING = "missing in Sage"  #: written, not found, and Sage does not report it as deleted
    DELETED = "deleted in Sage"  #: written, and deleted or voided there since
    EDITED = "edited in Sage"  #: Sage differs from what was written; the source does not
    EXTRA = "extra in Sage"  #: of a kind we write, made after the run began, and not by us
    DUPLICATE = "duplicate"  #: one record standing for two things, or two things for one record
    SOURCE_CHANGED = "changed in source since"
    MAPPING_CHANGED = "mapping changed"
    BOTH_CHANGED = "both changed"  #: source and Sage moved apart since the record was written
    QUARANTINED = "quarantined"
    NOT_YET_WRITTEN = "not yet written"
    LEFT_OUT = "left out"  #: by a named rule
    NOT_READ = "not read"  #: its kind was not read back, so nothing can be said


#: Verdicts that need no person. ROUNDING needs one where no tolerance excuses the amount.
SETTLED = frozenset({Verdict.VERIFIED, Verdict.ROUNDING, Verdict.LEFT_OUT})


class Cause(Enum):
    """Why two values differ. The value is what people read."""

    EDITED_AFTER_LOAD = "edited in Sage after the load"
    ALTERED_AT_WRITE = "altered by Sage as it was written"
    SOURCE_CHANGED = "changed in the source since"
    REMOVED_AT_SOURCE = "no longer in the source"
    MAPPING_CHANGED = "mapping or parameters changed since"
    BOTH_CHANGED = "changed on both sides"
    NEVER_WRITTEN = "not written by us"


class Shape(Enum):
    """How two values differ, as far as their looks tell."""

    CASE = "letter case"
    WHITESPACE = "white space"
    UNICODE_FORM = "unicode form"
    LEADING_ZEROS = "leading zeros"
    TRUNCATED = "cut short"
    SIGN_FLIPPED = "sign turned round"
    ROUNDING = "rounding"
    SCALE = "decimal point moved"
    DAY_MONTH_SWAP = "day and month swapped"
    DATE_SHIFT = "shifted by one day"
    EMPTY = "empty on one side"
    SWAPPED = "values swapped between two records"
    DEBIT_CREDIT_SWAPPED = "debit and credit swapped"
    VALUE = "another value"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field on which source and Sage disagree, with what was written in between, all as text."""

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
class RecordVerdict:
    """One record, or one thing Sage holds that no record stands for (`key` is empty then)."""

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
    clears: str = ""  #: what would put it right
    rung: str = ""  #: how record and entity were matched
    at_risk: Decimal = Decimal()  #: the money that may be wrong, never negative
    #: account -> Sage less source, debit positive
    effects: Mapping[str, Decimal] = field(default_factory=dict)
    #: contact -> what it owes or is owed, Sage less source
    parties: Mapping[str, Decimal] = field(default_factory=dict)
    is_estimate: bool = False  #: `effects` are what its mapping usually posts, for it has no draft
    is_wanted: bool = False  #: today's source has the record
    is_recorded: bool = False  #: the id map knows it
    is_created: bool = False  #: an earlier run made it in Sage, rather than find it there
    is_merged: bool = False  #: shares its Sage entity with another record
    since: str = ""  #: `new` or `as last time`, for what needs a person

    @property
    def id(self) -> str:
        """Its name from one reconciliation to the next."""
        return f"{self.kind}/{self.key or self.sage_id}"

    @property
    def fingerprint(self) -> str:
        """Moves when the verdict or any of the values does, so that an old finding is known again."""
        values = [[d.field, d.source, d.written, d.sage] for d in self.differences]
        return fingerprint([self.verdict.value, self.sage_id, values])

    @property
    def needs_person(self) -> bool:
        """Whether somebody must look."""
        if self.verdict is Verdict.ROUNDING:
            return not all(difference.is_excused for difference in self.differences)
        return self.verdict not in SETTLED

    @property
    def tolerated(self) -> Decimal:
        """The money that named tolerances excuse, never netted off against each other."""
        return total(abs(d.gap) for d in self.differences if d.is_excused and d.gap is not None)
