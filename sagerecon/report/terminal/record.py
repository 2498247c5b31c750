"""The history of one record, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sagerecon.model.clock import instant_text
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined, node_document
from sagerecon.model.entity import Written
from sagerecon.model.record import Record
from sagerecon.model.value import Value, canonical
from sagerecon.planning.step import Step
from sagerecon.reconciliation.field_explanation import FieldExplanation, FieldSides
from sagerecon.reconciliation.verdict import VerdictSummary


def record_history(
    record: Record | None,
    outcome: Outcome,
    step: Step | None,
    written: Written | None,
    verdict: VerdictSummary | None,
) -> Iterator[RenderableType]:
    """Yield the history of one record: source row, changes, draft, step, request, Sage id, verdict."""
    yield Text(f"{outcome.kind} {outcome.key}", style="bold")
    yield _labelled("source", ", ".join(str(place) for place in outcome.origins) or "no source row")
    if record is not None:
        for name, value in record.values.items():
            if value is not None and not name.startswith("_"):
                text = value if isinstance(value, str) else canonical(value)
                yield _labelled("", f"{name}: {text}")
    if isinstance(outcome, Draft):
        for change in outcome.changes:
            yield _change(change)
        yield _labelled("draft", f"by {outcome.place}: {canonical(node_document(outcome.body))}")
    elif isinstance(outcome, Quarantined):
        yield from (_labelled("quarantined", str(finding), "yellow") for finding in outcome.findings)
    else:
        yield _labelled("left out", f"by rule {outcome.rule}: {outcome.reason}")
    if step is not None:
        yield _labelled("plan", f"step {step.number}, {step.action.value}: {step.reason}")
    if written is not None:
        how = "adopted" if written.adopted else "sent"
        yield _labelled(how, f"{instant_text(written.written_at)}: {canonical(written.sent)}")
        yield _labelled("Sage id", written.sage_id)
    if verdict is not None:
        yield _labelled("verdict", f"{verdict.verdict.value}. {verdict.reason}".rstrip())


def field_history(
    found: FieldExplanation,
    outcome: Outcome,
    written: Written | None,
    verdict: VerdictSummary | None,
    *,
    is_read: bool,
) -> Iterator[RenderableType]:
    """Yield the history of one field: source cells, changes, draft, value sent, value in Sage, verdict.

    Args:
        is_read: whether the entity was found when Sage was last read.
    """
    yield Text(f"{outcome.kind} {outcome.key}: {found.path}", style="bold")
    origins = ", ".join(str(place) for place in outcome.origins) or "no source row"
    for name, value in found.cells:
        yield _labelled("source", f"{origins}: {name}: {_cell(value)}")
    if not found.cells:
        yield _labelled("source", f"{origins}: no column is read for this field")
    yield _labelled("mapping", str(found.mapping) or "the field is not mapped")
    for change in found.changes:
        yield _change(change)
    if isinstance(outcome, Quarantined):
        yield from (_labelled("quarantined", str(finding), "yellow") for finding in outcome.findings)
    elif isinstance(outcome, LeftOut):
        yield _labelled("left out", f"by rule {outcome.rule}: {outcome.reason}")
    sent = "planned" if written is not None and written.adopted else "sent"
    for sides in found.sides or (FieldSides(found.path, None, None, None),):
        name = "" if sides.path == found.path else f"{sides.path}: "
        yield _labelled("draft", name + _side(sides.draft, "no value"))
        yield _labelled(sent, name + _side(sides.sent, "no value" if written is not None else "nothing yet"))
        not_read = "no value" if is_read else "not read yet: sagerecon reconcile"
        yield _labelled("Sage holds", name + _side(sides.sage, not_read))
    if verdict is not None:
        yield _labelled("verdict", f"{verdict.verdict.value}. {verdict.reason}".rstrip())


def _side(value: str | None, absent: str) -> str:
    return absent if value is None else value or "empty"


def _cell(value: Value) -> str:
    if value is None:
        return "empty"
    return value if isinstance(value, str) else canonical(value)


def _change(change: Change) -> Text:
    where = f"({change.rule}, {change.place})"
    return _labelled("change", f"{change.field}: {change.before!r} -> {change.after!r} {where}")


def _labelled(label: str, text: str, style: str = "") -> Text:
    return Text(f"{label:<12}{text}", style)
