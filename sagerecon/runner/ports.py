"""The ports of the runner: the API of Sage, and the memory of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Protocol

from sagerecon.model.call import Answer, Call
from sagerecon.model.door import Door
from sagerecon.model.entity import Entity, Written
from sagerecon.model.key import Key, NaturalKey
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import AnsweredCreation, Attempt, Reached, Replays, SetAside
from sagerecon.planning.step import AdoptStep, ReadStep, RenameStep, ReverseStep, UpdateStep


class Sage(Protocol):
    """The API of Sage."""

    def ready(self, door: Door) -> int:
        """Obtain the access token of the next call, and return when it ends, in milliseconds since 1970.

        A call made with it cannot write after that instant. A token that Sage refused is replaced.

        Args:
            door: books each request that this takes.

        Raises:
            NoAnswerError: no token could be obtained now.
            AuthorizationError: the sign-in has ended.
            PausedError, StoreError: the door did not book a request.
        """
        ...

    def call(self, call: Call) -> Answer:
        """Send a booked call as one request, with the token of the latest `ready`, and return the answer.

        Raises:
            TokenRefusedError: Sage refused the token; the call was not carried out, and `ready` replaces it.
            NoAnswerError: no usable answer came; `sent` says whether the request may have arrived.
            AuthorizationError: the sign-in has ended; the call was not carried out.
            WrongBusinessError: the answer came from another business.
        """
        ...


class Bookings(Protocol):
    """The part of a run log that makes intents and calls durable."""

    @property
    def unknown_calls(self) -> int:
        """The calls that the witness recorded and the store did not; the first booking includes them."""
        ...

    def book(
        self, budget: Budget, *, settling: bool = False, sent_within: int = 0, is_call: bool = True
    ) -> int:
        """Book a call and return 0 if it may be made now; else return the instant from which one may.

        Args:
            settling: it settles a step in doubt, and may use the calls that the budget keeps for that.
            sent_within: the milliseconds that may pass before it is sent.
            is_call: whether it calls the API for the run, and is not a request for tokens.

        Raises:
            StoreError: another process has locked the company; nothing may be sent.
        """
        ...

    def intend(self, attempt: Attempt, budget: Budget, *, settling: bool = False) -> int:
        """Book a call as `book` does; where it returns 0, the intent is durable and the bytes may leave."""
        ...

    def received(self, size: int, *, is_call: bool = True, has_answer: bool = True) -> None:
        """Count the booked call from now.

        Args:
            size: of its answer, in bytes.
            is_call: whether it called the API, and was not a request for tokens.
            has_answer: whether an answer came, of whatever kind.
        """
        ...

    def refund(self) -> None:
        """Remove the booked call, which was never made."""
        ...

    def rate_limited(self, until: int, in_a_row: int) -> None:
        """Book one call more: Sage answered 429 though the budget had room, so another app makes calls.

        Args:
            until: the instant before which no call may be made, whichever process asks.
            in_a_row: the 429s without an accepted call in between.
        """
        ...

    def close(self, until: int) -> None:
        """Make durable that Sage asked for no calls before `until`."""
        ...

    def accepted(self) -> None:
        """Count 429s in a row anew, because Sage accepted a call."""
        ...

    def closed_until(self) -> int:
        """Return the instant before which no call may be made, as recorded; 0 where there is none."""
        ...

    def refusals(self) -> int:
        """Return the 429s in a row, of earlier processes too."""
        ...

    def retract(self, attempt: Attempt) -> None:
        """Record that the attempt was certainly not carried out; the next one takes `attempt.epoch`."""
        ...

    def fail(self, attempt: Attempt) -> None:
        """Record one more sending without a usable answer; the attempt stays in doubt."""
        ...

    def keep_locked(self, until: int) -> None:
        """Keep the company locked while the run waits until `until`."""
        ...

    def flush(self) -> None:
        """Make everything recorded so far durable."""
        ...


class RunLog(Bookings, Protocol):
    """The memory of a run. What it records is durable with the next `book`, `intend` or `flush`."""

    def begin(self, plan: Plan) -> str:
        """Begin or resume the run of this plan, lock the company until `end`, and return the run's id.

        Raises:
            PlanStaleError: the plan is used up, or the id map is not the one it was made from.
            StoreError: another process is working on the company.
        """
        ...

    def vouch(self) -> None:
        """Make everything recorded durable, and state outside the store that it is complete.

        Raises:
            StoreError: the statement cannot be written; nothing may be sent.
        """
        ...

    def suspect(self, suspects: Sequence[Suspect]) -> None:
        """Record the records that Sage may hold already, each in place of an earlier suspicion about it."""
        ...

    def clear(self, kind: str, key: str) -> None:
        """Forget the suspicion that Sage holds this record already."""
        ...

    def suspicion(self, kind: str, key: str) -> Suspect | None:
        """Return the suspicion that Sage holds this record already, or None."""
        ...

    def end(self, run: str, *, is_finished: bool) -> None:
        """Unlock the company; a finished run uses its plan up."""
        ...

    def reached(self, run: str) -> Mapping[int, Reached]:
        """Return how far each step of the run that has begun has come, by its number."""
        ...

    def in_doubt(self) -> Sequence[Attempt]:
        """Return the attempts of any run of the company whose bytes may have left, oldest first."""
        ...

    def replays(self) -> Replays:
        """Return whether Sage is known to replay answers to this business."""
        ...

    def learn(self, replays: Replays) -> None:
        """Record whether Sage replays answers to this business."""
        ...

    def answered_creation(self, since: int) -> AnsweredCreation | None:
        """Return a creation that Sage answered at its first sending, not before `since`, if there is one."""
        ...

    def set_aside_reason(self, run: str, kind: str, key: str) -> str | None:
        """Return why a record of this run is not in Sage, or None."""
        ...

    def epoch(self, kind: str, key: str) -> int:
        """Return how many attempts at this record are known not to have been carried out."""
        ...

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Return Sage's id for a draft key, or for a natural key that exactly one entity has."""
        ...

    def content(self, kind: str, key: str) -> str | None:
        """Return the fingerprint of the body recorded for a draft key, or None."""
        ...

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """Return what Sage answered for the entity with this key, or None where no single entity has it."""
        ...

    def written(self, kind: str, key: str) -> Written | None:
        """Return what was recorded when the entity of a draft key was last written or adopted, or None."""
        ...

    def record_look(self, run: str, step: UpdateStep | ReverseStep | AdoptStep, entity: Entity) -> None:
        """Record what Sage holds of a record that is left alone, or whose write it refuses.

        Of one that was to be adopted: that its entity is gone.

        The entity has no body where Sage did not find it.
        """
        ...

    def absent(self, run: str) -> Set[tuple[str, str]]:
        """Return kind and Sage id of what `run` looked at before an update, and found to be not in Sage."""
        ...

    def found(self, kind: str, key: NaturalKey) -> Sequence[Entity]:
        """Return every entity known to have a natural key."""
        ...

    def owner(self, kind: str, sage_id: str) -> str | None:
        """Return the draft key recorded for this entity, or None where there is none."""
        ...

    def owners(self, kind: str, sage_id: str) -> Sequence[str]:
        """Return every draft key recorded for this entity: several where records share it."""
        ...

    def record(
        self, attempt: Attempt, entity: Entity, keys: Sequence[NaturalKey], *, adopted: bool = False
    ) -> None:
        """Record in one commit that the step is carried out: Sage's answer, the id map and natural keys."""
        ...

    def adopt(self, run: str, step: AdoptStep, entity: Entity, keys: Sequence[NaturalKey]) -> None:
        """Record in one commit that an entity was decided to be the record of the step."""
        ...

    def rename(self, run: str, step: RenameStep) -> None:
        """Record for the step's key what was recorded for its earlier key, which loses it, in one commit.

        The next commit has it, with other records: nothing was sent, so that a crash before it loses nothing
        that the same command does not do again.

        Raises:
            PlanStaleError: the earlier key has another entity than when the plan was created.
        """
        ...

    def record_reversal(self, run: str, step: ReverseStep, entity: Entity) -> None:
        """Record in one commit that Sage holds the step's entity no more, and that its key has none.

        Args:
            entity: as Sage shows it now: voided, or without a body.
        """
        ...

    def set_aside(self, run: str, aside: SetAside, epoch: int = 0) -> None:
        """Record why the step cannot be carried out; a later attempt takes `epoch`."""
        ...

    def record_page(
        self,
        run: str,
        step: ReadStep,
        page: int,
        entities: Sequence[tuple[Entity, Sequence[NaturalKey]]],
        *,
        total: int,
        is_last: bool,
    ) -> None:
        """Record one page of a reading: each entity with the natural keys it has. The first replaces all.

        Args:
            total: the entities of the listing, as the page states it.
        """
        ...
