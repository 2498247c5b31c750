"""The gateway: authentication, refusals, limits and idempotency, before a request reaches the books."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from small_sage import (
    ADA,
    APP,
    BOB,
    CYD,
    ELM,
    OAK,
    REDIRECT,
    SmallBooks,
    bearer,
    records,
    small_catalog,
    small_sage,
)

from sagerecon.model.clock import DAY, SECOND
from sagerecon.model.errors import ProjectError
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.gateway import ABSENT, DATE, SECONDS
from sagerecon.rehearsal.idempotency import REFUSE, WRITE
from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.sage import RehearsalSage


def contact(name: str, id_: str = "") -> bytes:
    named = {"name": name, **({"idempotency_id": id_} if id_ else {})}
    return json.dumps({"contact": named}).encode()


def codes(reply: Reply) -> list[str]:
    return [error["$dataCode"] for error in json.loads(reply.body)]


@pytest.mark.parametrize("token", ["", "Bearer nonsense", "Basic abc"])
def test_a_call_without_a_good_token_is_refused_with_an_array(token: str) -> None:
    reply = small_sage().request("GET", "/v3.1/contacts", {"Authorization": token})
    assert reply.status == 401
    assert codes(reply) == ["AuthorizationFailure"]


def test_an_access_token_is_valid_for_exactly_five_minutes() -> None:
    sage = small_sage()
    headers = bearer(sage)
    sage.clock.sleep(300 * SECOND - 1)
    assert sage.request("GET", "/v3.1/contacts", headers).status == 200
    sage.clock.sleep(1)
    assert sage.request("GET", "/v3.1/contacts", headers).status == 401


def test_without_the_header_the_lead_business_is_used_and_echoed() -> None:
    sage = small_sage()
    headers = bearer(sage, business=ELM)
    del headers["X-Business"]
    reply = sage.request("POST", "/v3.1/contacts", headers, contact("Lost"))
    assert (reply.status, reply.headers["X-Business"]) == (201, OAK)


def test_the_business_header_is_case_insensitive() -> None:
    sage = small_sage()
    headers = {name.lower(): value for name, value in bearer(sage, business=ELM).items()}
    assert sage.request("POST", "/v3.1/contacts", headers, contact("Found")).headers["X-Business"] == ELM
    assert len(records(sage, ELM)) == 1


def test_businesses_and_user_echo_no_business_and_have_their_own_envelope() -> None:
    sage = small_sage()
    headers = bearer(sage)
    listed = sage.request("GET", "/v3.1/businesses?items_per_page=1&page=9", headers)
    body = json.loads(listed.body)
    assert "X-Business" not in listed.headers
    assert (body["$total"], body["$page"], body["$items_per_page"]) == (
        2,
        2,
        1,
    )  # beyond the end: the last page
    assert body["$items"] == [{"id": ELM, "displayed_as": "Elm <Ltd>", "$path": f"/businesses/{ELM}"}]
    facts = json.loads(sage.request("GET", f"/v3.1/businesses/{ELM}", headers).body)
    assert facts["country"]["id"] == "IE"
    assert facts["website"] == "https://example.com"
    assert facts["subscriptions"][0]["active"] is True
    lead = json.loads(sage.request("GET", "/v3.1/businesses/lead", headers).body)
    assert lead["id"] == OAK
    user = sage.request("GET", "/v3.1/user", headers)
    assert json.loads(user.body)["initials"] == "AL"
    assert "X-Business" not in user.headers
    assert sage.request("GET", "/v3.1/me", headers).status == 404


def test_permissions_follow_role_and_scope() -> None:
    sage = small_sage()
    made = json.loads(sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak")).body)["id"]
    reader, restricted = bearer(sage, BOB), bearer(sage, CYD)
    scoped = bearer(sage, ADA, scope="readonly")
    assert sage.request("GET", f"/v3.1/contacts/{made}", reader).status == 200
    for headers in (reader, scoped):
        refused = sage.request("POST", "/v3.1/contacts", headers, contact("No"))
        assert (refused.status, codes(refused)) == (403, ["MultiUserAccessDenied"])
    assert sage.request("POST", "/v3.1/contacts", restricted, contact("Yes")).status == 201
    assert sage.request("DELETE", f"/v3.1/contacts/{made}", restricted).status == 403
    assert sage.request("DELETE", f"/v3.1/contacts/{made}", bearer(sage)).status == 204
    assert sage.request("GET", "/v3.1/contacts", bearer(sage, BOB, ELM)).status == 403


def test_a_lapsed_subscription_is_a_401_with_its_reason() -> None:
    sage = small_sage()
    sage.lapse(OAK)
    reply = sage.request("GET", "/v3.1/contacts", bearer(sage))
    assert reply.status == 401
    assert b"No active subscription. (MSE)" in reply.body
    assert sage.request("GET", "/v3.1/contacts", bearer(sage, business=ELM)).status == 200


def test_what_is_not_json_is_refused_before_the_books_see_it() -> None:
    sage = small_sage()
    headers = bearer(sage)
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    assert sage.request("POST", "/v3.1/contacts", form, b"a=b").status == 415
    assert sage.request("POST", "/v3.1/contacts", headers, b'{"contact":').status == 400
    assert sage.request("POST", "/v3.1/contacts", headers, b'{"contact":{"x":NaN}}').status == 400
    assert sage.request("POST", "/v3.1/contacts", headers, b"[" * 100_000).status == 400
    assert sage.request("GET", "/v3.1/nothing/here", headers).status == 404
    assert sage.request("GET", "/elsewhere", headers).status == 404


def test_every_answer_has_a_request_id_of_its_own() -> None:
    sage = small_sage()
    headers = bearer(sage)
    first, second = (sage.request("GET", "/v3.1/contacts", headers).headers["x_request_id"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("shape", "expected"), [(SECONDS, "60"), (DATE, "Mon, 05 Jan 2026 08:01:00 GMT"), (ABSENT, None)]
)
def test_a_429_per_minute_has_three_retry_after_forms(shape: str, expected: str | None) -> None:
    sage = small_sage(per_minute=2)
    sage.gateway.retry_after = shape
    headers = bearer(sage)
    assert [sage.request("GET", "/v3.1/contacts", headers).status for _ in range(2)] == [200, 200]
    refused = sage.request("GET", "/v3.1/contacts", headers)
    assert (refused.status, refused.headers.get("Retry-After")) == (429, expected)
    sage.clock.sleep(60 * SECOND - 1)
    assert sage.request("GET", "/v3.1/contacts", headers).status == 429
    sage.clock.sleep(1)
    assert sage.request("GET", "/v3.1/contacts", headers).status == 200


def test_limits_apply_per_company_and_per_app() -> None:
    sage = small_sage(per_minute=1, app_per_day=3)
    assert sage.request("GET", "/v3.1/contacts", bearer(sage)).status == 200
    assert sage.request("GET", "/v3.1/contacts", bearer(sage)).status == 429
    assert sage.request("GET", "/v3.1/contacts", bearer(sage, business=ELM)).status == 200
    sage.clock.sleep(60 * SECOND)
    assert sage.request("GET", "/v3.1/contacts", bearer(sage)).status == 200
    sage.clock.sleep(60 * SECOND)
    refused = sage.request("GET", "/v3.1/contacts", bearer(sage))
    assert refused.status == 429
    assert b"app_per_day" in refused.body
    heavy = small_sage(bytes_per_hour=10)
    assert heavy.request("GET", "/v3.1/contacts", bearer(heavy)).status == 200
    assert b"bytes_per_hour" in heavy.request("GET", "/v3.1/contacts", bearer(heavy)).body


def test_other_apps_calls_count_against_the_limits() -> None:
    sage = small_sage(per_day=5)
    now = sage.clock.now()
    sage.schedule_foreign_calls(OAK, [now + 1, now + 2, now + 3, now + DAY * 3])
    headers = bearer(sage)
    sage.clock.sleep(10)
    assert [sage.request("GET", "/v3.1/contacts", headers).status for _ in range(3)] == [200, 200, 429]
    assert sage.limits.foreign_calls(OAK) == (3, 0)
    sage.schedule_foreign_calls(OAK, [now + 10])
    assert sage.limits.used(OAK, sage.clock.now()) == (5, 5)
    assert sage.limits.foreign_calls(OAK) == (3, 1)


def test_the_same_request_is_answered_as_at_first_for_seven_days_byte_for_byte() -> None:
    sage = small_sage()
    name = "d" * 32
    first = sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", name))
    sage.clock.sleep(7 * DAY - 1)
    again = sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", name))
    assert (again.status, again.body, again.headers["X-Business"]) == (201, first.body, OAK)
    assert "idempotency_id" not in json.loads(first.body)
    sage.clock.sleep(1)
    later = sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", name))
    assert json.loads(later.body)["id"] != json.loads(first.body)["id"]


def test_another_business_or_kind_does_not_share_the_id() -> None:
    sage = small_sage()
    name = "d" * 32
    assert sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", name)).status == 201
    product = json.dumps({"product": {"name": "Nail", "idempotency_id": name}}).encode()
    refused = sage.request("POST", "/v3.1/products", bearer(sage), product)
    assert (refused.status, codes(refused)) == (422, ["IdempotencyResourceMismatch"])
    assert (
        sage.request("POST", "/v3.1/contacts", bearer(sage, business=ELM), contact("Oak", name)).status == 201
    )
    assert len(records(sage)) == 1


def test_undocumented_idempotency_behaviour_can_be_configured() -> None:
    def second(sage: RehearsalSage) -> int:
        sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", "d" * 32))
        sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Elm", "d" * 32))
        return len(records(sage))

    assert second(small_sage()) == 1
    refusing, writing, ignoring = small_sage(), small_sage(), small_sage()
    refusing.idempotency.other_body = REFUSE
    writing.idempotency.other_body = WRITE
    ignoring.idempotency.is_honoured = False
    assert (second(refusing), second(writing), second(ignoring)) == (1, 2, 2)


def test_an_idempotency_id_does_not_answer_for_another_record() -> None:
    sage = small_sage()
    made = json.loads(sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", "f" * 32)).body)
    sent = contact("Oak", "f" * 32)
    changed = sage.request("PUT", f"/v3.1/contacts/{made['id']}", bearer(sage), sent)
    assert (changed.status, codes(changed)) == (422, ["IdempotencyResourceMismatch"])
    assert sage.request("POST", "/v3.1/contacts", bearer(sage), sent).status == 201


@pytest.mark.parametrize(("is_replayed", "status"), [(False, 201), (True, 422)])
def test_a_refusal_is_forgotten_unless_errors_are_replayed(is_replayed: bool, status: int) -> None:
    # The business accepts bookings again between the two requests.
    sage = small_sage()
    sage.idempotency.replays_errors = is_replayed
    books = sage.business(OAK)
    assert isinstance(books, SmallBooks)
    books.is_closed = True
    assert sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", "d" * 32)).status == 422
    books.is_closed = False
    assert sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak", "d" * 32)).status == status


def test_kinds_that_are_not_idempotent_are_created_twice() -> None:
    sage = small_sage()
    body = json.dumps({"attachment": {"name": "Scan", "idempotency_id": "d" * 32}}).encode()
    for _ in range(2):
        assert sage.request("POST", "/v3.1/attachments", bearer(sage), body).status == 201
    assert len(records(sage)) == 2


def test_the_same_seed_gives_the_same_bytes() -> None:
    def story(seed: int) -> list[tuple[int, dict[str, str], bytes]]:
        sage = small_sage(seed=seed)
        headers = bearer(sage)
        replies = [sage.request("POST", "/v3.1/contacts", headers, contact("Oak")) for _ in range(3)]
        return [(reply.status, dict(reply.headers), reply.body) for reply in replies] + [
            (0, headers, json.dumps(sage.grant(APP, ADA, OAK)).encode())
        ]

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_a_saved_rehearsal_continues_after_loading(tmp_path: Path) -> None:
    clock = VirtualClock()
    sage = small_sage(clock, per_minute=3)
    headers = bearer(sage)
    first = sage.request("POST", "/v3.1/contacts", headers, contact("Oak", "d" * 32))
    sage.schedule_foreign_calls(OAK, [clock.now() + 5])
    sage.lapse(ELM)
    path = tmp_path / "sage.json"
    sage.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["sage.json"]

    loaded = RehearsalSage.load(path, small_catalog(per_minute=3), clock, SmallBooks.from_document)
    again = loaded.request("POST", "/v3.1/contacts", headers, contact("Oak", "d" * 32))
    assert (again.status, again.body) == (201, first.body)
    clock.sleep(10)
    assert (
        loaded.request("GET", "/v3.1/contacts", headers).status == 429
    )  # two of ours and one of another app
    assert loaded.request("GET", "/v3.1/contacts", {**headers, "X-Business": ELM}).status == 401
    assert loaded.grant(APP, ADA, OAK) == sage.grant(APP, ADA, OAK)


def test_a_file_that_is_not_a_saved_rehearsal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sage.json"
    for text in (
        '{"sagerecon": "plan/v1"}',
        "<html>",
        "[]",
        '{"sagerecon": "rehearsal/v1", "seed": 1}',
        None,
    ):
        if text is None:
            path = tmp_path / "absent.json"
        else:
            path.write_text(text)
        with pytest.raises(ProjectError, match=path.name):
            RehearsalSage.load(path, small_catalog(), VirtualClock(), SmallBooks.from_document)
    with pytest.raises(ProjectError, match="cannot be written"):
        small_sage().save(tmp_path / "no folder" / "sage.json")


def test_the_start_page_shows_businesses_and_sign_in() -> None:
    sage = small_sage()
    sage.request("POST", "/v3.1/contacts", bearer(sage), contact("Oak"))
    page = sage.request("GET", "/", {"Host": "127.0.0.1:4001"}).body.decode()
    assert "Elm &lt;Ltd&gt;" in page
    assert OAK in page
    assert "<td>contacts</td><td>1</td>" in page
    assert "/oauth2/auth/central?filter=apiv3.1" in page
    assert f'redirect_uri={quote(REDIRECT, safe="/")}&amp;state=any"' in page
    assert "curl http://127.0.0.1:4001/token" in page
