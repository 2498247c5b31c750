"""Decisions from the first question to the books: list, take, plan, apply, and the plan after that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from served import serving
from test_cli_second_run import (
    CUSTOMERS,
    FILES,
    NUMBERS,
    documents,
    in_sage,
    parties,
    planned,
    stripped,
    text,
    write,
)

from sagerecon.commands import reports


def test_numbers_that_lost_their_zeros_are_the_same_records_by_two_decisions(tmp_path: Path) -> None:
    refs, numbers = stripped(CUSTOMERS), stripped(NUMBERS)
    write(tmp_path / "project", FILES)
    with serving(tmp_path / "project") as served:
        served.planned()
        assert served.result("apply")[0] == 0
        before = in_sage(served, "sales_invoices"), in_sage(served, "contacts")
        _, actions = planned(served, parties(refs), documents(numbers, refs))
        assert (actions["wait"], actions["create"]) == (23, 0)
        for kind in ("contact", "sales_invoice"):
            words = ("same_record", "--because", "saved by a spreadsheet", "--by", "J. Reviewer")
            taken = served.run("decide", "take", f"{kind}:renamed:leading_zeros", *words)
            assert taken.exit_code == 0, taken.output
        shown = served.run("decide", "show", "sales_invoice:renamed:leading_zeros")
        decided = "In effect: sales_invoice:renamed:leading_zeros: same_record, 20 records (21,040.00)"
        assert decided in text(shown), shown.output
        stale = served.run("apply")
        assert (stale.exit_code, "other decisions" in stale.output) == (5, True)
        code, event = served.result("plan")
        assert event["actions"] == {"read": 3, "rename": 23, "update": 23}  # the reference lost its zeros too
        code, event = served.result("apply")
        assert (code, event["counts"]["renamed"], event["counts"]["updated"]) == (0, 23, 23)
        assert (in_sage(served, "sales_invoices"), in_sage(served, "contacts")) == before
        # A new invoice finds its renamed customer, and the decisions are not needed any more.
        _, actions = planned(served, parties(refs), documents([*numbers, "7000"], refs))
        assert (actions["skip"], actions["create"], actions["wait"]) == (23, 1, 0)
        assert served.result("apply")[0] == 0
        listed = served.run("decide", "list")
        assert "Not needed now: sales_invoice:renamed:leading_zeros: same_record" in text(listed)


def test_an_earlier_key_that_comes_back_is_a_record_of_its_own(tmp_path: Path) -> None:
    """Sage replays the answer to an equal creation for seven days: this one needs a name of its own."""
    refs, numbers = stripped(CUSTOMERS), stripped(NUMBERS)
    write(tmp_path / "project", FILES)
    with serving(tmp_path / "project") as served:
        served.planned()
        assert served.result("apply")[0] == 0
        planned(served, parties(refs), documents(numbers, refs))
        for kind in ("contact", "sales_invoice"):
            words = ("same_record", "--because", "saved by a spreadsheet", "--by", "J. Reviewer")
            served.run("decide", "take", f"{kind}:renamed:leading_zeros", *words)
        served.run("plan")
        assert served.result("apply")[0] == 0
        before = in_sage(served, "contacts")
        _, actions = planned(served, parties([*refs, CUSTOMERS[0]]), documents(numbers, refs))
        assert (actions["create"], actions["skip"]) == (1, 23)
        assert served.result("apply")[0] == 0
        assert in_sage(served, "contacts") == before + 1


def test_an_accepted_difference_needs_no_review_until_it_changes(tmp_path: Path) -> None:
    def open_verdicts() -> list[str]:
        found = served.result("reconcile")[1]
        assert "accepted" in found, found
        accepted.extend(found["accepted"])
        return [e["id"] for e in found["exceptions"] if e["verdict"] == "both changed"]

    accepted: list[dict[str, object]] = []
    write(tmp_path / "project", FILES)
    with serving(tmp_path / "project") as served:
        served.planned()
        assert served.result("apply")[0] == 0
        listed = served.by_other_hand("GET", "/contacts").body["$items"]
        contact = next(item["id"] for item in listed if item["displayed_as"].startswith("Firm 1"))
        served.by_other_hand("PUT", f"/contacts/{contact}", {"contact": {"name": "Renamed Ltd"}})
        planned(served, parties(CUSTOMERS, n0001="Other Ltd"), documents(NUMBERS, CUSTOMERS))
        assert open_verdicts() == ["contact/parties/0001"]
        words = ("accept", "--because", "the new name", "--by", "Kim")
        taken = served.run("decide", "take", "parties/0001", *words)
        assert taken.exit_code == 0, taken.output
        assert open_verdicts() == []
        shown = [(found["by"], found["because"], found["answer"]) for found in accepted]
        assert shown == [("Kim", "the new name", "accept")]
        assert served.result("plan")[1]["actions"]["settled"] == 1
        assert "Everything ties out with 1 accepted difference." in text(served.run("reconcile"))
        assert served.run("report").exit_code == 0
        page = (served.folder / "reports/report.html").read_text()
        for phrase in ("Kim, 5 January 2026", "the new name", "source Other Ltd, Sage Renamed Ltd"):
            assert phrase in page
        served.by_other_hand("PUT", f"/contacts/{contact}", {"contact": {"name": "Once More Ltd"}})
        assert open_verdicts() == ["contact/parties/0001"]
        again = served.run("decide", "list")
        assert (again.exit_code, "Lapsed: parties/0001: accept" in text(again)) == (1, True)
        assert "lapsed: parties/0001: accept, 1 record" in text(served.run("reconcile"))
        assert served.run("report").exit_code == 0
        page = (served.folder / "reports/report.html").read_text()
        assert "Lapsed</span>: the figures have changed since" in page
        with pytest.MonkeyPatch.context() as patch:  # as if the store came from another version
            patch.setattr(reports, "DOCUMENT_VERSION", 0)
            other = served.run("report")
        assert (other.exit_code, "recorded by another version" in other.output) == (2, True)
        assert "no effect: the figures have changed since. Decide again, or: sagerecon decide drop" in text(
            again
        )


def test_what_is_gone_from_the_source_is_voided_by_decision(tmp_path: Path) -> None:
    write(tmp_path / "project", FILES)
    with serving(tmp_path / "project") as served:
        served.planned()
        assert served.result("apply")[0] == 0
        before = in_sage(served, "sales_invoices")
        result, actions = planned(served, parties(CUSTOMERS), documents(NUMBERS[:-2], CUSTOMERS))
        command = "sagerecon decide take sales_invoice:gone ANSWER"
        assert (actions["keep"], command in text(result)) == (2, True), text(result)
        words = ("reverse", "--because", "entered twice", "--by", "J. Reviewer")
        taken = served.run("decide", "take", "sales_invoice:gone", *words)
        assert taken.exit_code == 0, taken.output
        shown = served.run("plan")
        assert (shown.exit_code, "5 calls; the minimum is 5" in text(shown)) == (0, True), text(shown)
        assert "reverse" in text(shown)
        assert served.result("plan")[1]["actions"] == {"read": 1, "reverse": 2, "skip": 21}
        applied = served.run("apply")
        assert (applied.exit_code, "2 deleted or voided in Sage" in text(applied)) == (0, True)
        listed = served.by_other_hand("GET", "/sales_invoices").body["$items"]
        found = [served.by_other_hand("GET", f"/sales_invoices/{item['id']}").body for item in listed]
        assert {item["reference"] for item in found if item["status"]["id"] == "VOID"} == {*NUMBERS[-2:]}
        assert in_sage(served, "sales_invoices") == before  # Sage keeps what it voids
        assert served.result("plan")[1]["actions"] == {"read": 1, "skip": 21}
        assert "Not needed now: sales_invoice:gone: reverse" in text(served.run("decide", "list"))
        assert served.result("reconcile")[1]["exceptions"] == []


def test_an_invoice_gets_the_values_of_the_source_line_by_line(tmp_path: Path) -> None:
    write(tmp_path / "project", FILES)
    with serving(tmp_path / "project") as served:
        served.planned()
        assert served.result("apply")[0] == 0
        listed = served.by_other_hand("GET", "/sales_invoices").body["$items"]
        path = f"/sales_invoices/{listed[0]['id']}"
        before = served.by_other_hand("GET", path).body
        line = before["invoice_lines"][0]
        lines = [{**_sent(line), "unit_price": "1.00"}, {**_sent(line), "description": "More"}]
        body = {"sales_invoice": {"invoice_lines": lines, "notes": "disputed", "reference": "X-1"}}
        assert served.by_other_hand("PUT", path, body).status == 200
        assert served.result("reconcile")[0] == 1
        shown = served.run("decide", "show", "sales_invoice:edited_in_sage")
        assert "differs in invoice_lines, reference, notes" in text(shown)
        words = ("push", "--because", "an error in Sage", "--by", "Kim")
        taken = served.run("decide", "take", "sales_invoice:edited_in_sage", *words)
        assert taken.exit_code == 0, taken.output
        planned = served.result("plan")[1]
        assert planned["actions"]["update"] == 1
        code, event = served.result("apply")
        assert (code, event["counts"]["updated"], event["calls"]) == (0, 1, planned["calls"])
        after = served.by_other_hand("GET", path).body
        assert [_sent(line) for line in after["invoice_lines"]] == [_sent(line)]
        assert (after["notes"], after["reference"]) == (before["notes"], before["reference"])
        assert served.result("reconcile")[0] == 0
        listed = served.run("decide", "list")
        idle = "Not needed now: sales_invoice:edited_in_sage: push"
        assert (listed.exit_code, idle in text(listed)) == (0, True)


def _sent(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line as it is sent."""
    names = ("description", "quantity", "unit_price", "tax_amount")
    links = {f"{name}_id": line[name]["id"] for name in ("ledger_account", "tax_rate")}
    return {**{name: line[name] for name in names}, **links}
