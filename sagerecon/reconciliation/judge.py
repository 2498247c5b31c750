"""One verdict per record, decided by three things: the source today, what was written, what Sage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import day_of
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, LeftOut, OnExisting, Quarantined
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.canonical import Tree, flat, held_tree, joined, wanted_tree
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.identity import Identities, as_decimal
from sagerecon.pairing.key_ladder import Rung
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.compare import Compared, Sides, compare
from sagerecon.reconciliation.decision import Evidence, at_risk, decide
from sagerecon.reconciliation.postings import Effects, effects_of, gap
from sagerecon.reconciliation.verdict import Cause, Difference, RecordVerdict, Verdict
from sagerecon.reconciliation.wording import clearing, reason


@dataclass(frozen=True, slots=True)
class Today:
    """The fingerprints of what today's drafts are made from."""

    snapshot: str = ""
    mappings: str = ""


TODAY = Today()


class Judge:
    """Compares and decides; keeps count of what could be compared."""

    def __init__(
        self,
        catalog: Catalog,
        identities: Identities,
        chart: ChartOfAccounts,
        comparisons: Mapping[str, Mapping[str, Comparison]],
        today: Today,
    ) -> None:
        self._catalog = catalog
        self._identities = identities
        self._chart = chart
        self._comparisons = comparisons
        self._today = today
        self.records_compared = 0
        self.fields_compared = 0
        self.not_answered: dict[str, int] = {}

    def record(self, evidence: Evidence) -> RecordVerdict:
        """The verdict on one record of the source, or on one an earlier run wrote."""
        differences: tuple[Difference, ...] = ()
        if isinstance(evidence.outcome, Draft) and evidence.entity is not None:
            differences = self._compare(evidence.outcome, evidence).differences
        verdict = decide(evidence, differences)
        draft = evidence.outcome if isinstance(evidence.outcome, Draft) else None
        amount = self._amount(evidence)
        said = RecordVerdict(
            verdict=verdict,
            kind=evidence.kind,
            key=evidence.key,
            label=self._label(evidence),
            amount=amount,
            sage_id=_sage_id(evidence),
            origins=() if evidence.outcome is None else evidence.outcome.origins,
            differences=differences,
            rung=(Rung.ID_MAP if evidence.written is not None else evidence.match.rung).value,
            at_risk=at_risk(verdict, amount, differences),
            is_wanted=evidence.outcome is not None,
            is_recorded=evidence.written is not None,
            is_created=evidence.written is not None and not evidence.written.adopted,
            is_merged=_is_merged(evidence),
        )
        if draft is not None:
            said = replace(said, mapping=draft.place)
        if said.verdict is not Verdict.VERIFIED:
            said = self._with_effects(said, evidence)
        day = None if evidence.written is None else day_of(evidence.written.written_at)
        why = _why(evidence)
        can_update = evidence.kind in self._catalog and self._catalog[evidence.kind].can("update")
        clears = _hints(evidence) or clearing(said, can_update, why)
        return replace(said, reason=reason(said, day, why), clears=clears)

    def stranger(self, entity: Entity, twin: str) -> RecordVerdict:
        """The verdict on a thing in Sage without a record; `twin` is the record it repeats, if any."""
        amount = self.amount_of(entity.kind, entity.body)
        effects = effects_of(entity.kind, entity.body, self._chart)
        said = RecordVerdict(
            verdict=Verdict.DUPLICATE if twin else Verdict.EXTRA,
            kind=entity.kind,
            label=entity.displayed_as,
            amount=amount,
            sage_id=entity.sage_id,
            rung=Rung.NONE.value,
            at_risk=abs(amount or Decimal()),
            effects=effects,
            parties=self._parties(effects, entity.kind, entity.body),
        )
        created = str(entity.body.get("created_at") or "")[:10]
        why = twin or created
        return replace(said, reason=reason(said, None, why), clears=clearing(said, False, why))

    def signature(self, entity: Entity) -> object:
        """What two entities that are one thing entered twice have in common; None where nothing tells."""
        body = FieldReader(entity.body, self._identities)
        posted = tuple(sorted(effects_of(entity.kind, entity.body, self._chart).items()))
        words = tuple(body.text(name) for name in ("reference", "name", "date"))
        contact = self._contact(entity.kind, body)
        return (entity.kind, words, contact, posted) if any(words) or posted else None

    def amount_of(self, kind: str, content: Mapping[str, Any]) -> Decimal | None:
        """What an entity is worth, by the field the catalog names."""
        name = self._catalog[kind].amount if kind in self._catalog else ""
        return as_decimal(content.get(name)) if name else None

    def _compare(self, draft: Draft, evidence: Evidence) -> Compared:
        fields = self._catalog[draft.kind].fields
        source = wanted_tree(draft.body, fields, self._identities)
        written: Tree = None
        if evidence.written is not None:
            written = wanted_tree(evidence.written.sent, fields, self._identities)
        anchor = source if written is None else joined(written, source)
        sides = Sides(
            source=flat(source),
            written=None if written is None else flat(written),
            answer=None,
            sage=self._row(anchor, evidence.entity.body if evidence.entity else {}, draft.kind),
        )
        compared = self._sides_compared(sides, draft, evidence.written)
        if compared.differences and evidence.written is not None:  # only a cause needs the answer of then
            answer = self._row(anchor, evidence.written.answer, draft.kind)
            compared = self._sides_compared(replace(sides, answer=answer), draft, evidence.written)
        self.records_compared += 1
        self.fields_compared += compared.fields
        for path in dict.fromkeys(compared.not_answered):
            name = f"{draft.kind}.{path}"
            self.not_answered[name] = self.not_answered.get(name, 0) + 1
        return compared

    def _sides_compared(self, sides: Sides, draft: Draft, written: Written | None) -> Compared:
        adopted = written is not None and written.adopted
        return compare(
            sides,
            self._comparisons.get(draft.mapping, {}),
            self._moved(written),
            accept_found=adopted and draft.on_existing is OnExisting.ADOPT,
        )

    def _row(self, anchor: Tree, answer: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
        return flat(held_tree(anchor, answer, self._catalog[kind].fields, self._identities))

    def _moved(self, written: Written | None) -> Cause:
        """Why today's draft differs from what was written: the source moved, or only the mapping did."""
        if written is None:
            return Cause.NEVER_WRITTEN
        snapshot_stands = bool(written.snapshot) and written.snapshot == self._today.snapshot
        return Cause.MAPPING_CHANGED if snapshot_stands else Cause.SOURCE_CHANGED

    def _amount(self, evidence: Evidence) -> Decimal | None:
        if evidence.outcome is not None:
            return evidence.outcome.amount
        written = evidence.written
        return None if written is None else self.amount_of(written.kind, written.answer)

    def _label(self, evidence: Evidence) -> str:
        if evidence.outcome is not None and evidence.outcome.label:
            return evidence.outcome.label
        if evidence.entity is not None and evidence.entity.displayed_as:
            return evidence.entity.displayed_as
        return evidence.key

    def _with_effects(self, said: RecordVerdict, evidence: Evidence) -> RecordVerdict:
        if said.verdict in (Verdict.NOT_READ, Verdict.LEFT_OUT):
            return said
        source: Effects = {}
        owed: Effects = {}
        if isinstance(evidence.outcome, Draft):
            source = effects_of(evidence.kind, evidence.outcome.body, self._chart)
            owed = self._parties(source, evidence.kind, evidence.outcome.body)
        sage: Effects = {}
        owing: Effects = {}
        if evidence.entity is not None and not evidence.is_deleted:
            sage = effects_of(evidence.kind, evidence.entity.body, self._chart)
            owing = self._parties(sage, evidence.kind, evidence.entity.body)
        return replace(said, effects=gap(source, sage), parties=gap(owed, owing))

    def _parties(self, effects: Effects, kind: str, content: Mapping[str, Any]) -> Effects:
        contact = self._contact(kind, FieldReader(content, self._identities))
        accounts = self._chart.accounts
        owed = effects.get(accounts.debtors, Decimal()) - effects.get(accounts.creditors, Decimal())
        return {contact: owed} if contact and owed else {}

    def _contact(self, kind: str, entity: FieldReader) -> str:
        """Return the identity of the contact an entity belongs to; empty where there is none."""
        return entity.link(self._catalog[kind].contact) if kind in self._catalog else ""


def _sage_id(evidence: Evidence) -> str:
    if evidence.written is not None:
        return evidence.written.sage_id
    return evidence.entity.sage_id if evidence.entity is not None else ""


def _is_merged(evidence: Evidence) -> bool:
    if isinstance(evidence.outcome, LeftOut):
        return bool(evidence.outcome.merged_into)
    return evidence.shares_entity and evidence.written is not None


def _hints(evidence: Evidence) -> str:
    """What the findings of a record that was set aside say would mend it."""
    outcome = evidence.outcome
    findings = outcome.findings if isinstance(outcome, Quarantined) else evidence.rejected
    return " ".join(dict.fromkeys(finding.hint for finding in findings if finding.hint))


def _why(evidence: Evidence) -> str:
    """What the outcome, the run or the ladder has to say."""
    if evidence.rejected:
        return " ".join(dict.fromkeys(finding.message for finding in evidence.rejected))
    match evidence.outcome:
        case Quarantined(findings=findings):
            return " ".join(finding.message for finding in findings)
        case LeftOut(reason=why, rule=rule, merged_into=into):
            return f"merged into {into}" if into else f"{why} (rule {rule})"
        case None:
            return "it is no longer in the source"
    if evidence.written is None and evidence.match.sage_ids:
        return f"{evidence.match.rung.value}: {', '.join(evidence.match.sage_ids)}"
    return ""
