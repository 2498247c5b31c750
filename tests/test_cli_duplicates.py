"""Of several records of the source with one identity, the one that counts is decided on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Served, serving
from test_cli_second_run import FILES, in_sage, steps, text, write

BY = ("--because", "the newer entry", "--by", "J. Reviewer")
#: The customers 0001 and 0002 are one in Sage, by the code in the column `city`.
PARTIES = "ref,name,city\n0001,Oak,A1\n0002,Oak Ltd,A1\n0003,Elm,B1\n"
DOCUMENTS = (
    "number,ref,date,amount\n1,0001,2017-04-01,10.00\n2,0002,2017-04-02,20.00\n3,0003,2017-04-03,30.00\n"
)
MAPPING = (
    FILES["mappings/parties.yaml"]
    .replace("identity: {reference: ref}", "identity: {reference: city}")
    .replace("reference: {from: ref}", "reference: {from: city}")
    .replace("  notes: {from: city}\n", "")
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    files = {
        "mappings/parties.yaml": MAPPING,
        "data/parties.csv": PARTIES,
        "data/documents.csv": DOCUMENTS,
    }
    write(tmp_path / "project", {**FILES, **files})
    with serving(tmp_path / "project") as opened:
        assert opened.run("snapshot").exit_code == 0
        yield opened


def actions(served: Served) -> list[tuple[str, str]]:
    served.clock.sleep(60_000)
    served.run("plan")
    return [(str(step["key"]), str(step["action"])) for step in steps(served) if step["action"] != "read"]


def test_the_one_that_counts_is_created_and_all_refers_to_it(served: Served) -> None:
    before = in_sage(served, "contacts")
    waiting = ["parties/0001", "parties/0002", "documents/1", "documents/2"]
    assert {key for key, action in actions(served) if action == "quarantine"} == set(waiting)
    listed = served.run("decide", "list")
    assert (listed.exit_code, "contact:duplicate_in_source: 2 records" in text(listed)) == (1, True)
    assert "Decide on each record: sagerecon decide show parties/0001" in text(listed)
    shown = text(served.run("decide", "show", "parties/0002"))
    assert "sagerecon decide take parties/0002 this_one --because" in shown
    assert served.run("decide", "take", "parties/0002", "this_one", *BY).exit_code == 0
    assert dict(actions(served)) == {
        "parties/0001": "leave_out",
        **dict.fromkeys(["parties/0002", "parties/0003"], "create"),
        **dict.fromkeys(["documents/1", "documents/2", "documents/3"], "create"),
    }
    assert served.result("apply")[0] == 0
    assert (in_sage(served, "contacts"), in_sage(served, "sales_invoices")) == (before + 2, 3)
    names = [
        item["contact"]["displayed_as"]
        for item in served.by_other_hand("GET", "/sales_invoices", attributes="all").body["$items"]
    ]
    assert sorted(names) == ["Elm (B1)", "Oak Ltd (A1)", "Oak Ltd (A1)"]
    # The reconciliation and the next plan agree.
    code, found = served.result("reconcile")
    assert (code, found["exceptions"]) == (0, [])
    assert {action for _, action in actions(served)} == {"skip", "leave_out"}
    in_effect = served.run("decide", "list")
    assert (in_effect.exit_code, "In effect: parties/0002: this_one" in text(in_effect)) == (0, True)


def test_it_lapses_when_one_of_them_changes(served: Served) -> None:
    assert served.run("decide", "take", "parties/0002", "this_one", *BY).exit_code == 0
    write(served.folder, {"data/parties.csv": PARTIES.replace("Oak,A1", "Oak and Sons,A1")})
    assert served.run("snapshot").exit_code == 0
    assert ("parties/0002", "quarantine") in actions(served)
    listed = served.run("decide", "list")
    assert (listed.exit_code, "Lapsed: parties/0002: this_one" in text(listed)) == (1, True)
    assert served.run("decide", "drop", "parties/0002").exit_code == 0
    assert served.run("decide", "take", "parties/0001", "this_one", *BY).exit_code == 0
    assert ("parties/0001", "create") in actions(served)


def test_two_of_one_identity_cannot_both_count(served: Served) -> None:
    assert served.run("decide", "take", "parties/0002", "this_one", *BY).exit_code == 0
    file = served.folder / "decisions.yaml"
    entry = file.read_text()
    served.run("decide", "drop", "parties/0002")
    assert served.run("decide", "take", "parties/0001", "this_one", *BY).exit_code == 0
    one = file.read_text()
    file.write_text(one + "\n".join(entry.splitlines()[-one.count("\n") + 2 :]) + "\n")
    listed = served.run("decide", "list")
    assert listed.exit_code == 1, listed.output
    assert "another record of its identity is decided to count too" in text(listed)
    assert ("parties/0001", "quarantine") in actions(served)


def test_records_of_one_key_are_corrected_in_the_source(served: Served) -> None:
    write(served.folder, {"data/parties.csv": PARTIES.replace("0002,", "0001,")})
    served.run("snapshot")
    refused = served.run("decide", "take", "parties/0001", "this_one", *BY)
    assert refused.exit_code == 2
    assert "2 records of the source have the key 'parties/0001'" in refused.output
    listed = text(served.run("decide", "list"))
    assert "They have the same key, so that no decision can name one of them." in listed
    assert "decide show" not in listed  # it would be refused
    planned = text(served.run("plan"))
    assert "Give each its own key, or leave one out by a named rule." in planned
    assert "Or decide which of them counts" not in planned


def test_one_that_was_written_earlier_may_be_the_one_that_counts(served: Served) -> None:
    write(served.folder, {"data/parties.csv": PARTIES.replace("0002,Oak Ltd,A1\n", "")})
    write(served.folder, {"data/documents.csv": DOCUMENTS.replace("2,0002,2017-04-02,20.00\n", "")})
    served.planned()
    assert served.result("apply")[0] == 0
    write(served.folder, {"data/parties.csv": PARTIES, "data/documents.csv": DOCUMENTS})
    assert served.run("snapshot").exit_code == 0
    assert dict(actions(served))["parties/0001"] == "quarantine"
    assert "take parties/0001 this_one" in text(served.run("decide", "show", "parties/0001"))
    taken = served.run("decide", "take", "parties/0001", "this_one", *BY)
    assert taken.exit_code == 0, taken.output
    assert dict(actions(served)) == {
        **dict.fromkeys(["parties/0001", "parties/0003", "documents/1", "documents/3"], "skip"),
        "parties/0002": "leave_out",
        "documents/2": "create",
    }
