"""Carries a plan out, survives anything, and goes on with the same command.

Intent first: what is sent, its name and its state are durable before the bytes leave; what came of it, the
id map and the booking of the call are one commit. A step whose outcome is unknown is settled, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import MINUTE, Clock
from sagerecon.model.entity import Entity
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan, Step
from sagerecon.planning.settling import Attempt, SetAside, State

#: A wait longer than this is not slept through: the run ends, and the same command goes on later.
PATIENCE = 15 * MINUTE


class Sage(Protocol):
    """The one door to the API."""

    def call(self, call: Call) -> Answer:
        """What the server said, whatever its status.

        Raises:
            NoAnswerError: no usable answer came; `sent` says whether the request may have arrived.
            AuthorizationError: the sign-in has ended; the call was not carried out.
            WrongBusinessError: the answer came from another business.
        """
        ...


class RunLog(Protocol):
    """The memory of a run. What it is told is durable with the next `book`, `intend` or `flush`."""

    def begin(self, plan: Plan) -> str:
        """The run of this plan, begun or gone on with; no other process works on the company until `end`.

        Raises:
            PlanStaleError: the plan is used up, or the id map is not the one it was made from.
            StoreError: another process is working on the company.
        """
        ...

    def end(self, run: str, *, is_finished: bool) -> None:
        """Let the company go; a finished run uses its plan up."""
        ...

    def state(self, run: str, number: int) -> State | None:
        """Where a step stands, or None where it has not begun."""
        ...

    def in_doubt(self) -> Sequence[Attempt]:
        """Attempts of any run of the company whose bytes may have left, oldest first."""
        ...

    def set_aside_reason(self, run: str, kind: str, key: str) -> str | None:
        """Why a record of this run is not in Sage, or None."""
        ...

    def epoch(self, kind: str, key: str) -> int:
        """How many attempts at this record are known to have come to nothing."""
        ...

    def sage_id(self, kind: str, key: str) -> str | None:
        """Sage's id for a draft key, or for a natural key that one entity bears."""
        ...

    def content(self, kind: str, key: str) -> str | None:
        """The fingerprint of the body recorded for a draft key, or None."""
        ...

    def answer(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """What Sage said of the entity that bears a draft key or a natural key."""
        ...

    def found(self, kind: str, key: str) -> Sequence[Entity]:
        """Every entity known to bear a natural key."""
        ...

    def owner(self, kind: str, sage_id: str) -> str | None:
        """The draft key that has this entity, or None where it is not ours."""
        ...

    def pages_read(self, run: str, number: int) -> int:
        """How many pages of a reading are recorded."""
        ...

    def book(self, budget: Budget, *, settling: bool = False) -> int:
        """0 where a call is booked and may go now, else the instant from which one may."""
        ...

    def intend(self, attempt: Attempt, budget: Budget, *, settling: bool = False) -> int:
        """As `book`; with 0, the intent is durable as well and the bytes may leave."""
        ...

    def received(self, size: int) -> None:
        """The answer to the booked call is here: it counts from now."""
        ...

    def refund(self) -> None:
        """The booked call was never made."""
        ...

    def refused(self) -> None:
        """Sage refused a call that we had room for: somebody else is calling. Books one call more."""
        ...

    def record(self, attempt: Attempt, entity: Entity, keys: Sequence[str], *, adopted: bool = False) -> None:
        """The step is carried out: its answer, the id map and natural keys, in one commit."""
        ...

    def retract(self, attempt: Attempt) -> None:
        """The attempt was certainly not carried out; `attempt.epoch` is what the next one takes."""
        ...

    def fail(self, attempt: Attempt, status: int, expires_at: int) -> None:
        """The attempt stays in doubt after one more sending without a usable answer."""
        ...

    def set_aside(self, run: str, aside: SetAside) -> None:
        """The step cannot be carried out, and why."""
        ...

    def record_page(
        self,
        run: str,
        step: Step,
        page: int,
        entities: Sequence[tuple[Entity, Sequence[str]]],
        *,
        is_last: bool,
    ) -> None:
        """One page of a reading: each entity with the natural keys it bears."""
        ...

    def rest(self, until: int) -> None:
        """We sleep until then and keep the company."""
        ...

    def flush(self) -> None:
        """Make everything told so far durable."""
        ...


class Ended(Enum):
    """How a run ended."""

    FINISHED = "finished"  #: every step came to an end; some perhaps set aside
    PAUSED = "paused"  #: by a window or by Sage; the same command goes on
    STOPPED = "stopped"  #: by whoever asked


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What one go at a plan came to. `counts` has a line for each word a Progress may have in `what`."""

    run: str
    ended: Ended
    why: str = ""
    until: int | None = None  #: when it may go on, in milliseconds since 1970
    calls: int = 0  #: made by this go
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """Something that happened, for whoever watches."""

    at: int  #: milliseconds since 1970
    what: str  #: created adopted updated read skipped quarantined blocked parked resent looked_up waiting refused
    done: int  #: steps behind us
    of: int  #: steps of the plan
    calls: int  #: made by this go so far
    kind: str = ""
    key: str = ""
    label: str = ""
    note: str = ""
    until: int = 0  #: when the waiting ends


def run(
    plan: Plan,
    sage: Sage,
    log: RunLog,
    clock: Clock,
    budget: Budget,
    catalog: Catalog,
    *,
    patience_ms: int = PATIENCE,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    failpoint: Callable[[str], None] = lambda _: None,
    seed: int = 0,
) -> RunOutcome:
    """What came of carrying `plan` out as far as the budget, the patience and whoever watches allow.

    Raises:
        PlanStaleError: the plan is used up or was made from another id map; nothing was sent.
        AuthorizationError: sign in again; the same command goes on.
        WrongBusinessError: an answer came from another business; nothing more was sent.
        StoreError: what must be durable could not be made so; nothing more was sent.
    """
    raise NotImplementedError
