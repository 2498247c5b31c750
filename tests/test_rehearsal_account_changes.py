"""Changes to users and businesses, which the gateway answers itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from small_business import BUSINESS_ID, Clerk
from small_sage import ADA, APP, BOB, REDIRECT, SECRET, bearer

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.request import FULL, READ_ONLY
from sagerecon.rehearsal.sage import RehearsalSage

OTHER = "1e" * 16


def sage() -> RehearsalSage:
    """Return a rehearsal with one business, in which Ada has full access and Bob may only read."""
    made = RehearsalSage(catalog(), VirtualClock())
    made.add_app(APP, SECRET, name="Small app", redirect_uri=REDIRECT)
    made.add_user(ADA, "Ada Lane", "AL")
    made.add_user(BOB, "Bob Hill", "BH")
    made.add_business(Clerk().business, {ADA: FULL, BOB: READ_ONLY})
    return made


def put(sage: RehearsalSage, path: str, body: Any, user: str = ADA, scope: str = "full_access") -> Reply:
    headers = {**bearer(sage, user, BUSINESS_ID, scope), "Content-Type": "application/json"}
    return sage.request("PUT", f"/v3.1{path}", headers, json.dumps(body).encode())


def read(sage: RehearsalSage, path: str) -> Any:
    return json.loads(sage.request("GET", f"/v3.1{path}", bearer(sage, business=BUSINESS_ID)).body)


def test_a_business_can_change_name_and_address() -> None:
    served = sage()
    path = f"/businesses/{BUSINESS_ID}"
    reply = put(
        served, path, {"business": {"name": "Oak plc", "city": "Leeds", "website": "https://oak.example"}}
    )
    assert reply.status == 200
    shown = json.loads(reply.body)
    assert (shown["name"], shown["displayed_as"], shown["city"]) == ("Oak plc", "Oak plc", "Leeds")
    assert read(served, path) == shown
    assert read(served, "/businesses")["$items"][0]["displayed_as"] == "Oak plc"
    assert put(served, path, {"business": {"city": None}}).status == 200
    assert (read(served, path)["city"], read(served, path)["website"]) == (None, "https://oak.example")
    assert "X-Business" not in reply.headers


def test_refused_changes_of_a_business() -> None:
    served = sage()
    path = f"/businesses/{BUSINESS_ID}"
    assert put(served, path, {"business": {"name": ""}}).status == 422
    assert put(served, path, {}).status == 422
    assert put(served, path, {"business": {"city": "x"}}, BOB).status == 403
    assert put(served, path, {"business": {"city": "x"}}, scope="readonly").status == 403
    assert put(served, f"/businesses/{OTHER}", {"business": {"city": "x"}}).status == 404
    assert put(served, "/businesses", {"business": {"city": "x"}}).status == 405
    assert served.request("DELETE", f"/v3.1{path}", bearer(served, business=BUSINESS_ID)).status == 405
    assert read(served, path)["city"] is None


def test_a_user_can_change_name_and_language() -> None:
    served = sage()
    reply = put(served, "/user", {"user": {"last_name": "Lane-Fox", "initials": "ALF", "locale": "fr-CA"}})
    assert reply.status == 200
    shown = json.loads(reply.body)
    assert (shown["displayed_as"], shown["initials"], shown["locale"]) == ("Ada Lane-Fox", "ALF", "fr-CA")
    assert read(served, "/user") == shown
    assert put(served, "/user", {"user": {"locale": "xx"}}).status == 422
    assert put(served, "/user", {"user": {"first_name": ""}}).status == 422
    assert put(served, "/user", {"user": {}}, scope="readonly").status == 403


def test_changes_are_saved(tmp_path: Path) -> None:
    served = sage()
    put(served, "/user", {"user": {"locale": "en-IE"}})
    put(served, f"/businesses/{BUSINESS_ID}", {"business": {"name": "Oak plc"}})
    served.save(tmp_path / "saved.json")
    again = RehearsalSage.load(tmp_path / "saved.json", catalog(), served.clock, Business.from_document)
    assert read(again, "/user")["locale"] == "en-IE"
    assert read(again, f"/businesses/{BUSINESS_ID}")["name"] == "Oak plc"
