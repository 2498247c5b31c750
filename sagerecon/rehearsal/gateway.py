"""Checks between an API request and the books: sign-in, limits, permissions, idempotency."""

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

#: Form of the Retry-After header of a 429. Sage does not document it, so all three are supported.
SECONDS = "seconds"
DATE = "date"
ABSENT = "absent"

_METHODS = ("GET", "POST", "PUT", "DELETE")
_BUSINESS_HEADER = "X-Business"

#: Kinds that belong to no single business; the gateway answers them itself.
_ACCOUNT_KINDS = ("business", "user")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, and the business it is for."""

    app_id: str
    member: Member
    business: str
    user: User | None  #: None where the caller has no role in the business
    is_readonly: bool


@dataclass(slots=True)
class Gateway:
    """Handles an API request step by step, in the order in which Sage's refusals come."""

    authorization: AuthorizationServer
    membership: Membership
    limits: Limits
    idempotency: Idempotency
    retry_after: str = ABSENT

    def authenticate(self, headers: Mapping[str, str], now: int) -> Caller | Reply:
        """Return the caller, or a 401; header names are in lower case."""
        consent = self.authorization.consent_of(headers.get("authorization", ""), now)
        if consent is None:
            return refusal(401, "AuthorizationFailure", "The access token is missing, expired or not valid.")
        member = self.membership.members[consent.user_id]
        # Without the header, Sage uses the lead business and gives no warning.
        business = headers.get(_BUSINESS_HEADER.lower()) or member.lead
        return _caller(consent, member, business)

    def check_limits(self, caller: Caller, now: int) -> Reply | None:
        """Book the call and return None, or return a 429 if a limit is used up."""
        exceeded = self.limits.book_call(caller.app_id, caller.business, now)
        return None if exceeded is None else self.too_many(exceeded.limit, exceeded.frees_at, now)

    def too_many(self, limit: str, frees_at: int, now: int) -> Reply:
        """Return a 429. No public source shows the body of a real one, so its text is ours."""
        reply = refusal(429, "TooManyRequests", f"The limit {limit} is used up.")
        if self.retry_after == ABSENT:
            return reply
        seconds = -(-(frees_at - now) // SECOND)
        value = str(seconds)
        if self.retry_after == DATE:
            value = formatdate(-(-frees_at // SECOND), usegmt=True)
        return replace(reply, headers={**reply.headers, "Retry-After": value})

    def handle(
        self, caller: Caller, method: str, target: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Reply:
        """Answer a request that is within the limits; `target` is the path after the version."""
        path, query = split_target(target)
        parts = [part for part in path.split("/") if part]
        if method not in _METHODS:
            return refusal(405, "MethodNotAllowed", f"{method} is not offered.")
        if not parts or parts[0] == "me":
            return _not_found()
        if parts[0] in ("user", "businesses"):
            if method == "GET":
                return self._account_reply(caller.member, parts, query)
            return self._update_account(caller, method, path, headers, body, now)
        if (refused := self._check_access(caller, method)) is not None:
            return refused
        try:
            document = _read_body(headers, body)
        except _UnreadableBodyError as error:
            return error.reply
        assert caller.user is not None  # noqa: S101 - guaranteed by `_check_access`
        return self._handle_once(
            caller,
            ApiRequest(
                method=method,
                path=path,
                query=query,
                body=document,
                user=caller.user,
                now=now,
                wants_text=True,
            ),
        )

    def _account_reply(self, member: Member, parts: list[str], query: Mapping[str, str]) -> Reply:
        """Return the answer about the user or the businesses, which no single business owns."""
        if parts[0] == "businesses":
            return self.membership.businesses_answer(member, parts[1:], query)
        return self.membership.user_answer(member) if len(parts) == 1 else _not_found()

    def _update_account(
        self, caller: Caller, method: str, path: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Reply:
        """Change the user or a business, and return its new state."""
        member, parts = caller.member, [part for part in path.split("/") if part]
        is_user = parts[0] == "user"
        if method != "PUT" or len(parts) != (1 if is_user else 2):
            return _not_offered(method, path)
        business = member.lead if is_user else parts[1]
        user = member.in_business(business)
        if user is None:
            return _not_found()
        if caller.is_readonly:
            return _denied()
        try:
            document = _read_body(headers, body)
        except _UnreadableBodyError as error:
            return error.reply
        request = ApiRequest(method=method, path=path, query={}, body=document, user=user, now=now)
        answered = self.membership.businesses[business].handle(request)
        if answered.status != 200:
            return json_reply(answered.status, answered.body)
        if is_user:
            self.membership.change_user(member, answered.body, now)
        return self._account_reply(member, parts, {})

    def offered(self, catalog: Catalog) -> Iterator[tuple[Kind, Operation]]:
        """Yield every operation that is answered, by the gateway or by one of the businesses."""
        for kind in catalog:
            for operation in kind.operations.values():
                businesses = self.membership.businesses.values()
                if kind.name in _ACCOUNT_KINDS or any(
                    books.offers(kind, operation.name) for books in businesses
                ):
                    yield kind, operation

    def _check_access(self, caller: Caller, method: str) -> Reply | None:
        """Return a refusal if the caller lacks permission, whatever the books hold."""
        if caller.user is None:
            return _denied()
        if caller.business in self.membership.lapsed:
            return refusal(401, "AuthorizationFailure", "No active subscription. (MSE)")
        if method == "GET":
            return None
        if caller.is_readonly or caller.user.role == READ_ONLY:
            return _denied()
        if method == "DELETE" and caller.user.role == RESTRICTED:
            return _denied()
        return None

    def _handle_once(self, caller: Caller, request: ApiRequest) -> Reply:
        """Return the books' answer, or the first answer if the same request came before."""
        kind, id_, body = self.idempotency.unwrap(request.method, request.path, request.body)
        asked = f"{request.method} {request.path}"
        if kind is not None and id_:
            first = self.idempotency.replay(caller.business, kind, id_, body, request.now, asked)
            if first is not None:
                return _with_business_header(first, caller.business)
        answered = self.membership.businesses[caller.business].handle(replace(request, body=body))
        reply = json_reply(answered.status, answered.body, answered.headers)
        if kind is not None and id_:
            self.idempotency.record(caller.business, kind, id_, body, reply, request.now, asked)
        return _with_business_header(reply, caller.business)


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """Split a request target into its decoded path and its query."""
    parts = urlsplit(target)
    return unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))


class _UnreadableBodyError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def _read_body(headers: Mapping[str, str], body: bytes) -> Any:
    if not body:
        return None
    if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise _UnreadableBodyError(refusal(415, "UnsupportedMediaType", "Only application/json is accepted."))
    try:
        return read_json(body)
    except (ValueError, RecursionError):
        raise _UnreadableBodyError(refusal(400, "InvalidJson", "The request body is not JSON.")) from None


def _caller(consent: Consent, member: Member, business: str) -> Caller:
    return Caller(
        app_id=consent.client_id,
        member=member,
        business=business,
        user=member.in_business(business),
        is_readonly=consent.scope == "readonly",
    )


def _with_business_header(reply: Reply, business: str) -> Reply:
    return replace(reply, headers={**reply.headers, _BUSINESS_HEADER: business})


def _denied() -> Reply:
    message = "The current user is not allowed to access that resource with that method."
    return refusal(403, "MultiUserAccessDenied", message)


def _not_found() -> Reply:
    return refusal(404, "RecordNotFound", "Couldn't find record.")


def _not_offered(method: str, path: str) -> Reply:
    return refusal(405, "MethodNotAllowed", f"{method} is not offered on {path}.")
