"""Makes calls one by one: books each, waits for the budget, repeats only what Sage has not carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import HOUR, SECOND, Clock, correction
from sagerecon.model.errors import (
    AuthorizationError,
    NoAnswerError,
    PausedError,
    SagereconError,
    TokenRefusedError,
)
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import SENDINGS, Attempt, Meaning, State, meaning
from sagerecon.runner.answer import error_text
from sagerecon.runner.door import CompanyDoor
from sagerecon.runner.pacing import is_over, wait_after_429, wait_after_failure
from sagerecon.runner.ports import Bookings, Sage
from sagerecon.runner.progress import Event, Reporter
from sagerecon.runner.request import SendResult

#: Milliseconds after its booking within which a call is sent. A process that was suspended for longer books
#: it anew: it may have lost its lock on the company, and the booking may have left the window.
SENT_WITHIN = 30 * SECOND

#: Milliseconds within which an attempt in doubt is sent again once that was chosen as its remedy.
RESENT_WITHIN = HOUR


class _TooLate(Exception):
    """The remedy of an attempt in doubt has to be chosen anew before it is sent."""


class Caller:
    """Makes the calls of a run through the ports `Sage` and `Bookings`, under a clock."""

    def __init__(
        self,
        *,
        sage: Sage,
        log: Bookings,
        clock: Clock,
        budget: Budget,
        door: CompanyDoor,
        reporter: Reporter,
        failpoint: Callable[[str], None],
        jitter: Random,
    ) -> None:
        self._sage = sage
        self._log = log
        self._clock = clock
        self._budget = budget
        self._door = door
        self._reporter = reporter
        self._failpoint = failpoint
        self._jitter = jitter
        self._rate_limits = log.refusals()  # in a row, as are the failures
        self._failures = 0

    def send(self, attempt: Attempt) -> SendResult:
        """Make the intent durable, send the attempt, and return the result.

        An answer 429, a refused token, and a call that never left, are tried again here. One in doubt is not
        sent where much time has passed since, or the clock was corrected: Sage forgets what it answered.
        """
        was_in_doubt, asked_at = attempt.state is State.SENT, self._clock.now()

        def intend(expires_at: int) -> int:
            if was_in_doubt and abs(self._clock.now() - asked_at) > RESENT_WITHIN:
                raise _TooLate
            self._sent = _as_sent(attempt, self._clock.now(), expires_at)
            return self._log.intend(self._sent, self._budget, settling=was_in_doubt)

        while True:
            try:
                deadline = self._permit(intend)
            except _TooLate:
                return SendResult(attempt, None, self._clock.now(), was_sent=False)
            sent, uncorrected = self._sent, correction(self._clock)
            try:
                answer = self._call(sent.call, deadline)
            except TokenRefusedError:
                self._take_back(attempt)
                continue
            except NoAnswerError as error:
                if error.sent:
                    return SendResult(sent, None, self._clock.now(), error.expires_at)
                self._take_back(attempt)
                self._wait_after_unsent(error)
                continue
            except AuthorizationError:
                self._take_back(attempt)
                raise
            if answer.status != 429:
                sent = _later(sent, correction(self._clock) - uncorrected)
                return SendResult(sent, answer, self._clock.now(), answer.expires_at)
            self._take_back(attempt)
            self._wait_after_429(answer)

    def get(self, call: Call, *, settling: bool = False) -> Answer | None:
        """Return the answer to a reading, or None where no usable one came in several tries.

        Args:
            settling: the reading settles a doubt and may use the calls kept for that.
        """
        for number in range(1, SENDINGS + 1):
            answer = self._get(call, settling=settling)
            if answer is not None and meaning(answer) is not Meaning.UNKNOWN:
                self._failures = 0
                return answer
            self.wait_after(number, "Sage gave no usable answer to a reading")
        return None

    def wait_after(self, failures: int, why: str) -> None:
        """Wait a little after the `failures`-th failure of one call.

        Raises:
            PausedError: no call has succeeded for several minutes.
        """
        self._failures += 1
        if is_over(self._failures):
            raise PausedError(f"{why}, {self._failures} times in a row.")
        self.wait_until(self._clock.now() + wait_after_failure(failures, self._jitter), why)

    def succeeded(self) -> None:
        """Count failures anew, because a call succeeded."""
        self._failures = 0

    def ready(self) -> int:
        """Obtain the access token of the next call, and return when it ends; wait while none can be had."""
        while True:
            try:
                return self._sage.ready(self._door)
            except NoAnswerError as error:
                self._wait_after_unsent(error)

    def wait_until(self, until: int, why: str) -> None:
        """Sleep until then; errors as `CompanyDoor.wait_until`."""
        self._door.wait_until(until, why)

    def check_stop(self) -> None:
        """Raise `Stopped` where a stop was requested."""
        self._door.check_stop()

    def _get(self, call: Call, *, settling: bool) -> Answer | None:
        while True:
            deadline = self._permit(lambda _: self._log.book(self._budget, settling=settling))
            try:
                answer = self._call(call, deadline)
            except TokenRefusedError:
                continue
            except NoAnswerError as error:
                if error.sent:
                    return None
                self._wait_after_unsent(error)
                continue
            if answer.status != 429:
                return answer
            self._wait_after_429(answer)

    def _call(self, call: Call, deadline: int) -> Answer:
        self._failpoint("before send")
        try:
            self._require_in_time(deadline)
            answer = self._sage.call(call)
        except NoAnswerError as error:
            self._log.received(0, has_answer=error.has_answer) if error.sent else self._log.refund()
            self._reporter.calls += error.sent
            raise
        except TokenRefusedError:
            self._log.received(0)
            self._reporter.calls += 1
            raise
        except SagereconError:
            self._log.received(0)
            raise
        self._failpoint("after answer")
        self._log.received(answer.size)
        self._reporter.calls += 1
        if answer.status != 429:
            self._accepted(answer)
        if answer.status == 401:
            raise AuthorizationError(
                f"Sage denied access: {error_text(answer)}.",
                "Check the subscription and the user's access in Sage.",
            )
        return answer

    def _require_in_time(self, deadline: int) -> None:
        """Raise NoAnswerError where the call may no longer be sent with its booking and its token."""
        if self._clock.now() > deadline:
            raise NoAnswerError("The process was suspended before it sent a booked call.", sent=False)

    def _permit(self, book: Callable[[int], int]) -> int:
        """Wait until `book` books a call, and return the instant until which it may be sent.

        Args:
            book: is given the end of a token that is valid then.
        """
        while True:
            expires_at, now = self.ready(), self._clock.now()
            moment = book(expires_at)
            if not moment:
                return min(expires_at, now + SENT_WITHIN)
            self._door.wait_for_room(moment)

    def _wait_after_unsent(self, error: NoAnswerError) -> None:
        self.wait_after(self._failures + 1, str(error).rstrip("."))

    def _accepted(self, answer: Answer) -> None:
        """Count refusals anew, and make the wait durable that an answer without success asks for."""
        if self._rate_limits:
            self._rate_limits = 0
            self._log.accepted()
        if answer.status >= 500 and answer.retry_after_ms:
            self._log.close(self._clock.now() + answer.retry_after_ms)

    def _wait_after_429(self, answer: Answer) -> None:
        self._rate_limits += 1
        wait = wait_after_429(self._rate_limits, answer.retry_after_ms, self._jitter)
        until = self._clock.now() + wait
        self._log.rate_limited(until, self._rate_limits)
        until = self._log.closed_until()
        self._reporter.report_wait(Event.RATE_LIMITED, until, error_text(answer))
        self.wait_until(until, "Sage accepts no more calls for now (429); another app may be using them.")

    def _take_back(self, attempt: Attempt) -> None:
        """Record that this sending did nothing; an earlier one still may have."""
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


def _later(sent: Attempt, by: int) -> Attempt:
    """Return an attempt with the latest sending dated anew, for its answer has corrected the clock.

    Args:
        by: milliseconds.
    """
    is_first = sent.first_sent_at == sent.sent_at
    return replace(sent, first_sent_at=sent.first_sent_at + is_first * by, sent_at=sent.sent_at + by)
