"""One verdict for each record and each extra entity, with its effects, its reason and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import day_of
from sagerecon.model.draft import LeftOut, Quarantined
from sagerecon.model.entity import Entity
from sagerecon.model.money import difference, magnitude
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.consequences import VERDICTS, Verdict
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.held import Origin
from sagerecon.pairing.key_ladder import MatchMethod
from sagerecon.pairing.objections import why_fixed
from sagerecon.pairing.position import EntityReading, Position
from sagerecon.pairing.standing import standing
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.comparer import Comparer
from sagerecon.reconciliation.decision import at_risk, verdict_of
from sagerecon.reconciliation.evidence import Evidence
from sagerecon.reconciliation.postings import Effects, effects_of, gap, is_after
from sagerecon.reconciliation.unknown_writes import (
    COMPLETE_STORE,
    as_far_as_known,
    reason_where_store_is_incomplete,
)
from sagerecon.reconciliation.verdict import Difference, MayBe, RecordVerdict
from sagerecon.reconciliation.wording import (
    DECIDE,
    DECIDE_WHOSE,
    REFUSABLE,
    detail_of,
    reason_for,
    reason_where_begin_is_unknown,
    remedy_for,
    remedy_of_refused,
)


class Judge:
    """Decides the verdicts of one reconciliation."""

    def __init__(
        self,
        catalog: Catalog,
        chart: ChartOfAccounts,
        comparer: Comparer,
        as_at: date | None = None,
        *,
        is_begin_known: bool = True,
        is_store_complete: bool = True,
    ) -> None:
        """Judge records; what is dated after `as_at` has no effect on an account or a contact.

        Args:
            is_begin_known: whether it is known when the move began, and so what is older.
            is_store_complete: whether the store is taken to know all that was written to Sage.
        """
        self._catalog = catalog
        self._chart = chart
        self._comparer = comparer
        self._as_at = as_at
        self._is_begin_known = is_begin_known
        self._is_store_complete = is_store_complete

    def record(self, evidence: Evidence) -> RecordVerdict:
        """Return the verdict on one record of the source, or on one that only an earlier run had."""
        evidence, differences = self._compared(evidence)
        draft, written = evidence.draft, evidence.written
        verdict = verdict_of(evidence, differences)
        amount = self._amount(evidence)
        effects, contact_effects = self._gaps(verdict, evidence)
        found = RecordVerdict(
            verdict=verdict,
            kind=evidence.position.kind,
            key=evidence.position.key,
            label=_label(evidence),
            amount=amount,
            sage_id=_sage_id(evidence),
            origins=() if evidence.outcome is None else evidence.outcome.origins,
            mapping=NOWHERE if draft is None else draft.place,
            differences=differences,
            match_method=MatchMethod.ID_MAP if written is not None else evidence.match.method,
            may_be=_may_be(evidence),
            at_risk=at_risk(verdict, self._amount_at_risk(evidence, verdict), differences),
            effects=effects,
            contact_effects=contact_effects,
            is_wanted=evidence.outcome is not None,
            is_recorded=written is not None,
            is_created=written is not None and not written.adopted,
            is_merged=_is_merged(evidence),
            is_set_aside=evidence.is_set_aside,
            is_left_to_plan=not evidence.suspicion or evidence.position.is_adoptable,
        )
        detail = detail_of(evidence, verdict)
        written_on = None if written is None else day_of(written.written_at)
        found = replace(
            found,
            reason=_reason(
                evidence,
                reason_for(found, written_on, detail, is_absent=evidence.position.is_absent),
            ),
            remedy=_refused(evidence, verdict)
            or _hints(evidence, verdict)
            or remedy_for(found, detail, self._why_fixed(evidence)),
        )
        return found if self._is_store_complete else as_far_as_known(found)

    def _why_fixed(self, evidence: Evidence) -> str:
        """Return why no update brings to Sage what the source changed; empty where one does."""
        kind = evidence.position.kind
        changed = evidence.position.agreement.source_changes
        return why_fixed(changed, self._catalog[kind]) if changed and kind in self._catalog else ""

    def _compared(self, evidence: Evidence) -> tuple[Evidence, tuple[Difference, ...]]:
        """Return the evidence with the agreement of its sides, and the fields that differ."""
        draft, entity, written = evidence.draft, evidence.entity, evidence.written
        if entity is None or evidence.earlier:
            return evidence, ()
        if draft is not None:
            compared = self._comparer.compare(draft, written, entity)
        elif written is not None and not evidence.is_set_aside:
            compared = self._comparer.compare_lost(written, entity)
        else:
            return evidence, ()
        position = replace(evidence.position, agreement=compared.agreement)
        return replace(evidence, position=position), compared.differences

    def extra_entity(self, entity: Entity, duplicate_of: str) -> RecordVerdict:
        """Return the verdict on an entity without a record; `duplicate_of` is the record it repeats."""
        amount = self.amount_of(entity.kind, entity.body)
        effects, contact_effects = self._effects(entity.kind, entity.body)
        held = EntityReading(entity, read_at=0)
        position = Position(kind=entity.kind, key="", held=held, origin=Origin.EXTRA)
        found = RecordVerdict(
            verdict=Verdict.DUPLICATE if duplicate_of else VERDICTS[standing(position)],
            kind=entity.kind,
            label=entity.displayed_as,
            amount=amount,
            sage_id=entity.sage_id,
            at_risk=magnitude(amount or Decimal()),
            effects=effects,
            contact_effects=contact_effects,
        )
        created_on = str(entity.body.get("created_at") or "")[:10]
        detail = duplicate_of or created_on
        reason = reason_for(found, None, detail)
        if not duplicate_of and not self._is_store_complete:
            return replace(found, reason=reason_where_store_is_incomplete(created_on), remedy=COMPLETE_STORE)
        if not duplicate_of and not self._is_begin_known:
            return replace(found, reason=reason_where_begin_is_unknown(created_on), remedy=DECIDE_WHOSE)
        return replace(found, reason=reason, remedy=remedy_for(found, detail))

    def signature(self, entity: Entity) -> object:
        """Return what two entries of one entity have in common; None where it has nothing to compare by."""
        fields = FieldReader(entity.body, self._chart.identities)
        posted = tuple(sorted(effects_of(entity.kind, entity.body, self._chart).items()))
        words = tuple(fields.text(name) for name in ("reference", "name", "date"))
        contact = self._contact(entity.kind, fields)
        return (entity.kind, words, contact, posted) if any(words) or posted else None

    def amount_of(self, kind: str, content: Mapping[str, Any]) -> Decimal | None:
        """Return the amount of an entity in the business's currency; None where the catalog names none."""
        name = self._catalog[kind].amount if kind in self._catalog else ""
        return FieldReader(content, self._chart.identities).base_amount(name) if name else None

    def _amount(self, evidence: Evidence) -> Decimal | None:
        if evidence.outcome is not None:
            return evidence.outcome.amount
        return self._amount_in_sage(evidence)

    def _amount_at_risk(self, evidence: Evidence, verdict: Verdict) -> Decimal | None:
        """Return the amount of a record; of one that the source left out and Sage edited, the one in Sage."""
        is_edited = verdict is Verdict.GONE and evidence.position.agreement.is_edited
        return self._amount_in_sage(evidence) if is_edited else self._amount(evidence)

    def _amount_in_sage(self, evidence: Evidence) -> Decimal | None:
        """Return the amount of a record that was written: as Sage answered then, or holds it once edited."""
        written, entity = evidence.written, evidence.entity
        if written is None:
            return None
        is_edited = entity is not None and evidence.position.agreement.is_edited
        return self.amount_of(written.kind, entity.body if entity and is_edited else written.answer)

    def _gaps(self, verdict: Verdict, evidence: Evidence) -> tuple[Effects, Effects]:
        """Return Sage less source by account, and by contact; empty where the verdict makes no gap."""
        if verdict in (Verdict.VERIFIED, Verdict.NOT_READ, Verdict.LEFT_OUT):
            return {}, {}
        draft = evidence.draft
        source, owed = ({}, {}) if draft is None else self._effects(draft.kind, draft.body)
        held = [self._effects(entity.kind, entity.body) for entity in evidence.entities]
        return gap(source, *(sage for sage, _ in held)), gap(owed, *(owing for _, owing in held))

    def _effects(self, kind: str, content: Mapping[str, Any]) -> tuple[Effects, Effects]:
        if not content or (self._as_at is not None and is_after(kind, content, self._as_at, self._chart)):
            return {}, {}
        effects = effects_of(kind, content, self._chart)
        return effects, self._contact_effects(effects, kind, content)

    def _contact_effects(self, effects: Effects, kind: str, content: Mapping[str, Any]) -> Effects:
        contact = self._contact(kind, FieldReader(content, self._chart.identities))
        accounts = self._chart.accounts
        debtors, creditors = (effects.get(name, Decimal()) for name in (accounts.debtors, accounts.creditors))
        owed = difference(debtors, creditors)
        return {contact: owed} if contact and owed else {}

    def _contact(self, kind: str, fields: FieldReader) -> str:
        """Return the identity of the contact an entity belongs to; empty where there is none."""
        return fields.link(self._catalog[kind].contact) if kind in self._catalog else ""


def _label(evidence: Evidence) -> str:
    if evidence.outcome is not None and evidence.outcome.label:
        return evidence.outcome.label
    if evidence.entity is not None and evidence.entity.displayed_as:
        return evidence.entity.displayed_as
    return evidence.position.key


def _sage_id(evidence: Evidence) -> str:
    if evidence.written is not None:
        return evidence.written.sage_id
    return evidence.entity.sage_id if evidence.entity is not None else ""


def _may_be(evidence: Evidence) -> tuple[MayBe, ...]:
    """Return the records written earlier and the entities in Sage that a record may be."""
    earlier = (MayBe(record.kind, record.sage_id, record.key) for record in evidence.earlier)
    suspect = evidence.position.suspect
    sage_ids = evidence.match.sage_ids if suspect is None else suspect.sage_ids
    return (*earlier, *(MayBe(evidence.position.kind, sage_id) for sage_id in sage_ids))


def _is_merged(evidence: Evidence) -> bool:
    if isinstance(evidence.outcome, LeftOut):
        return bool(evidence.outcome.merged_into)
    return bool(evidence.position.owner)


def _reason(evidence: Evidence, reason: str) -> str:
    """Return the reason of a verdict; of what Sage may hold already, why, beside what became of it before."""
    if not evidence.suspicion:
        return reason
    return evidence.suspicion if evidence.written is None else f"{reason} {evidence.suspicion}"


def _refused(evidence: Evidence, verdict: Verdict) -> str:
    """Return what to do where Sage refused what the plan would send, or what was decided; else empty."""
    refusal = evidence.position.refusal(is_deletion=verdict is Verdict.GONE)
    if refusal is None or verdict not in REFUSABLE:
        return ""
    return remedy_of_refused(refusal.key, refusal.text, verdict)


def _hints(evidence: Evidence, verdict: Verdict) -> str:
    """Return the hints of the findings for which a record was set aside, or what settles a suspicion."""
    if evidence.suspicion and verdict is not Verdict.QUARANTINED:
        return "" if evidence.position.is_adoptable else DECIDE
    outcome = evidence.outcome
    findings = outcome.findings if isinstance(outcome, Quarantined) else evidence.rejected
    if verdict not in (Verdict.QUARANTINED, Verdict.DUPLICATE):
        return ""
    return " ".join(dict.fromkeys(finding.hint for finding in findings if finding.hint))
