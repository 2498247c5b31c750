"""Each switch changes the rehearsal's behaviour, is saved, and is checked."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from sagerecon.commands.rehearsals import BusinessFacts, open_rehearsal
from sagerecon.documents import package
from sagerecon.model.clock import MINUTE, SECOND, instant_text
from sagerecon.model.errors import ProjectError
from sagerecon.project.sage import SANDBOX_APP, SANDBOX_SECRET
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.faults import (
    Fault,
    FaultType,
    ScheduledFaults,
    SeededFaults,
    Trigger,
    faults_document,
    faults_from_document,
    read_faults,
)
from sagerecon.rehearsal.reply import Dropped, Reply
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.switches import SWITCHES, read_switches


def played(**switches: str) -> RehearsalSage:
    return open_rehearsal(package.catalog(), BusinessFacts(), VirtualClock(), 1, switches=switches)


def call(sage: RehearsalSage, method: str, path: str, body: Any = None) -> Reply:
    business = next(iter(sage.membership.businesses))
    token = sage.grant(SANDBOX_APP, "owner", business)["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "X-Business": business,
        "Content-Type": "application/json",
    }
    return sage.request(method, f"/v3.1{path}", headers, b"" if body is None else json.dumps(body).encode())


def contact(name: str, reference: str = "", **more: str) -> dict[str, Any]:
    given = {"reference": reference} if reference else {}
    return {"contact": {"name": name, "contact_type_ids": ["CUSTOMER"], **given, **more}}


def names(reply: Reply) -> list[str]:
    return [item["displayed_as"] for item in json.loads(reply.body)["$items"]]


def test_the_first_choice_is_the_published_behaviour() -> None:
    ours = {switch.name: switch.choices for switch in SWITCHES}
    for name, choices in package.catalog().api.settings.items():
        assert ours[name] == choices


@pytest.mark.parametrize(("value", "status"), [("422", 422), ("409", 409)])
@pytest.mark.parametrize("kind", ["contact", "ledger_account"])
def test_duplicate_status(value: str, status: int, kind: str) -> None:
    sage = played(duplicate_status=value)
    body: dict[str, Any] = contact("Oak", "C1")
    if kind == "ledger_account":
        body = {
            "ledger_account": {
                "ledger_account_type_id": "SALES",
                "included_in_chart": True,
                "name": "Sales of oak",
                "display_name": "Sales of oak",
                "nominal_code": "4777",
            }
        }
    path = f"/{kind}s"
    assert call(sage, "POST", path, body).status == 201
    refused = call(sage, "POST", path, body)
    assert refused.status == status
    assert b"has already been taken" in refused.body
    assert call(sage, "POST", "/contacts", {"contact": {}}).status == 422


@pytest.mark.parametrize(("value", "is_there"), [("present", True), ("absent", False)])
@pytest.mark.parametrize("path", ["/ledger_accounts?items_per_page=1", "/businesses"])
def test_next_link(value: str, is_there: bool, path: str) -> None:
    page = json.loads(call(played(next_link=value), "GET", path).body)
    assert ("$next" in page) == is_there
    assert page["$total"] and page["$items"]


def test_retry_after() -> None:
    def waits(value: str) -> tuple[str | None, int]:
        sage = played(retry_after=value)
        for _ in range(100):
            call(sage, "GET", "/user")
        refused = call(sage, "GET", "/user")
        assert refused.status == 429
        return refused.headers.get("Retry-After"), sage.clock.now()

    assert waits("absent")[0] is None
    assert waits("seconds")[0] == "60"
    text, now = waits("date")
    assert text is not None
    assert int(parsedate_to_datetime(text).timestamp()) * SECOND == now + MINUTE


@pytest.mark.parametrize(("value", "made"), [("honoured", 1), ("ignored", 2)])
def test_idempotency(value: str, made: int) -> None:
    sage = played(idempotency=value)
    for _ in range(2):
        assert call(sage, "POST", "/contacts", contact("Oak", idempotency_id="a" * 32)).status == 201
    assert len([name for name in names(call(sage, "GET", "/contacts")) if name == "Oak"]) == made


def test_change_filter_has_another_name() -> None:
    sage = played(change_filter="updated_from")
    call(sage, "POST", "/contacts", contact("Old"))
    sage.clock.sleep(10 * MINUTE)
    middle = instant_text(sage.clock.now())
    sage.clock.sleep(10 * MINUTE)
    call(sage, "POST", "/contacts", contact("New"))
    listed = names(call(sage, "GET", f"/contacts?updated_from={middle}"))
    assert listed == ["New"]
    before = names(call(sage, "GET", f"/contacts?updated_to={middle}"))
    assert "Old" in before and "New" not in before
    published = names(call(sage, "GET", f"/contacts?updated_or_created_since={middle}"))
    assert {"Old", "New"} <= set(published)  # an unknown query parameter is ignored
    parameters = sage.description("")["paths"]["/contacts"]["get"]["parameters"]
    told = {parameter.get("name") for parameter in parameters}
    assert {"updated_from", "updated_to"} <= told and not told & {"updated_or_created_since", "deleted_since"}


@pytest.mark.parametrize(("value", "status"), [("standard", 429), ("published", 200)])
def test_limits(value: str, status: int) -> None:
    sage = played(limits=value)
    assert [call(sage, "GET", "/user").status for _ in range(101)][-1] == status


@pytest.mark.parametrize(
    ("value", "statuses"), [("replay", [201, 1]), ("refuse", [422, 1]), ("write", [201, 2])]
)
def test_same_id_with_another_body(value: str, statuses: list[int]) -> None:
    sage = played(same_id_other_body=value)
    call(sage, "POST", "/contacts", contact("Oak", idempotency_id="a" * 32))
    second = call(sage, "POST", "/contacts", contact("Elm", idempotency_id="a" * 32))
    made = {"Oak", "Elm"} & set(names(call(sage, "GET", "/contacts")))
    assert [second.status, len(made)] == statuses


@pytest.mark.parametrize(("value", "status"), [("judged", 201), ("replayed", 422)])
def test_a_refusal_may_be_replayed(value: str, status: int) -> None:
    sage = played(repeated_refusal=value)
    call(sage, "POST", "/contacts", contact("Oak", "C1"))
    body = contact("Elm", "C1", idempotency_id="b" * 32)
    assert call(sage, "POST", "/contacts", body).status == 422
    oak = json.loads(call(sage, "GET", "/contacts?search=C1").body)["$items"][0]
    assert call(sage, "DELETE", oak["$path"]).status == 204
    assert call(sage, "POST", "/contacts", body).status == status


@pytest.mark.parametrize(("value", "status"), [("counted", 429), ("free", 200)])
def test_refused_calls(value: str, status: int) -> None:
    sage = played(refused_calls=value)
    for _ in range(100):
        call(sage, "GET", "/user")
    sage.clock.sleep(MINUTE - SECOND)
    assert {call(sage, "GET", "/user").status for _ in range(100)} == {429}
    sage.clock.sleep(SECOND)  # the accepted calls have left the window
    assert call(sage, "GET", "/user").status == status


@pytest.mark.parametrize(("value", "status"), [("refuse", 400), ("grace", 200), ("revoke", 400)])
def test_old_refresh_token(value: str, status: int) -> None:
    sage = played(old_refresh_token=value)
    granted = sage.grant(SANDBOX_APP, "owner", next(iter(sage.membership.businesses)))

    def refresh(token: str) -> Reply:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": SANDBOX_APP}
        body = "&".join(f"{name}={text}" for name, text in {**form, "client_secret": SANDBOX_SECRET}.items())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return sage.request("POST", "/token", headers, body.encode())

    newest = json.loads(refresh(granted["refresh_token"]).body)["refresh_token"]
    assert refresh(granted["refresh_token"]).status == status
    assert refresh(newest).status == (400 if value == "revoke" else 200)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("retry_afer=date", "Did you mean 'retry_after'?"),
        ("retry_after=often", "absent, seconds, date"),
        ("nonsense", "There is no switch"),
    ],
)
def test_an_unknown_switch_or_choice_is_refused(text: str, word: str) -> None:
    with pytest.raises(ProjectError) as caught:
        read_switches([text])
    assert word in str(caught.value)


def test_switches_are_saved(tmp_path: Path) -> None:
    sage = played(next_link="absent", change_filter="updated_from", limits="published", retry_after="date")
    sage.save(tmp_path / "state.json")
    loaded = RehearsalSage.load(
        tmp_path / "state.json", package.catalog(), sage.clock, Business.from_document
    )
    assert loaded.switches == sage.switches
    assert (loaded.limits.profile.name, loaded.gateway.retry_after) == ("published", "date")
    assert "$next" not in json.loads(call(loaded, "GET", "/contacts?updated_from=2030-01-01").body)
    assert names(call(loaded, "GET", "/contacts?updated_from=2030-01-01")) == []
    with pytest.raises(ProjectError, match="can only be set when"):
        loaded.set_switch("change_filter", "updated_or_created_since")
    loaded.set_switch("change_filter", "updated_from")


def test_scheduled_faults_are_saved(tmp_path: Path) -> None:
    sage = open_rehearsal(
        package.catalog(),
        BusinessFacts(),
        VirtualClock(),
        1,
        faults=read_faults("answer_lost GET /contacts 2"),
    )
    assert call(sage, "GET", "/contacts").status == 200
    sage.save(tmp_path / "state.json")
    loaded = RehearsalSage.load(
        tmp_path / "state.json", package.catalog(), sage.clock, Business.from_document
    )
    with pytest.raises(Dropped):
        call(loaded, "GET", "/contacts")
    assert call(loaded, "GET", "/contacts").status == 200


def test_random_faults_are_saved() -> None:
    shares = {FaultType.ERROR: 300, FaultType.SLOW: 200}
    first = SeededFaults(7, shares)
    struck = [first.faults_for("GET", "/contacts") for _ in range(40)]
    again = SeededFaults(7, shares)
    assert [again.faults_for("GET", "/contacts") for _ in range(15)] == struck[:15]
    going_on = faults_from_document(json.loads(json.dumps(faults_document(again))))
    assert going_on is not None
    assert [going_on.faults_for("GET", "/contacts") for _ in range(25)] == struck[15:]


def test_edits_are_not_saved() -> None:
    faults = ScheduledFaults([(Trigger(1), Fault(FaultType.EDIT, edit=lambda: None))])
    assert faults_document(faults) == {"scheduled": []}
