"""Commands against the rehearsal Sage: existing records, a spent budget, reading back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import explanations, plans, reconciliations, runs, sources
from sagerecon.commands.status import status
from sagerecon.model.clock import DAY
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.planning.step import Action, ReadStep
from sagerecon.project.store import open_store
from sagerecon.reconciliation.verdict import Verdict
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.run import Ended, RunOutcome


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    write_tiny(tmp_path)
    (tmp_path / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(tmp_path) as opened:
        yield opened


def oak(name: str) -> dict[str, object]:
    return {"contact": {"name": name, "reference": "C1", "contact_type_ids": ["CUSTOMER"]}}


def references(moving: Move) -> list[str]:
    page = moving.by_other_hand("GET", "/contacts", attributes="reference", exclude_system="true").body
    return sorted(item["reference"] for item in page["$items"] if item["reference"])


def test_an_equal_contact_is_adopted_and_not_created_again(moving: Move) -> None:
    there = moving.by_other_hand("POST", "/contacts", oak("Oak Ltd")).body["id"]
    outcome = moving.load()
    assert (outcome.counts["adopted"], outcome.counts["created"]) == (1, 1)
    assert references(moving) == ["C1", "C2"]
    found = moving.reconcile().reconciliation
    assert {v.sage_id for v in found.verdicts if v.key == "customers/C1"} == {there}
    assert found.ties_out


def test_another_contact_with_the_same_reference_is_quarantined(moving: Move) -> None:
    moving.by_other_hand("POST", "/contacts", oak("Oak and Sons Ltd"))
    outcome = moving.load()
    assert (outcome.counts["quarantined"], outcome.counts["created"]) == (1, 1)
    (aside,) = status(moving.project, moving.clock).aside
    assert aside.step.key == "customers/C1"
    assert "Oak and Sons Ltd" in str(aside.findings[0]) and "Oak Ltd" in str(aside.findings[0])
    found = moving.reconcile().reconciliation
    assert not found.ties_out
    (verdict,) = (verdict for verdict in found.verdicts if verdict.key == "customers/C1")
    assert verdict.verdict is Verdict.QUARANTINED and "Oak and Sons Ltd" in verdict.reason


def test_a_second_plan_sends_only_what_changed(moving: Move) -> None:
    moving.load()
    (moving.folder / "data/contacts.csv").write_text("ref,name\nC1,Oak Limited\nC2,Elm Ltd\nC3,Ash Ltd\n")
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    made = plans.plan(moving.project, moving.clock)
    assert {step.key: step.action for step in made.steps if not isinstance(step, ReadStep)} == {
        "customers/C1": Action.UPDATE,
        "customers/C2": Action.SKIP,
        "customers/C3": Action.CREATE,
    }
    assert moving.load().counts["updated"] == 1
    page = moving.by_other_hand("GET", "/contacts", exclude_system="true").body
    assert "Oak Limited (C1)" in {item["displayed_as"] for item in page["$items"]}
    assert moving.reconcile().reconciliation.ties_out


def test_a_plan_is_used_once(moving: Move) -> None:
    moving.load()
    with pytest.raises(PlanStaleError) as refused:
        runs.apply(moving.project, moving.clock, moving.session)
    assert "cannot be used again" in refused.value.message


def test_reading_back_waits_for_the_budget_and_wastes_no_call(moving: Move) -> None:
    moving.set("business:", "budget: {per_day: 267, reserve: 250, settle: 10}\nbusiness:")
    moving.load()
    before = moving.sage.calls
    with pytest.raises(ProjectError) as dear:
        reconciliations.reconcile(moving.project, moving.clock, moving.session, max_calls=1)
    assert "--max-calls allows 1" in dear.value.message
    assert moving.sage.calls == before

    paused = reconciliations.reconcile(moving.project, moving.clock, moving.session)
    assert isinstance(paused, RunOutcome) and paused.ended is Ended.PAUSED
    assert paused.until is not None and paused.until - moving.clock.now() > DAY - 600_000
    moving.clock.sleep(paused.until - moving.clock.now())
    assert moving.reconcile().reconciliation.ties_out
    assert moving.sage.calls - before == 4  # contacts, ledger accounts, bank accounts, trial balance


def test_changes_by_another_user_are_found(moving: Move) -> None:
    moving.load()
    moving.reconcile()
    with open_store(moving.project, moving.clock) as store:
        ids = {w.key: w.sage_id for w in store.company(moving.project.business.id).history.written()}
    moving.clock.sleep(60_000)
    moving.by_other_hand("PUT", f"/contacts/{ids['customers/C1']}", {"contact": {"name": "OAK LTD"}})
    moving.by_other_hand("DELETE", f"/contacts/{ids['customers/C2']}")
    found = moving.reconcile().reconciliation.open_verdicts
    assert {v.key: v.verdict for v in found} == {
        "customers/C1": Verdict.EDITED,
        "customers/C2": Verdict.DELETED,
    }
    (difference,) = next(v for v in found if v.key == "customers/C1").differences
    assert (difference.field, difference.source, difference.sage) == ("name", "Oak Ltd", "OAK LTD")


def test_the_comparison_rules_of_a_mapping_are_applied(moving: Move) -> None:
    mapping = moving.folder / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text() + "reconcile: {name: {compare: casefold}}\n")
    moving.load()
    with open_store(moving.project, moving.clock) as store:
        ids = {w.key: w.sage_id for w in store.company(moving.project.business.id).history.written()}
    moving.by_other_hand("PUT", f"/contacts/{ids['customers/C1']}", {"contact": {"name": "OAK LTD"}})
    assert moving.reconcile().reconciliation.ties_out


def test_a_record_is_explained_from_row_to_verdict(moving: Move) -> None:
    moving.load()
    moving.reconcile()
    found = explanations.explain(moving.project, moving.clock, "customers/C2")
    assert found.record is not None and found.record.values["name"] == "Elm  Ltd"
    assert str(found.outcome.origins[0]) == "contacts.csv:3"
    assert found.step is not None and found.written is not None and found.verdict is not None
    assert found.written.sent["name"] == "Elm Ltd"
    assert found.verdict.verdict is Verdict.VERIFIED


def test_a_lost_answer_is_counted_and_settled(moving: Move) -> None:
    moving.faults.add(Trigger(1, "POST", "/contacts"), Fault(FaultType.ANSWER_LOST))
    outcome = moving.load()
    assert outcome.ended is Ended.FINISHED and references(moving) == ["C1", "C2"]
    with open_store(moving.project, moving.clock) as store:
        (load,) = store.company(moving.project.business.id).history.runs()
    assert (load.uncertain_steps, load.attempts) == (1, 1)
