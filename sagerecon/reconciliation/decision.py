"""Decide the verdict on one record from its evidence: source, what was written, what Sage holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.draft import Draft, LeftOut, OnExisting, Outcome, Quarantined
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.model.money import magnitude
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.key_ladder import NO_MATCH, Match, MatchMethod
from sagerecon.reconciliation.verdict import Cause, Difference, Shape


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one record. `entity` is what Sage holds now, None where it was not found."""

    outcome: Outcome | None
    written: Written | None
    entity: Entity | None
    match: Match = NO_MATCH
    is_read: bool = True  #: its kind was read whole
    why_unread: str = ""  #: why its kind, which was asked for, was not read whole
    is_deletion_unknown: bool = False  #: the deleted entities of its kind were not read whole
    is_deleted: bool = False  #: Sage reports it as deleted
    rejected: Sequence[Finding] = ()  #: why the run set it aside
    shares_entity: bool = False  #: another record owns the same entity

    @property
    def kind(self) -> str:
        """The kind of record and entity."""
        return self._known.kind

    @property
    def looks_for_existing(self) -> bool:
        """Whether the record may be in Sage although it was never written: its mapping adopts."""
        return isinstance(self.outcome, Draft) and self.outcome.on_existing is not OnExisting.CREATE

    @property
    def key(self) -> str:
        """The draft key."""
        return self._known.key

    @property
    def _known(self) -> Outcome | Written:
        known = self.outcome or self.written
        if known is None:
            raise ValueError("evidence needs a record or what was written")
        return known


def decide(evidence: Evidence, differences: Sequence[Difference]) -> Verdict:
    """Return the verdict on one record."""
    if isinstance(evidence.outcome, Draft):
        return _decide_wanted(evidence, differences)
    is_there = evidence.entity is not None and not evidence.is_deleted
    if evidence.written is not None and is_there:
        return Verdict.SOURCE_CHANGED
    if evidence.written is not None and not evidence.is_read and not evidence.is_deleted:
        return Verdict.NOT_READ
    if isinstance(evidence.outcome, Quarantined):
        return Verdict.QUARANTINED
    if isinstance(evidence.outcome, LeftOut):
        return Verdict.LEFT_OUT
    return Verdict.BOTH_CHANGED


def _decide_wanted(evidence: Evidence, differences: Sequence[Difference]) -> Verdict:
    if evidence.written is None:
        if evidence.rejected:
            return Verdict.QUARANTINED
        if evidence.why_unread and evidence.looks_for_existing:
            return Verdict.NOT_READ
        return (
            Verdict.DUPLICATE if evidence.match.method is MatchMethod.AMBIGUOUS else Verdict.NOT_YET_WRITTEN
        )
    if evidence.is_deleted:
        return Verdict.DELETED
    if evidence.entity is None:
        return Verdict.MISSING if evidence.is_read else Verdict.NOT_READ
    if evidence.shares_entity:
        return Verdict.DUPLICATE
    return verdict_by_causes(differences)


def verdict_by_causes(differences: Sequence[Difference]) -> Verdict:
    """Return the verdict on a record that source, id map and Sage all have."""
    if not differences:
        return Verdict.VERIFIED
    counted = [difference for difference in differences if not difference.is_excused]
    if all(d.shape is Shape.ROUNDING and d.cause is Cause.ALTERED_AT_WRITE for d in counted):
        return Verdict.ROUNDING
    causes = {difference.cause for difference in counted}
    in_sage = bool(causes & {Cause.EDITED_AFTER_LOAD, Cause.ALTERED_AT_WRITE})
    at_source = causes & {Cause.SOURCE_CHANGED, Cause.MAPPING_CHANGED}
    if Cause.BOTH_CHANGED in causes or (in_sage and at_source):
        return Verdict.BOTH_CHANGED
    if at_source:
        return Verdict.MAPPING_CHANGED if Cause.MAPPING_CHANGED in causes else Verdict.SOURCE_CHANGED
    return Verdict.EDITED


#: Verdicts for which the whole amount of the record is at risk.
_WHOLE = frozenset(
    {
        Verdict.MISSING,
        Verdict.DELETED,
        Verdict.EXTRA,
        Verdict.DUPLICATE,
        Verdict.QUARANTINED,
        Verdict.NOT_YET_WRITTEN,
        Verdict.NOT_READ,
    }
)


def at_risk(verdict: Verdict, amount: Decimal | None, differences: Sequence[Difference]) -> Decimal:
    """Return the money that may be wrong: the widest gap, or the whole amount.

    It is the whole amount where an account, a contact or a date differs.
    """
    whole = magnitude(amount or Decimal())
    if verdict in _WHOLE or (verdict in (Verdict.SOURCE_CHANGED, Verdict.BOTH_CHANGED) and not differences):
        return whole
    risks = [Decimal()]
    for difference in differences:
        if difference.is_excused:
            continue
        if difference.gap is not None:
            risks.append(magnitude(difference.gap))
        elif difference.field.endswith(("_id", "date")):
            risks.append(whole)
    return max(risks)
