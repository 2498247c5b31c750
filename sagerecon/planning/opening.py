"""What Sage will hold of the opening entries once a plan is carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sagerecon.model.code import Code
from sagerecon.model.draft import Body, Draft, node_document, read_node
from sagerecon.model.entity import Written
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE, Place
from sagerecon.pairing.aliases import Aliases, with_todays_references
from sagerecon.pairing.decide import DecidedPositions
from sagerecon.pairing.groups import show_command
from sagerecon.pairing.position import Position
from sagerecon.planning.step import (
    AdoptStep,
    CreateStep,
    LeftOutStep,
    QuarantinedStep,
    RenameStep,
    ReverseStep,
    SettledStep,
    SkipStep,
    Step,
    UpdateStep,
    WaitStep,
    name_of,
    place_of,
)


@dataclass(frozen=True, slots=True)
class InSage:
    """One record once a plan is carried out."""

    kind: str
    drafts: tuple[Draft, ...] = ()  #: what Sage holds of it; several where it may be several earlier ones
    why_other: Finding | None = None  #: why that is not what the source gives, and what to do about it


def in_sage(
    steps: Iterable[Step], decided: DecidedPositions, kinds: Collection[str], renamed: Aliases
) -> Iterator[InSage]:
    """Yield what Sage will hold of each record of some kinds.

    A record that waits counts as if it were sent, since it is once that is decided; one that was written
    counts as it was written, whatever others did with it in Sage.
    Args:
        steps: of the whole plan.
        renamed: the later key by kind and earlier key, of entities that a run recorded for another key.
    """
    last = {(step.kind, step.key): step for step in steps if step.kind in kinds}
    for position in decided.positions:
        step = last.get((position.kind, position.key))
        if step is None or isinstance(step, LeftOutStep):
            continue
        held = tuple(_held(step, position, renamed))
        is_other = isinstance(step, QuarantinedStep | ReverseStep) or not _is_as_given(held, position)
        yield InSage(step.kind, held, _why_other(step) if is_other else None)


def _held(step: Step, position: Position, renamed: Aliases) -> Iterator[Draft]:
    """Yield what Sage holds of a record after its step."""
    outcome, written = position.outcome, position.written
    if isinstance(step, CreateStep | AdoptStep | UpdateStep | SkipStep | RenameStep):
        if isinstance(outcome, Draft) and step.body is outcome.body:
            yield outcome
        else:
            yield _draft(step, step.body, step.mapping)
    elif isinstance(step, ReverseStep):
        return
    elif written is not None:
        yield _as_written(written, renamed)
    elif position.rename is not None:
        for record in position.rename.earlier:
            yield _as_written(record, renamed)
    elif isinstance(outcome, Draft) and (position.is_written or isinstance(step, WaitStep | SettledStep)):
        yield outcome


def _is_as_given(held: Sequence[Draft], position: Position) -> bool:
    """Return whether Sage holds what the source gives."""
    given = [position.outcome] if isinstance(position.outcome, Draft) else []
    if len(held) != len(given):
        return False
    pairs = zip(held, given, strict=True)
    return all(a is b or node_document(a.body) == node_document(b.body) for a, b in pairs)


def _as_written(record: Written, renamed: Aliases) -> Draft:
    return _draft(record, read_node(with_todays_references(dict(record.sent), renamed)), NOWHERE)


def _draft(
    known: Written | CreateStep | AdoptStep | UpdateStep | SkipStep | RenameStep, body: Body, place: Place
) -> Draft:
    return Draft(
        kind=known.kind,
        key=known.key,
        body=body,
        identity=known.identity,
        origins=known.origins,
        place=place,
    )


def _why_other(step: Step) -> Finding:
    """Return why Sage will not hold what the source gives, and what to do about it."""
    if isinstance(step, QuarantinedStep):
        return step.findings[0]
    message = f"{name_of(step)} is left in Sage or deleted there ({step.reason})."
    hint = f"See: {show_command(step.key)}"
    return Finding(Code.OPENING_CONTROL_OPEN, place_of(step), message, hint)
