"""A decision: what a user has settled about one record, or about all of a kind with one standing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from sagerecon.model.clock import day_of, whole_second
from sagerecon.model.money import grouped
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.value import fingerprint
from sagerecon.pairing.answers import DELETIONS, STANDING_NAMES, DecisionAnswer
from sagerecon.pairing.refusal import Refusal
from sagerecon.pairing.standing import Standing

#: Characters of the fingerprint in a decision: enough to notice every change, few enough to be read.
FINGERPRINT_LENGTH = 12

#: Standings of a record of which a field differs.
COMPARED = frozenset({Standing.SOURCE_CHANGED, Standing.EDITED_IN_SAGE, Standing.BOTH_CHANGED})

#: Standings of a record that no run has written, by what Sage is known to hold.
UNWRITTEN = frozenset({Standing.NEW, Standing.ALREADY_IN_SAGE, Standing.DUPLICATE_IN_SAGE})

#: Standings of a record that a run has written, about which is decided.
WRITTEN = frozenset(
    {
        Standing.GONE_FROM_SOURCE,
        Standing.SOURCE_CHANGED,
        Standing.EDITED_IN_SAGE,
        Standing.BOTH_CHANGED,
        Standing.DELETED_IN_SAGE,
        Standing.MISSING_IN_SAGE,
    }
)


class Side(Enum):
    """Whose value of a field counts."""

    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Covers:
    """What a decision was made about: how many records, their amount, and a digest of their figures."""

    records: int
    amount: Decimal | None
    fingerprint: str
    theirs: str = ""  #: of `field_by_field`: a digest of the fields that are left as Sage holds them
    #: The newest refusal by Sage that was known then, in milliseconds since 1970; 0 where there was none.
    refused: int = 0

    def __str__(self) -> str:
        text = f"{self.records:,} record{'' if self.records == 1 else 's'}"
        return text if self.amount is None else f"{text} ({grouped(self.amount)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One entry of `decisions.yaml`. Without a `key` it is about all records of its kind and standing."""

    standing: Standing
    kind: str
    answer: DecisionAnswer
    because: str
    by: str
    on: date
    covers: Covers
    rule: str = ""  #: only the records that this rule explains; all where it is empty
    key: str = ""  #: the draft key of the one record, or the Sage id of an entity without a record
    earlier: str = ""  #: of a renamed record, the draft key under which it was written
    sage_id: str = ""  #: of several entities in Sage, the one that counts
    fields: Mapping[str, Side] = field(default_factory=dict)
    until: date | None = None  #: the last day on which it holds
    place: Place = field(default=NOWHERE, compare=False)

    def holds_on(self, day: date) -> bool:
        """Return whether its last day is not over."""
        return self.until is None or day <= self.until

    def is_after(self, refusal: Refusal) -> bool:
        """Return whether it was made after a refusal, so that what was refused is tried again."""
        return self.covers.refused >= whole_second(refusal.at) or self.on > day_of(refusal.at)

    @property
    def left_fields(self) -> tuple[str, ...]:
        """Of `field_by_field`: the fields that are left as Sage holds them."""
        return tuple(name for name, side in self.fields.items() if side is Side.THEIRS)

    def is_about(self, found: Standing) -> bool:
        """Return whether it is about records of a standing.

        Once the fields of one side were sent, or the source is as it was, a record on which it was decided
        field by field differs in those of the other side alone, and so has another standing. A record that is
        left out has another standing once Sage was found to hold one like it.
        """
        if found is self.standing:
            return True
        if self.answer is DecisionAnswer.LEAVE_OUT:
            return found in UNWRITTEN
        return bool(self.left_fields) and found in COMPARED

    @property
    def is_about_written(self) -> bool:
        """Whether what is decided needs a record that a run has written; a deletion forgets it."""
        return self.standing in WRITTEN and self.answer not in DELETIONS

    @property
    def accepts_absence(self) -> bool:
        """Whether it says that a record which Sage holds no more is not to be in Sage."""
        is_absent = self.standing in (Standing.DELETED_IN_SAGE, Standing.MISSING_IN_SAGE)
        return is_absent and self.answer is DecisionAnswer.ACCEPT

    @property
    def selector(self) -> tuple[str, ...]:
        """What it is about; two decisions with one selector contradict each other.

        A record that is not in Sage yet is the same record, whatever Sage is found to hold besides.
        """
        is_unwritten = bool(self.key) and self.standing in UNWRITTEN
        standing = "unwritten" if is_unwritten else STANDING_NAMES[self.standing]
        return (self.kind, standing, self.rule, self.key)

    @property
    def subject(self) -> str:
        """What it is about, as people name it on the command line: a key, or a group."""
        return self.key or group_name(self.kind, self.standing, self.rule)


def group_name(kind: str, standing: Standing, rule: str) -> str:
    """Return the name of a group of records on the command line: `sales_invoice:renamed:leading_zeros`."""
    return ":".join(filter(None, (kind, STANDING_NAMES.get(standing, standing.name.lower()), rule)))


def decisions_fingerprint(decisions: Iterable[Decision], today: date) -> str:
    """Return the fingerprint of all that the decisions say which hold today; empty where there are none."""
    documents = [_document(decision) for decision in decisions if decision.holds_on(today)]
    return fingerprint(documents) if documents else ""


def _document(decision: Decision) -> list[object]:
    return [
        *decision.selector,
        decision.answer.value,
        decision.earlier,
        decision.sage_id,
        sorted((name, side.value) for name, side in decision.fields.items()),
        decision.because,
        decision.by,
        decision.on,
        decision.until,
        decision.covers.fingerprint,
        decision.covers.theirs,
        *([decision.covers.refused] if decision.covers.refused else ()),
    ]
