"""What a change of the source or the mappings would mean for a plan in progress."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sagerecon.model.code import Code
from sagerecon.model.draft import Body, Draft, Outcome, Quarantined, node_document
from sagerecon.model.value import canonical
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import (
    AdoptStep,
    CreateStep,
    LeftOutStep,
    QuarantinedStep,
    ReadStep,
    RenameStep,
    ReverseStep,
    SettledStep,
    SkipStep,
    UpdateStep,
    WaitStep,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The keys of the records for which the plan differs from one that would be created now."""

    changed: tuple[str, ...]  #: still to be sent, now with other content
    dropped: tuple[str, ...]  #: still to be sent, now gone, left out or quarantined
    outdated: tuple[str, ...]  #: in Sage already, now with other content, gone, left out or quarantined
    added: tuple[str, ...]  #: not sent by this plan, now to be sent

    def __bool__(self) -> bool:
        """Return whether any record is affected."""
        return bool(self.changed or self.dropped or self.outdated or self.added)


def effect_on(plan: Plan, outcomes: Sequence[Outcome], carried_out: Collection[int]) -> Effect:
    """Compare a plan with the outcomes of the current source and mappings.

    Args:
        outcomes: of every record, after validation.
        carried_out: the numbers of the steps that were carried out.
    """
    planned = {step.key for step in plan.steps if not isinstance(step, QuarantinedStep)}
    found = (_draft(outcome, planned) for outcome in outcomes)
    drafts = {draft.key: draft for draft in found if draft is not None}
    posted_again = {step.key for step in plan.steps if isinstance(step, CreateStep) and step.replaces}
    changed, dropped, outdated, unsent = [], [], [], set(drafts)
    for step in plan.steps:
        match step:
            case CreateStep() | AdoptStep() | UpdateStep() | SkipStep():
                unsent.discard(step.key)
                draft = drafts.get(step.key)
                if draft is not None and _is_planned(draft, step):
                    continue
                if isinstance(step, SkipStep) or step.number in carried_out:
                    outdated.append(step.key)
                elif draft is None:
                    dropped.append(step.key)
                else:
                    changed.append(step.key)
            case QuarantinedStep() if _was_written_with_other_content(step):
                unsent.discard(step.key)
            case RenameStep() | SettledStep():  # a change of decisions asks for a new plan
                unsent.discard(step.key)
            case WaitStep():  # a new plan would wait for the same decision
                unsent.discard(step.key)
            case ReverseStep() if step.key in drafts and step.key not in posted_again:
                if step.number not in carried_out:  # else it is created anew
                    unsent.discard(step.key)
                    dropped.append(step.key)
            case ReverseStep():
                pass
            case QuarantinedStep() | LeftOutStep() | ReadStep():
                pass
    return Effect(
        changed=tuple(changed),
        dropped=tuple(dropped),
        outdated=tuple(outdated),
        added=tuple(draft.key for draft in drafts.values() if draft.key in unsent),
    )


def _draft(outcome: Outcome, planned: Collection[str]) -> Draft | None:
    """Return the draft of an outcome; also of one that refers to what Sage holds, as the plan found."""
    if isinstance(outcome, Quarantined):
        return outcome.orphan if outcome.key in planned else None
    return outcome if isinstance(outcome, Draft) else None


def effect_text(effect: Effect) -> str:
    """Return how many records are affected in which way, each with up to three keys; empty for none."""
    ways = (
        (effect.changed, "still to be sent, with other content now"),
        (effect.dropped, "still to be sent, which a new plan would not send"),
        (effect.outdated, "in Sage already, changed in the source or the mappings since"),
        (effect.added, "not sent by this plan, which a new plan would send"),
    )
    return "; ".join(f"{_records(keys)} {way}" for keys, way in ways if keys)


def _records(keys: Sequence[str]) -> str:
    examples = ", ".join(keys[:3]) + (", …" if len(keys) > 3 else "")
    return f"{len(keys):,} record{'' if len(keys) == 1 else 's'} ({examples})"


def _is_planned(draft: Draft, step: CreateStep | AdoptStep | UpdateStep | SkipStep) -> bool:
    """Return whether the step sends, or skips, what the draft says."""
    if isinstance(step, CreateStep) and step.on_existing is not draft.on_existing:
        return False
    left = step.left if isinstance(step, UpdateStep) else ()
    is_same = _content(step.body, left) == _content(draft.body, left)
    return is_same and dict(step.identity) == dict(draft.identity)


def _content(body: Body, without: Collection[str]) -> str:
    return canonical({name: node_document(value) for name, value in body.items() if name not in without})


def _was_written_with_other_content(step: QuarantinedStep) -> bool:
    """Return whether the record became a draft, which Sage has no way to bring up to date."""
    return any(finding.code is Code.CHANGED_AFTER_WRITE for finding in step.findings)
