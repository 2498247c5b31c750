"""Makes calls one by one: booked, waited for, and repeated only where Sage certainly did nothing.

It lives through two ports, the door to Sage and the bookings of the run log, and under a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Protocol

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import SECOND, Clock
from sagerecon.model.errors import AuthorizationError, NoAnswerError, SagereconError
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import SENDINGS, Attempt, Meaning, State, meaning
from sagerecon.runner.conversation import Heard, said
from sagerecon.runner.pacing import is_over, wait_after_failure, wait_after_refusal


class Sage(Protocol):
    """The one door to the API."""

    def ready(self) -> int:
        """When the bearer token ends that the next call will use: how late that call can still write.

        Raises:
            NoAnswerError: no token could be had just now.
            AuthorizationError: the sign-in has ended.
        """
        ...

    def call(self, call: Call) -> Answer:
        """What the server said, whatever its status.

        Raises:
            NoAnswerError: no usable answer came; `sent` says whether the request may have arrived.
            AuthorizationError: the sign-in has ended; the call was not carried out.
            WrongBusinessError: the answer came from another business.
        """
        ...


class Bookings(Protocol):
    """The part of a run log that makes intents and calls durable."""

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

    def retract(self, attempt: Attempt) -> None:
        """The attempt was certainly not carried out; `attempt.epoch` is what the next one takes."""
        ...

    def fail(self, attempt: Attempt) -> None:
        """The attempt stays in doubt after one more sending without a usable answer."""
        ...

    def rest(self, until: int) -> None:
        """We sleep until then and keep the company."""
        ...

    def flush(self) -> None:
        """Make everything told so far durable."""
        ...


class Paused(Exception):
    """The run ends here for now: by a window, or because Sage does not answer."""

    def __init__(self, why: str, until: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.until = until  #: when it may go on, in milliseconds since 1970


class Stopped(Exception):
    """The run ends here because somebody wants it to."""


class Caller:
    """Makes calls one by one: booked, waited for, and repeated only where Sage certainly did nothing."""

    def __init__(
        self,
        sage: Sage,
        log: Bookings,
        clock: Clock,
        budget: Budget,
        patience_ms: int,
        should_stop: Callable[[], bool],
        failpoint: Callable[[str], None],
        chance: Random,
    ) -> None:
        self.made = 0
        self.on_wait: Callable[[str, int, str], None] = lambda *_: None
        self._sage = sage
        self._log = log
        self._clock = clock
        self._budget = budget
        self._patience = patience_ms
        self._should_stop = should_stop
        self._failpoint = failpoint
        self._chance = chance
        self._refusals = 0  # in a row, as are the failures
        self._failures = 0

    def send(self, attempt: Attempt) -> Heard:
        """The attempt as it went out, with its intent durable first, and what came of it."""
        was_in_doubt = attempt.state is State.SENT
        while True:
            expires_at = self._ready()

            def intend(expires_at: int = expires_at) -> int:
                self._sent = _as_sent(attempt, self._clock.now(), expires_at)
                return self._log.intend(self._sent, self._budget, settling=was_in_doubt)

            self._permit(intend)
            sent = self._sent
            try:
                answer = self._call(sent.call)
            except NoAnswerError as error:
                if error.sent:
                    return Heard(sent, None, self._clock.now(), error.expires_at)
                self._take_back(attempt)
                self._fail(str(error))
                continue
            except AuthorizationError:
                self._take_back(attempt)
                raise
            if answer.status != 429:
                self._refusals = 0
                return Heard(sent, answer, self._clock.now(), answer.expires_at)
            self._take_back(attempt)
            self._refuse(answer)

    def get(self, call: Call, *, settling: bool = False) -> Answer | None:
        """The answer to a reading; None where Sage fails on it again and again."""
        for number in range(1, SENDINGS + 1):
            answer = self._get(call, settling=settling)
            if answer is not None and meaning(answer) is not Meaning.UNKNOWN:
                self._failures = 0
                return answer
            self.fail(number, "Sage failed on a reading")
        return None

    def fail(self, failures: int, why: str) -> None:
        """Wait a little after a failure; leave it for now where nothing has succeeded for long."""
        self._failures += 1
        if is_over(self._failures):
            raise Paused(f"{why}, {self._failures} times in a row.")
        self.rest(self._clock.now() + wait_after_failure(failures, self._chance), why)

    def succeeded(self) -> None:
        """Sage works: failures count anew."""
        self._failures = 0

    def rest(self, until: int, why: str) -> None:
        """Sleep until then, or end the run where that is too long."""
        self._log.flush()
        if until - self._clock.now() > self._patience:
            raise Paused(why, until)
        self._log.rest(until)
        self.on_wait("waiting", until, why)
        while (left := until - self._clock.now()) > 0:
            self.check_stop()
            self._clock.sleep(min(left, SECOND))  # in slices, so that a stop is heard

    def check_stop(self) -> None:
        """Nothing; ends the run where somebody wants it to."""
        if self._should_stop():
            raise Stopped

    def _get(self, call: Call, *, settling: bool) -> Answer | None:
        while True:
            self._ready()
            self._permit(lambda: self._log.book(self._budget, settling=settling))
            try:
                answer = self._call(call)
            except NoAnswerError as error:
                if error.sent:
                    return None
                self._fail(str(error))
                continue
            if answer.status != 429:
                self._refusals = 0
                return answer
            self._refuse(answer)

    def _call(self, call: Call) -> Answer:
        self._failpoint("before send")
        try:
            answer = self._sage.call(call)
        except NoAnswerError as error:
            self._log.received(0) if error.sent else self._log.refund()
            self.made += error.sent
            raise
        except SagereconError:
            self._log.received(0)
            raise
        self._failpoint("after answer")
        self._log.received(answer.size)
        self.made += 1
        if answer.status == 401:
            raise AuthorizationError(f"Sage does not let us in: {said(answer)}.", "See that in Sage first.")
        return answer

    def _ready(self) -> int:
        while True:
            try:
                return self._sage.ready()
            except NoAnswerError as error:
                self._fail(str(error))

    def _permit(self, take: Callable[[], int]) -> None:
        while moment := take():
            self.rest(moment, "The calls of this window are used up.")

    def _fail(self, why: str) -> None:
        self.fail(self._failures + 1, why.rstrip("."))

    def _refuse(self, answer: Answer) -> None:
        self._refusals += 1
        self._log.refused()
        wait = wait_after_refusal(self._refusals, answer.retry_after_ms, self._chance)
        until = self._clock.now() + wait
        self.on_wait("refused", until, said(answer))
        self.rest(until, "Sage takes no more calls for now; another app may be using them.")

    def _take_back(self, attempt: Attempt) -> None:
        """This sending did nothing; an earlier one may still have."""
        if attempt.state is State.SENT:
            self._log.fail(attempt)
        else:
            self._log.retract(attempt)


def _as_sent(attempt: Attempt, now: int, expires_at: int) -> Attempt:
    return replace(
        attempt,
        state=State.SENT,
        first_sent_at=attempt.first_sent_at or now,
        sent_at=now,
        expires_at=max(attempt.expires_at, expires_at),
    )
