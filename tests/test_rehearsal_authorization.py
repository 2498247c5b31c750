"""Sign-in at the rehearsal Sage, for browsers and apps."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from consent_form import fields_of, submit
from small_sage import ADA, APP, ELM, OAK, REDIRECT, SECRET, bearer, small_sage

from sagerecon.model.clock import DAY, MINUTE, SECOND
from sagerecon.rehearsal.authorization import GRACE, REVOKE
from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "filter": "apiv3.1",
    "response_type": "code",
    "client_id": APP,
    "redirect_uri": REDIRECT,
    "state": "a state & more",
    "scope": "full_access",
}
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def authorize(sage: RehearsalSage, asked: Mapping[str, str], **form: str) -> Reply:
    """Return the consent page, or the answer to a submitted choice."""
    url = f"/oauth2/auth/central?{urlencode(asked)}"
    return submit(sage, url, **form) if form else sage.request("GET", url, {})


def redirect_query(reply: Reply) -> dict[str, str]:
    """Return the query of the redirect to the app."""
    assert reply.status == 302
    assert reply.headers["Location"].startswith(f"{REDIRECT}?")
    return dict(parse_qsl(urlsplit(reply.headers["Location"]).query))


def code_of(sage: RehearsalSage, asked: Mapping[str, str] = ASKED, business: str = OAK) -> str:
    return redirect_query(authorize(sage, asked, choice=f"{ADA} {business}", answer="allow"))["code"]


def token(sage: RehearsalSage, **form: str) -> tuple[int, dict[str, Any]]:
    """Return the answer of the token endpoint."""
    return answered(sage, {"client_id": APP, "client_secret": SECRET, **form}, FORM)


def answered(
    sage: RehearsalSage, form: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    reply = sage.request("POST", "/token", headers, urlencode(form).encode())
    return reply.status, json.loads(reply.body)


def exchange(sage: RehearsalSage, code: str, **more: str) -> tuple[int, dict[str, Any]]:
    return token(sage, grant_type="authorization_code", code=code, redirect_uri=REDIRECT, **more)


def refresh(sage: RehearsalSage, refresh_token: str) -> tuple[int, dict[str, Any]]:
    return token(sage, grant_type="refresh_token", refresh_token=refresh_token)


def test_the_consent_page_lists_users_and_businesses_escaped() -> None:
    page = authorize(small_sage(), ASKED).body.decode()
    assert page.count('type="radio"') == 4
    assert "Elm &lt;Ltd&gt;, IE" in page
    assert "Read Only" in page
    only_irish = authorize(small_sage(), {**ASKED, "country": "ie"}).body.decode()
    assert only_irish.count('type="radio"') == 1


@pytest.mark.parametrize("answer", ["allow", "deny"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Host": "127.0.0.1:8065"},
        {"Origin": "http://127.0.0.1:9999", "Host": "127.0.0.1:8065"},
        {"Origin": "null", "Host": "127.0.0.1:8065"},
        {"Origin": "http://127.0.0.1:8065"},
        {"Origin": "http://[", "Host": "127.0.0.1:8065"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str], answer: str) -> None:
    sage = small_sage()
    url = f"/oauth2/auth/central?{urlencode(ASKED)}"
    fields = {**fields_of(authorize(sage, ASKED).body.decode()), "answer": answer}
    reply = sage.request("POST", url, {**FORM, **headers}, urlencode(fields).encode())
    assert (reply.status, "Location" in reply.headers) == (403, False)
    own = {"Origin": "http://localhost:1", "Host": "localhost:1", "Sec-Fetch-Site": "same-origin"}
    assert sage.request("POST", url, {**FORM, **own}, urlencode(fields).encode()).status == 302


def test_a_form_needs_the_token_of_its_own_page() -> None:
    sage = small_sage()
    other = fields_of(authorize(sage, {**ASKED, "state": "another"}).body.decode())["token"]
    elsewhere = fields_of(authorize(small_sage(), ASKED).body.decode())["token"]
    for token in ("", "x", "\u00e9", other, elsewhere):
        assert authorize(sage, ASKED, choice=f"{ADA} {OAK}", answer="allow", token=token).status == 403
    url = f"/oauth2/auth/central?{urlencode(ASKED)}"
    bare = urlencode({"choice": f"{ADA} {OAK}", "answer": "allow"}).encode()
    assert sage.request("POST", url, FORM, bare).status == 403


def test_no_page_of_the_sandbox_is_shown_in_a_frame() -> None:
    sage = small_sage()
    for reply in (authorize(sage, ASKED), authorize(sage, {}), sage.request("GET", "/", {})):
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert "script" not in reply.body.decode()


def test_without_the_filter_there_is_no_business_to_choose() -> None:
    asked = {name: value for name, value in ASKED.items() if name != "filter"}
    assert b"radio" not in authorize(small_sage(), asked).body


def test_the_redirect_has_code_country_and_state() -> None:
    sage = small_sage()
    query = redirect_query(authorize(sage, ASKED, choice=f"{ADA} {ELM}", answer="allow"))
    assert query["state"] == "a state & more"
    assert query["country"] == "IE"
    assert re.fullmatch(r"IE/[0-9a-f]{32}", query["code"])
    assert redirect_query(authorize(sage, ASKED, answer="deny"))["error"] == "access_denied"
    assert authorize(sage, ASKED, choice=f"{ADA} {'9' * 32}", answer="allow").status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:8765/elsewhere"},
        {"redirect_uri": "http://localhost:8765/callback"},
    ],
)
def test_an_unregistered_redirect_uri_is_refused(wrong: dict[str, str]) -> None:
    assert authorize(small_sage(), {**ASKED, **wrong}).status == 400


def test_on_loopback_any_port_is_accepted() -> None:
    asked = {**ASKED, "redirect_uri": "http://127.0.0.1:50123/callback"}
    assert authorize(small_sage(), asked).status == 200


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"response_type": "token"}, "unsupported_response_type"), ({"scope": "all"}, "invalid_scope")],
)
def test_other_errors_are_returned_to_the_app(wrong: dict[str, str], error: str) -> None:
    assert redirect_query(authorize(small_sage(), {**ASKED, **wrong}))["error"] == error


def test_a_code_gives_tokens_once_and_within_sixty_seconds() -> None:
    sage = small_sage()
    code = code_of(sage)
    status, document = exchange(sage, code)
    assert status == 200
    assert {name: document[name] for name in document if "token" not in name or name == "token_type"} == {
        "token_type": "bearer",
        "expires_in": 300,
        "scope": "full_access",
        "requested_by_id": ADA,
    }
    assert document["refresh_token_expires_in"] == 2_678_400
    assert exchange(sage, code) == (400, _error(exchange(sage, code)[1]))
    late = code_of(sage)
    sage.clock.sleep(60 * SECOND)
    assert exchange(sage, late)[1]["error"] == "invalid_grant"


def _error(document: dict[str, Any]) -> dict[str, Any]:
    """Check that the document is a flat error object and return it."""
    assert set(document) == {"error", "error_description"}
    assert document["error"] == "invalid_grant"
    return document


def test_a_code_is_used_up_by_a_wrong_verifier_too() -> None:
    sage = small_sage()
    assert exchange(sage, code_of(sage, {**ASKED, **PKCE}), code_verifier=VERIFIER)[0] == 200
    code = code_of(sage, {**ASKED, **PKCE})
    assert exchange(sage, code, code_verifier="w" * 43)[1]["error"] == "invalid_grant"
    assert exchange(sage, code, code_verifier=VERIFIER)[1]["error"] == "invalid_grant"
    assert exchange(sage, code_of(sage, {**ASKED, **PKCE}))[1]["error"] == "invalid_grant"
    plain = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
    assert exchange(sage, code_of(sage, {**ASKED, **plain}), code_verifier=VERIFIER)[0] == 200


def test_the_redirect_uri_must_match_the_code() -> None:
    sage = small_sage()
    status, document = token(
        sage, grant_type="authorization_code", code=code_of(sage), redirect_uri="http://127.0.0.1:1/callback"
    )
    assert (status, document["error"]) == (400, "invalid_grant")


def test_the_client_authenticates_in_the_body_or_by_basic() -> None:
    sage = small_sage()
    refresh_token = sage.grant(APP, ADA, OAK)["refresh_token"]
    basic = {**FORM, "Authorization": f"Basic {base64.b64encode(f'{APP}:{SECRET}'.encode()).decode()}"}
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    assert answered(sage, form, basic)[0] == 200
    wrong = token(sage, grant_type="refresh_token", refresh_token=refresh_token, client_secret="x")
    assert (wrong[0], wrong[1]["error"]) == (400, "invalid_client")
    assert token(sage, grant_type="password")[1]["error"] == "unsupported_grant_type"
    assert token(sage)[1]["error"] == "invalid_request"
    reply = sage.request("POST", "/token", {"Content-Type": "application/json"}, b"{}")
    assert json.loads(reply.body)["error"] == "invalid_request"


def test_a_refresh_rotates_and_older_tokens_are_refused() -> None:
    sage = small_sage()
    first = sage.grant(APP, ADA, OAK)["refresh_token"]
    status, second = refresh(sage, first)
    assert status == 200
    assert second["refresh_token"] != first
    assert refresh(sage, first)[1]["error"] == "invalid_grant"
    assert refresh(sage, second["refresh_token"])[0] == 200


def test_reuse_of_an_old_token_can_be_configured() -> None:
    graceful, strict = small_sage(), small_sage()
    graceful.authorization.reuse, strict.authorization.reuse = GRACE, REVOKE
    first = graceful.grant(APP, ADA, OAK)["refresh_token"]
    newest = refresh(graceful, first)[1]["refresh_token"]
    assert refresh(graceful, first)[0] == 200  # it replaces the newest one
    assert refresh(graceful, newest)[0] == 200
    graceful.clock.sleep(30 * MINUTE)
    assert refresh(graceful, first)[0] == 400
    first = strict.grant(APP, ADA, OAK)["refresh_token"]
    newest = refresh(strict, first)[1]["refresh_token"]
    assert refresh(strict, first)[0] == 400
    assert refresh(strict, newest)[0] == 400  # the whole grant is revoked


def test_a_refresh_token_is_valid_for_thirty_one_days() -> None:
    sage = small_sage()
    kept = sage.grant(APP, ADA, OAK)["refresh_token"]
    sage.clock.sleep(31 * DAY - 1)
    status, document = refresh(sage, kept)
    assert status == 200
    sage.clock.sleep(31 * DAY)
    assert refresh(sage, document["refresh_token"])[0] == 400


def test_revoking_ends_the_grant_but_not_the_access_token() -> None:
    sage = small_sage()
    headers = bearer(sage)
    document = sage.grant(APP, ADA, OAK)
    form = {"client_id": APP, "client_secret": SECRET, "token": document["refresh_token"]}
    reply = sage.request("POST", "/revoke", FORM, urlencode(form).encode())
    assert (reply.status, reply.body) == (200, b'{"success":"ok"}')
    assert refresh(sage, document["refresh_token"])[1]["error"] == "invalid_grant"
    headers["Authorization"] = f"Bearer {document['access_token']}"
    assert sage.request("GET", "/v3.1/contacts", headers).status == 200


def test_the_whole_sign_in_with_plain_requests_over_a_socket() -> None:
    sage = small_sage()
    with serve(sage) as server, requests.Session() as browser:
        browser.trust_env = False
        address = f"{server.url}/oauth2/auth/central"
        page = browser.get(address, params={**ASKED, **PKCE}, timeout=5)
        form = {**fields_of(page.text), "answer": "allow"}
        back = browser.post(page.url, data=form, allow_redirects=False, timeout=5)
        code = dict(parse_qsl(urlsplit(back.headers["Location"]).query))["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        document = browser.post(f"{server.url}/token", data=form, auth=(APP, SECRET), timeout=5).json()
        headers = {"Authorization": f"Bearer {document['access_token']}", "X-Business": OAK}
        made = browser.post(
            f"{server.url}/v3.1/contacts", json={"contact": {"name": "Oak"}}, headers=headers, timeout=5
        )
        assert (made.status_code, made.headers["X-Business"]) == (201, OAK)
        listed = browser.get(f"{server.url}/v3.1/contacts", headers=headers, timeout=5).json()
        assert listed["$total"] == 1
        assert server.failures == []
