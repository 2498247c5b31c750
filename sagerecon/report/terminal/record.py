"""The history of one record, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from sagerecon.model.clock import instant_text
from sagerecon.model.count import counted
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined, node_document
from sagerecon.model.entity import Written
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.value import Value, canonical
from sagerecon.planning.step import Step
from sagerecon.reconciliation.field_explanation import FieldExplanation, FieldSides
from sagerecon.reconciliation.verdict import VerdictSummary
from sagerecon.report.grouping import LISTED


def record_history(
    record: Record | None,
    outcome: Outcome,
    step: Step | None,
    written: Written | None,
    verdict: VerdictSummary | None,
) -> Iterator[RenderableType]:
    """Yield the history of one record: source row, changes, draft, step, request, Sage id, verdict.

    Of each list the first entries are shown, and the others are counted.
    """
    yield Text(f"{outcome.kind} {outcome.key}", style="bold")
    yield _labelled("source", _places(outcome.origins))
    if record is not None:
        for name, value in record.values.items():
            if value is not None and not name.startswith("_"):
                yield _labelled("", f"{name}: {_cell(value)}")
    if isinstance(outcome, Draft):
        yield from _first(map(_change, outcome.changes), "change")
        yield _labelled("draft", f"by {outcome.place}: {_json(node_document(outcome.body))}")
    elif isinstance(outcome, Quarantined):
        yield from _quarantined(outcome)
    else:
        yield _left_out(outcome)
    if step is not None:
        yield _labelled("plan", f"step {step.number}, {step.action.value}: {step.reason}")
    if written is not None:
        how = "adopted" if written.adopted else "sent"
        yield _labelled(how, f"{instant_text(written.written_at)}: {_json(written.sent)}")
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

    Of the values in a list the first are shown, and the others are counted.

    Args:
        is_read: whether the entity was found when Sage was last read.
    """
    yield Text(f"{outcome.kind} {outcome.key}: {found.path}", style="bold")
    origins = _places(outcome.origins)
    for name, value in found.cells:
        yield _labelled("source", f"{origins}: {name}: {_cell(value)}")
    if not found.cells:
        yield _labelled("source", f"{origins}: no column is read for this field")
    yield _labelled("mapping", str(found.mapping) or "the field is not mapped")
    yield from _first(map(_change, found.changes), "change")
    if isinstance(outcome, Quarantined):
        yield from _quarantined(outcome)
    elif isinstance(outcome, LeftOut):
        yield _left_out(outcome)
    sent = "planned" if written is not None and written.adopted else "sent"
    for sides in found.sides[:LISTED] or (FieldSides(found.path, None, None, None),):
        name = "" if sides.path == found.path else f"{sides.path}: "
        yield _labelled("draft", name + _side(sides.draft, "no value"))
        yield _labelled(sent, name + _side(sides.sent, "no value" if written is not None else "nothing yet"))
        not_read = "no value" if is_read else "not read yet: sagerecon reconcile"
        yield _labelled("Sage holds", name + _side(sides.sage, not_read))
    if (more := len(found.sides) - LISTED) > 0:
        example = found.sides[LISTED].path
        yield _labelled("", f"… and {counted(more, 'more value')}. Name one to see it, such as {example}")
    if verdict is not None:
        yield _labelled("verdict", f"{verdict.verdict.value}. {verdict.reason}".rstrip())


def _side(value: str | None, absent: str) -> str:
    return absent if value is None else value or "empty"


def _cell(value: Value) -> str:
    if value is None:
        return "empty"
    return value if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    return canonical(_shortened(value))


def _shortened(value: object) -> object:
    """Return a value with the first entries of each list, and the number of the others as its last."""
    if isinstance(value, Mapping):
        return {name: _shortened(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        more = [f"… and {len(value) - LISTED:,} more"] if len(value) > LISTED else []
        return [*map(_shortened, value[:LISTED]), *more]
    return value


def _places(places: Sequence[Place]) -> str:
    more = [f"… and {len(places) - LISTED:,} more"] if len(places) > LISTED else []
    return ", ".join([*map(str, places[:LISTED]), *more]) or "no source row"


def _left_out(outcome: LeftOut) -> Text:
    """Return why a record is not sent: by a rule, or because the source no longer has it."""
    if outcome.rule:
        return _labelled("left out", f"by rule {outcome.rule}: {outcome.reason}")
    return _labelled("gone", outcome.reason)


def _quarantined(outcome: Quarantined) -> Iterator[RenderableType]:
    return _first((_labelled("quarantined", str(found), "yellow") for found in outcome.findings), "finding")


def _first(lines: Iterable[Text], noun: str) -> Iterator[RenderableType]:
    """Yield the first lines, and one that counts the others."""
    more = 0
    for number, line in enumerate(lines):
        if number < LISTED:
            yield line
        else:
            more += 1
    if more:
        yield _labelled("", f"… and {counted(more, f'more {noun}')}")


def _change(change: Change) -> Text:
    where = f"({change.rule}, {change.place})"
    return _labelled("change", f"{change.field}: {change.before!r} -> {change.after!r} {where}")


def _labelled(label: str, text: str, style: str = "") -> Text:
    return Text(f"{label:<12}{text}", style)
