"""Tests of the sign-in and of refreshing tokens, against the rehearsal Sage."""

from __future__ import annotations

import json
import logging
import threading
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from consent_form import fields_of, submit
from small_door import OpenDoor
from small_sage import (
    ADA,
    APP,
    AUTHORIZE_URL,
    OAK,
    REDIRECT,
    REVOKE_URL,
    SECRET,
    TOKEN_URL,
    small_sage,
)
from small_vault import MemoryVault

from sagerecon.model.clock import SECOND
from sagerecon.model.errors import AuthorizationError, NoAnswerError, ProjectError, SageError, StoreError
from sagerecon.model.tokens import Tokens
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.authorization import GRACE, REFUSE, REVOKE
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve
from sagerecon.sage.authorization import App, Authorization, ConsentRequest
from sagerecon.sage.grant import GrantTokens
from sagerecon.sage.loopback import LoopbackListener
from sagerecon.sage.session import open_session
from sagerecon.sage.tokens import GrantEndedError, read_tokens

SAGE_APP = App(APP, SECRET, AUTHORIZE_URL, TOKEN_URL, REVOKE_URL)


def authorization(sage: RehearsalSage, app: App = SAGE_APP) -> Authorization:
    session = open_session()
    mount(session, sage)
    return Authorization(app, session, sage.clock)


def redirect_after(sage: RehearsalSage, request: ConsentRequest, answer: str = "allow") -> str:
    """Answer the consent page, and return the address to which the browser is redirected."""
    return submit(sage, request.url, choice=f"{ADA} {OAK}", answer=answer).headers["Location"]


def vault_with(sage: RehearsalSage) -> MemoryVault:
    vault = MemoryVault(sage.clock)
    vault.save("ada", read_tokens(sage.grant(APP, ADA, OAK), sage.clock.now()), None)
    vault.events.clear()
    return vault


def fail_tokens(sage: RehearsalSage, fault_type: FaultType, times: int = 1, status: int = 500) -> None:
    sage.faults = ScheduledFaults([(Trigger(1, "POST", "/token", times), Fault(fault_type, status))])


def test_the_consent_url_has_state_challenge_and_one_filter() -> None:
    request = authorization(small_sage()).request(REDIRECT, country="GB")
    query = parse_qsl(urlsplit(request.url).query)
    assert len(query) == len(dict(query))
    parameters = dict(query)
    assert parameters["filter"] == "apiv3.1"
    assert parameters["country"] == "gb"
    assert parameters["scope"] == "full_access"
    assert parameters["redirect_uri"] == REDIRECT
    assert parameters["code_challenge_method"] == "S256"
    assert request.verifier not in request.url
    assert request.verifier not in repr(request)
    assert SECRET not in request.url + repr(SAGE_APP)
    assert authorization(small_sage()).request(REDIRECT).state != request.state
    bare = App(APP, SECRET, AUTHORIZE_URL.partition("?")[0], TOKEN_URL, REVOKE_URL)
    assert "filter=apiv3.1" in authorization(small_sage(), bare).request(REDIRECT).url


def test_consent_gives_tokens_with_both_lifetimes() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    tokens = signing_in.exchange(request, redirect_after(sage, request))
    now = sage.clock.now()
    assert (tokens.obtained_at, tokens.expires_at) == (now, now + 300 * SECOND)
    assert tokens.refresh_expires_at == now + 2_678_400 * SECOND
    assert (tokens.requested_by, tokens.scope) == (ADA, "full_access")


def test_a_wrong_state_a_denial_and_a_late_code_are_refused() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    callback = redirect_after(sage, request)
    with pytest.raises(AuthorizationError, match="its state differs"):
        signing_in.exchange(signing_in.request(REDIRECT), callback)
    with pytest.raises(AuthorizationError, match="access_denied"):
        signing_in.exchange(request, redirect_after(sage, request, "deny"))
    sage.clock.sleep(60 * SECOND)
    with pytest.raises(AuthorizationError, match="older than 60 seconds"):
        signing_in.exchange(request, callback)


def test_a_stolen_code_is_refused_without_the_verifier() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    thief = ConsentRequest(request.url, request.state, REDIRECT, "w" * 64)
    with pytest.raises(AuthorizationError, match="code_verifier"):
        signing_in.exchange(thief, redirect_after(sage, request))


def test_a_refresh_gives_new_tokens_and_invalidates_the_old() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    first = read_tokens(sage.grant(APP, ADA, OAK), sage.clock.now())
    second = signing_in.refresh(first)
    assert second.refresh != first.refresh
    with pytest.raises(GrantEndedError, match="not the newest"):
        signing_in.refresh(first)
    signing_in.revoke(second)
    with pytest.raises(GrantEndedError):
        signing_in.refresh(second)


def test_a_wrong_secret_does_not_end_the_grant() -> None:
    sage = small_sage()
    wrong = authorization(sage, App(APP, "wrong", AUTHORIZE_URL, TOKEN_URL, REVOKE_URL))
    tokens = read_tokens(sage.grant(APP, ADA, OAK), sage.clock.now())
    with pytest.raises(AuthorizationError, match="client_secret") as caught:
        wrong.refresh(tokens)
    assert not isinstance(caught.value, GrantEndedError)
    with pytest.raises(AuthorizationError, match="did not revoke"):
        wrong.revoke(tokens)


@pytest.mark.parametrize(
    ("fault_type", "status"),
    [
        (FaultType.ANSWER_LOST, 0),
        (FaultType.TRUNCATED, 0),
        (FaultType.NOT_JSON, 0),
        (FaultType.ERROR, 503),
        (FaultType.ERROR, 500),
    ],
)
def test_a_refresh_without_a_usable_answer_is_in_doubt(fault_type: FaultType, status: int) -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    fail_tokens(sage, fault_type, status=status)
    with pytest.raises(NoAnswerError) as caught:
        signing_in.refresh(read_tokens(sage.grant(APP, ADA, OAK), sage.clock.now()))
    assert caught.value.sent is True


def test_http_urls_are_refused_except_on_this_machine() -> None:
    with pytest.raises(ProjectError, match="not an https URL"):
        App(APP, SECRET, "http://sage.example/authorize", TOKEN_URL, REVOKE_URL)
    with pytest.raises(ProjectError, match="not an https URL"):
        App(APP, SECRET, AUTHORIZE_URL, "ftp://127.0.0.1/token", REVOKE_URL)
    App(APP, SECRET, "http://127.0.0.1:4001/authorize", TOKEN_URL, REVOKE_URL)


def test_no_token_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("requests_oauthlib", "requests_oauthlib.oauth2_session", "oauthlib", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    first = signing_in.exchange(request, redirect_after(sage, request))
    second = signing_in.refresh(first)
    for secret in (first.access, first.refresh, second.access, second.refresh, SECRET, request.verifier):
        assert secret not in caplog.text


# Refreshing: after 80 % of the lifetime, one refresh at a time, stored before use.


def test_tokens_are_refreshed_before_they_expire_and_stored_before_use() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    first = source.current(OpenDoor())
    sage.clock.sleep(240 * SECOND - 1)
    assert source.current(OpenDoor()) is first
    sage.clock.sleep(1)
    second = source.current(OpenDoor())
    assert (second.generation, vault.events) == (2, ["sent", "saved"])
    assert vault.load("ada") == second


def test_concurrent_threads_refresh_once() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    workers = [GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(3)]
    for worker in workers:
        worker.current(OpenDoor())
    sage.clock.sleep(250 * SECOND)
    got: list[Tokens] = []
    threads = [
        threading.Thread(target=lambda worker=worker: got.append(worker.current(OpenDoor())))
        for worker in workers * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {tokens.generation for tokens in got} == {2}
    assert len({tokens.access for tokens in got}) == 1
    assert vault.events == ["sent", "saved"]


def test_a_worker_that_waited_for_the_lease_uses_the_tokens_of_the_other() -> None:
    sage = small_sage()
    sage.authorization.reuse = REVOKE
    vault = vault_with(sage)
    one, two = (GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(2))
    sage.clock.sleep(250 * SECOND)
    vault.meanwhile = lambda: two.current(OpenDoor())
    assert one.current(OpenDoor()) == two.current(OpenDoor())
    assert vault.events == ["sent", "saved"]


def test_a_refused_token_is_replaced_once_for_all_its_users() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    one, two = (GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(2))
    refused = one.current(OpenDoor())
    assert two.current(OpenDoor()) == refused
    assert one.replaced(refused, OpenDoor()).generation == 2
    assert two.replaced(refused, OpenDoor()).generation == 2
    assert vault.events == ["sent", "saved"]


def test_a_refresh_is_sent_again_after_a_lost_answer_and_its_refusal_ends_the_grant() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    source.current(OpenDoor())
    sage.clock.sleep(250 * SECOND)
    fail_tokens(sage, FaultType.ANSWER_LOST)
    with pytest.raises(GrantEndedError, match="sagerecon auth login"):
        source.current(OpenDoor())
    assert vault.events == ["sent", "deleted"]
    with pytest.raises(AuthorizationError, match="Not signed in"):
        source.current(OpenDoor())


def test_a_refresh_that_sage_did_not_receive_is_sent_again() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    sage.clock.sleep(250 * SECOND)
    fail_tokens(sage, FaultType.RESET)
    assert source.current(OpenDoor()).generation == 2
    assert vault.events == ["sent", "saved"]


@pytest.mark.parametrize("reuse", [REFUSE, GRACE])
def test_a_worker_killed_before_storing_new_tokens_leaves_the_old_ones(reuse: str) -> None:
    sage = small_sage()
    sage.authorization.reuse = reuse
    vault = vault_with(sage)
    held = vault.load("ada")
    assert held is not None
    vault.mark_refresh_sent("ada", held.generation)
    authorization(sage).refresh(held)  # the worker was killed before it stored the answer
    sage.clock.sleep(250 * SECOND)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    if reuse == GRACE:
        assert source.current(OpenDoor()).generation == 2
    else:
        with pytest.raises(GrantEndedError):
            source.current(OpenDoor())
        assert vault.load("ada") is None


def test_each_request_for_tokens_is_booked_before_it_is_sent() -> None:
    sage = small_sage()
    source = GrantTokens("ada", vault_with(sage), authorization(sage), sage.clock)
    door = OpenDoor()
    source.current(door)
    assert door.events == []  # nothing was due
    sage.clock.sleep(250 * SECOND)
    fail_tokens(sage, FaultType.REFUSED)
    source.current(door)
    assert door.events == ["booked", "refunded"]  # the connection was refused, so nothing was sent
    door.events.clear()
    fail_tokens(sage, FaultType.RESET)
    source.current(door)
    assert door.events == ["booked", "lost", "booked", "answered"]


def test_a_refresh_that_sage_refuses_for_now_has_an_answer() -> None:
    sage = small_sage()
    source = GrantTokens("ada", vault_with(sage), authorization(sage), sage.clock)
    sage.clock.sleep(250 * SECOND)
    door = OpenDoor()
    fail_tokens(sage, FaultType.TOO_MANY)
    source.current(door)
    assert door.events == ["booked", "answered", "booked", "answered"]


def test_a_lost_refresh_is_not_sent_again_while_the_budget_has_no_room() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    sage.clock.sleep(301 * SECOND)
    fail_tokens(sage, FaultType.RESET)
    door = OpenDoor(room=1)
    with pytest.raises(NoAnswerError) as caught:
        source.current(door)
    assert caught.value.sent is False  # no call was made
    assert (door.events, vault.events) == (["booked", "lost"], ["sent"])
    assert source.current(OpenDoor()).generation == 2


def test_a_refresh_is_not_sent_after_another_process_has_replaced_the_tokens() -> None:
    """Suspend a worker after it got the lease, until another one has refreshed."""
    sage = small_sage()
    sage.authorization.reuse = REVOKE
    vault = vault_with(sage)
    slow, quick = (GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(2))
    refused = slow.current(OpenDoor())
    mark, door = vault.mark_refresh_sent, OpenDoor()

    def suspended(grant: str, generation: int) -> bool:
        vault.mark_refresh_sent = mark  # type: ignore[method-assign]
        quick.replaced(refused, OpenDoor())
        return mark(grant, generation)

    vault.mark_refresh_sent = suspended  # type: ignore[method-assign]
    assert slow.replaced(refused, door).generation == 2
    assert (door.events, vault.events) == (["booked", "refunded"], ["sent", "saved"])


def test_a_refused_refresh_token_does_not_delete_the_tokens_of_another_process() -> None:
    """Suspend a worker between recording and sending its refresh, until another one has refreshed."""
    sage = small_sage()
    vault = vault_with(sage)
    slow, quick = (GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(2))
    refused = slow.current(OpenDoor())
    mark = vault.mark_refresh_sent

    def suspended(grant: str, generation: int) -> bool:
        vault.mark_refresh_sent = mark  # type: ignore[method-assign]
        is_marked = mark(grant, generation)
        quick.replaced(refused, OpenDoor())
        return is_marked

    vault.mark_refresh_sent = suspended  # type: ignore[method-assign]
    assert slow.replaced(refused, OpenDoor()).generation == 2
    assert vault.load("ada") == quick.current(OpenDoor())


def test_no_refresh_is_sent_after_the_company_was_lost_while_waiting_for_the_lease() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    refused, door = source.current(OpenDoor()), OpenDoor()

    def lost() -> None:
        raise StoreError("The lock on this company expired.")

    door.confirmed = lost
    with pytest.raises(StoreError):
        source.replaced(refused, door)
    assert vault.events == []


def test_a_valid_token_is_used_while_the_token_endpoint_is_down() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    sage.clock.sleep(250 * SECOND)
    fail_tokens(sage, FaultType.ERROR, times=4, status=503)
    assert source.current(OpenDoor()).generation == 1
    held = vault.load("ada")
    assert held is not None
    assert held.refresh_sent_at == sage.clock.now()
    sage.clock.sleep(50 * SECOND)
    with pytest.raises(NoAnswerError) as caught:
        source.current(OpenDoor())
    assert caught.value.sent is False  # no call was made
    assert source.current(OpenDoor()).generation == 2  # the endpoint works again


def test_without_a_sign_in_the_message_names_the_command() -> None:
    sage = small_sage()
    source = GrantTokens("ada", MemoryVault(sage.clock), authorization(sage), sage.clock)
    with pytest.raises(SageError, match="sagerecon auth login"):
        source.current(OpenDoor())


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": 5},
        {"access_token": "\ud800"},
        {"access_token": "\u20ac"},
        {"access_token": "a\r\nX-Other: b"},
        {"refresh_token": ["a"]},
        {"expires_in": float("inf")},
        {"expires_in": 10**30},
        {"refresh_token_expires_in": 10**12},
        {"scope": 5},
    ],
)
def test_an_answer_with_other_tokens_is_refused(change: dict[str, object]) -> None:
    granted = {"access_token": "a", "refresh_token": "r", "expires_in": 1, "refresh_token_expires_in": 1}
    assert read_tokens(granted, 0).access == "a"
    with pytest.raises(AuthorizationError, match="contains no valid tokens"):
        read_tokens({**granted, **change}, 0)


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b'{"error": ["x"]}', b'{"expires_in": {}}', b"{"])
def test_an_answer_of_another_form_is_an_error_of_ours(body: bytes) -> None:
    sage = small_sage()
    session = open_session(TOKEN_URL)
    session.mount("https://", Answering(body))
    authorization = Authorization(App("id", "secret", TOKEN_URL, TOKEN_URL, TOKEN_URL), session, sage.clock)
    with pytest.raises((AuthorizationError, NoAnswerError)):
        authorization.refresh(read_tokens(sage.grant(APP, ADA, OAK), sage.clock.now()))


class Answering(requests.adapters.HTTPAdapter):
    """Gives one answer to every request."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response._content = 200, self._body
        response.headers["Content-Type"] = "application/json"
        response.request, response.url = request, str(request.url)
        return response


def test_an_answer_without_tokens_is_refused() -> None:
    with pytest.raises(AuthorizationError, match="contains no valid tokens"):
        read_tokens({"access_token": "a"}, 0)


# With a real redirect to a listener on this machine.


def test_a_whole_sign_in_over_sockets() -> None:
    sage = small_sage()
    with (
        serve(sage) as server,
        LoopbackListener() as listener,
        open_session() as session,
        requests.Session() as browser,
    ):
        browser.trust_env = False
        urls = (f"{server.url}/oauth2/auth/central", f"{server.url}/token", f"{server.url}/revoke")
        signing_in = Authorization(App(APP, SECRET, *urls), session, sage.clock)
        request = signing_in.request(listener.redirect_uri, state=listener.state)
        redirected: list[str] = []
        waiting = threading.Thread(target=lambda: redirected.append(listener.wait(10)))
        waiting.start()
        unexpected = browser.get(listener.redirect_uri, params={"code": "x", "state": "y"}, timeout=5)
        assert unexpected.status_code == 400
        assert (
            browser.get(listener.redirect_uri.replace("/callback", "/favicon.ico"), timeout=5).status_code
            == 404
        )
        page = browser.get(request.url, timeout=5)
        done = browser.post(page.url, data={**fields_of(page.text), "answer": "allow"}, timeout=5)
        assert "You can close this window" in done.text
        waiting.join(10)
        tokens = signing_in.exchange(request, redirected[0])
        headers = {"Authorization": f"Bearer {tokens.access}"}
        listed = session.get(f"{server.url}/v3.1/businesses", headers=headers, timeout=5)
        assert json.loads(listed.content)["$total"] == 2


class Lines:
    """Pasted lines, and the reasons why they were refused."""

    def __init__(self, *lines: str | None) -> None:
        self.lines = list(lines)
        self.reasons: list[str] = []

    def line(self, seconds: float) -> str | None:
        return self.lines.pop(0) if self.lines else time.sleep(seconds)

    def refuse(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.mark.parametrize("answer", ["code=c%2F1&state=s1", "error=access_denied&state=s1"])
def test_an_answer_may_be_pasted(answer: str) -> None:
    pasted = Lines(None, "", f" http://127.0.0.1:1/callback?{answer}#_=_\r", "http://x/?code=2&state=s1")
    with LoopbackListener(state="s1") as listener:
        assert listener.wait(5, pasted) == f"{listener.redirect_uri}?{answer}"
    assert pasted.reasons == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("y", "it has no code and state"),
        ("http://127.0.0.1:1/callback", "it has no code and state"),
        ("http://127.0.0.1:1/callback?state=s1", "it has no code and state"),
        ("http://127.0.0.1:1/callback?code=1", "it has no code and state"),
        ("http://127.0.0.1:1/callback?code=1&state=s2", "belongs to another sign-in"),
        ("http://127.0.0.1:1/callback?code=1&state=", "it has no code and state"),
        ("http://127.0.0.1:1/callback?code=1&state=\u2028x", "belongs to another sign-in"),
        ("http://[", "it has no code and state"),
    ],
)
def test_a_pasted_line_that_is_no_answer_is_refused_and_the_next_is_read(line: str, reason: str) -> None:
    pasted = Lines(line, "http://127.0.0.1:1/callback?code=1&state=s1")
    with LoopbackListener(state="s1") as listener:
        assert listener.wait(5, pasted).endswith("?code=1&state=s1")
    (given,) = pasted.reasons
    assert reason in given


def test_the_browser_may_answer_while_a_line_is_awaited() -> None:
    with LoopbackListener(state="s1") as listener, requests.Session() as browser:
        browser.trust_env = False
        answer = {"code": "1", "state": "s1"}
        later = threading.Timer(0.3, browser.get, [listener.redirect_uri], {"params": answer, "timeout": 5})
        later.start()
        assert listener.wait(10, Lines()).endswith("?code=1&state=s1")
        later.join()


def test_pasting_ends_after_the_time_to_sign_in() -> None:
    with (
        LoopbackListener(state="s1") as listener,
        pytest.raises(AuthorizationError, match="not completed in the browser"),
    ):
        listener.wait(0.3, Lines())


def test_a_listener_stops_waiting_and_refuses_a_used_port() -> None:
    with (
        LoopbackListener(state="s1") as listener,
        pytest.raises(AuthorizationError, match="not completed in the browser"),
    ):
        listener.wait(0.05)
    with LoopbackListener(state="s1") as listener:
        port = urlsplit(listener.redirect_uri).port
        assert port is not None
        with pytest.raises(ProjectError, match=f"Port {port} cannot be used"):
            LoopbackListener(port)
