"""A business that ignores idempotency ids: nothing is sent twice before it was proven that it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_trade import COUNTS, write_small_trade

from sagerecon.commands import decisions, plans, runs, sources
from sagerecon.model.clock import MINUTE
from sagerecon.pairing.standing import Standing
from sagerecon.planning.plan import Plan
from sagerecon.planning.settling import Replays
from sagerecon.planning.step import SkipStep, WaitStep
from sagerecon.project.store import open_store
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event, Progress
from sagerecon.runner.run import Ended

LOST = [FaultType.ANSWER_LOST, FaultType.ERROR_SAVED, FaultType.ERROR, FaultType.RESET]
WRITES = [
    *(("/contacts", nth) for nth in (1, 3)),
    *(("/sales_invoices", nth) for nth in (1, 2, 3, 4)),
    ("/sales_credit_notes", 1),
    *(("/contact_payments", nth) for nth in (1, 2)),
    *(("/journals", nth) for nth in (1, 2)),
    ("/contact_allocations", 1),
]


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    with signed_in(write_small_trade(tmp_path / "project")) as opened:
        sources.snapshot(opened.project, opened.clock, lambda _file, _rows: None)
        plans.plan(opened.project, opened.clock)
        yield opened


def apply(moving: Move, *, is_killed: bool = False) -> dict[Event, int]:
    """Run the plan to its end; with `is_killed` the process ends at each call without a usable answer."""

    def kill(progress: Progress) -> None:
        if is_killed and progress.event is Event.RESENT and progress.note == "" and not progress.until:
            killed.append(1)
            if len(killed) <= 2:
                raise Crash

    killed: list[int] = []
    while True:
        try:
            outcome = runs.apply(moving.project, moving.clock, moving.session, on_progress=kill)
        except Crash:
            continue
        assert outcome.ended is Ended.FINISHED
        return dict(outcome.counts)


def held(moving: Move) -> dict[str, int]:
    counts = {}
    for name in COUNTS:
        more = {"exclude_system": "true"} if name == "contact" else {}
        counts[name] = moving.by_other_hand("GET", moving.project.catalog[name].path, **more).body["$total"]
    return counts


def learnt(moving: Move) -> Replays:
    with open_store(moving.project, moving.clock) as store:
        return store.company(moving.project.business.id).run_log.replays()


@pytest.mark.parametrize("is_killed", [False, True], ids=["", "killed"])
@pytest.mark.parametrize("switch", ["ignored", "honoured"])
def test_a_lost_answer_of_any_kind_doubles_nothing(moving: Move, switch: str, is_killed: bool) -> None:
    moving.sage.set_switch("idempotency", switch)
    for number, (path, nth) in enumerate(WRITES):
        moving.faults.add(Trigger(nth, "POST", path), Fault(LOST[number % len(LOST)]))
    apply(moving, is_killed=is_killed)
    assert held(moving) == COUNTS
    assert learnt(moving).value == switch


@pytest.mark.parametrize("other_body", ["replay", "refuse", "write"])
def test_the_proof_creates_nothing_and_is_made_once(moving: Move, other_body: str) -> None:
    moving.sage.set_switch("same_id_other_body", other_body)
    for nth in (2, 5):
        moving.faults.add(Trigger(nth, "POST", "/sales_invoices"), Fault(FaultType.ANSWER_LOST))
    assert apply(moving)[Event.PROVED] == 1
    assert held(moving) == COUNTS
    # What carries out another body under the same id refuses an empty one: it is looked up from then on.
    assert learnt(moving) is (Replays.IGNORED if other_body == "write" else Replays.HONOURED)


def test_a_proof_without_an_answer_proves_nothing(moving: Move) -> None:
    moving.faults.add(Trigger(2, "POST", "/sales_invoices", times=4), Fault(FaultType.ANSWER_LOST))
    apply(moving)
    assert held(moving) == COUNTS
    assert learnt(moving) is Replays.UNKNOWN


def test_twins_whose_answer_was_lost_wait_for_a_decision(moving: Move) -> None:
    """Look up one of three equal invoices: two of the source, and one that another user has entered."""
    moving.sage.set_switch("idempotency", "ignored")
    moving.faults.add(Trigger(2, "POST", "/sales_invoices"), Fault(FaultType.ANSWER_LOST))

    def enter_a_third() -> None:
        (first,) = moving.by_other_hand("GET", "/sales_invoices", attributes="all").body["$items"]
        line = first["invoice_lines"][0]
        body = {
            "contact_id": first["contact"]["id"],
            "date": first["date"],
            "due_date": first["due_date"],
            "invoice_lines": [
                {
                    "description": line["description"],
                    "ledger_account_id": line["ledger_account"]["id"],
                    "product_id": line["product"]["id"],
                    "quantity": "1",
                    "unit_price": "10.00",
                    "tax_rate_id": "GB_ZERO",
                    "tax_amount": "0.00",
                }
            ],
        }
        assert moving.by_other_hand("POST", "/sales_invoices", {"sales_invoice": body}).status == 201

    moving.faults.add(Trigger(2, "POST", "/sales_invoices"), Fault(FaultType.EDIT, edit=enter_a_third))
    counts = apply(moving)
    assert counts[Event.QUARANTINED] == 1
    assert held(moving)["sales_invoice"] == COUNTS["sales_invoice"] + 1
    for _ in range(2):  # no later plan sends it before that is decided
        made = replan(moving)
        assert [(step.key, step.standing) for step in made.steps if isinstance(step, WaitStep)] == [
            ("invoices/I2", Standing.DUPLICATE_IN_SAGE)
        ]
        apply(moving)
        assert held(moving)["sales_invoice"] == COUNTS["sales_invoice"] + 1
    found = decisions.decidable(moving.project, moving.clock)
    (position,) = decisions.subject_of("invoices/I2", found.groups).positions
    assert position.suspect is not None
    _, other = position.suspect.sage_ids
    choice = decisions.Choice(answer="this_one", because="by its time", by="Kim", sage_id=other)
    decisions.take(moving.project, moving.clock, "invoices/I2", choice)
    replan(moving)
    assert apply(moving)[Event.ADOPTED] == 1
    assert held(moving)["sales_invoice"] == COUNTS["sales_invoice"] + 1
    assert {type(step) for step in replan(moving).steps[1:]} == {SkipStep}


def replan(moving: Move) -> Plan:
    moving.clock.sleep(MINUTE)
    return plans.plan(moving.project, moving.clock)
