"""The position of one record: its draft now, what was written of it, and what Sage holds, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, LeftOut, OnExisting, Outcome, Quarantined
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.agreement import AGREED, Agreement
from sagerecon.pairing.held import Origin
from sagerecon.pairing.key_ladder import MatchMethod
from sagerecon.pairing.refusal import Refusal
from sagerecon.pairing.renames import Rename
from sagerecon.pairing.suspect import Suspect


class Source(Enum):
    """What the source has of a record now."""

    DRAFT = "draft"  #: the record, ready to be sent
    DUPLICATE = "duplicate"  #: several records with one identity
    QUARANTINED = "quarantined"  #: the record, with findings that keep it from being sent
    LEFT_OUT = "left_out"  #: the record, and a rule that leaves it out
    NOTHING = "nothing"


class Coverage(Enum):
    """How much of a kind was read from Sage when its records are judged."""

    WHOLE = "whole"  #: every entity of the kind was read
    CHANGES = "changes"  #: only what changed since an earlier instant was read
    FAILED = "failed"  #: the reading failed
    NEVER = "never"  #: the kind was not read
    AS_ANSWERED = "as_answered"  #: not read since; what Sage answered to the write is taken as what it holds
    BEFORE_WRITING = "before_writing"  #: the plan reads the kind whole before it writes


@dataclass(frozen=True, slots=True)
class EntityReading:
    """An entity as it was last read from Sage, and the instant of that reading in milliseconds since 1970."""

    entity: Entity
    read_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """All sides of one record. A side that does not exist is None.

    `content` is the fingerprint of the body that an earlier run recorded. `written` is that record in full;
    a plan loads it only where the draft now has another content, or where there is no draft.
    """

    kind: str
    key: str  #: the draft key; of an entity that no record owns, its Sage id
    outcome: Outcome | None = None  #: what the source gives now
    content: str | None = None
    written: Written | None = None
    held: EntityReading | None = None  #: what Sage holds; the first of several that match
    coverage: Coverage = Coverage.NEVER
    is_deleted: bool = False  #: Sage reports the entity as deleted
    match_method: MatchMethod = MatchMethod.NONE  #: how Sage's entity was found
    origin: Origin | None = None  #: of an entity that no record owns
    amount: Decimal | None = None  #: in Sage: of such an entity, or of a lost record that was edited there
    rename: Rename | None = None  #: the records written earlier that the draft may be
    suspect: Suspect | None = None  #: the entities in Sage that the draft may be, where that is to be decided
    looked_up: str = ""  #: the Sage id of the entity that its creation finds by its key, and adopts
    agreement: Agreement = AGREED
    owner: str = ""  #: the draft key of the record that owns its entity, where that is another one
    void_referrers: tuple[str, ...] = ()  #: keys of records that runs have voided, and that refer to it
    refusals: tuple[Refusal, ...] = ()  #: what Sage refused, and would be sent to it as it was

    @property
    def entity(self) -> Entity | None:
        """What Sage holds; None where it was not read since it was written, or not found."""
        return None if self.held is None else self.held.entity

    @property
    def source(self) -> Source:
        """What the source has of the record now."""
        match self.outcome:
            case None:
                return Source.NOTHING
            case Draft():
                return Source.DRAFT
            case LeftOut():
                return Source.LEFT_OUT
            case Quarantined(findings=findings):
                is_duplicate = any(finding.code is Code.DUPLICATE_KEY for finding in findings)
                return Source.DUPLICATE if is_duplicate else Source.QUARANTINED

    @property
    def is_written(self) -> bool:
        """Whether an earlier run wrote or adopted it."""
        return self.content is not None

    @property
    def is_held(self) -> bool:
        """Whether Sage holds it, by the last reading or by its answer to the write."""
        return self.held is not None or (self.is_written and self.coverage is Coverage.AS_ANSWERED)

    @property
    def is_absent(self) -> bool:
        """Whether it was written, and is known to be in Sage no more."""
        is_known = self.is_deleted or self.coverage is Coverage.WHOLE
        return self.is_written and not self.is_held and is_known

    def refusal(self, *, is_deletion: bool) -> Refusal | None:
        """Return the refusal of its update, or of its deletion, if nothing has changed since."""
        return next((one for one in self.refusals if one.is_deletion is is_deletion), None)

    @property
    def is_adoptable(self) -> bool:
        """Whether a plan adopts the entity that Sage holds, unless a decision says otherwise."""
        return self.suspect is not None and self.suspect.is_adoptable and not self.is_written

    @property
    def looks_for_existing(self) -> bool:
        """Whether its mapping asks to look for an entity that Sage holds already."""
        return isinstance(self.outcome, Draft) and self.outcome.on_existing is not OnExisting.CREATE
