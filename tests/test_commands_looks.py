"""Before an update Sage is looked at: what was edited there since it was written is not overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import DOCUMENTS, write_small_trade
from test_cli_second_run import PARTIES

from sagerecon.commands import plans, runs, sources
from sagerecon.model.code import Code
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import KeepStep, ReadStep, SkipStep, UpdateStep, WaitStep
from sagerecon.project.store import open_store
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event

PROJECT = """\
sagerecon: project/v1
company: Small Ltd
data: data
mappings: [mappings/*.yaml]
cut_over: 2017-03-31
business: {country: GB, currency: GBP}
"""
SOURCES = """\
sagerecon: sources/v1
files:
  parties:
    path: parties.csv
    columns: {ref: {type: text, required: true}, name: {type: text, required: true}, city: {type: text}}
datasets:
  parties: {sql: SELECT * FROM parties ORDER BY ref}
"""


def parties(number: int, suffix: str = "", city: str = "Leeds") -> str:
    return "ref,name,city\n" + "".join(f"C{n},Firm {n}{suffix},{city}\n" for n in range(1, number + 1))


def write(folder: Path, number: int) -> Path:
    files = {
        "sagerecon.yaml": PROJECT,
        "sources.yaml": SOURCES,
        "mappings/parties.yaml": PARTIES,
        "data/parties.csv": parties(number),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    """Yield a move of which one customer is loaded."""
    with signed_in(write(tmp_path, 1)) as opened:
        opened.load()
        yield opened


def plan_again(move: Move, text: str) -> Plan:
    (move.folder / "data/parties.csv").write_text(text)
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
    return plans.plan(move.project, move.clock)


def the_id(move: Move, reference: str = "C1") -> str:
    items = move.by_other_hand("GET", "/contacts", attributes="reference").body["$items"]
    return next(item["id"] for item in items if item["reference"] == reference)


def edit(move: Move, reference: str = "C1", **fields: Any) -> None:
    body = {"contact": fields}
    assert move.by_other_hand("PUT", f"/contacts/{the_id(move, reference)}", body).status == 200


def held(move: Move, sage_id: str) -> Any:
    return move.by_other_hand("GET", f"/contacts/{sage_id}").body


def messages(move: Move) -> list[str]:
    with open_store(move.project, move.clock) as store:
        asides = store.company(move.project.business.id).history.set_aside()
        found = [finding for aside in asides for finding in aside.findings]
    assert {finding.code for finding in found} <= {Code.UNDECIDED}
    return [finding.message for finding in found]


def test_an_update_is_preceded_by_one_look_and_priced_so(move: Move) -> None:
    made = plan_again(move, parties(1, " Ltd"))
    (step,) = [step for step in made.steps if isinstance(step, UpdateStep)]
    assert (step.calls, step.look_calls) == (2, 1)
    assert (made.header.calls, made.header.lower_bound) == (3, 3)  # the settings, the look, the update
    outcome = runs.apply(move.project, move.clock, move.session)
    assert (outcome.calls, outcome.counts) == (3, {Event.READ: 1, Event.UPDATED: 1})
    assert held(move, the_id(move))["name"] == "Firm 1 Ltd"


def test_a_field_that_a_user_has_edited_since_the_plan_is_not_overwritten(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    edit(move, name="Oak by hand")
    outcome = runs.apply(move.project, move.clock, move.session)
    assert outcome.counts == {Event.READ: 1, Event.UNDECIDED: 1}
    assert held(move, the_id(move))["name"] == "Oak by hand"
    assert messages(move) == [
        "Firm 1 Ltd was not updated (both changed):"
        " name was written as 'Firm 1' and is 'Oak by hand' in Sage."
    ]
    (step,) = [step for step in plan_again(move, parties(1, " Ltd")).steps if step.key == "parties/C1"]
    assert isinstance(step, WaitStep)
    assert step.standing.value == "both changed"
    (step,) = [step for step in plan_again(move, parties(1)).steps if step.key == "parties/C1"]
    assert isinstance(step, SkipStep | KeepStep)


def test_another_mapped_field_that_a_user_has_edited_makes_the_update_wait(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    edit(move, notes="by hand")
    assert runs.apply(move.project, move.clock, move.session).counts[Event.UNDECIDED] == 1
    assert held(move, the_id(move))["name"] == "Firm 1"


def test_a_field_that_the_mapping_does_not_compare_does_not_make_it_wait(move: Move) -> None:
    path = move.folder / "mappings/parties.yaml"
    path.write_text(path.read_text() + "reconcile: {notes: {compare: ignore}}\n")
    plan_again(move, parties(1, " Ltd"))
    edit(move, notes="by hand")
    assert runs.apply(move.project, move.clock, move.session).counts[Event.UPDATED] == 1
    assert (held(move, the_id(move))["name"], held(move, the_id(move))["notes"]) == ("Firm 1 Ltd", "by hand")


@pytest.mark.parametrize(
    ("limit", "event"), [("100.01", Event.UPDATED), ("100.02", Event.UNDECIDED)], ids=["within", "beyond"]
)
def test_an_amount_within_a_named_tolerance_does_not_make_it_wait(
    tmp_path: Path, limit: str, event: Event
) -> None:
    folder = write(tmp_path, 1)
    path = folder / "mappings/parties.yaml"
    path.write_text(
        path.read_text()
        + "  credit_limit: {value: '100.00'}\n"
        + "reconcile: {credit_limit: {tolerance: '0.01', name: cent, reason: rounded once}}\n"
    )
    with signed_in(folder) as move:
        move.load()
        plan_again(move, parties(1, " Ltd"))
        edit(move, credit_limit=limit)
        assert runs.apply(move.project, move.clock, move.session).counts == {Event.READ: 1, event: 1}
        assert held(move, the_id(move))["name"] == ("Firm 1 Ltd" if event is Event.UPDATED else "Firm 1")


def test_an_edit_equal_to_the_draft_is_recorded_without_a_call(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    edit(move, name="Firm 1 Ltd")
    outcome = runs.apply(move.project, move.clock, move.session)
    assert (outcome.calls, outcome.counts) == (2, {Event.READ: 1, Event.CONVERGED: 1})
    again = plan_again(move, parties(1, " Ltd"))
    assert [type(step) for step in again.steps] == [ReadStep, SkipStep]


def test_an_entity_deleted_in_sage_waits_for_a_decision(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    assert move.by_other_hand("DELETE", f"/contacts/{the_id(move)}").status == 204
    outcome = runs.apply(move.project, move.clock, move.session)
    assert outcome.counts == {Event.READ: 1, Event.UNDECIDED: 1}
    (message,) = messages(move)
    assert "missing in Sage" in message or "deleted in Sage" in message
    (step,) = [step for step in plan_again(move, parties(1, " Ltd")).steps if step.key == "parties/C1"]
    assert isinstance(step, WaitStep)
    assert step.standing.value in ("missing in Sage", "deleted in Sage")


def test_an_update_in_doubt_that_was_carried_out_is_not_taken_for_a_users_edit(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    outcome = _lose_answers(move, "PUT", after=True)
    assert Event.UPDATED not in outcome.counts
    assert held(move, the_id(move))["name"] == "Firm 1 Ltd"
    again = runs.apply(move.project, move.clock, move.session)
    assert again.counts[Event.UPDATED] == 1
    assert messages(move) == []


def test_an_update_in_doubt_does_not_overwrite_what_a_user_wrote_since(move: Move) -> None:
    plan_again(move, parties(1, " Ltd"))
    _lose_answers(move, "PUT", after=False)
    assert held(move, the_id(move))["name"] == "Firm 1"
    edit(move, name="Oak by hand")
    again = runs.apply(move.project, move.clock, move.session)
    assert Event.UPDATED not in again.counts
    assert held(move, the_id(move))["name"] == "Oak by hand"
    assert messages(move) == [
        "Firm 1 Ltd was not updated (both changed):"
        " name was written as 'Firm 1' and is 'Oak by hand' in Sage."
    ]


def _lose_answers(move: Move, method: str, *, after: bool) -> Any:
    """Apply the plan while no call of this method gets a usable answer.

    Args:
        after: whether Sage carries the calls out.
    """
    fault = Fault(FaultType.ERROR_SAVED if after else FaultType.ERROR, status=500)
    move.faults.add(Trigger(1, method, "/contacts", times=3), fault)
    outcome = runs.apply(move.project, move.clock, move.session)
    assert outcome.counts[Event.PARKED] == 1
    return outcome


def test_many_updates_are_looked_up_by_a_listing(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 5)) as move:
        move.load()
        made = plan_again(move, parties(5, " Ltd"))
        assert [step.key for step in made.steps if isinstance(step, ReadStep)] == [
            "financial_settings/expected",
            "contacts/before-updates",
        ]
        assert {step.look_calls for step in made.steps if isinstance(step, UpdateStep)} == {0}
        edit(move, "C3", notes="by hand")
        outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.calls, made.header.calls) == (6, 7)
        assert outcome.counts == {Event.READ: 2, Event.UPDATED: 4, Event.UNDECIDED: 1}
        assert held(move, the_id(move, "C3"))["name"] == "Firm 3"


def test_after_an_interruption_sage_is_looked_at_again(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 5)) as move:
        move.load()
        plan_again(move, parties(5, " Ltd"))
        stops = iter([False] * 4 + [True] * 9)
        runs.apply(move.project, move.clock, move.session, should_stop=lambda: next(stops, False))
        names = {reference: held(move, the_id(move, reference))["name"] for reference in ("C1", "C5")}
        assert names["C5"] == "Firm 5"
        edit(move, "C5", name="By hand")
        outcome = runs.apply(move.project, move.clock, move.session)
        assert outcome.counts[Event.UNDECIDED] == 1
        assert outcome.counts[Event.READ] == 1  # one page, not a call for each update that is left
        assert held(move, the_id(move, "C5"))["name"] == "By hand"


def test_a_listing_with_new_records_shows_the_updates_too(tmp_path: Path) -> None:
    with signed_in(write(tmp_path, 5)) as move:
        move.load()
        made = plan_again(move, parties(5, " Ltd") + "C6,Firm 6,Leeds\n")
        reads = [step.key for step in made.steps if isinstance(step, ReadStep)]
        assert reads == ["financial_settings/expected", "contacts/existing"]
        edit(move, "C3", notes="by hand")
        outcome = runs.apply(move.project, move.clock, move.session)
        assert outcome.counts == {Event.READ: 2, Event.UPDATED: 4, Event.UNDECIDED: 1, Event.CREATED: 1}


def change_documents(move: Move, before: str, now: str) -> Plan:
    path = move.folder / "data/documents.csv"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, now))
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
    return plans.plan(move.project, move.clock)


def test_many_documents_are_looked_up_by_a_listing_with_their_lines(tmp_path: Path) -> None:
    folder = write_small_trade(tmp_path)
    rows = [row for row in DOCUMENTS.splitlines(keepends=True) if row.split(",")[1] in ("type", "I", "C")]
    (folder / "data/documents.csv").write_text("".join(rows))
    with signed_in(folder) as move:
        move.load()
        made = change_documents(move, ",2017-02-0", ",2017-02-1")
        looks = [(step.kind, step.look_calls) for step in made.steps if isinstance(step, UpdateStep)]
        assert looks == [("sales_credit_note", 1), *[("sales_invoice", 0)] * 4]  # a page costs as much
        assert (made.header.calls, made.header.lower_bound) == (8, 8)  # the settings, two looks, five updates
        edited = edit_line(move, "Elm")
        outcome = runs.apply(move.project, move.clock, move.session)
        assert (outcome.counts[Event.UPDATED], outcome.counts[Event.UNDECIDED]) == (4, 1)
        assert outcome.calls == made.header.calls - 1  # no update of the one whose line was edited
        assert move.by_other_hand("GET", f"/sales_invoices/{edited}").body["date"] == "2017-02-02"


def edit_line(move: Move, customer: str) -> str:
    """Let another user edit the line of a customer's invoice; return its Sage id."""
    items = move.by_other_hand("GET", "/sales_invoices", attributes="contact,invoice_lines").body["$items"]
    item = next(item for item in items if item["contact"]["displayed_as"].startswith(customer))
    line = {
        "description": "By hand",
        "ledger_account_id": item["invoice_lines"][0]["ledger_account"]["id"],
        "quantity": "1",
        "unit_price": "30.00",
        "tax_rate_id": "GB_ZERO",
        "tax_amount": "0.00",
    }
    body = {"sales_invoice": {"invoice_lines": [line]}}
    assert move.by_other_hand("PUT", f"/sales_invoices/{item['id']}", body).status == 200
    return str(item["id"])
