"""The exceptions that stop a command. A fault of the data is a Finding, not an exception.

    SagereconError                      exit code
      ProjectError                      2   usage, unreadable file, exists already
      ProjectFileError                  2   findings in sagerecon.yaml
      SourceError                       2   a source file that cannot be read at all
      UnreadableTableError              2   findings in a file that is looked at or compared
      MappingError                      1   findings in mappings, crosswalks or catalogs
      ValidationError                   1   findings in the data that stop the plan
      PlanningError                     1
        CircularReferenceError
        BudgetTooSmallError             2
      PlanStaleError                    5   plan stale, consumed or not the one approved
      StoreError                        2   the store cannot be opened, is newer, or its disk is full
        LockedError                     2   another process is working on the company
        IncompleteStoreError            1   the store does not know all that was written to Sage
      PausedError                       3   the call budget is used up, or Sage asks to wait
      SageError                         2
        NoAnswerError                       no usable answer came
        AuthorizationError              4   sign in again
          TokenRefusedError                 the access token was refused; it can be replaced
        WrongBusinessError              2   the answer came from another business
        RedirectedError                 2   a request with a secret was redirected; it was not followed
        OtherBooksError                 2   the settings of the business differ from the project
      ConservationError                 70  figures of this program do not add up; they must not be signed

An exception takes facts and builds its own message, so that a report can use the facts.
"""

from __future__ import annotations

from collections.abc import Sequence

from sagerecon.model.clock import instant_text
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.value import encodable


class SagereconError(Exception):
    """An expected error that stops a command. `hint` says what to do."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        message, hint = encodable(message), encodable(hint)
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ProjectError(SagereconError):
    """The project, its configuration or the command line is invalid."""


class SourceError(SagereconError):
    """A source file cannot be read: absent, unreadable, or of another format than declared.

    `findings` are all findings of the same pass, including those about this file.
    """

    def __init__(self, message: str, hint: str = "", findings: Sequence[Finding] = ()) -> None:
        super().__init__(message, hint)
        self.findings = tuple(findings)


class FindingsError(SagereconError):
    """Findings that stop a command."""

    exit_code = 1

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = len(findings)
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        among = f" among {count} findings" if count > errors else ""
        super().__init__(f"{counted(errors, 'error')}{among}; nothing was sent.")
        self.findings = tuple(findings)


class ProjectFileError(FindingsError):
    """Findings in the project file, so that no command can run."""

    exit_code = 2


class UnreadableTableError(FindingsError):
    """Findings in a file that is looked at or compared, so that it cannot be."""

    exit_code = 2

    def __init__(self, name: str, findings: Sequence[Finding]) -> None:
        super().__init__(findings)
        self.message = encodable(f"{name} cannot be read.")


class MappingError(FindingsError):
    """Findings in mappings, crosswalks or catalogs."""


class ValidationError(FindingsError):
    """Findings in the data that stop a plan."""


class PlanningError(SagereconError):
    """No plan can be made."""

    exit_code = 1


class CircularReferenceError(PlanningError):
    """Drafts refer to each other in a circle."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(
            f"Circular reference: {' -> '.join(path)}.",
            "Remove one of the references from its mapping, or leave one of the records out.",
        )
        self.path = tuple(path)


class BudgetTooSmallError(PlanningError):
    """The call budget leaves no calls for the plan."""

    exit_code = 2

    def __init__(self, limit: int, reserve: int) -> None:
        super().__init__(
            f"The budget of {limit} calls a day minus a reserve of {reserve} leaves no calls for the plan.",
            "Lower budget.reserve in sagerecon.yaml.",
        )
        self.limit = limit
        self.reserve = reserve


class PlanStaleError(SagereconError):
    """The plan does not match what it was made from, or was used before."""

    exit_code = 5


class StoreError(SagereconError):
    """The store cannot be used: unreadable, of another version, locked, or its disk is full."""


class DamagedStoreError(StoreError):
    """The store holds something that no sagerecon wrote."""

    def __init__(self) -> None:
        super().__init__(
            "The store is damaged.",
            "Restore its newest copy. If there is none, move the store away, then run: sagerecon auth login,"
            " sagerecon plan, sagerecon apply --distrust-store",
        )


class LockedError(StoreError):
    """Another process is working on the company.

    `until` is the instant at which its lock ends unless it is renewed, in milliseconds since 1970.
    """

    def __init__(self, message: str, hint: str, until: int) -> None:
        super().__init__(message, hint)
        self.until = until


class IncompleteStoreError(StoreError):
    """The store does not know all that was written to Sage: it is an older copy, or a new one."""

    exit_code = 1


class PausedError(SagereconError):
    """The command cannot continue for now; later the same command can.

    `until` is the instant from which it can, in milliseconds since 1970, or None where that is not known.
    """

    exit_code = 3

    def __init__(self, why: str, until: int | None = None) -> None:
        not_before = "" if until is None else f"Not before {instant_text(until)}: run the same command again."
        super().__init__(why, not_before or "Run the same command again.")
        self.why = why
        self.until = until


class SageError(SagereconError):
    """The answer of Sage, or its absence, does not allow the command to continue."""


class NoAnswerError(SageError):
    """No usable answer came. `sent` says whether the request may have reached Sage.

    A refused connection or a failed name lookup sent nothing; after that, the call is in doubt. Where an
    answer came that says nothing of the request, such as the error of a proxy, `has_answer` is true.
    """

    def __init__(self, message: str, *, sent: bool, has_answer: bool = False, expires_at: int = 0) -> None:
        super().__init__(message)
        self.sent = sent
        self.has_answer = has_answer
        self.expires_at = expires_at


class AuthorizationError(SageError):
    """The sign-in has expired, or there was none."""

    exit_code = 4


class TokenRefusedError(AuthorizationError):
    """Sage refused the access token, so that it did not carry the call out; a new token may be accepted."""

    def __init__(self) -> None:
        super().__init__("Sage does not accept the access token.", "Run the same command again.")


class WrongBusinessError(SageError):
    """An answer came from another business than the one requested."""

    def __init__(self, wanted: str, echoed: str) -> None:
        super().__init__(
            f"The request was for business {wanted}, and the answer came from business {echoed}.",
            "Nothing more was sent. Check business.id in sagerecon.yaml.",
        )
        self.wanted = wanted
        self.echoed = echoed


class RedirectedError(SageError):
    """A request that carries a token or the app's secret was answered with a redirect, which is not followed.

    Whether a redirected write was carried out is not known.
    """

    def __init__(self, source: str, status: int, target: str) -> None:
        super().__init__(
            f"{source} redirects to {target} (status {status}). The redirect was not followed, because the"
            " request carries a secret; nothing was sent there.",
            "Check sage.address in sagerecon.yaml, and the proxy of this machine.",
        )
        self.source = source
        self.status = status
        self.target = target


class ConservationError(SagereconError):
    """A count or a sum differs from the sum of its parts: a bug, so nothing may be signed."""

    exit_code = 70

    def __init__(self, law: str, whole: object, parts: object) -> None:
        super().__init__(
            f"Internal check failed: {law}: {whole} is not {parts}.",
            "This is a bug in sagerecon; please report it. Nothing was written.",
        )
        self.law = law
        self.whole = whole
        self.parts = parts


class OtherBooksError(SageError):
    """The financial settings of the business differ from those that the project expects."""

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__(
            f"The business in Sage differs from sagerecon.yaml: {'; '.join(wrong)}.",
            "Nothing was written. Change the setting in Sage, or correct the project and plan again.",
        )
        self.wrong = tuple(wrong)
