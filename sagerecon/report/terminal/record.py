"""The history of one record, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sagerecon.model.clock import instant_text
from sagerecon.model.draft import Draft, Outcome, Quarantined, node_document
from sagerecon.model.entity import Written
from sagerecon.model.record import Record
from sagerecon.model.value import canonical
from sagerecon.planning.step import Step
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
            where = f"({change.rule}, {change.place})"
            yield _labelled("change", f"{change.field}: {change.before!r} -> {change.after!r} {where}")
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


def _labelled(label: str, text: str, style: str = "") -> Text:
    return Text(f"{label:<12}{text}", style)
