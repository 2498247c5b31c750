"""Drafts that refer to a record which the source does not give now, though Sage holds it for us."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import overload

from sagerecon.model.draft import Draft, Outcome, Quarantined
from sagerecon.pairing.owners import RecordKey


def with_held_references(outcomes: Sequence[Outcome], recorded: Collection[RecordKey]) -> Sequence[Outcome]:
    """Return the outcomes with the drafts of which all that they refer to is sent, or recorded.

    The source alone cannot say that a record will not be in Sage: an earlier run may have written it.

    Args:
        outcomes: they may be read from a file, each time one after the other.
        recorded: the kind and draft key of what earlier runs wrote or adopted.
    """
    orphans = {
        (outcome.kind, outcome.key): _needed(outcome.orphan)
        for outcome in outcomes
        if isinstance(outcome, Quarantined) and outcome.orphan is not None
    }
    if not orphans:
        return outcomes
    needed = frozenset[RecordKey]().union(*orphans.values())
    there = {(at.kind, at.key) for at in outcomes if isinstance(at, Draft)} & needed
    there.update(record for record in needed if record in recorded)
    while lost := [orphan for orphan, needs in orphans.items() if not needs <= there | orphans.keys()]:
        for orphan in lost:
            del orphans[orphan]
    return _WithDrafts(outcomes, orphans) if orphans else outcomes


def _needed(draft: Draft) -> frozenset[RecordKey]:
    """Return the records of ours that a draft refers to."""
    return frozenset((found.kind, found.key) for found in draft.references if isinstance(found.key, str))


class _WithDrafts(Sequence[Outcome]):
    """Outcomes of which some that were set aside are drafts."""

    def __init__(self, outcomes: Sequence[Outcome], drafts: Mapping[RecordKey, object]) -> None:
        self._outcomes = outcomes
        self._drafts = drafts

    def __len__(self) -> int:
        """Return the number of outcomes."""
        return len(self._outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        """Yield the outcomes in their order."""
        return map(self._now, self._outcomes)

    @overload
    def __getitem__(self, position: int) -> Outcome: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Outcome]: ...

    def __getitem__(self, position: int | slice) -> Outcome | Sequence[Outcome]:
        """Return the outcome at a position, or those of a slice."""
        if isinstance(position, slice):
            return [self._now(outcome) for outcome in self._outcomes[position]]
        return self._now(self._outcomes[position])

    def _now(self, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Quarantined) or outcome.orphan is None:
            return outcome
        return outcome.orphan if (outcome.kind, outcome.key) in self._drafts else outcome
