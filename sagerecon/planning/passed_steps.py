"""The steps of records for which nothing is sent: equal, left out, waiting, kept or settled."""

from __future__ import annotations

from dataclasses import replace

from sagerecon.model.draft import Draft, LeftOut, Quarantined
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.figures import amount_of
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import Standing
from sagerecon.planning.left_alone import alternatives
from sagerecon.planning.step import (
    CreateStep,
    KeepStep,
    LeftOutStep,
    QuarantinedStep,
    SettledStep,
    SkipStep,
    WaitStep,
)
from sagerecon.planning.step_fields import draft_fields, record_fields


def skipped(draft: Draft) -> SkipStep:
    return SkipStep(
        **draft_fields(draft),
        reason="an earlier run recorded it with the same content",
    )


def left_out(outcome: LeftOut) -> LeftOutStep:
    return LeftOutStep(
        **record_fields(outcome),
        reason=outcome.reason,
        rule=outcome.rule,
    )


def gone(position: Position) -> LeftOutStep:
    """Return the step of a record that neither the source nor Sage has any more."""
    written = position.written
    return LeftOutStep(
        kind=position.kind,
        key=position.key,
        reason="gone from the source, and no longer in Sage",
        label=written.label if written else "",
        amount=written.amount if written else None,
        origins=written.origins if written else (),
        rule="",
    )


def quarantined(outcome: Quarantined, position: Position) -> QuarantinedStep:
    messages = [finding.message for finding in outcome.findings]
    if position.is_written:
        state = "it is no longer in Sage" if position.is_absent else "it stays in Sage unchanged"
        messages.append(f"An earlier run recorded it; {state}.")
    return QuarantinedStep(
        **record_fields(outcome),
        reason=" ".join(messages),
        findings=outcome.findings,
    )


def waiting(draft: Draft, found: Standing, position: Position) -> WaitStep:
    """Return the step of a draft that a decision has to settle."""
    reason, rule = found.value, ""
    earlier: tuple[str, ...] = ()
    if position.rename is not None:
        rule = position.rename.rule.value
        earlier = tuple(record.key for record in position.rename.earlier)
        reason = f"may be {alternatives(earlier)}, which an earlier run recorded ({rule})"
    elif position.suspect is not None and position.is_written:
        reason = f"{found.value}. {position.suspect.reason}"
    elif position.suspect is not None:
        return WaitStep(
            **draft_fields(draft),
            reason=position.suspect.reason,
            standing=found,
            may_be=position.suspect.sage_ids,
            on_existing=draft.on_existing,
        )
    return WaitStep(
        **record_fields(draft),
        reason=reason,
        standing=found,
        rule=rule,
        earlier=earlier,
        may_be=position.suspect.sage_ids if position.suspect is not None else (),
        changes=draft.changes,
    )


def waiting_again(draft: Draft, found: Standing, decision: Decision, position: Position) -> WaitStep:
    """Return the step of a draft about which a decision was made that has no effect now.

    What was decided is not known to hold, and neither is that the draft may be sent. Where the store does not
    know what was written of it, a comparison with Sage shows it, unless it was decided that it is not there.
    """
    waits = WaitStep(
        **record_fields(draft),
        reason=f"the decision '{decision.answer.value}' about {decision.subject} has no effect now",
        standing=found,
        decided=decision.subject,
        changes=draft.changes,
    )
    if position.is_written or not decision.is_about_written or decision.accepts_absence:
        return waits
    return replace(waits, **draft_fields(draft), on_existing=draft.on_existing)


def refused(draft: Draft, found: Standing, position: Position) -> WaitStep:
    """Return the step of a draft whose update Sage has refused, and would refuse again."""
    refusal = position.refusal(is_deletion=False)
    why = "" if refusal is None else refusal.text
    return WaitStep(
        **record_fields(draft),
        reason=why,
        standing=found,
        refused=why,
        changes=draft.changes,
    )


def waiting_for(
    draft: Draft, found: Standing, awaited: str, why: str, creation: CreateStep | None, decided: str = ""
) -> WaitStep:
    """Return the step of a draft that cannot be sent before another record is.

    Args:
        awaited: the key of the other record.
        why: what is the matter with it, such as `which waits`.
        creation: of a draft that no run has written; Sage may hold it with the other record.
        decided: the key or group of the decision that leaves it out, if one does.
    """
    waits = WaitStep(
        **record_fields(draft),
        reason=f"refers to {awaited}, {why}",
        standing=found,
        refers_to=awaited,
        decided=decided,
        changes=draft.changes,
    )
    if creation is None or creation.replaces:
        return waits
    return replace(
        waits,
        body=creation.body,
        identity=creation.identity,
        mapping=creation.mapping,
        on_existing=creation.on_existing,
        apart=creation.apart,
    )


def kept(position: Position, found: Standing) -> KeepStep:
    """Return the step of a record that stays in Sage: its data are those of the source where it has it."""
    outcome, written = position.outcome, position.written
    known = outcome or written
    rule = outcome.rule if isinstance(outcome, LeftOut) else ""
    return KeepStep(
        kind=position.kind,
        key=position.key,
        reason=f"{found.value}, left out by rule {rule}" if rule else found.value,
        label=known.label if known else "",
        amount=amount_of(position),
        origins=known.origins if known else (),
        standing=found,
        rule=rule,
        edited=position.agreement.edited if found is Standing.GONE_FROM_SOURCE else (),
    )


def settled(position: Position, found: Standing, decision: Decision) -> SettledStep:
    known = position.outcome or position.written
    return SettledStep(
        kind=position.kind,
        key=position.key,
        reason=f"decided by {decision.by}: {decision.because}",
        label=known.label if known else "",
        amount=amount_of(position),
        origins=known.origins if known else (),
        standing=found,
        answer=decision.answer,
    )
