"""A reading that failed is no reading that found nothing: through the command line, with faults of Sage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_books import write_small_books
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands import sessions
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger

FAILING = 3  #: how often the runner asks for one page


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Move]:
    """Yield a move whose commands call its rehearsal Sage in this process, under its clock."""
    with signed_in(write_small_books(tmp_path)) as move:
        monkeypatch.setattr(sessions, "open_session", lambda _project: _Kept(move))
        monkeypatch.setattr("sagerecon.commands.projects.open_clock", lambda _address: move.clock)
        move.load()
        yield move


class _Kept:
    """The move's own session, which a command does not close."""

    def __init__(self, move: Move) -> None:
        self._move = move

    def __enter__(self) -> Any:
        return self._move.session

    def __exit__(self, *_: object) -> None:
        return None


def fail(move: Move, path: str, status: int, nth: int = 1) -> None:
    times = FAILING if status >= 500 else 1
    move.faults.add(Trigger(nth, "GET", path, times), Fault(FaultType.ERROR, status))


def run(move: Move, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--project", str(move.folder)])


def result(move: Move, *words: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the result event."""
    ran = run(move, *words, "--json")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    return ran.exit_code, next((event for event in events if event["event"] == "result"), {})


def test_without_a_fault_everything_ties_out(moving: Move) -> None:
    code, event = result(moving, "reconcile")
    assert (code, event["ties_out"], event["not_read"], event["exceptions"]) == (0, True, [], [])


def test_a_trial_balance_that_fails_three_times_is_not_taken(moving: Move) -> None:
    fail(moving, "/trial_balance", 500)
    code, event = result(moving, "reconcile")
    assert (code, event["ties_out"], event["exceptions"]) == (1, False, [])
    why = "trial balance cannot be read: Sage gave no usable answer."
    assert event["tie_outs"] == {
        name: {"ties_out": False, "not_taken": why}
        for name in ("trial_balance", "debtors", "creditors", "opening_control")
    }

    fail(moving, "/trial_balance", 500)
    ran = run(moving, "reconcile")
    text = " ".join(ran.stdout.split())
    assert ran.exit_code == 1 and "Everything ties out" not in text
    assert "Needs review: 4 tie-outs not taken, Sage was not read completely." in text
    assert f"not read: {why}" in text
    assert f"Debtors per customer, Creditors per supplier, Opening balances control account. {why}" in text

    assert run(moving, "report").exit_code == 0
    document = json.loads((moving.folder / "reports" / "report.json").read_text())["reconciliation"]
    assert document["verdict"]["ties_out"] is False
    assert [missing["name"] for missing in document["tie_outs_not_taken"]] == [
        "trial_balance",
        "debtors",
        "creditors",
        "opening_control",
    ]
    (reading,) = [reading for reading in document["coverage"]["readings"] if not reading["whole"]]
    assert (reading["kind"], reading["as_at"], reading["pages"]) == ("trial_balance", "2017-04-30", 0)
    page = (moving.folder / "reports" / "report.html").read_text()
    assert f"Trial balance per account: {why}" in page and "Everything ties out" not in page


def test_contacts_that_may_not_be_read_are_neither_missing_nor_deleted(moving: Move) -> None:
    fail(moving, "/contacts", 403)
    ran = run(moving, "reconcile")
    text = " ".join(ran.stdout.split())
    assert ran.exit_code == 1 and "Enter it in Sage again" not in text
    assert "not read: 2 contact records. Not compared: contacts cannot be read:" in text
    assert "Remove the cause, then reconcile again: sagerecon reconcile" in text

    fail(moving, "/contacts", 403)
    _, event = result(moving, "reconcile")
    assert {(found["id"], found["verdict"]) for found in event["exceptions"]} == {
        ("contact/parties/C1", "not read"),
        ("contact/parties/S1", "not read"),
    }
    assert {name for name, tie in event["tie_outs"].items() if "not_taken" in tie} == {"debtors", "creditors"}
    assert event["tie_outs"]["trial_balance"]["ties_out"] is True
    assert (
        "verdict     not read. Not compared: contacts cannot be read"
        in run(moving, "explain", "parties/C1").stdout
    )
    assert result(moving, "reconcile")[0] == 0  # the next reading succeeds


def test_one_page_that_fails_leaves_its_whole_kind_unread(moving: Move) -> None:
    for number in range(210):
        body = {"name": f"Firm {number}", "contact_type_ids": ["CUSTOMER"]}
        assert moving.by_other_hand("POST", "/contacts", {"contact": body}).status == 201
    fail(moving, "/contacts", 500, nth=2)
    code, event = result(moving, "reconcile")
    assert code == 1 and {found["verdict"] for found in event["exceptions"]} == {"not read"}
    assert event["not_read"][0] == "contacts cannot be read: Sage gave no usable answer."
    run(moving, "report")
    document = json.loads((moving.folder / "reports" / "report.json").read_text())["reconciliation"]
    (reading,) = [r for r in document["coverage"]["readings"] if r["kind"] == "contact"]
    assert (reading["whole"], reading["pages"], reading["count"]) == (False, 1, 200)
    assert reading["started_at"] < reading["ended_at"]


def test_deleted_records_that_cannot_be_read_are_named(moving: Move) -> None:
    ids = {v.key: v.sage_id for v in moving.reconcile().reconciliation.verdicts}
    assert moving.by_other_hand("DELETE", f"/contact_opening_balances/{ids['documents/N1']}").status < 300
    fail(moving, "/contact_opening_balances", 500, nth=2)
    code, event = result(moving, "reconcile")
    assert code == 1
    (found,) = event["exceptions"]
    assert (found["id"], found["verdict"]) == ("contact_opening_balance/documents/N1", "missing in Sage")
    assert found["reason"].endswith("not found in Sage, whose list of deleted records could not be read.")
    assert event["not_read"] == [
        "deleted contact opening balances cannot be read: Sage gave no usable answer."
    ]
