"""Reversals under faults: nothing is deleted twice, and nothing is deleted whose replacement is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from memory_sage import FAULTS
from runs import Crash, Desk, customer, desk, invoice, quick_folder
from test_runner_crashes import crash_at

from sagerecon.model.call import Call
from sagerecon.model.clock import DAY
from sagerecon.model.draft import Draft
from sagerecon.model.errors import PlanStaleError
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Covers, Decision
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing
from sagerecon.planning.budget import Budget
from sagerecon.planning.step import CreateStep, ReverseStep
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended

CUSTOMERS = [customer(number) for number in range(3)]
#: Invoices 0 and 1 of the first customer, 2 of the second.
INVOICES = [invoice(number, f"customers/C{number // 2}") for number in range(3)]
LOADED = [*CUSTOMERS, *INVOICES]


def decided(**answers: str) -> Settlement:
    """Return the decisions about records, by what their keys end with."""
    by_record = {}
    for draft in LOADED:
        answer = answers.get(draft.key.partition("/")[2])
        if answer is not None:
            is_gone = answer == "reverse"
            by_record[draft.kind, draft.key] = Decision(
                standing=Standing.GONE_FROM_SOURCE if is_gone else Standing.SOURCE_CHANGED,
                kind=draft.kind,
                answer=DecisionAnswer(answer),
                because="entered twice",
                by="Kim",
                on=date(2026, 1, 5),
                covers=Covers(records=1, amount=None, fingerprint="x"),
                key=draft.key,
            )
    return Settlement(by_record=by_record)


DECIDED = decided(C1="reverse", I2="reverse", I1="void_and_post_again")


def again(draft: Draft) -> Draft:
    return Draft(
        kind=draft.kind,
        key=draft.key,
        body={**draft.body, "date": "2026-02-02"},
        identity=draft.identity,
        origins=draft.origins,
        place=draft.place,
        on_existing=draft.on_existing,
        label=draft.label,
    )


#: Gone: the second customer with its invoice. Posted again: an invoice of the first, with another date.
SOURCE = [CUSTOMERS[0], CUSTOMERS[2], INVOICES[0], again(INVOICES[1])]


def loaded(here: Desk) -> Desk:
    """Load the records, and plan what was decided about two of them that are gone and one that changed."""
    here.planned(LOADED)
    assert here.go().ended is Ended.FINISHED
    here.planned(SOURCE, DECIDED)
    return here


def invoices(here: Desk) -> list[tuple[str, str, str]]:
    """Return reference, date and status of each invoice in Sage."""
    return sorted(
        (found["reference"], found["date"], found.get("status", {}).get("id", ""))
        for found in here.sage.bodies_of("sales_invoice")
    )


def is_as_decided(here: Desk) -> bool:
    names = sorted(found["reference"] for found in here.sage.bodies_of("contact"))
    wanted = [
        ("I0", "2026-01-01", ""),
        ("I1", "2026-01-01", "VOID"),
        ("I1", "2026-02-02", ""),
        ("I2", "2026-01-01", "VOID"),
    ]
    return names == ["C0", "C2"] and invoices(here) == wanted


def known(here: Desk) -> set[str]:
    """Return the keys of the records that the store takes for written, each with an id that Sage holds."""
    held = {found["id"] for kind in here.sage.entities.values() for found in kind if "status" not in found}
    with here.open() as store:
        written = list(store.company("B").history.written())
    assert {record.sage_id for record in written} <= held
    return {record.key for record in written}


def test_what_refers_to_another_is_deleted_first_and_what_is_posted_again_next_to_its_creation() -> None:
    with quick_folder() as folder:
        here = loaded(desk(folder))
        assert here.plan is not None
        order = [
            (step.action.value, step.key)
            for step in here.plan.steps
            if isinstance(step, ReverseStep | CreateStep)
        ]
        assert order == [
            ("reverse", "invoices/I2"),
            ("reverse", "customers/C1"),
            ("reverse", "invoices/I1"),
            ("create", "invoices/I1"),
        ]
        before = here.sage.calls.copy()
        outcome = here.go()
        assert (outcome.ended, outcome.counts[Event.REVERSED]) == (Ended.FINISHED, 3)
        assert here.sage.calls - before == {"GET": 3, "DELETE": 3, "POST": 1}
        assert is_as_decided(here)
        assert known(here) == {"customers/C0", "customers/C2", "invoices/I0", "invoices/I1"}


def finish(here: Desk) -> None:
    """Resume the run to its end, unless the crash came after the last commit."""
    with suppress(PlanStaleError):
        assert here.go().ended is Ended.FINISHED


def failpoints() -> int:
    with quick_folder() as folder:
        reached: list[str] = []
        loaded(desk(folder)).go(reached.append)
        return len(reached)


def test_a_crash_at_any_commit_or_call_deletes_once_and_loses_no_replacement() -> None:
    points = failpoints()
    assert points > 20
    for point in range(points):
        with quick_folder() as folder:
            here = loaded(desk(folder))
            before = here.sage.calls.copy()
            with pytest.raises(Crash):
                here.go(crash_at(point))
            finish(here)
            assert is_as_decided(here), point
            assert known(here) == {"customers/C0", "customers/C2", "invoices/I0", "invoices/I1"}
            made = here.sage.calls - before
            assert made["DELETE"] <= 4, point  # a crash before a call leaves it in doubt: it is sent again
            assert sum(made.values()) <= 10, point


@pytest.mark.parametrize("second", ["lose_before", "fail_before", "lose_after"])
def test_a_second_failure_while_a_deletion_is_settled(second: str) -> None:
    """The answer is lost, then the look fails for a whole start: nothing is deleted or created meanwhile."""
    for lost in ("lose_after", "lose_before", "fail_after", "fail_before"):
        with quick_folder() as folder:
            here = loaded(desk(folder))
            begun: list[str] = []

            def fault(_: int, call: Call, lost: str = lost, begun: list[str] = begun) -> str:
                if call.method == "DELETE" and not begun:
                    begun.append(call.path)
                    return lost
                return second if begun and len(begun) < 4 and call.method == "GET" and _more(begun) else ""

            here.sage.fault = fault
            outcome = here.go()
            while outcome.ended is not Ended.FINISHED:
                outcome = here.go()
            assert is_as_decided(here), lost


def _more(begun: list[str]) -> bool:
    begun.append("look")
    return True


def test_an_entity_that_is_gone_already_is_recorded_without_a_deletion() -> None:
    with quick_folder() as folder:
        here = loaded(desk(folder))
        here.sage.entities["contact"] = [e for e in here.sage.bodies_of("contact") if e["reference"] != "C1"]
        next(e for e in here.sage.bodies_of("sales_invoice") if e["reference"] == "I2")["status"] = {
            "id": "VOID"
        }
        before = here.sage.calls.copy()
        assert here.go().counts[Event.REVERSED] == 3
        assert (here.sage.calls - before)["DELETE"] == 1
        assert is_as_decided(here)


def test_what_was_edited_since_is_neither_deleted_nor_created_again() -> None:
    with quick_folder() as folder:
        here = loaded(desk(folder))
        for found in here.sage.bodies_of("sales_invoice"):
            found["date"] = "2026-03-03"
        before = here.sage.calls.copy()
        outcome = here.go()
        assert outcome.counts == {Event.SKIPPED: 3, Event.UNDECIDED: 2, Event.BLOCKED: 2}
        assert (here.sage.calls - before)["DELETE"] == 0
        assert len(here.sage.bodies_of("sales_invoice")) == 3
        with here.open() as store:
            reasons = [a.findings[0].message for a in store.company("B").history.set_aside()]
        assert reasons == [
            "invoice 2 was not deleted: date was written as '2026-01-01' and is '2026-03-03' in Sage.",
            "Firm 1 was not deleted, for invoices/I2 refers to it and was not deleted.",
            "invoice 1 was not deleted: date was written as '2026-01-01' and is '2026-03-03' in Sage.",
            "invoice 1 was not created again, because what it replaces was not deleted.",
        ]


def test_what_sage_refuses_to_delete_needs_review_and_is_not_created_again() -> None:
    with quick_folder() as folder:
        here = loaded(desk(folder))
        (void,) = [e["id"] for e in here.sage.bodies_of("sales_invoice") if e["reference"] == "I1"]
        here.sage.add("contact_payment", artefact_id=void)
        outcome = here.go()
        counts = {
            event: outcome.counts.get(event) for event in (Event.QUARANTINED, Event.BLOCKED, Event.REVERSED)
        }
        assert counts == {Event.QUARANTINED: 1, Event.BLOCKED: 1, Event.REVERSED: 2}
        assert [found for found in invoices(here) if found[0] == "I1"] == [("I1", "2026-01-01", "")]


def test_a_key_that_comes_back_is_created_anew_under_another_name() -> None:
    with quick_folder() as folder:
        here = loaded(desk(folder))
        assert here.go().ended is Ended.FINISHED
        here.planned([*SOURCE, CUSTOMERS[1], INVOICES[2]])
        assert here.go().counts[Event.CREATED] == 2
        assert [found for found in invoices(here) if found[0] == "I2"] == [
            ("I2", "2026-01-01", ""),
            ("I2", "2026-01-01", "VOID"),
        ]
        assert [e["reference"] for e in here.sage.bodies_of("contact")] == ["C0", "C2", "C1"]


@pytest.mark.parametrize("per_day", range(8, 14))
def test_a_pause_before_any_call_is_continued_by_the_same_command(per_day: int) -> None:
    with quick_folder() as folder:
        here = loaded(desk(folder))  # 7 calls; deletions and creation take as many
        here.budget = Budget(None, per_day, reserve=0, settle=0)
        outcome = here.go(patience_ms=0)
        assert (outcome.ended, outcome.calls) == (Ended.PAUSED, per_day - 7)
        here.clock.sleep(DAY)
        assert here.go(patience_ms=0).ended is Ended.FINISHED
        assert is_as_decided(here)


@given(
    faults=st.lists(st.sampled_from(("", "", "", *FAULTS)), max_size=40),
    crashes=st.lists(st.integers(0, 40), max_size=4),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
def test_faults_and_crashes_in_any_order(faults: list[str], crashes: list[int]) -> None:
    with quick_folder() as folder:
        here = loaded(desk(folder))
        start = sum(here.sage.calls.values())
        here.sage.fault = _at(faults, start)
        for point in crashes:
            with suppress(Crash, PlanStaleError):
                here.go(crash_at(point), patience_ms=DAY)
        for _ in range(8):
            with suppress(PlanStaleError):
                here.go(patience_ms=DAY)
        assert is_as_decided(here)
        assert known(here) == {"customers/C0", "customers/C2", "invoices/I0", "invoices/I1"}


def _at(faults: list[str], start: int) -> Callable[[int, Call], str]:
    return lambda number, _: faults[number - start] if number - start < len(faults) else ""
