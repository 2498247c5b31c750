"""What the step of a record takes over from it, and the draft that a step has."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypedDict

from sagerecon.model.draft import Body, Change, Draft, Outcome
from sagerecon.model.place import Place
from sagerecon.planning.step import CreateStep, ReverseStep


class RecordFields(TypedDict):
    """What the step of any record takes over from it."""

    kind: str
    key: str
    label: str
    amount: Decimal | None
    origins: tuple[Place, ...]


class DraftFields(RecordFields):
    """What a step that compares or sends a draft takes over from it."""

    body: Body
    identity: Mapping[str, str]
    mapping: Place
    changes: tuple[Change, ...]


def record_fields(record: Outcome) -> RecordFields:
    return RecordFields(
        kind=record.kind,
        key=record.key,
        label=record.label,
        amount=record.amount,
        origins=record.origins,
    )


def draft_fields(draft: Draft) -> DraftFields:
    return DraftFields(
        **record_fields(draft),
        body=draft.body,
        identity=draft.identity,
        mapping=draft.place,
        changes=draft.changes,
    )


def draft_of(step: CreateStep | ReverseStep) -> Draft:
    """Return the draft from which a step was made; what is done about an existing entity is not in it."""
    return Draft(
        kind=step.kind,
        key=step.key,
        body=step.body,
        identity=step.identity,
        origins=step.origins,
        place=step.mapping,
        amount=step.amount,
        changes=step.changes,
        label=step.label,
    )
