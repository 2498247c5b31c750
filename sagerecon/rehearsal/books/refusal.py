"""Why a request is refused: a status, and one object for each fault, in Sage's own shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sagerecon.rehearsal.request import error

#: What Sage says where a field is missing.
REQUIRED = "This field is required."


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request; `source` is the path of the field, or empty."""

    message: str
    source: str = ""
    code: str = "RecordInvalid"

    def answer(self) -> dict[str, Any]:
        """The fault as it stands in the answer's array."""
        return error(self.code, self.message, self.source)


class Refusal(Exception):
    """The request is refused and nothing has changed."""

    def __init__(self, status: int, faults: Iterable[Fault]) -> None:
        super().__init__(status)
        self.status = status
        self.faults = tuple(faults)

    def body(self) -> list[dict[str, Any]]:
        """The faults as Sage sends them."""
        return [fault.answer() for fault in self.faults]


def not_found() -> Refusal:
    """404: no such path, or no record with this id."""
    return Refusal(404, [Fault("Couldn't find record.", code="RecordNotFound")])


def not_allowed(message: str) -> Refusal:
    """405: the kind does not know the method, or this record does not allow it."""
    return Refusal(405, [Fault(message, code="MethodNotAllowed")])


def access_denied() -> Refusal:
    """403: the user's role does not reach so far."""
    message = "The current user is not allowed to access that resource with that method."
    return Refusal(403, [Fault(message, code="MultiUserAccessDenied")])


def not_in_edition(resource: str, edition: str) -> Refusal:
    """403: the subscription does not include the operation."""
    message = f"{resource} is not available in the {edition} edition."
    return Refusal(403, [Fault(message, code="AuthorizationFailure")])


def invalid(*faults: Fault) -> Refusal:
    """422: the body breaks rules."""
    return Refusal(422, faults)


_Found = TypeVar("_Found")


def known(found: _Found | None) -> _Found:
    """What was found.

    Raises:
        Refusal: 404, for it was not.
    """
    if found is None:
        raise not_found()
    return found
