"""The operations of a history that concern memory: of the store, of its witness, and of Sage."""

from __future__ import annotations

from dataclasses import dataclass

from history_steps import ChangeMachine, History, RestoreStore
from history_world import Trouble


@dataclass(frozen=True)
class IgnoreIdempotency:
    """Let Sage carry a request out each time it comes, whatever `idempotency_id` it bears."""

    def __call__(self, history: History) -> None:
        history.world.sage.set_switch("idempotency", "ignored")


@dataclass(frozen=True)
class RestoreElsewhere:
    """Put an earlier copy of the store back on a machine that has no witness of it."""

    place: int = 0

    def __call__(self, history: History) -> None:
        ChangeMachine()(history)
        RestoreStore(self.place)(history)


@dataclass(frozen=True)
class DistrustStore:
    """Plan, and apply with `--distrust-store`: read Sage first, and adopt what it holds already."""

    trouble: Trouble = None

    def __call__(self, history: History) -> None:
        if history.snapshot().code == 0 and history.plan().value is not None:
            history.apply(self.trouble, distrusts=True)
