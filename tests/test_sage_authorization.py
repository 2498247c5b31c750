"""Our side of the sign-in, against the rehearsal Sage."""

from __future__ import annotations

import json
import logging
import re
import threading
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
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
from sagerecon.model.errors import AuthorizationError, NoAnswerError, ProjectError, SageError
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
from sagerecon.sage.tokens import GrantEndedError, tokens_of

SAGE_APP = App(APP, SECRET, AUTHORIZE_URL, TOKEN_URL, REVOKE_URL)


def authorization(sage: RehearsalSage, app: App = SAGE_APP) -> Authorization:
    session = open_session()
    mount(session, sage)
    return Authorization(app, session, sage.clock)


def consented(sage: RehearsalSage, request: ConsentRequest, answer: str = "allow") -> str:
    """The address to which a visitor's browser is sent back."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"choice={ADA}+{OAK}&answer={answer}".encode()
    return sage.request("POST", request.url, form, body).headers["Location"]


def vault_with(sage: RehearsalSage) -> MemoryVault:
    vault = MemoryVault(sage.clock)
    vault.save("ada", tokens_of(sage.grant(APP, ADA, OAK), sage.clock.now()), None)
    vault.events.clear()
    return vault


def strike(sage: RehearsalSage, fault_type: FaultType, times: int = 1, status: int = 500) -> None:
    sage.faults = ScheduledFaults([(Trigger(1, "POST", "/token", times), Fault(fault_type, status))])


def test_the_address_has_state_challenge_and_one_filter() -> None:
    request = authorization(small_sage()).request(REDIRECT, country="GB")
    query = parse_qsl(urlsplit(request.url).query)
    assert len(query) == len(dict(query))
    asked = dict(query)
    assert asked["filter"] == "apiv3.1"
    assert asked["country"] == "gb"
    assert asked["scope"] == "full_access"
    assert asked["redirect_uri"] == REDIRECT
    assert asked["code_challenge_method"] == "S256"
    assert request.verifier not in request.url
    assert request.verifier not in repr(request)
    assert SECRET not in request.url + repr(SAGE_APP)
    assert authorization(small_sage()).request(REDIRECT).state != request.state
    bare = App(APP, SECRET, AUTHORIZE_URL.partition("?")[0], TOKEN_URL, REVOKE_URL)
    assert "filter=apiv3.1" in authorization(small_sage(), bare).request(REDIRECT).url


def test_consent_gives_tokens_with_both_lives() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    tokens = signing_in.exchange(request, consented(sage, request))
    now = sage.clock.now()
    assert (tokens.obtained_at, tokens.expires_at) == (now, now + 300 * SECOND)
    assert tokens.refresh_expires_at == now + 2_678_400 * SECOND
    assert (tokens.requested_by, tokens.scope) == (ADA, "full_access")


def test_another_state_a_denial_and_a_late_code_are_refused() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    callback = consented(sage, request)
    with pytest.raises(AuthorizationError, match="another sign-in"):
        signing_in.exchange(signing_in.request(REDIRECT), callback)
    with pytest.raises(AuthorizationError, match="access_denied"):
        signing_in.exchange(request, consented(sage, request, "deny"))
    sage.clock.sleep(60 * SECOND)
    with pytest.raises(AuthorizationError, match="older than 60 seconds"):
        signing_in.exchange(request, callback)


def test_a_stolen_code_is_worthless_without_the_verifier() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    thief = ConsentRequest(request.url, request.state, REDIRECT, "w" * 64)
    with pytest.raises(AuthorizationError, match="code_verifier"):
        signing_in.exchange(thief, consented(sage, request))


def test_a_refresh_gives_the_next_generation_and_ends_the_last() -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    first = tokens_of(sage.grant(APP, ADA, OAK), sage.clock.now())
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
    tokens = tokens_of(sage.grant(APP, ADA, OAK), sage.clock.now())
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
def test_a_token_endpoint_that_gives_no_answer_leaves_the_refresh_in_doubt(
    fault_type: FaultType, status: int
) -> None:
    sage = small_sage()
    signing_in = authorization(sage)
    strike(sage, fault_type, status=status)
    with pytest.raises(NoAnswerError) as caught:
        signing_in.refresh(tokens_of(sage.grant(APP, ADA, OAK), sage.clock.now()))
    assert caught.value.sent is True


def test_addresses_in_the_clear_are_refused_but_on_this_machine() -> None:
    with pytest.raises(ProjectError, match="not an https address"):
        App(APP, SECRET, "http://sage.example/authorize", TOKEN_URL, REVOKE_URL)
    with pytest.raises(ProjectError, match="not an https address"):
        App(APP, SECRET, AUTHORIZE_URL, "ftp://127.0.0.1/token", REVOKE_URL)
    App(APP, SECRET, "http://127.0.0.1:4001/authorize", TOKEN_URL, REVOKE_URL)


def test_no_token_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("requests_oauthlib", "requests_oauthlib.oauth2_session", "oauthlib", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    sage = small_sage()
    signing_in = authorization(sage)
    request = signing_in.request(REDIRECT)
    first = signing_in.exchange(request, consented(sage, request))
    second = signing_in.refresh(first)
    for secret in (first.access, first.refresh, second.access, second.refresh, SECRET, request.verifier):
        assert secret not in caplog.text


# Tokens kept fresh: before 80 % of their life, one refresh at a time, durable before use.


def test_tokens_are_refreshed_before_their_end_and_stored_before_use() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    first = source.current()
    sage.clock.sleep(240 * SECOND - 1)
    assert source.current() is first
    sage.clock.sleep(1)
    second = source.current()
    assert (second.generation, vault.events) == (2, ["sent", "saved"])
    assert vault.load("ada") == second


def test_threads_and_workers_that_find_it_due_refresh_once() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    workers = [GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(3)]
    for worker in workers:
        worker.current()
    sage.clock.sleep(250 * SECOND)
    got: list[Tokens] = []
    threads = [
        threading.Thread(target=lambda worker=worker: got.append(worker.current())) for worker in workers * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {tokens.generation for tokens in got} == {2}
    assert len({tokens.access for tokens in got}) == 1
    assert vault.events == ["sent", "saved"]


def test_a_worker_that_waited_for_the_lease_takes_what_the_other_got() -> None:
    sage = small_sage()
    sage.authorization.reuse = REVOKE
    vault = vault_with(sage)
    one, two = (GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(2))
    sage.clock.sleep(250 * SECOND)
    vault.meanwhile = two.current
    assert one.current() == two.current()
    assert vault.events == ["sent", "saved"]


def test_a_token_that_sage_refused_is_replaced_once_for_all_who_held_it() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    one, two = (GrantTokens("ada", vault, authorization(sage), sage.clock) for _ in range(2))
    refused = one.current()
    assert two.current() == refused
    assert one.replaced(refused).generation == 2
    assert two.replaced(refused).generation == 2
    assert vault.events == ["sent", "saved"]


def test_a_lost_refresh_answer_is_tried_once_more_and_then_the_grant_has_ended() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    source.current()
    sage.clock.sleep(250 * SECOND)
    strike(sage, FaultType.ANSWER_LOST)
    with pytest.raises(GrantEndedError, match="sagerecon auth login"):
        source.current()
    assert vault.events == ["sent", "forgotten"]
    with pytest.raises(AuthorizationError, match="Nobody has signed in"):
        source.current()


def test_a_lost_refresh_answer_is_no_loss_where_sage_had_not_rotated() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    sage.clock.sleep(250 * SECOND)
    strike(sage, FaultType.RESET)
    assert source.current().generation == 2
    assert vault.events == ["sent", "saved"]


@pytest.mark.parametrize("reuse", [REFUSE, GRACE])
def test_a_worker_that_died_before_storing_new_tokens_leaves_the_old_ones_to_try(reuse: str) -> None:
    sage = small_sage()
    sage.authorization.reuse = reuse
    vault = vault_with(sage)
    held = vault.load("ada")
    assert held is not None
    vault.mark_refresh_sent("ada", held.generation)
    authorization(sage).refresh(held)  # its answer died with the worker
    sage.clock.sleep(250 * SECOND)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    if reuse == GRACE:
        assert source.current().generation == 2
    else:
        with pytest.raises(GrantEndedError):
            source.current()
        assert vault.load("ada") is None


def test_while_the_token_endpoint_is_down_a_living_token_is_used() -> None:
    sage = small_sage()
    vault = vault_with(sage)
    source = GrantTokens("ada", vault, authorization(sage), sage.clock)
    sage.clock.sleep(250 * SECOND)
    strike(sage, FaultType.ERROR, times=4, status=503)
    assert source.current().generation == 1
    held = vault.load("ada")
    assert held is not None
    assert held.refresh_sent_at == sage.clock.now()
    sage.clock.sleep(50 * SECOND)
    with pytest.raises(NoAnswerError) as caught:
        source.current()
    assert caught.value.sent is False  # no call was made
    assert source.current().generation == 2  # it is up again


def test_nobody_signed_in_says_what_to_do() -> None:
    sage = small_sage()
    source = GrantTokens("ada", MemoryVault(sage.clock), authorization(sage), sage.clock)
    with pytest.raises(SageError, match="sagerecon auth login"):
        source.current()


def test_an_answer_without_tokens_is_no_sign_in() -> None:
    with pytest.raises(AuthorizationError, match="holds no tokens"):
        tokens_of({"access_token": "a"}, 0)


# With a real redirect on loopback.


def test_the_whole_way_with_a_browser_over_sockets() -> None:
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
        request = signing_in.request(listener.redirect_uri)
        came: list[str] = []
        waiting = threading.Thread(target=lambda: came.append(listener.wait(request.state, 10)))
        waiting.start()
        stranger = browser.get(listener.redirect_uri, params={"code": "x", "state": "y"}, timeout=5)
        assert stranger.status_code == 400
        assert (
            browser.get(listener.redirect_uri.replace("/callback", "/favicon.ico"), timeout=5).status_code
            == 404
        )
        page = browser.get(request.url, timeout=5)
        choice = re.findall(r'name="choice" value="([^"]+)"', page.text)[0]
        done = browser.post(page.url, data={"choice": choice, "answer": "allow"}, timeout=5)
        assert "You can close this window" in done.text
        waiting.join(10)
        tokens = signing_in.exchange(request, came[0])
        headers = {"Authorization": f"Bearer {tokens.access}"}
        listed = session.get(f"{server.url}/v3.1/businesses", headers=headers, timeout=5)
        assert json.loads(listed.content)["$total"] == 2


def test_nobody_coming_back_is_an_end_too() -> None:
    with LoopbackListener() as listener, pytest.raises(AuthorizationError, match="Nobody came back"):
        listener.wait("state", 0.05)
    with LoopbackListener() as listener:
        port = urlsplit(listener.redirect_uri).port
        assert port is not None
        with pytest.raises(ProjectError, match=f"Port {port} cannot be used"):
            LoopbackListener(port)
