"""Tests of the client of the API, against the rehearsal Sage in memory and over a socket."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
from dataclasses import dataclass
from decimal import Decimal

import pytest
import requests
from small_door import OpenDoor
from small_sage import (
    ADA,
    APP,
    AUTHORIZE_URL,
    BASE,
    ELM,
    OAK,
    REVOKE_URL,
    SECRET,
    TOKEN_URL,
    records,
    small_sage,
)
from small_vault import MemoryVault
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, ProtocolError, ProxyError

from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import SECOND
from sagerecon.model.errors import (
    AuthorizationError,
    NoAnswerError,
    RedirectedError,
    SageError,
    TokenRefusedError,
    WrongBusinessError,
)
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.gateway import ABSENT, DATE, SECONDS
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve
from sagerecon.sage.authorization import App, Authorization
from sagerecon.sage.client import ReadingClient, SageClient, may_have_been_sent
from sagerecon.sage.grant import GrantTokens
from sagerecon.sage.session import open_session
from sagerecon.sage.tokens import read_tokens

GRANT = "ada"
POST = Call("POST", "/contacts", body={"contact": {"name": "Oak", "credit_limit": Decimal("10.50")}})
GET = Call("GET", "/contacts", {"items_per_page": "1"})


@dataclass
class SignedIn:
    """A client that is signed in, and its parts."""

    sage: RehearsalSage
    session: requests.Session
    vault: MemoryVault
    tokens: GrantTokens
    client: SageClient
    door: OpenDoor

    def call(self, call: Call) -> Answer:
        self.client.ready(self.door)
        return self.client.call(call)


def signed_in(sage: RehearsalSage | None = None, business: str = OAK, base: str = "") -> SignedIn:
    sage = sage or small_sage()
    session = open_session(BASE)
    if not base:
        mount(session, sage)
    vault = MemoryVault(sage.clock)
    vault.save(GRANT, read_tokens(sage.grant(APP, ADA, OAK), sage.clock.now()), None)
    vault.events.clear()
    urls = (f"{base}/oauth2/auth/central", f"{base}/token", f"{base}/revoke")
    app = App(APP, SECRET, *(urls if base else (AUTHORIZE_URL, TOKEN_URL, REVOKE_URL)))
    tokens = GrantTokens(GRANT, vault, Authorization(app, session, sage.clock), sage.clock)
    client = SageClient(f"{base}/v3.1" if base else BASE, business, tokens, session, sage.clock)
    return SignedIn(sage, session, vault, tokens, client, OpenDoor())


def plant(sage: RehearsalSage, fault: Fault, trigger: Trigger) -> None:
    sage.faults = ScheduledFaults([(trigger, fault)])


def test_an_answer_has_all_that_the_runner_needs() -> None:
    here = signed_in()
    answer = here.call(POST)
    assert answer.status == 201
    assert answer.body["credit_limit"] == "10.50"
    assert len(answer.request_id) == 32
    assert answer.size > 50
    assert answer.retry_after_ms is None
    assert answer.expires_at == here.client.ready(here.door) == here.sage.clock.now() + 300 * SECOND
    assert here.call(GET).body["$total"] == 1


def test_numbers_are_exact() -> None:
    here = signed_in()
    here.session.mount(f"{BASE}/", _Fixed(b'{"weight": 0.1}'))
    assert here.call(GET).body["weight"] == Decimal("0.1")


class _Fixed(requests.adapters.HTTPAdapter):
    """Answers every request with the same bytes."""

    def __init__(self, content: bytes, status: int = 200, location: str = "") -> None:
        super().__init__()
        self.content, self.status, self.location = content, status, location

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response._content = self.status, self.content
        response.request = request
        response.headers.update({"Location": self.location} if self.location else {})
        return response


def test_refusals_and_errors_are_returned_as_answers() -> None:
    here = signed_in()
    refused = here.call(Call("POST", "/contacts", body={"contact": {}}))
    assert (refused.status, refused.body[0]["$source"]) == (422, "name")
    plant(here.sage, Fault(FaultType.ERROR_SAVED), Trigger(1, "POST"))
    assert here.call(POST).status == 500
    plant(here.sage, Fault(FaultType.ERROR, status=502), Trigger(1, "GET"))
    gateway = here.call(GET)
    assert (gateway.status, gateway.body) == (502, None)


@pytest.mark.parametrize(("shape", "wait"), [(SECONDS, 60_000), (DATE, 60_000), (ABSENT, None)])
def test_a_429_has_the_wait_that_sage_gives(shape: str, wait: int | None) -> None:
    here = signed_in(small_sage(per_minute=1))
    here.sage.gateway.retry_after = shape
    assert here.call(GET).status == 200
    refused = here.call(GET)
    assert (refused.status, refused.retry_after_ms) == (429, wait)


@pytest.mark.parametrize(
    ("fault", "sent", "saved"),
    [
        (Fault(FaultType.REFUSED), False, 0),
        (Fault(FaultType.RESET), True, 0),
        (Fault(FaultType.ANSWER_LOST), True, 1),
        (Fault(FaultType.TRUNCATED), True, 1),
        (Fault(FaultType.NOT_JSON), True, 1),
        (Fault(FaultType.SLOW, milliseconds=60_001), True, 1),
    ],
)
def test_an_error_without_an_answer_says_whether_the_call_was_sent(
    fault: Fault, sent: bool, saved: int
) -> None:
    here = signed_in()
    plant(here.sage, fault, Trigger(1, "POST", "/contacts"))
    with pytest.raises(NoAnswerError) as caught:
        here.call(POST)
    assert caught.value.sent is sent
    assert (caught.value.expires_at > 0) is sent
    assert len(records(here.sage)) == saved  # once, because the client repeats nothing
    assert here.call(GET).status == 200


def test_a_slow_answer_within_the_timeout_is_accepted() -> None:
    here = signed_in()
    plant(here.sage, Fault(FaultType.SLOW, milliseconds=59_000), Trigger(1, "POST"))
    assert here.call(POST).status == 201


def test_an_answer_from_another_business_is_refused() -> None:
    here = signed_in()
    plant(here.sage, Fault(FaultType.WRONG_ECHO), Trigger(1, "GET"))
    with pytest.raises(WrongBusinessError, match=OAK):
        here.call(GET)


def test_the_business_header_is_always_sent() -> None:
    here = signed_in(business=ELM)
    here.call(POST)
    assert (len(records(here.sage, ELM)), len(records(here.sage))) == (1, 0)
    assert here.call(Call("GET", "/businesses")).body["$total"] == 2  # names no business
    assert here.call(Call("GET", "/user")).body["id"] == ADA


def test_a_refused_token_is_replaced_before_the_next_call() -> None:
    here = signed_in()
    here.call(GET)
    here.sage.authorization._access.clear()  # Sage no longer knows the token, although it has not expired
    with pytest.raises(TokenRefusedError):
        here.call(POST)
    assert here.vault.events == []
    assert here.call(POST).status == 201
    assert here.vault.events == ["sent", "saved"]
    assert here.door.events == ["booked", "answered"]
    assert len(records(here.sage)) == 1


def test_a_401_after_a_refresh_asks_to_sign_in_again() -> None:
    here = signed_in()
    here.session.mount(
        f"{BASE}/", _Fixed(b'[{"$dataCode":"AuthorizationFailure","$message":"Bad token"}]', 401)
    )
    with pytest.raises(TokenRefusedError):
        here.call(GET)
    with pytest.raises(AuthorizationError, match="sagerecon auth login"):
        here.call(GET)
    assert here.vault.events == ["sent", "saved"]


def test_a_call_without_a_token_is_not_sent() -> None:
    here = signed_in()
    with pytest.raises(SageError, match="no token was made ready"):
        here.client.call(GET)
    assert here.sage.calls == 0


def test_a_401_for_a_lapsed_subscription_causes_no_refresh() -> None:
    here = signed_in()
    here.sage.lapse(OAK)
    assert here.call(GET).status == 401
    assert here.vault.events == []


def test_a_redirect_is_not_followed() -> None:
    here = signed_in()
    here.session.mount(f"{BASE}/", _Fixed(b"", 302, "https://elsewhere.example/"))
    with pytest.raises(RedirectedError, match=r"elsewhere\.example"):
        here.call(POST)


def test_a_reading_client_sends_only_get() -> None:
    here = signed_in()
    reading = ReadingClient(here.client)
    assert reading.ready(here.door) == here.client.ready(here.door)
    assert reading.call(GET).status == 200
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        with pytest.raises(SageError, match=method):
            reading.call(Call(method, "/contacts", body={}))
    assert records(here.sage) == {}


def test_idle_connections_are_dropped_before_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    here = signed_in()
    dropped: list[int] = []
    monkeypatch.setattr(here.session, "close", lambda: dropped.append(here.sage.clock.now()))
    here.call(POST)
    here.sage.clock.sleep(30 * SECOND)
    here.call(POST)
    assert dropped == []
    here.sage.clock.sleep(30 * SECOND + 1)
    here.call(GET)
    assert dropped == []
    here.sage.clock.sleep(30 * SECOND + 1)
    here.call(POST)
    assert len(dropped) == 1


def test_proxies_and_certificates_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "oauth.accounting.sage.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ours.pem")
    with open_session(BASE, TOKEN_URL, "http://127.0.0.1:4001/v3.1") as session:
        assert session.proxies == {"https://api.accounting.sage.com": "http://proxy.example:3128"}
        assert session.verify == "/etc/ours.pem"
        assert session.trust_env is False
        adapter = session.get_adapter(BASE)
        assert isinstance(adapter, requests.adapters.HTTPAdapter)
        assert adapter.max_retries.total == 0


def test_errors_contain_no_token() -> None:
    here = signed_in()
    tokens = here.tokens.current(here.door)
    plant(here.sage, Fault(FaultType.ANSWER_LOST), Trigger(1))
    with pytest.raises(NoAnswerError) as caught:
        here.call(POST)
    assert str(caught.value) == "No usable answer to POST /contacts: connection reset by peer."
    for text in (str(caught.value), repr(caught.value), repr(tokens)):
        assert tokens.access not in text
        assert tokens.refresh not in text


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (requests.ConnectTimeout(), False),
        (requests.ReadTimeout(), True),
        (requests.exceptions.InvalidURL(), False),
        (requests.ConnectionError(MaxRetryError(None, "/", ConnectTimeoutError())), False),  # type: ignore[arg-type]
        (requests.exceptions.ProxyError(MaxRetryError(None, "/", ProxyError("no", OSError()))), False),  # type: ignore[arg-type]
        (requests.exceptions.SSLError(MaxRetryError(None, "/", ssl.SSLCertVerificationError())), False),  # type: ignore[arg-type]
        (requests.exceptions.SSLError(ssl.SSLEOFError()), True),
        (requests.ConnectionError(ProtocolError("aborted", ConnectionResetError(104, "reset"))), True),
        (requests.exceptions.ContentDecodingError(), True),
    ],
)
def test_only_errors_before_sending_count_as_not_sent(error: requests.RequestException, sent: bool) -> None:
    assert may_have_been_sent(error) is sent


# Over a socket, with real resets.


@pytest.mark.parametrize(
    ("fault_type", "saved"), [(FaultType.ANSWER_LOST, 1), (FaultType.TRUNCATED, 1), (FaultType.RESET, 0)]
)
def test_an_answer_lost_on_a_socket_leaves_the_call_in_doubt(fault_type: FaultType, saved: int) -> None:
    sage = small_sage()
    with serve(sage) as server:
        here = signed_in(sage, base=server.url)
        with here.session:
            assert here.call(GET).status == 200
            plant(sage, Fault(fault_type), Trigger(1, "POST", "/contacts"))
            with pytest.raises(NoAnswerError) as caught:
                here.call(POST)
            assert caught.value.sent is True
            assert len(records(sage)) == saved
            assert here.call(GET).status == 200


def test_nothing_is_sent_to_an_absent_server() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
        here = signed_in(base=base)
        with pytest.raises(NoAnswerError, match="Sage cannot be reached: connection refused") as caught:
            here.call(POST)
        assert caught.value.sent is False
        unknown = SageClient(
            "http://no-such-host.invalid/v3.1", OAK, here.tokens, here.session, here.sage.clock
        )
        unknown.ready(here.door)
        with pytest.raises(NoAnswerError) as caught:
            unknown.call(POST)
        assert caught.value.sent is False
    del caught
    gc.collect()


def test_threads_share_one_refreshed_token_over_a_socket() -> None:
    sage = small_sage()
    with serve(sage) as server:
        here = signed_in(sage, base=server.url)
        sage.clock.sleep(240 * SECOND)
        statuses: list[int] = []
        threads = [threading.Thread(target=lambda: statuses.append(here.call(GET).status)) for _ in range(4)]
        with here.session:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert statuses == [200] * 4
        assert here.vault.events == ["sent", "saved"]
