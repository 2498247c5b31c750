"""Carries out a change of an entity that an earlier run recorded."""

from __future__ import annotations

from sagerecon.planning.step import UpdateStep
from sagerecon.runner.attempts import send
from sagerecon.runner.context import RunContext
from sagerecon.runner.references import resolved_body


def update(step: UpdateStep, context: RunContext) -> None:
    """Send the fields of `step` that may be changed to the entity recorded for its key."""
    body = resolved_body(step, context)
    if body is not None:
        send(step, context, body, sage_id=context.log.sage_id(step.kind, step.key) or "")
