"""The order of sending: each draft after those it refers to, and by priority where that leaves a choice."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from sagerecon.model.draft import Draft, Reference
from sagerecon.model.errors import CircularReferenceError
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.key_path import Kinds
from sagerecon.pairing.natural_key import normal_key


class DraftIndex:
    """The drafts by their own keys and by the natural keys they will have in Sage, in one spelling."""

    def __init__(self, drafts: Iterable[Draft], kinds: Kinds) -> None:
        self._kinds = kinds
        self._drafts: dict[tuple[str, Key], Draft] = {}
        for draft in drafts:
            for field, value in draft.identity.items():
                key = self._normal(draft.kind, NaturalKey(field, value))
                self._drafts.setdefault((draft.kind, key), draft)
            self._drafts[draft.kind, draft.key] = draft

    def get(self, reference: Reference) -> Draft | None:
        """Return the draft that `reference` means, or None for an entity that must be in Sage already."""
        return self._drafts.get((reference.kind, self._normal(reference.kind, reference.key)))

    def _normal(self, kind: str, key: Key) -> Key:
        if isinstance(key, NaturalKey) and kind in self._kinds:
            return normal_key(self._kinds, self._kinds[kind], key)
        return key


def order_drafts(drafts: Sequence[Draft], kinds: Kinds) -> list[Draft]:
    """Return the drafts with each after those it refers to; then by priority, then in the given order.

    Raises:
        CircularReferenceError: references form a circle; the error has its path.
    """
    index = DraftIndex(drafts, kinds)
    position = {draft.key: number for number, draft in enumerate(drafts)}
    waits_for: dict[str, int] = {}
    followers: dict[str, list[Draft]] = {}
    for draft in drafts:
        needed = {target.key for r in draft.references if (target := index.get(r)) is not None}
        waits_for[draft.key] = len(needed)
        for key in needed:
            followers.setdefault(key, []).append(draft)
    ready = [(draft.priority, position[draft.key]) for draft in drafts if not waits_for[draft.key]]
    heapq.heapify(ready)
    ordered: list[Draft] = []
    while ready:
        draft = drafts[heapq.heappop(ready)[1]]
        ordered.append(draft)
        for follower in followers.get(draft.key, ()):
            waits_for[follower.key] -= 1
            if not waits_for[follower.key]:
                heapq.heappush(ready, (follower.priority, position[follower.key]))
    if len(ordered) < len(drafts):
        placed = {draft.key for draft in ordered}
        raise CircularReferenceError(_circle({d.key: d for d in drafts if d.key not in placed}, index))
    return ordered


def _circle(stuck: Mapping[str, Draft], index: DraftIndex) -> list[str]:
    """Return the keys of one circle among drafts that all wait for each other, the first key twice."""
    path = [next(iter(stuck))]
    while True:
        targets = (index.get(reference) for reference in stuck[path[-1]].references)
        key = next(target.key for target in targets if target is not None and target.key in stuck)
        if key in path:
            return [*path[path.index(key) :], key]
        path.append(key)
