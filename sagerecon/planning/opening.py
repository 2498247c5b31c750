"""What Sage will hold of the opening entries once a plan is carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sagerecon.model.code import Code
from sagerecon.model.draft import Body, Draft, LeftOut, Reference, node_document, read_node
from sagerecon.model.entity import Written
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE, Place
from sagerecon.pairing.aliases import Aliases, with_todays_references
from sagerecon.pairing.decide import DecidedPositions
from sagerecon.pairing.groups import drop_command, show_command
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement
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
    is_decided: bool = False  #: a decision is the reason


def in_sage(
    steps: Iterable[Step], decided: DecidedPositions, kinds: Collection[str], renamed: Aliases
) -> Iterator[InSage]:
    """Yield what Sage will hold of each record of some kinds.

    A record that waits counts as if it were sent, since it is once that is decided; one that was written
    counts as it was written, whatever others did with it in Sage. What is left out or deleted by decision,
    and what refers to such a record, will not be there.

    Args:
        steps: of the whole plan.
        renamed: the later key by kind and earlier key, of entities that a run recorded for another key.
    """
    last = {(step.kind, step.key): step for step in steps if step.kind in kinds}
    counting = _counting(decided)
    for position in decided.positions:
        step = last.get((position.kind, position.key))
        if step is None or (isinstance(step, LeftOutStep) and not _is_lost(position)):
            continue
        held = tuple(_held(step, position, renamed))
        subject = _decided(step, position, decided.settlement)
        why = None
        if isinstance(step, QuarantinedStep | ReverseStep) or not _is_as_given(held, position):
            why = _why_other(step, position, subject)
        elif targets := [found for draft in held for found in draft.references if found in counting]:
            subject = counting[targets[0]]
            reason = f"refers to {targets[0].key}, which counts by decision {subject}"
            why = _finding(step, reason, _dropping(subject))
        yield InSage(step.kind, held, why, is_decided=bool(why and subject))


def _is_lost(position: Position) -> bool:
    """Return whether a record that was written is neither in the source nor in Sage any more.

    It was deleted in Sage by others, so that it counts like any other edit of theirs: not at all.
    """
    return position.outcome is None and position.written is not None


def _counting(decided: DecidedPositions) -> Mapping[Reference, str]:
    """Return the subject of each decision that one of several records of one identity counts, by that one."""
    found = {}
    for at in decided.positions:
        decision = decided.settlement.of(at)
        if decision is not None and isinstance(at.outcome, LeftOut) and at.outcome.merged_into:
            found[Reference(at.kind, at.outcome.merged_into)] = decision.subject
    return found


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
    elif isinstance(outcome, Draft) and (position.is_written or _is_to_be_sent(step)):
        yield outcome


def _is_as_given(held: Sequence[Draft], position: Position) -> bool:
    """Return whether Sage holds what the source gives."""
    given = [position.outcome] if isinstance(position.outcome, Draft) else []
    if len(held) != len(given):
        return False
    pairs = zip(held, given, strict=True)
    return all(a is b or node_document(a.body) == node_document(b.body) for a, b in pairs)


def _is_to_be_sent(step: Step) -> bool:
    """Return whether a record that no run has written is sent later: it waits, and not for one left out."""
    return isinstance(step, WaitStep) and not _is_left_out_with_another(step)


def _is_left_out_with_another(step: WaitStep) -> bool:
    return bool(step.refers_to and step.decided)


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


def _decided(step: Step, position: Position, settlement: Settlement) -> str:
    """Return the subject of the decision because of which Sage will not hold what the source gives."""
    decision = settlement.of(position)
    if isinstance(step, WaitStep) and _is_left_out_with_another(step):
        return step.decided
    if isinstance(step, ReverseStep | SettledStep) and decision is not None:
        return decision.subject
    return ""


def _why_other(step: Step, position: Position, decided: str) -> Finding:
    """Return why Sage will not hold what the source gives, and what to do about it.

    Args:
        decided: the subject of the decision that is the reason, if one is.
    """
    match step:
        case QuarantinedStep():
            return step.findings[0]
        case WaitStep() if decided:
            why = step.reason
        case ReverseStep():
            why = f"is deleted by decision {decided}"
        case _ if decided and position.is_written:
            why = f"stays in Sage as it was written, by decision {decided}"
        case _ if decided:
            why = f"is left out by decision {decided}"
        case _:
            why = f"stays in Sage as it was written ({step.reason})"
    return _finding(step, why, _dropping(decided) if decided else f"See: {show_command(step.key)}")


def _finding(step: Step, why: str, hint: str) -> Finding:
    return Finding(Code.OPENING_CONTROL_OPEN, place_of(step), f"{name_of(step)} {why}.", hint)


def _dropping(subject: str) -> str:
    return f"Drop the decision: {drop_command(subject)}"
