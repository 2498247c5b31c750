"""What Sage holds already is decided on: adopted, kept apart, or one of several; shown by what Sage holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Served, serving
from test_cli_second_run import FILES, NUMBERS, in_sage, text, write

from sagerecon.rehearsal.faults import Fault, FaultType, Trigger

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
    served.clock.sleep(60_000)  # a plan like the last one is another plan
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
    assert "sagerecon decide take contact:already_in_sage adopt --because" in listed
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


def test_a_number_that_sage_refuses_twice_is_named(served: Served) -> None:
    by_hand(served, reference="0001", name="Firm 1", notes="pays late")
    refused(served)
    before = in_sage(served, "contacts")
    assert served.run("decide", "take", "parties/0001", "keep_apart", *BY).exit_code == 0
    for _ in range(2):
        assert plan(served) == {"create": NUMBERS_OF_0001 + 1, "skip": 22 - NUMBERS_OF_0001}
        assert served.run("apply").exit_code == 1
        assert "Sage rejected Firm 1: reference: Reference has already been taken" in text(
            served.run("status")
        )
        assert in_sage(served, "contacts") == before


def invoice_by_hand(served: Served, amount: str) -> str:
    """Create invoice 0001044 of customer 0001 as another user; return its Sage id."""
    contacts = served.by_other_hand("GET", "/contacts").body["$items"]
    customer = next(item["id"] for item in contacts if item["displayed_as"].startswith("Firm 1"))
    accounts = served.by_other_hand("GET", "/ledger_accounts", items_per_page="200").body["$items"]
    line = {
        "description": "Work",
        "ledger_account_id": next(item["id"] for item in accounts if "4000" in item["displayed_as"]),
        "quantity": "1",
        "unit_price": amount,
        "tax_rate_id": "GB_NO_TAX",
        "tax_amount": "0",
    }
    body = {"contact_id": customer, "date": "2017-04-09", "reference": INVOICE, "invoice_lines": [line]}
    answer = served.by_other_hand("POST", "/sales_invoices", {"sales_invoice": body})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


INVOICE = next(number for number in NUMBERS if int(number) % 3 == 0)
LOOKING = ("identity: {reference: reference}, on_existing: create", "identity: {reference: reference}")


def with_invoices(served: Served, *amounts: str) -> list[str]:
    """Load the customers; then load the invoices, of which Sage holds one already in other versions."""
    path = served.folder / "mappings/documents.yaml"
    mapping = path.read_text().replace(*LOOKING)
    path.write_text(mapping)
    by_hand(served, reference="0001", name="Firm 1", notes="Leeds")
    made = [invoice_by_hand(served, amount) for amount in amounts]
    refused(served)
    return made


def test_an_entity_kept_apart_is_never_adopted_and_the_record_is_created_once(served: Served) -> None:
    with_invoices(served, "7.00")
    assert in_sage(served, "sales_invoices") == 20
    assert plan(served) == {"wait": 1, "skip": 22}
    assert served.run("decide", "take", "sales_invoice:already_in_sage", "keep_apart", *BY).exit_code == 0
    assert plan(served) == {"create": 1, "skip": 22}
    code, event = served.result("apply")
    assert (code, event["counts"].get("created"), event["counts"].get("adopted")) == (0, 1, None)
    for _ in range(2):
        assert plan(served) == {"skip": 23}
        assert served.result("apply")[0] == 0
    assert in_sage(served, "sales_invoices") == 21


def test_an_entity_kept_apart_is_not_adopted_where_it_became_equal(served: Served) -> None:
    (theirs,) = with_invoices(served, "7.00")
    assert served.run("decide", "take", "sales_invoice:already_in_sage", "keep_apart", *BY).exit_code == 0
    (line,) = served.by_other_hand("GET", f"/sales_invoices/{theirs}").body["invoice_lines"]
    change = {name: line[name] for name in ("id", "description", "quantity", "tax_amount")}
    change |= {f"{name}_id": line[name]["id"] for name in ("ledger_account", "tax_rate")}
    body = {"invoice_lines": [{**change, "unit_price": f"{int(INVOICE)}.50"}]}
    changed = served.by_other_hand("PUT", f"/sales_invoices/{theirs}", {"sales_invoice": body})
    assert changed.status == 200, changed.body
    assert plan(served) == {"create": 1, "skip": 22}
    code, event = served.result("apply")
    assert (code, event["counts"].get("created"), event["counts"].get("adopted")) == (0, 1, None)
    assert in_sage(served, "sales_invoices") == 21


def test_a_lost_answer_to_a_record_kept_apart_doubles_nothing(served: Served) -> None:
    with_invoices(served, "7.00")
    assert served.run("decide", "take", "sales_invoice:already_in_sage", "keep_apart", *BY).exit_code == 0
    plan(served)
    served.faults.add(Trigger(1, "POST", "/sales_invoices", times=1), Fault(FaultType.ANSWER_LOST))
    served.result("apply")
    served.result("apply")
    assert in_sage(served, "sales_invoices") == 21
    assert plan(served) == {"skip": 23}


def test_of_several_entities_the_one_that_is_named_is_adopted(served: Served) -> None:
    first, second = with_invoices(served, "7.00", "8.00")
    before = in_sage(served, "sales_invoices")
    assert plan(served) == {"wait": 1, "skip": 22}
    key = f"documents/{INVOICE}"
    assert f"Decide on each record: sagerecon decide show {key}" in text(served.run("decide", "list"))
    shown = text(served.run("decide", "show", key))
    assert first in shown and second in shown
    assert f"sagerecon decide take {key} this_one --sage-id ID --because" in shown
    unnamed = served.run("decide", "take", key, "this_one", *BY)
    assert (unnamed.exit_code, "Name it with --sage-id ID" in unnamed.output) == (2, True)
    wrong = served.run("decide", "take", key, "this_one", "--sage-id", "f" * 32, *BY)
    assert (wrong.exit_code, "is not among the entities" in wrong.output) == (2, True)
    assert served.run("decide", "take", key, "this_one", "--sage-id", second, *BY).exit_code == 0
    assert plan(served) == {"adopt": 1, "skip": 22}
    assert served.result("apply")[0] == 0
    assert in_sage(served, "sales_invoices") == before
    found = {verdict["id"]: verdict for verdict in served.result("reconcile")[1]["exceptions"]}
    assert found[f"sales_invoice/{key}"]["verdict"] == "edited in Sage"
    assert found[f"sales_invoice/{key}"]["sage_id"] == second


def test_a_decision_lapses_when_the_entity_changes(served: Served) -> None:
    theirs = by_hand(served, reference="0001", name="Firm 1", notes="pays late")
    refused(served)
    assert served.run("decide", "take", "contact:already_in_sage", "adopt", *BY).exit_code == 0
    served.by_other_hand("PUT", f"/contacts/{theirs}", {"contact": {"name": "Quite Another Ltd"}})
    served.clock.sleep(60_000)
    served.result("reconcile")  # reads it
    ran = served.run("plan")
    assert (ran.exit_code, "has lapsed" in text(ran)) == (1, True)
    assert plan(served)["wait"] == NUMBERS_OF_0001 + 1


def test_an_entity_that_is_gone_is_not_adopted(served: Served) -> None:
    theirs = by_hand(served, reference="0001", name="Firm 1", notes="pays late")
    refused(served)
    assert served.run("decide", "take", "contact:already_in_sage", "adopt", *BY).exit_code == 0
    assert served.by_other_hand("DELETE", f"/contacts/{theirs}").status in (200, 204)
    assert plan(served)["adopt"] == 1
    code, event = served.result("apply")
    assert (code, event["counts"]["quarantined"]) == (1, 1)
    served.clock.sleep(60_000)
    assert plan(served) == {"create": NUMBERS_OF_0001 + 1, "skip": 22 - NUMBERS_OF_0001}
    assert served.result("apply")[0] == 0
    assert in_sage(served, "sales_invoices") == 20


def test_an_entity_of_others_needs_no_review_until_it_changes(served: Served) -> None:
    served.planned()
    assert served.result("apply")[0] == 0
    served.clock.sleep(60_000)
    theirs = by_hand(served, name="Their own Ltd")

    def reconciled() -> tuple[int, list[str], list[dict[str, Any]]]:
        code, found = served.result("reconcile")
        return code, [verdict["sage_id"] for verdict in found["exceptions"]], found["accepted"]

    assert reconciled() == (1, [theirs], [])
    listed = served.run("decide", "list")
    assert (listed.exit_code, "contact:unknown_in_sage: 1 record, unknown in Sage" in text(listed)) == (
        1,
        True,
    )
    assert f"{theirs} (Their own Ltd)" in text(listed)
    assert "sagerecon decide take contact:unknown_in_sage theirs --because" in text(listed)
    assert served.run("decide", "take", theirs, "theirs", *BY).exit_code == 0
    for _ in range(2):
        code, open_, accepted = reconciled()
        assert (code, open_, [entry["answer"] for entry in accepted]) == (0, [], ["theirs"])
        assert (accepted[0]["by"], accepted[0]["because"]) == ("J. Reviewer", "checked by telephone")
        assert served.run("decide", "list").exit_code == 0
    assert plan(served) == {"skip": 23}
    served.by_other_hand("PUT", f"/contacts/{theirs}", {"contact": {"name": "Renamed Ltd"}})
    assert reconciled() == (1, [theirs], [])
    again = served.run("decide", "list")
    assert (again.exit_code, f"Lapsed: {theirs}: theirs" in text(again)) == (1, True)
