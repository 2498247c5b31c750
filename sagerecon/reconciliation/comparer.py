"""Compare drafts with what was written and what Sage holds, and count what could be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, OnExisting
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.agreement import AGREED, Agreement, agreement, filled_edits, sage_edits
from sagerecon.pairing.canonical import Tree, flat, held_tree, joined, wanted_tree
from sagerecon.pairing.comparison_rules import ComparisonRules, Edit
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.compare import Compared, Sides, compare
from sagerecon.reconciliation.verdict import Cause, Difference, Shape


@dataclass(frozen=True, slots=True)
class DraftInputs:
    """The fingerprints of the snapshot and the mappings that today's drafts are made from."""

    snapshot: str = ""
    mappings: str = ""


UNKNOWN_INPUTS = DraftInputs()


@dataclass(frozen=True, slots=True)
class RecordComparison:
    """Where the sides of one record differ, by field and by cause."""

    differences: tuple[Difference, ...] = ()
    agreement: Agreement = AGREED


class Comparer:
    """Compares records by the rules of their mapping, and counts records and fields."""

    def __init__(
        self,
        catalog: Catalog,
        identities: Identities,
        comparisons: Mapping[str, Mapping[str, Comparison]],
        inputs: DraftInputs,
    ) -> None:
        self._catalog = catalog
        self._identities = identities
        self._comparisons = comparisons
        self._inputs = inputs
        self.records_compared = 0
        self.fields_compared = 0
        self.not_answered: dict[str, int] = {}

    def compare(self, draft: Draft, written: Written | None, entity: Entity) -> RecordComparison:
        """Return where the sides of a record differ, and every differing field with its cause."""
        fields = self._catalog[draft.kind].fields
        source = wanted_tree(draft.body, fields, self._identities)
        sent: Tree = None if written is None else wanted_tree(written.sent, fields, self._identities)
        anchor = source if written is None else joined(sent, source)
        sides = Sides(
            source=flat(source),
            written=None if written is None else flat(sent),
            answer=None,
            sage=self._row(anchor, entity.body, draft.kind),
            is_claimed=written is not None and written.is_claimed,
        )
        compared = self._compared(sides, draft, written)
        if compared.differences and written is not None:  # only the cause depends on the answer at the time
            answer = self._row(anchor, written.answer, draft.kind)
            compared = self._compared(replace(sides, answer=answer), draft, written)
        self._count(draft.kind, compared)
        if written is None:
            return RecordComparison(compared.differences)
        return self._with_agreement(compared, sides, draft, written, entity)

    def compare_lost(self, written: Written, entity: Entity) -> RecordComparison:
        """Return what was edited in Sage of a record that the source lost or leaves out."""
        fields, comparisons = self._catalog[written.kind].fields, self._comparisons.get(written.mapping, {})
        rules = ComparisonRules(fields, comparisons, self._identities)
        edits = sage_edits(written, entity, rules)
        return RecordComparison(tuple(map(_edited, edits)), agreement(None, written, entity, rules))

    def _with_agreement(
        self, compared: Compared, sides: Sides, draft: Draft, written: Written, entity: Entity
    ) -> RecordComparison:
        """Return the differences with the fields that only Sage has filled, and where the sides agree."""
        rules = self._rules(draft)
        filled = tuple(_edited(edit) for edit in filled_edits(written, entity, rules, draft))
        if not compared.differences and not filled and sides.source == sides.written:
            return RecordComparison()
        found = agreement(draft, written, entity, rules)
        return RecordComparison((*compared.differences, *filled), found)

    def _rules(self, draft: Draft) -> ComparisonRules:
        comparisons = self._comparisons.get(draft.mapping, {})
        return ComparisonRules(self._catalog[draft.kind].fields, comparisons, self._identities)

    def _compared(self, sides: Sides, draft: Draft, written: Written | None) -> Compared:
        is_adopted = written is not None and written.adopted and not written.is_claimed
        return compare(
            sides,
            self._comparisons.get(draft.mapping, {}),
            self._cause_of_change(written),
            accept_found=is_adopted and draft.on_existing is OnExisting.ADOPT,
        )

    def _row(self, anchor: Tree, answer: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
        return flat(held_tree(anchor, answer, self._catalog[kind].fields, self._identities))

    def _cause_of_change(self, written: Written | None) -> Cause:
        """Return why today's draft differs from what was written: the source changed, or only the mapping."""
        if written is None:
            return Cause.NEVER_WRITTEN
        is_same_snapshot = bool(written.snapshot) and written.snapshot == self._inputs.snapshot
        return Cause.MAPPING_CHANGED if is_same_snapshot else Cause.SOURCE_CHANGED

    def _count(self, kind: str, compared: Compared) -> None:
        self.records_compared += 1
        self.fields_compared += compared.fields
        for path in dict.fromkeys(compared.not_answered):
            name = f"{kind}.{path}"
            self.not_answered[name] = self.not_answered.get(name, 0) + 1


def _edited(edit: Edit) -> Difference:
    """Return a field that the source does not have, and that was filled or changed in Sage since."""
    return Difference(
        field=edit.path,
        source="",
        written=edit.written,
        sage=edit.held,
        cause=Cause.EDITED_AFTER_LOAD,
        shape=Shape.EMPTY,
    )
