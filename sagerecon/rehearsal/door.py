"""What stands between a request and the books: sign-in, limits, rights, idempotency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sagerecon.model.catalog import Catalog, Kind, Operation
from sagerecon.model.clock import SECOND
from sagerecon.model.value import read_json
from sagerecon.rehearsal.authorization import AuthorizationServer, Consent
from sagerecon.rehearsal.idempotency import Idempotency
from sagerecon.rehearsal.limits import Limits
from sagerecon.rehearsal.membership import Member, Membership
from sagerecon.rehearsal.reply import JSON, Reply, json_reply, refusal
from sagerecon.rehearsal.request import READ_ONLY, RESTRICTED, ApiRequest, User

#: How a 429 says when to come back. Sage does not document it, so all three can be played.
SECONDS = "seconds"
DATE = "date"
ABSENT = "absent"

_METHODS = ("GET", "POST", "PUT", "DELETE")
_BUSINESS_HEADER = "X-Business"

#: Kinds that lie above the businesses and are answered at the door.
_ABOVE = ("business", "user")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request whose caller and business are known."""

    app_id: str
    member: Member
    business: str
    user: User | None  #: None where the caller has no role in the business
    is_readonly: bool


@dataclass(slots=True)
class Door:
    """Judges a request step by step, in the order in which the refusals come."""

    authorization: AuthorizationServer
    membership: Membership
    limits: Limits
    idempotency: Idempotency
    retry_after: str = ABSENT

    def visit(self, headers: Mapping[str, str], now: int) -> Visit | Reply:
        """Who is calling about which business; header names are in lower case."""
        consent = self.authorization.bearer(headers.get("authorization", ""), now)
        if consent is None:
            return refusal(401, "AuthorizationFailure", "The access token is missing, expired or not valid.")
        member = self.membership.members[consent.user_id]
        business = headers.get(_BUSINESS_HEADER.lower()) or member.lead  # silently, as Sage does
        return _visit(consent, member, business)

    def limited(self, visit: Visit, now: int) -> Reply | None:
        """A 429 where a limit is used up; else the call is booked."""
        exceeded = self.limits.exceeded(visit.app_id, visit.business, now)
        return None if exceeded is None else self.too_many(exceeded.limit, exceeded.frees_at, now)

    def too_many(self, limit: str, frees_at: int, now: int) -> Reply:
        """A 429 as this Sage words it; no public source shows the body of a real one."""
        reply = refusal(429, "TooManyRequests", f"The limit {limit} is used up.")
        if self.retry_after == ABSENT:
            return reply
        seconds = -(-(frees_at - now) // SECOND)
        value = str(seconds)
        if self.retry_after == DATE:
            value = formatdate(-(-frees_at // SECOND), usegmt=True)
        return replace(reply, headers={**reply.headers, "Retry-After": value})

    def answer(
        self, visit: Visit, method: str, target: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Reply:
        """The answer to a request within the limits; `target` is the path after the version."""
        path, query = split_target(target)
        parts = [part for part in path.split("/") if part]
        if method not in _METHODS:
            return refusal(405, "MethodNotAllowed", f"{method} is not offered.")
        if not parts or parts[0] == "me":
            return _not_found()
        if parts[0] in ("user", "businesses"):
            if method == "GET":
                return self._about(visit.member, parts, query)
            return self._about_changed(visit, method, path, headers, body, now)
        if (refused := self._refused(visit, method)) is not None:
            return refused
        try:
            document = _read_body(headers, body)
        except _UnreadableError as error:
            return error.reply
        assert visit.user is not None  # noqa: S101 - `_refused` has seen to it
        return self._booked(
            visit, ApiRequest(method, path, query, document, visit.user, now, wants_text=True)
        )

    def _about(self, member: Member, parts: list[str], query: Mapping[str, str]) -> Reply:
        """What is told about the user, or about the businesses: they lie above any one business."""
        if parts[0] == "businesses":
            return self.membership.businesses_answer(member, parts[1:], query)
        return self.membership.user_answer(member) if len(parts) == 1 else _not_found()

    def _about_changed(
        self, visit: Visit, method: str, path: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Reply:
        """The user or a business after a change of what is told about them."""
        member, parts = visit.member, [part for part in path.split("/") if part]
        is_user = parts[0] == "user"
        if method != "PUT" or len(parts) != (1 if is_user else 2):
            return _not_offered(method, path)
        business = member.lead if is_user else parts[1]
        user = member.in_business(business)
        if user is None:
            return _not_found()
        if visit.is_readonly:
            return _denied()
        try:
            document = _read_body(headers, body)
        except _UnreadableError as error:
            return error.reply
        request = ApiRequest(method, path, {}, document, user, now)
        answered = self.membership.businesses[business].handle(request)
        if answered.status != 200:
            return json_reply(answered.status, answered.body)
        if is_user:
            self.membership.change_user(member, answered.body, now)
        return self._about(member, parts, {})

    def offered(self, catalog: Catalog) -> Iterator[tuple[Kind, Operation]]:
        """Every operation that is answered, here or in one of the businesses."""
        for kind in catalog:
            for operation in kind.operations.values():
                businesses = self.membership.businesses.values()
                if kind.name in _ABOVE or any(books.offers(kind, operation.name) for books in businesses):
                    yield kind, operation

    def _refused(self, visit: Visit, method: str) -> Reply | None:
        """What the caller may not do, whatever the books say."""
        if visit.user is None:
            return _denied()
        if visit.business in self.membership.lapsed:
            return refusal(401, "AuthorizationFailure", "No active subscription. (MSE)")
        if method == "GET":
            return None
        if visit.is_readonly or visit.user.role == READ_ONLY:
            return _denied()
        if method == "DELETE" and visit.user.role == RESTRICTED:
            return _denied()
        return None

    def _booked(self, visit: Visit, request: ApiRequest) -> Reply:
        """What the books answer, or answered when the same request came first."""
        kind, id_, body = self.idempotency.unwrap(request.method, request.path, request.body)
        asked = f"{request.method} {request.path}"
        if kind is not None and id_:
            first = self.idempotency.answered(visit.business, kind, id_, body, request.now, asked)
            if first is not None:
                return _echoing(first, visit.business)
        answered = self.membership.businesses[visit.business].handle(replace(request, body=body))
        reply = json_reply(answered.status, answered.body, answered.headers)
        if kind is not None and id_:
            self.idempotency.remember(visit.business, kind, id_, body, reply, request.now, asked)
        return _echoing(reply, visit.business)


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """The bare path and the query of what follows the host and the version."""
    parts = urlsplit(target)
    return unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))


class _UnreadableError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def _read_body(headers: Mapping[str, str], body: bytes) -> Any:
    if not body:
        return None
    if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise _UnreadableError(refusal(415, "UnsupportedMediaType", "Only application/json is accepted."))
    try:
        return read_json(body)
    except (ValueError, RecursionError):
        raise _UnreadableError(refusal(400, "InvalidJson", "The request body is not JSON.")) from None


def _visit(consent: Consent, member: Member, business: str) -> Visit:
    return Visit(
        consent.client_id, member, business, member.in_business(business), consent.scope == "readonly"
    )


def _echoing(reply: Reply, business: str) -> Reply:
    return replace(reply, headers={**reply.headers, _BUSINESS_HEADER: business})


def _denied() -> Reply:
    message = "The current user is not allowed to access that resource with that method."
    return refusal(403, "MultiUserAccessDenied", message)


def _not_found() -> Reply:
    return refusal(404, "RecordNotFound", "Couldn't find record.")


def _not_offered(method: str, path: str) -> Reply:
    return refusal(405, "MethodNotAllowed", f"{method} is not offered on {path}.")
