"""Refusals of requests: a status, and one object for each fault, in Sage's format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sagerecon.rehearsal.request import error

#: Sage's message for a missing field.
REQUIRED = "This field is required."


@dataclass(frozen=True, slots=True)
class Fault:
    """One error in a request; `source` is the path of the field, or empty."""

    message: str
    source: str = ""
    code: str = "RecordInvalid"

    def answer(self) -> dict[str, Any]:
        """Return the fault as an object of the error array."""
        return error(self.code, self.message, self.source)


class Refusal(Exception):
    """The request is refused and nothing has changed."""

    def __init__(self, status: int, faults: Iterable[Fault]) -> None:
        super().__init__(status)
        self.status = status
        self.faults = tuple(faults)

    def body(self) -> list[dict[str, Any]]:
        """Return the faults as Sage sends them."""
        return [fault.answer() for fault in self.faults]


def not_found() -> Refusal:
    """Return a 404: no such path, or no record with this id."""
    return Refusal(404, [Fault("Couldn't find record.", code="RecordNotFound")])


def not_allowed(message: str) -> Refusal:
    """Return a 405: the kind or the record does not support the method."""
    return Refusal(405, [Fault(message, code="MethodNotAllowed")])


def access_denied() -> Refusal:
    """Return a 403: the user's role does not permit the operation."""
    message = "The current user is not allowed to access that resource with that method."
    return Refusal(403, [Fault(message, code="MultiUserAccessDenied")])


def not_in_edition(resource: str, edition: str) -> Refusal:
    """Return a 403: the subscription does not include the operation."""
    message = f"{resource} is not available in the {edition} edition."
    return Refusal(403, [Fault(message, code="AuthorizationFailure")])


def invalid(*faults: Fault) -> Refusal:
    """Return a 422: the body is not valid."""
    return Refusal(422, faults)


_Found = TypeVar("_Found")


def require_found(found: _Found | None) -> _Found:
    """Return `found`, which must not be None.

    Raises:
        Refusal: 404, it is None.
    """
    if found is None:
        raise not_found()
    return found
