"""The history of one record, for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from rich.console import RenderableType

from sagerecon.model.clock import instant_text
from sagerecon.model.count import counted
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined, node_document
from sagerecon.model.entity import Written
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.value import Value, canonical
from sagerecon.planning.step import Step
from sagerecon.reconciliation.candidate import Candidate, Found
from sagerecon.reconciliation.field_explanation import FieldExplanation, FieldSides
from sagerecon.reconciliation.verdict import VerdictSummary
from sagerecon.report.grouping import LISTED
from sagerecon.report.terminal.shown import ShownText

#: Candidates whose values are shown; the others are named.
_SHOWN = 3

#: The sides of a field.
_DRAFT, _SENT, _SAGE = "draft", "sent", "sage"

#: What is said of a value that Sage does not hold.
_ABSENT = {
    Found.FOUND: "no value",
    Found.NOT_FOUND: "not found in Sage",
    Found.NOT_READ: "not read yet: sagerecon reconcile",
}


def record_history(
    record: Record | None,
    outcome: Outcome,
    step: Step | None,
    written: Written | None,
    verdict: VerdictSummary | None,
    candidates: Sequence[Candidate] = (),
) -> Iterator[RenderableType]:
    """Yield the history of one record: source row, changes, draft, step, request, Sage id, verdict.

    Of each list the first entries are shown, and the others are counted.

    Args:
        candidates: what it may be, where that is to be decided.
    """
    yield ShownText(f"{outcome.kind} {outcome.key}", style="bold")
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
        yield _sent(written)
        yield _labelled("Sage id", written.sage_id)
    for candidate in candidates[:_SHOWN]:
        yield _name(candidate)
        if candidate.written is not None:
            yield _sent(candidate.written)
        if candidate.found is not Found.FOUND:
            yield _labelled("Sage holds", _ABSENT[candidate.found])
        elif candidate.values:
            yield _labelled("Sage holds", _json(candidate.values))
    yield from _more_candidates(candidates)
    if verdict is not None:
        yield _labelled("verdict", f"{verdict.verdict.value}. {verdict.reason}".rstrip())


def field_history(
    found: FieldExplanation,
    outcome: Outcome,
    written: Written | None,
    verdict: VerdictSummary | None,
    candidates: Sequence[Candidate],
    found_in_sage: Found,
) -> Iterator[RenderableType]:
    """Yield the history of one field: source cells, changes, draft, value sent, value in Sage, verdict.

    Of the values in a list the first are shown, and the others are counted.

    Args:
        candidates: what the record may be, where that is to be decided.
        found_in_sage: whether what was written under its key was found when Sage was last read.
    """
    yield ShownText(f"{outcome.kind} {outcome.key}: {found.path}", style="bold")
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
    is_open = written is None and bool(candidates)
    absent = _ABSENT[found_in_sage]
    if written is None and found_in_sage is Found.NOT_FOUND:
        absent = "nothing that it may be"
    shown: tuple[str, ...] = (_DRAFT,) if is_open else (_DRAFT, _SENT, _SAGE)
    yield from _values(found.path, found.sides, shown, written, absent)
    for candidate in candidates[:_SHOWN]:
        yield _name(candidate, found.path)
        shown = (_SAGE,) if candidate.written is None else (_SENT, _SAGE)
        yield from _values(found.path, candidate.sides, shown, candidate.written, _ABSENT[candidate.found])
    yield from _more_candidates(candidates, found.path)
    if verdict is not None:
        yield _labelled("verdict", f"{verdict.verdict.value}. {verdict.reason}".rstrip())


def _values(
    path: str, found: Sequence[FieldSides], shown: Collection[str], written: Written | None, absent: str
) -> Iterator[RenderableType]:
    """Yield the values of a field on some of its sides.

    Args:
        shown: the sides to show, of draft, sent and Sage.
        absent: what to say where Sage has no value.
    """
    sent = "planned" if written is not None and written.adopted else "sent"
    for sides in found[:LISTED] or (FieldSides(path, None, None, None),):
        name = "" if sides.path == path else f"{sides.path}: "
        not_sent = "no value" if written is not None else "nothing yet"
        for side, label, value, otherwise in (
            (_DRAFT, "draft", sides.draft, "no value"),
            (_SENT, sent, sides.sent, not_sent),
            (_SAGE, "Sage holds", sides.sage, absent),
        ):
            if side in shown:
                yield _labelled(label, name + _side(value, otherwise))
    if (more := len(found) - LISTED) > 0:
        example = found[LISTED].path
        yield _labelled("", f"… and {counted(more, 'more value')}. Name one to see it, such as {example}")


def _sent(written: Written) -> ShownText:
    how = "adopted" if written.adopted else "sent"
    return _labelled(how, f"{instant_text(written.written_at)}: {_json(written.sent)}")


def _name(candidate: Candidate, path: str = "") -> ShownText:
    """Return what a record may be: the earlier key with its `explain`, or the entity by its Sage id."""
    named = f" ({candidate.name})" if candidate.name else ""
    entity = f"Sage id {candidate.sage_id}{named}"
    if not candidate.key:
        return _labelled("may be", entity)
    key = f"{candidate.key}.{path}" if path else candidate.key
    return _labelled("may be", f"{candidate.key}, {entity}: sagerecon explain {shlex.quote(key)}")


def _more_candidates(candidates: Sequence[Candidate], path: str = "") -> Iterator[RenderableType]:
    """Yield the names of the candidates whose values are not shown."""
    yield from _first((_name(candidate, path) for candidate in candidates[_SHOWN:]), "candidate")


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


def _left_out(outcome: LeftOut) -> ShownText:
    """Return why a record is not sent: by a rule, or because the source no longer has it."""
    if outcome.rule:
        return _labelled("left out", f"by rule {outcome.rule}: {outcome.reason}")
    return _labelled("gone", outcome.reason)


def _quarantined(outcome: Quarantined) -> Iterator[RenderableType]:
    return _first((_labelled("quarantined", str(found), "yellow") for found in outcome.findings), "finding")


def _first(lines: Iterable[ShownText], noun: str) -> Iterator[RenderableType]:
    """Yield the first lines, and one that counts the others."""
    more = 0
    for number, line in enumerate(lines):
        if number < LISTED:
            yield line
        else:
            more += 1
    if more:
        yield _labelled("", f"… and {counted(more, f'more {noun}')}")


def _change(change: Change) -> ShownText:
    where = f"({change.rule}, {change.place})"
    return _labelled("change", f"{change.field}: {change.before!r} -> {change.after!r} {where}")


def _labelled(label: str, text: str, style: str = "") -> ShownText:
    return ShownText(f"{label:<12}{text}", style)
