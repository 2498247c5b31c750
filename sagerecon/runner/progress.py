"""What happens during a run, counted and passed on to the caller of `run`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sagerecon.model.clock import Clock
from sagerecon.planning.step import Step


class Event(StrEnum):
    """Something that happened during a run. The first group ends a step."""

    CREATED = "created"
    ADOPTED = "adopted"
    UPDATED = "updated"
    CONVERGED = "converged"  #: Sage holds what the update would have written; recorded without it
    READ = "read"
    SKIPPED = "skipped"
    LEFT_OUT = "left_out"
    QUARANTINED = "quarantined"
    BLOCKED = "blocked"
    PARKED = "parked"
    UNDECIDED = "undecided"  #: left alone until it is decided what the record is, or which side counts
    REVERSED = "reversed"  #: deleted or voided in Sage by decision, or found to be gone there
    RENAMED = "renamed"  #: the key took over an entity by decision; nothing was sent
    SETTLED = "settled"  #: left as it is by decision
    KEPT = "kept"  #: no longer wanted, and left in Sage
    BEFORE = "before"  #: the step was finished by an earlier start of the same plan

    RESENT = "resent"  #: a call without a usable answer is sent again
    LOOKED_UP = "looked_up"  #: a page or an entity was read to find out whether a record was saved
    PROVED = "proved"  #: a call proved whether Sage replays the answers to repeated calls
    WAITING = "waiting"
    RATE_LIMITED = "rate_limited"  #: Sage answered 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One event of a run."""

    at: int  #: milliseconds since 1970
    event: Event
    done: int  #: finished steps
    of: int  #: steps of the plan
    calls: int  #: made since the run was started or resumed
    kind: str = ""
    key: str = ""
    label: str = ""
    note: str = ""
    until: int = 0  #: when the waiting ends, in milliseconds since 1970


class Reporter:
    """Counts events, steps and calls, and passes each event on."""

    def __init__(self, steps: int, clock: Clock, on_progress: Callable[[Progress], None]) -> None:
        self.counts: dict[Event, int] = {}
        self.calls = 0
        self.done = 0
        self._steps = steps
        self._clock = clock
        self._on_progress = on_progress
        self._current: Step | None = None

    def begin_step(self, step: Step) -> None:
        """Note the step that waits are reported for."""
        self._current = step

    def count(self, event: Event) -> None:
        """Count an event without passing it on."""
        self.counts[event] = self.counts.get(event, 0) + 1

    def report(self, event: Event, step: Step | None, note: str = "", until: int = 0) -> None:
        """Count an event and pass it on."""
        self.count(event)
        self._on_progress(
            Progress(
                at=self._clock.now(),
                event=event,
                done=self.done,
                of=self._steps,
                calls=self.calls,
                kind=step.kind if step is not None else "",
                key=step.key if step is not None else "",
                label=step.label if step is not None else "",
                note=note,
                until=until,
            )
        )

    def report_wait(self, event: Event, until: int, note: str) -> None:
        """Count and pass on a wait during the current step."""
        self.report(event, self._current, note, until)
