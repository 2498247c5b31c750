"""The step of each record: what is done about it, by its standing, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias, TypedDict

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.draft import (
    Body,
    Change,
    Draft,
    LeftOut,
    Outcome,
    Quarantined,
    node_document,
    read_node,
)
from sagerecon.model.entity import Written
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.value import fingerprint
from sagerecon.pairing.answers import proposal
from sagerecon.pairing.consequences import PROPOSALS, Proposal
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.pair import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import NOTHING_SETTLED, Settlement
from sagerecon.pairing.standing import Standing, standing
from sagerecon.planning.left_alone import alternatives
from sagerecon.planning.order import DraftIndex
from sagerecon.planning.step import (
    CreateStep,
    KeepStep,
    LeftOutStep,
    PassedStep,
    QuarantinedStep,
    RenameStep,
    SettledStep,
    SkipStep,
    UpdateStep,
    WaitStep,
    WriteStep,
)

RecordStep: TypeAlias = WriteStep | PassedStep


class _RecordFields(TypedDict):
    """What the step of any record takes over from it."""

    kind: str
    key: str
    label: str
    amount: Decimal | None
    origins: tuple[Place, ...]


class _DraftFields(_RecordFields):
    """What a step that compares or sends a draft takes over from it."""

    body: Body
    identity: Mapping[str, str]
    mapping: Place
    changes: tuple[Change, ...]


def record_steps(
    positions: Iterable[Position],
    index: DraftIndex,
    catalog: Catalog,
    settlement: Settlement = NOTHING_SETTLED,
    earlier: Mapping[RecordKey, Written] = {},
) -> Iterator[RecordStep]:
    """Yield the step of each record. What refers to a record that waits does not write either: it waits too.

    A record that was decided to be an earlier one has two steps if it changed: the key takes over the entity,
    and the entity gets the changes.

    Args:
        positions: each after those that its draft refers to.
        index: every draft.
        settlement: the decisions in effect.
        earlier: by kind and key of a draft, what was written of it under its earlier key.
    """
    waiting: set[str] = set()
    for position in positions:
        found = standing(position)
        renamed = _renamed(position, earlier) if earlier else None
        if renamed is not None:
            yield renamed
            if found is Standing.UNCHANGED:
                continue
        decision = settlement.of(position)
        if decision is not None and decision.standing is found and _is_settled(found, decision):
            yield _settled(position, found, decision)
            continue
        step = _step(position, found, catalog)
        if isinstance(step, CreateStep | UpdateStep) and isinstance(position.outcome, Draft):
            targets = (index.get(reference) for reference in position.outcome.references)
            awaited = next((target for target in targets if target and target.key in waiting), None)
            if awaited is not None:
                step = _waiting_for(position.outcome, found, awaited)
        if isinstance(step, WaitStep):
            waiting.add(step.key)
        yield step


def _step(position: Position, found: Standing, catalog: Catalog) -> RecordStep:
    """Return the step of a record for which no decision was made."""
    outcome = position.outcome
    if isinstance(outcome, Quarantined):
        return _quarantined(outcome, is_written=position.is_written)
    if outcome is None or PROPOSALS[found] is Proposal.KEEP:
        return _kept(position, found)
    if isinstance(outcome, LeftOut):
        return _left_out(outcome)
    match PROPOSALS[found]:
        case Proposal.CREATE | Proposal.ADOPT:
            return _created(outcome, catalog[outcome.kind])
        case Proposal.UPDATE:
            return _updated(outcome, position.agreement.source_changes, catalog[outcome.kind])
        case Proposal.SKIP:
            return _skipped(outcome)
        case _:
            return _waiting(outcome, found, position)


def _renamed(position: Position, earlier: Mapping[RecordKey, Written]) -> RenameStep | None:
    """Return the step by which a key takes over what was written under an earlier one.

    A record that refers to such a key keeps its own, and is recorded anew with the key that it refers to now.
    """
    draft, written = position.outcome, position.written
    if not isinstance(draft, Draft) or written is None:
        return None
    before = earlier.get((position.kind, position.key))
    body = read_node(written.sent)
    if before is None and fingerprint(node_document(body)) == position.content:
        return None
    key = before.key if before is not None else position.key
    reason = f"decided to be {key}" if before is not None else "refers to a record under its key of today"
    return RenameStep(
        **_record_fields(draft),
        body=body,
        identity=written.identity,
        mapping=draft.place,
        changes=draft.changes,
        reason=reason,
        earlier=key,
        sage_id=written.sage_id,
    )


def _is_settled(found: Standing, decision: Decision) -> bool:
    return proposal(found, decision.answer) is Proposal.SETTLED


def _settled(position: Position, found: Standing, decision: Decision) -> SettledStep:
    known = position.outcome or position.written
    return SettledStep(
        kind=position.kind,
        key=position.key,
        reason=f"decided by {decision.by}: {decision.because}",
        label=known.label if known else "",
        amount=known.amount if known else None,
        origins=known.origins if known else (),
        standing=found,
        answer=decision.answer,
    )


def _record_fields(record: Outcome) -> _RecordFields:
    return _RecordFields(
        kind=record.kind,
        key=record.key,
        label=record.label,
        amount=record.amount,
        origins=record.origins,
    )


def _draft_fields(draft: Draft) -> _DraftFields:
    return _DraftFields(
        **_record_fields(draft),
        body=draft.body,
        identity=draft.identity,
        mapping=draft.place,
        changes=draft.changes,
    )


def _created(draft: Draft, kind: Kind) -> CreateStep:
    return CreateStep(
        **_draft_fields(draft),
        reason="no earlier run recorded it",
        on_existing=draft.on_existing,
        reversibility=kind.operations["create"].reversibility if kind.can("create") else "",
    )


def _skipped(draft: Draft) -> SkipStep:
    return SkipStep(
        **_draft_fields(draft),
        reason="an earlier run recorded it with the same content",
    )


def _updated(draft: Draft, changed: tuple[str, ...], kind: Kind) -> UpdateStep | QuarantinedStep:
    """Return the update of the changed fields; a quarantined step where Sage does not let one be changed."""
    if not kind.can("update"):
        return _changed_after_write(draft, f"Sage has no update for a {draft.kind}")
    fixed = [name for name in changed if name in kind.fields and not kind.fields[name].update]
    if fixed:
        return _changed_after_write(draft, f"Sage does not let {', '.join(fixed)} be changed")
    return UpdateStep(
        **_draft_fields(draft),
        reason=f"changed in the source or the mapping since an earlier run recorded it: {', '.join(changed)}",
        changed=changed,
        reversibility=kind.operations["update"].reversibility,
    )


def _changed_after_write(draft: Draft, why: str) -> QuarantinedStep:
    finding = Finding(
        Code.CHANGED_AFTER_WRITE,
        draft.origins[0] if draft.origins else draft.place,
        f"{draft.label or draft.key} was written with other content, and {why}.",
        "Correct it in Sage, or delete it there, then create a new plan.",
    )
    return QuarantinedStep(
        **_record_fields(draft),
        reason=finding.message,
        findings=(finding,),
        changes=draft.changes,
    )


def _waiting(draft: Draft, found: Standing, position: Position) -> WaitStep:
    """Return the step of a draft that a decision has to settle."""
    reason, rule = found.value, ""
    earlier: tuple[str, ...] = ()
    if position.rename is not None:
        rule = position.rename.rule.value
        earlier = tuple(record.key for record in position.rename.earlier)
        reason = f"may be {alternatives(earlier)}, which an earlier run recorded ({rule})"
    return WaitStep(
        **_record_fields(draft),
        reason=reason,
        standing=found,
        rule=rule,
        earlier=earlier,
        changes=draft.changes,
    )


def _waiting_for(draft: Draft, found: Standing, awaited: Draft) -> WaitStep:
    return WaitStep(
        **_record_fields(draft),
        reason=f"refers to {awaited.key}, which waits",
        standing=found,
        refers_to=awaited.key,
        changes=draft.changes,
    )


def _kept(position: Position, found: Standing) -> KeepStep:
    """Return the step of a record that stays in Sage: its data are those of the source where it has it."""
    outcome, written = position.outcome, position.written
    known = outcome or written
    rule = outcome.rule if isinstance(outcome, LeftOut) else ""
    return KeepStep(
        kind=position.kind,
        key=position.key,
        reason=f"{found.value}, left out by rule {rule}" if rule else found.value,
        label=known.label if known else "",
        amount=known.amount if known else None,
        origins=known.origins if known else (),
        standing=found,
        rule=rule,
    )


def _left_out(outcome: LeftOut) -> LeftOutStep:
    return LeftOutStep(
        **_record_fields(outcome),
        reason=outcome.reason,
        rule=outcome.rule,
    )


def _quarantined(outcome: Quarantined, *, is_written: bool) -> QuarantinedStep:
    messages = [finding.message for finding in outcome.findings]
    if is_written:
        messages.append("An earlier run recorded it; it stays in Sage unchanged.")
    return QuarantinedStep(
        **_record_fields(outcome),
        reason=" ".join(messages),
        findings=outcome.findings,
    )
