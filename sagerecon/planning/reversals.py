"""The steps that delete what earlier runs created: what refers to another record goes before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import read_node
from sagerecon.model.entity import Written
from sagerecon.model.finding import Finding, Severity
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.referrers import blocked_reversals, is_deletion
from sagerecon.pairing.settlement import Settlement
from sagerecon.planning.order import DraftIndex
from sagerecon.planning.plan import Plan
from sagerecon.planning.requirements import EntityKey
from sagerecon.planning.step import CreateStep, RenameStep, ReverseStep, Step
from sagerecon.planning.step_fields import draft_of

_VOID_REASON = "void_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversals:
    """The deletions of a plan by kind and key, and what each depends on."""

    steps: Mapping[RecordKey, ReverseStep] = field(default_factory=dict)
    #: Those that delete what refers to a record, by that record.
    referrers: Mapping[RecordKey, Sequence[ReverseStep]] = field(default_factory=dict)
    creations: Mapping[RecordKey, CreateStep] = field(default_factory=dict)  #: every creation of the plan
    required: Set[EntityKey] = frozenset()  #: what Sage must hold, for no step makes it

    @classmethod
    def of(cls, plan: Plan, catalog: Catalog) -> Reversals:
        """Return the deletions of a plan."""
        found = {(step.kind, step.key): step for step in plan.steps if isinstance(step, ReverseStep)}
        if not found:
            return cls()
        return cls(
            steps=found,
            referrers=_referrers(found.values(), catalog),
            creations={(step.kind, step.key): step for step in plan.steps if isinstance(step, CreateStep)},
            required={(item.kind, item.key) for item in plan.header.requirements},
        )


def reversal(written: Written, key: str, decision: Decision, kind: Kind) -> ReverseStep:
    """Return the step that deletes the entity of a record.

    Args:
        key: the draft key that the record has now.
    """
    return ReverseStep(
        kind=written.kind,
        key=key,
        label=written.label,
        amount=written.amount,
        origins=written.origins,
        body=read_node(dict(written.sent)),
        identity=written.identity,
        reason=f"decided by {decision.by}: {decision.because}",
        sage_id=written.sage_id,
        void_reason=decision.because[: kind.fields[_VOID_REASON].max_length] if kind.is_voided else "",
    )


def with_reversals(
    steps: Sequence[Step], catalog: Catalog, comparisons: Mapping[str, Mapping[str, Comparison]]
) -> list[Step]:
    """Return the steps with each deletion in its place.

    What is gone from the source is deleted first, and what is created again right before that, so that a run
    that stops leaves few records without their replacement. What refers to a record is deleted before it. A
    key takes over an entity before that is deleted.

    Args:
        comparisons: the comparison rules of each mapping, by field path.
    """
    left = {
        (step.kind, step.key): _compared(step, comparisons) for step in steps if isinstance(step, ReverseStep)
    }
    if not left:
        return list(steps)
    referrers = _referrers(left.values(), catalog)

    def deleted(record: RecordKey) -> Iterator[ReverseStep]:
        step = left.pop(record, None)
        if step is not None:
            for referrer in referrers.get(record, ()):
                yield from deleted((referrer.kind, referrer.key))
            yield step

    others = [step for step in steps if not isinstance(step, RenameStep | ReverseStep)]
    created = {(step.kind, step.key) for step in others if isinstance(step, CreateStep)}
    found: list[Step] = [step for step in steps if isinstance(step, RenameStep)]
    for record in [record for record in left if record not in created]:
        found += deleted(record)
    for step in others:
        if isinstance(step, CreateStep):
            found += deleted((step.kind, step.key))
        found.append(step)
    return found


def without_what_waits(
    positions: Sequence[Position],
    settlement: Settlement,
    make: Callable[[Settlement], Iterable[Step]],
    catalog: Catalog,
) -> tuple[list[Step], list[Finding]]:
    """Return the steps without deletions of what a record refers to that is to be deleted too, and waits.

    Args:
        make: returns the steps by the decisions in effect.
    """
    findings: list[Finding] = []
    while True:
        steps = list(make(settlement))
        deleted = {(step.kind, step.key) for step in steps if isinstance(step, ReverseStep)}
        others = {
            record: decision
            for record, decision in settlement.by_record.items()
            if record in deleted or not is_deletion(decision)
        }
        is_all = len(others) == len(settlement.by_record)
        blocked = {} if is_all or not deleted else blocked_reversals(positions, others, catalog)
        if not blocked:
            return steps, findings
        findings += [_without_effect(record[1], why, others[record]) for record, why in blocked.items()]
        settlement = settlement.without(blocked)


def _without_effect(key: str, why: str, decision: Decision) -> Finding:
    return Finding(
        code=Code.DECISION_LAPSED,
        place=decision.place,
        message=f"the decision '{decision.answer.value}' has no effect on {key} in this plan: {why}.",
        hint="Settle first what that record waits for.",
        severity=Severity.WARNING,
    )


def _referrers(steps: Iterable[ReverseStep], catalog: Catalog) -> Mapping[RecordKey, Sequence[ReverseStep]]:
    """Return by kind and key of each record that is deleted the steps that delete what refers to it."""
    drafts = [(step, draft_of(step)) for step in steps]
    index = DraftIndex((draft for _, draft in drafts), catalog)
    by_target: dict[RecordKey, list[ReverseStep]] = {}
    for step, draft in drafts:
        targets = (index.get(reference) for reference in draft.references)
        for target in dict.fromkeys((found.kind, found.key) for found in targets if found is not None):
            by_target.setdefault(target, []).append(step)
    return by_target


def _compared(step: ReverseStep, comparisons: Mapping[str, Mapping[str, Comparison]]) -> ReverseStep:
    rules = comparisons.get(step.key.partition("/")[0], {})
    return replace(step, compare=dict(rules))
