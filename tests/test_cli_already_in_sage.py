"""What Sage holds already is decided on: adopted, kept apart, or one of several; shown by what Sage holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Served, serving
from test_cli_second_run import CUSTOMERS, FILES, NUMBERS, documents, in_sage, parties, planned, text, write

BY = ("--because", "checked by telephone", "--by", "J. Reviewer")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    write(tmp_path / "project", FILES)
    with serving(tmp_path / "project") as opened:
        yield opened


def by_hand(served: Served, **fields: str) -> str:
    """Create a contact as another user, and return its Sage id."""
    contact = {"contact_type_ids": ["CUSTOMER"], **fields}
    answer = served.by_other_hand("POST", "/contacts", {"contact": contact})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def contact(served: Served, sage_id: str) -> dict[str, Any]:
    return dict(served.by_other_hand("GET", f"/contacts/{sage_id}").body)


def refused(served: Served) -> None:
    """Load once; a contact that Sage holds already, and what refers to it, are not sent."""
    served.planned()
    code, event = served.result("apply")
    assert (code, event["counts"]["quarantined"]) == (1, 1)


def plan(served: Served) -> dict[str, int]:
    event = served.result("plan")[1]
    return {name: count for name, count in event["actions"].items() if name != "read"}


def test_a_refused_adoption_is_settled_by_adopting(served: Served) -> None:
    theirs = by_hand(served, reference="0001", name="Firm 1", notes="pays late")
    refused(served)
    before = in_sage(served, "contacts"), in_sage(served, "sales_invoices")
    waiting = NUMBERS_OF_0001 + 1
    assert plan(served) == {"wait": waiting, "skip": 23 - waiting}
    listed = text(served.run("decide", "list"))
    assert "contact:already_in_sage: 1 record, already in Sage" in listed
    assert "notes is 'pays late' and would be 'Leeds'" in listed
    assert "sagerecon decide take contact:already_in_sage (adopt|keep_apart) --because TEXT" in listed
    assert served.run("decide", "take", "contact:already_in_sage", "adopt", *BY).exit_code == 0
    assert plan(served) == {"adopt": 1, "create": NUMBERS_OF_0001, "skip": 23 - waiting}
    calls = served.sage.calls
    code, event = served.result("apply")
    assert (code, event["counts"]["adopted"], event["counts"]["created"]) == (0, 1, NUMBERS_OF_0001)
    assert (in_sage(served, "contacts"), in_sage(served, "sales_invoices")) == (before[0], 20)
    assert served.sage.calls - calls == 1 + NUMBERS_OF_0001 + event_reads(event), event
    assert contact(served, theirs)["notes"] == "pays late"
    # The difference is shown, is not overwritten, and can be decided on like any edit in Sage.
    found = served.result("reconcile")[1]
    (verdict,) = found["exceptions"]
    assert (verdict["id"], verdict["verdict"]) == ("contact/parties/0001", "edited in Sage")
    assert plan(served) == {"keep": 1, "skip": 22}
    assert served.result("apply")[0] == 0
    assert contact(served, theirs)["notes"] == "pays late"
    assert served.run("decide", "take", "parties/0001", "accept", *BY).exit_code == 0
    assert served.result("reconcile")[1]["exceptions"] == []


NUMBERS_OF_0001 = sum(int(number) % 3 == 0 for number in NUMBERS)


def event_reads(event: dict[str, Any]) -> int:
    return int(event["counts"].get("read", 0))
