"""The records of a plan and of a run that are not carried over."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.model.not_carried import LEFT_OUT, QUARANTINED, NotCarried
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import SetAside
from sagerecon.planning.step import LeftOutStep, QuarantinedStep, Step


def set_aside(found: SetAside) -> NotCarried:
    """Return a record that a run has set aside."""
    return _of_step(found.step, found.state.value, found)


def plan_not_carried(plan: Plan) -> Iterator[NotCarried]:
    """Yield the records that a plan quarantines or leaves out."""
    for step in plan.steps:
        if isinstance(step, QuarantinedStep):
            yield _of_step(step, QUARANTINED, step)
        elif isinstance(step, LeftOutStep):
            yield _of_step(step, LEFT_OUT, None)


def _of_step(step: Step, state: str, reasons: SetAside | QuarantinedStep | None) -> NotCarried:
    return NotCarried(
        state=state,
        kind=step.kind,
        key=step.key,
        label=step.label,
        amount=getattr(step, "amount", None),
        origins=getattr(step, "origins", ()),
        findings=reasons.findings if reasons is not None else (),
        rule=step.rule if isinstance(step, LeftOutStep) else "",
        reason=step.reason,
    )
