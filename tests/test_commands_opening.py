"""The opening control account ends at zero by what a plan leaves in Sage, with the decisions in effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_books import write_small_books

from sagerecon.commands import decisions, plans, sources
from sagerecon.commands.decisions import Choice
from sagerecon.model.errors import ValidationError
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import LeftOutStep, QuarantinedStep, WaitStep
from sagerecon.project.store import open_store

DOCUMENTS, ACCOUNTS = "data/documents.csv", "data/accounts.csv"
MORE = """\
sagerecon: mapping/v1
mapping: more
source: {dataset: more, key: [ref]}
target: {kind: contact, identity: {reference: ref}, on_existing: adopt_if_equal}
label: name
unmapped: {source: ignore, target: error_if_required}
fields:
  reference: {from: ref}
  name: {from: name}
  contact_type_ids: {value: [VENDOR]}
"""


@pytest.fixture
def move(tmp_path: Path) -> Iterator[Move]:
    with signed_in(write_small_books(tmp_path)) as opened:
        yield opened


def edit(move: Move, name: str, before: str, after: str) -> None:
    path = move.folder / name
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))


def freeze(move: Move) -> None:
    sources.snapshot(move.project, move.clock, lambda _file, _rows: None)


def take(move: Move, name: str, answer: str) -> None:
    decisions.take(
        move.project, move.clock, name, Choice(answer=answer, because="compared", by="J. Reviewer")
    )


def plan(move: Move) -> Plan:
    move.clock.sleep(1_000)
    return plans.plan(move.project, move.clock)


def refused(move: Move) -> str:
    """Return the finding because of which no plan is made."""
    before = move.project.plan_file.read_bytes() if move.project.plan_file.exists() else None
    with pytest.raises(ValidationError) as error:
        plan(move)
    assert (move.project.plan_file.read_bytes() if before else None) == before
    (found,) = (one for one in error.value.findings if one.code == "opening_control_open")
    return f"{found.message} {found.hint}"


@pytest.mark.parametrize(
    "changes",
    [
        ("130.00", "130.01"),
        ("B2,S1,CREDIT_NOTE", "B2,S1,INVOICE"),
        ("C1,INVOICE,2017-03-01", "C1,INVOICE,2017-04-01"),
    ],
)
def test_an_opening_that_does_not_sum_to_zero_stops_the_plan_and_no_decision(
    move: Move, changes: tuple[str, str]
) -> None:
    edit(move, DOCUMENTS, *changes)
    freeze(move)
    assert "The opening control account would end at" in refused(move)
    assert not move.project.plan_file.exists()
    take(move, "documents/N1", "leave_out")
    assert decisions.decidable(move.project, move.clock).settlement.in_effect
    assert {tie.name for tie in move.reconcile().reconciliation.tie_outs} >= {"opening_control"}


def test_a_quarantined_opening_record_is_named(move: Move) -> None:
    edit(move, DOCUMENTS, "C1,INVOICE,2017-03-01", "C1,INVOICE,2017-04-01")
    freeze(move)
    text = refused(move)
    assert "1 opening record is not sent as the source has it: documents.csv:2: " in text
    assert "If a rest remains, name the account that carries the rest" in text


def test_what_was_written_counts_although_it_is_quarantined_now(move: Move) -> None:
    move.load()
    edit(move, DOCUMENTS, "C1,INVOICE,2017-03-01", "C1,INVOICE,2017-04-01")
    freeze(move)
    left = [step.key for step in plan(move).steps if isinstance(step, QuarantinedStep)]
    assert left == ["documents/I1"]


def test_what_is_neither_in_the_source_nor_in_sage_any_more_counts_as_it_was_written(move: Move) -> None:
    """Delete an opening item in Sage and its row in the source; the plan for the rest is made as before."""
    move.load()
    with open_store(move.project, move.clock) as store:
        (written,) = (
            one
            for one in store.company(move.project.business.id).history.written()
            if one.key == "documents/I1"
        )
    path = move.project.catalog[written.kind].path
    edit(move, DOCUMENTS, next(line for line in read(move, DOCUMENTS) if line.startswith("I1,")), "")
    freeze(move)
    assert plan(move).steps
    assert move.by_other_hand("DELETE", f"{path}/{written.sage_id}").status in (200, 204)
    move.clock.sleep(60_000)
    found = move.reconcile().reconciliation
    assert not found.ties_out
    assert [step.key for step in plan(move).steps if isinstance(step, LeftOutStep)] == ["documents/I1"]


def read(move: Move, name: str) -> list[str]:
    return (move.folder / name).read_text().splitlines(keepends=True)


def give_a_second_row(move: Move) -> None:
    """Let a second mapping make customer C1 too."""
    edit(
        move,
        "sources.yaml",
        "\n  documents: {sql",
        "\n  more: {sql: SELECT * FROM parties WHERE ref = 'C1'}\n  documents: {sql",
    )
    (move.folder / "mappings/more.yaml").write_text(MORE)
    freeze(move)


def test_which_duplicate_counts_is_decided_though_one_was_written_and_has_opening_items(move: Move) -> None:
    move.load()
    give_a_second_row(move)
    found = {step.key for step in plan(move).steps if isinstance(step, QuarantinedStep)}
    assert found == {"parties/C1", "more/C1"}
    (group,) = decisions.decidable(move.project, move.clock).groups
    assert {position.key for position in group.positions} == found
    take(move, "parties/C1", "this_one")
    made = plan(move)
    assert [step.key for step in made.steps if isinstance(step, LeftOutStep)] == ["more/C1"]
    assert not any(isinstance(step, QuarantinedStep | WaitStep) for step in made.steps)


def test_the_other_duplicate_would_turn_the_side_of_the_opening_items(move: Move) -> None:
    move.load()
    give_a_second_row(move)
    take(move, "more/C1", "this_one")
    text = refused(move)
    assert "I1 refers to more/C1, which counts by decision more/C1" in text
    assert "sagerecon decide drop more/C1" in text


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("documents/I1", "documents.csv:2: I1 is left out by decision documents/I1"),
        ("parties/C1", "documents.csv:2: I1 refers to parties/C1, which is left out by decision parties/C1"),
        ("opening/TB", "TB is left out by decision opening/TB"),
    ],
)
def test_what_is_left_out_by_decision_does_not_count(move: Move, key: str, named: str) -> None:
    freeze(move)
    take(move, key, "leave_out")
    text = refused(move)
    assert named in text, text
    assert f"Drop the decision: sagerecon decide drop {key}." in text
    decisions.drop(move.project, key)
    assert plan(move).header.calls


def test_decisions_that_leave_a_sum_of_zero_are_carried_out(move: Move) -> None:
    edit(
        move,
        DOCUMENTS,
        "N1,C1,CREDIT_NOTE,2017-03-31,10.00\n",
        "N1,C1,CREDIT_NOTE,2017-03-31,10.00\nI2,C1,INVOICE,2017-03-01,5.00\nN2,C1,CREDIT_NOTE,2017-03-01,5.00\n",
    )
    freeze(move)
    take(move, "documents/I2", "leave_out")
    assert "1 opening record is" in refused(move)
    take(move, "documents/N2", "leave_out")
    assert plan(move).header.calls


def test_what_is_gone_stays_in_sage_and_counts_until_it_is_decided_to_be_deleted(move: Move) -> None:
    move.load()
    edit(move, DOCUMENTS, "I1,C1,INVOICE,2017-03-01,130.00\n", "")
    edit(move, ACCOUNTS, "CAPITAL,Capital,-150.00", "CAPITAL,Capital,-20.00")
    edit(move, ACCOUNTS, "DEBTORS,Debtors,120.00", "DEBTORS,Debtors,-10.00")
    freeze(move)
    assert plan(move)  # the journal waits, too, for Sage has no update for it
    take(move, "documents/I1", "reverse")
    text = refused(move)
    assert "I1 is deleted by decision documents/I1; " in text
    assert "TB was written with other content" in text
    take(move, "opening/TB", "void_and_post_again")
    assert plan(move)
    take(move, "documents/I1", "keep")
    assert "I1 stays in Sage as it was written, by decision documents/I1" in refused(move)


def test_an_opening_item_that_waits_counts_as_sent(move: Move) -> None:
    body = {"contact": {"name": "Oaks", "reference": "C1", "contact_type_ids": ["CUSTOMER"]}}
    assert move.by_other_hand("POST", "/contacts", body).status == 201
    move.load()
    waiting = {step.key for step in plan(move).steps if isinstance(step, WaitStep)}
    assert waiting == {"parties/C1", "documents/I1", "documents/N1"}
    take(move, "parties/C1", "adopt")
    assert plan(move)
    take(move, "parties/C1", "leave_out")
    assert "I1 refers to parties/C1, which is left out by decision parties/C1" in refused(move)
