"""Carries out a change of an entity that an earlier run recorded."""

from __future__ import annotations

from sagerecon.model.catalog import Field
from sagerecon.planning.step import UpdateStep
from sagerecon.runner.attempts import send
from sagerecon.runner.context import RunContext
from sagerecon.runner.references import resolved_body


def update(step: UpdateStep, context: RunContext) -> None:
    """Send the changed fields of `step` to the entity recorded for its key; Sage keeps the others."""
    body = resolved_body(step, context)
    if body is not None:
        fields = context.catalog[step.kind].fields
        changed = {name: body.get(name, _cleared(fields.get(name))) for name in step.changed}
        send(step, context, changed, sage_id=context.log.sage_id(step.kind, step.key) or "")


def _cleared(field: Field | None) -> list[str] | None:
    """Return the value that clears a field."""
    return [] if field is not None and field.type == "list" else None
