"""One verdict for each record and each extra entity, with its effects, its reason and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import day_of
from sagerecon.model.draft import Draft, LeftOut, Quarantined
from sagerecon.model.entity import Entity
from sagerecon.model.money import difference, magnitude
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.identity import as_decimal
from sagerecon.pairing.key_ladder import MatchMethod
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.comparer import Comparer
from sagerecon.reconciliation.decision import Evidence, at_risk, decide
from sagerecon.reconciliation.postings import Effects, effects_of, gap
from sagerecon.reconciliation.verdict import Difference, RecordVerdict, Verdict
from sagerecon.reconciliation.wording import reason_for, remedy_for


class Judge:
    """Decides the verdicts of one reconciliation."""

    def __init__(self, catalog: Catalog, chart: ChartOfAccounts, comparer: Comparer) -> None:
        self._catalog = catalog
        self._chart = chart
        self._comparer = comparer

    def record(self, evidence: Evidence) -> RecordVerdict:
        """Return the verdict on one record of the source, or on one that only an earlier run had."""
        draft = evidence.outcome if isinstance(evidence.outcome, Draft) else None
        written, entity = evidence.written, evidence.entity
        differences: tuple[Difference, ...] = ()
        if draft is not None and entity is not None:
            differences = self._comparer.differences(draft, written, entity)
        verdict = decide(evidence, differences)
        amount = self._amount(evidence)
        effects, contact_effects = self._gaps(verdict, evidence)
        found = RecordVerdict(
            verdict=verdict,
            kind=evidence.kind,
            key=evidence.key,
            label=_label(evidence),
            amount=amount,
            sage_id=_sage_id(evidence),
            origins=() if evidence.outcome is None else evidence.outcome.origins,
            mapping=NOWHERE if draft is None else draft.place,
            differences=differences,
            match_method=MatchMethod.ID_MAP if written is not None else evidence.match.method,
            at_risk=at_risk(verdict, amount, differences),
            effects=effects,
            contact_effects=contact_effects,
            is_wanted=evidence.outcome is not None,
            is_recorded=written is not None,
            is_created=written is not None and not written.adopted,
            is_merged=_is_merged(evidence),
        )
        detail = _detail(evidence, verdict)
        can_update = evidence.kind in self._catalog and self._catalog[evidence.kind].can("update")
        written_on = None if written is None else day_of(written.written_at)
        return replace(
            found,
            reason=reason_for(found, written_on, detail),
            remedy=_hints(evidence) or remedy_for(found, can_update, detail),
        )

    def extra_entity(self, entity: Entity, duplicate_of: str) -> RecordVerdict:
        """Return the verdict on an entity without a record; `duplicate_of` is the record it repeats."""
        amount = self.amount_of(entity.kind, entity.body)
        effects = effects_of(entity.kind, entity.body, self._chart)
        found = RecordVerdict(
            verdict=Verdict.DUPLICATE if duplicate_of else Verdict.EXTRA,
            kind=entity.kind,
            label=entity.displayed_as,
            amount=amount,
            sage_id=entity.sage_id,
            at_risk=magnitude(amount or Decimal()),
            effects=effects,
            contact_effects=self._contact_effects(effects, entity.kind, entity.body),
        )
        created_on = str(entity.body.get("created_at") or "")[:10]
        detail = duplicate_of or created_on
        return replace(found, reason=reason_for(found, None, detail), remedy=remedy_for(found, False, detail))

    def signature(self, entity: Entity) -> object:
        """Return what two entries of one entity have in common; None where it has nothing to compare by."""
        fields = FieldReader(entity.body, self._chart.identities)
        posted = tuple(sorted(effects_of(entity.kind, entity.body, self._chart).items()))
        words = tuple(fields.text(name) for name in ("reference", "name", "date"))
        contact = self._contact(entity.kind, fields)
        return (entity.kind, words, contact, posted) if any(words) or posted else None

    def amount_of(self, kind: str, content: Mapping[str, Any]) -> Decimal | None:
        """Return the amount of an entity, by the field that the catalog names; None where it names none."""
        name = self._catalog[kind].amount if kind in self._catalog else ""
        return as_decimal(content.get(name)) if name else None

    def _amount(self, evidence: Evidence) -> Decimal | None:
        if evidence.outcome is not None:
            return evidence.outcome.amount
        written = evidence.written
        return None if written is None else self.amount_of(written.kind, written.answer)

    def _gaps(self, verdict: Verdict, evidence: Evidence) -> tuple[Effects, Effects]:
        """Return Sage less source by account, and by contact; empty where the verdict makes no gap."""
        if verdict in (Verdict.VERIFIED, Verdict.NOT_READ, Verdict.LEFT_OUT):
            return {}, {}
        source, owed = self._effects(evidence.kind, _body_of(evidence.outcome))
        is_there = evidence.entity is not None and not evidence.is_deleted
        sage, owing = self._effects(
            evidence.kind, evidence.entity.body if evidence.entity and is_there else {}
        )
        return gap(source, sage), gap(owed, owing)

    def _effects(self, kind: str, content: Mapping[str, Any]) -> tuple[Effects, Effects]:
        if not content:
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


def _body_of(outcome: object) -> Mapping[str, Any]:
    return outcome.body if isinstance(outcome, Draft) else {}


def _label(evidence: Evidence) -> str:
    if evidence.outcome is not None and evidence.outcome.label:
        return evidence.outcome.label
    if evidence.entity is not None and evidence.entity.displayed_as:
        return evidence.entity.displayed_as
    return evidence.key


def _sage_id(evidence: Evidence) -> str:
    if evidence.written is not None:
        return evidence.written.sage_id
    return evidence.entity.sage_id if evidence.entity is not None else ""


def _is_merged(evidence: Evidence) -> bool:
    if isinstance(evidence.outcome, LeftOut):
        return bool(evidence.outcome.merged_into)
    return evidence.shares_entity and evidence.written is not None


def _hints(evidence: Evidence) -> str:
    """Return the hints of the findings for which a record was set aside."""
    outcome = evidence.outcome
    findings = outcome.findings if isinstance(outcome, Quarantined) else evidence.rejected
    return " ".join(dict.fromkeys(finding.hint for finding in findings if finding.hint))


def _detail(evidence: Evidence, verdict: Verdict) -> str:
    """Return what outcome, run, match or reading add to the reason of the verdict."""
    if verdict is Verdict.NOT_READ:
        return evidence.why_unread
    if verdict is Verdict.MISSING and evidence.is_deletion_unknown:
        return "whose list of deleted records could not be read"
    if evidence.rejected:
        return " ".join(dict.fromkeys(finding.message for finding in evidence.rejected))
    match evidence.outcome:
        case Quarantined(findings=findings):
            return " ".join(finding.message for finding in findings)
        case LeftOut(reason=why, rule=rule, merged_into=into):
            return f"merged into {into}" if into else f"{why} (rule {rule})"
        case None:
            return "no longer in the source"
    if evidence.written is None and evidence.match.sage_ids:
        return f"{evidence.match.method.value}: {', '.join(evidence.match.sage_ids)}"
    return ""
