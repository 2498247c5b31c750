"""The client of Sage's API, the only place from which a request is sent to it.

A call is one request, which the caller has booked before; the client repeats nothing. A call that may have
reached Sage without a usable answer is in doubt; the runner settles it.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError

from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import SECOND, Clock
from sagerecon.model.door import Door
from sagerecon.model.errors import (
    AuthorizationError,
    NoAnswerError,
    SageError,
    TokenRefusedError,
    WrongBusinessError,
)
from sagerecon.model.tokens import Tokens
from sagerecon.model.value import canonical
from sagerecon.sage.answer_form import form_fault
from sagerecon.sage.session import TIMEOUTS, raise_on_redirect
from sagerecon.sage.tokens import TokenSource
from sagerecon.sage.wire import is_subscription_lapsed, observe_time, read_body, retry_after_ms

#: Sage may close a connection that was idle for longer just when a POST is sent on it.
IDLE = 30 * SECOND

BUSINESS_HEADER = "X-Business"
REQUEST_ID_HEADER = "x_request_id"


class SageClient:
    """Sends calls to one business, one after another.

    Satisfies `runner.ports.Sage`, which documents its methods.
    """

    def __init__(
        self,
        base_url: str,
        business: str,
        tokens: TokenSource,
        session: requests.Session,
        clock: Clock,
        catalog: Catalog | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._business = business
        self._tokens = tokens
        self._session = session
        self._clock = clock
        self._catalog = catalog  # what the answers are checked by; None where nothing is known of them
        self._used_at = clock.now()
        self._ready: Tokens | None = None  # for the next call
        self._refused: Tokens | None = None  # by the latest call

    def ready(self, door: Door) -> int:
        if self._refused is None:
            self._ready = self._tokens.current(door)
        else:
            self._ready = self._tokens.replaced(self._refused, door)
        return self._ready.expires_at

    def call(self, call: Call) -> Answer:
        tokens = self._ready
        if tokens is None:
            raise SageError(
                f"{call.method} {call.path} was not sent: no token was made ready for it.",
                "This is a fault of sagerecon; please report it.",
            )
        answer = self._send(call, tokens)
        if not _is_token_refused(answer):
            self._refused = None
            return answer
        if self._refused is not None:
            raise AuthorizationError(
                "Sage does not accept new tokens.", "Sign in again: sagerecon auth login"
            )
        self._refused = tokens
        raise TokenRefusedError

    def _send(self, call: Call, tokens: Tokens) -> Answer:
        self._drop_idle_connections(call)
        asked_at = self._clock.now()
        try:
            response = self._session.request(
                call.method,
                self._base_url + call.path,
                params=dict(call.query),
                data=None if call.body is None else canonical(call.body).encode(),
                headers=self._headers(call, tokens),
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise _no_answer(call, error, tokens) from error
        finally:
            self._used_at = self._clock.now()
        observe_time(self._clock, response.headers.get("Date"), asked_at)
        raise_on_redirect(response)
        self._check_business(response)
        return self._answer(call, response, tokens)

    def _answer(self, call: Call, response: requests.Response, tokens: Tokens) -> Answer:
        status, content = response.status_code, response.content
        body = read_body(content)
        if 200 <= status < 300 and status != 204 and body is None:
            message = f"The answer to {call.method} {call.path} is not JSON."
            raise NoAnswerError(message, sent=True, expires_at=tokens.expires_at)
        known = self._catalog if 200 <= status < 300 and body is not None else None
        if known is not None and (fault := form_fault(body, call.path, known)):
            message = f"The answer to {call.method} {call.path} has another form than Sage's: {fault}."
            raise NoAnswerError(message, sent=True, expires_at=tokens.expires_at)
        return Answer(
            status=status,
            body=body,
            retry_after_ms=retry_after_ms(response.headers.get("Retry-After"), self._clock.now()),
            request_id=response.headers.get(REQUEST_ID_HEADER, ""),
            size=len(content),
            expires_at=tokens.expires_at,
        )

    def _headers(self, call: Call, tokens: Tokens) -> Mapping[str, str]:
        headers = {
            "Authorization": f"Bearer {tokens.access}",
            BUSINESS_HEADER: self._business,
            "Accept": "application/json",
            "User-Agent": _USER_AGENT,
        }
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _check_business(self, response: requests.Response) -> None:
        """Raise WrongBusinessError where the answer names another business; some answers name none."""
        echoed = response.headers.get(BUSINESS_HEADER)
        if echoed is not None and echoed != self._business:
            raise WrongBusinessError(self._business, echoed)

    def _drop_idle_connections(self, call: Call) -> None:
        if call.method != "GET" and self._clock.now() - self._used_at > IDLE:
            self._session.close()  # the session itself remains usable


class ReadingClient:
    """Sends GET requests only, so that reading a business back cannot change it."""

    def __init__(self, client: SageClient) -> None:
        self._client = client

    def ready(self, door: Door) -> int:
        return self._client.ready(door)

    def call(self, call: Call) -> Answer:
        """Send a GET call; raise SageError, without sending anything, for any other."""
        if call.method != "GET":
            raise SageError(
                f"{call.method} {call.path} was not sent: this command only reads.",
                "This is a fault of sagerecon; please report it.",
            )
        return self._client.call(call)


def _is_token_refused(answer: Answer) -> bool:
    return answer.status == 401 and not is_subscription_lapsed(answer.body)


def _no_answer(call: Call, error: requests.RequestException, tokens: Tokens) -> NoAnswerError:
    sent = may_have_been_sent(error)
    what = f"No usable answer to {call.method} {call.path}" if sent else "Sage cannot be reached"
    return NoAnswerError(
        f"{what}: {error_text(error)}.", sent=sent, expires_at=tokens.expires_at if sent else 0
    )


def may_have_been_sent(error: requests.RequestException) -> bool:
    """Return whether bytes of the request may have been sent before `error`; True where that is uncertain."""
    if isinstance(error, requests.ConnectTimeout):
        return False
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return False
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    if isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError):
        return False
    return not any(isinstance(link, ssl.SSLCertVerificationError) for link in _links(error))


def error_text(error: requests.RequestException) -> str:
    """Return a few words on what went wrong, without addresses and headers."""
    if isinstance(error, requests.Timeout):
        return "the request timed out"
    for link in reversed(list(_links(error))):
        if isinstance(link, OSError) and link.strerror:
            return link.strerror[0].lower() + link.strerror[1:]
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer is incomplete"
    return "the connection failed"


def _links(error: BaseException) -> list[BaseException]:
    """Return the error and its causes, outermost first."""
    links: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        link = todo.pop(0)
        if isinstance(link, BaseException) and not any(link is known for known in links):
            links.append(link)
            todo += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]
    return links


def _user_agent() -> str:
    try:
        return f"sagerecon/{version('sagerecon')}"
    except PackageNotFoundError:
        return "sagerecon"


_USER_AGENT = _user_agent()
