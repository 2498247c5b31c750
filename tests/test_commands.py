"""Commands against the rehearsal Sage: existing records, a spent budget, reading back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import explanations, plan_inputs, plans, reconciliations, runs, sources
from sagerecon.commands.status import status
from sagerecon.model.clock import DAY
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.model.place import NOWHERE
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.step import Action, ReadStep
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.reconciliation.field_explanation import FieldSides
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
    assert verdict.verdict is Verdict.ALREADY_IN_SAGE and "Oak and Sons Ltd" in verdict.reason


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


@pytest.fixture
def halfway(moving: Move) -> Move:
    """Yield a move whose plan is in progress: C1 is in Sage, C2 is still to be sent."""
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)
    stopped = runs.apply(
        moving.project, moving.clock, moving.session, should_stop=lambda: "C1" in references(moving)
    )
    assert stopped.ended is Ended.STOPPED and references(moving) == ["C1"]
    return moving


def resume(moving: Move, **options: bool) -> str:
    """Resume the plan to its end, and return the notices."""
    notices: list[str] = []
    outcome = runs.apply(moving.project, moving.clock, moving.session, on_notice=notices.append, **options)
    assert outcome.ended is Ended.FINISHED
    return " ".join(notices)


def export(moving: Move, contacts: str) -> None:
    (moving.folder / "data/contacts.csv").write_text(f"ref,name\n{contacts}")
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)


def names(moving: Move) -> set[str]:
    page = moving.by_other_hand("GET", "/contacts", exclude_system="true").body
    return {item["displayed_as"] for item in page["$items"]}


@pytest.mark.parametrize(
    ("contacts", "effect"),
    [
        (
            "C1,Oak Ltd\nC2,Elm Limited\n",
            "1 record (customers/C2) still to be sent, with other content now.",
        ),
        ("C1,Oak Ltd\n", "1 record (customers/C2) still to be sent, which a new plan would not send."),
        (
            "C1,Oak Limited\nC2,Elm Ltd\n",
            "1 record (customers/C1) in Sage already, changed in the source or the mappings since.",
        ),
        (
            "C1,Oak Ltd\nC2,Elm Ltd\n" + "".join(f"D{n},Firm {n}\n" for n in range(4)),
            "4 records (customers/D0, customers/D1, customers/D2, …) not sent by this plan, "
            "which a new plan would send.",
        ),
    ],
)
def test_a_source_changed_halfway_stops_the_plan_with_its_effect(
    halfway: Move, contacts: str, effect: str
) -> None:
    before = halfway.sage.calls
    export(halfway, contacts)
    with pytest.raises(PlanStaleError) as refused:
        resume(halfway)
    assert (
        refused.value.message
        == f"Since this plan was begun, the snapshot of the source changed. Affected: {effect}"
    )
    assert refused.value.exit_code == 5 and "sagerecon plan" in refused.value.hint
    assert halfway.sage.calls == before
    assert effect in resume(halfway, as_planned=True)
    assert names(halfway) == {"Oak Ltd (C1)", "Elm Ltd (C2)"}  # what was planned, not what is exported now


def test_a_plan_stopped_halfway_is_replaced_by_one_that_sends_nothing_twice(halfway: Move) -> None:
    export(halfway, "C1,Oak Ltd\nC2,Elm Limited\n")
    old = (halfway.project.plan_file).read_bytes()
    plans.plan(halfway.project, halfway.clock)
    resume(halfway)
    assert names(halfway) == {"Oak Ltd (C1)", "Elm Limited (C2)"}
    halfway.project.plan_file.write_bytes(old)
    with pytest.raises(PlanStaleError, match="superseded"):  # its id map is another's by now
        resume(halfway, as_planned=True)


def test_a_change_that_affects_no_record_is_reported_and_the_plan_continued(halfway: Move) -> None:
    mapping = halfway.folder / "mappings/customers.yaml"
    mapping.write_text(f"# reviewed\n{mapping.read_text()}")
    assert resume(halfway) == (
        "Since this plan was begun, the mappings, crosswalks or parameters changed. "
        "No record of the plan is affected."
    )
    assert references(halfway) == ["C1", "C2"]


def test_unchanged_inputs_need_no_notice(halfway: Move) -> None:
    assert resume(halfway) == ""


def test_mappings_with_errors_stop_a_plan_in_progress(halfway: Move) -> None:
    mapping = halfway.folder / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text().replace("name: {from: name", "nmae: {from: name"))
    with pytest.raises(PlanStaleError, match="A new plan cannot be created from them: 1 error"):
        resume(halfway)
    assert "cannot be created" in resume(halfway, as_planned=True)


def test_a_snapshot_that_is_missing_stops_a_plan_in_progress(halfway: Move) -> None:
    halfway.project.snapshot_file.unlink()
    with pytest.raises(PlanStaleError, match="No snapshot of the source has been taken"):
        resume(halfway)
    assert "No snapshot of the source has been taken" in resume(halfway, as_planned=True)
    assert references(halfway) == ["C1", "C2"]


def test_another_catalog_always_needs_a_new_plan(halfway: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_inputs, "catalog_fingerprint", lambda: "another")
    with pytest.raises(PlanStaleError, match="The catalog of Sage has changed since this plan was begun"):
        resume(halfway, as_planned=True)


def test_another_business_is_refused_halfway(halfway: Move) -> None:
    write_business(halfway.project.state, "another")
    with pytest.raises(PlanStaleError, match="The plan was made from another business"):
        resume(halfway, as_planned=True)


def test_a_plan_made_before_the_sign_in_is_named_as_such(moving: Move) -> None:
    business = moving.project.business.id
    write_business(moving.project.state, "")
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)
    write_business(moving.project.state, business)
    with pytest.raises(
        PlanStaleError, match="The plan was made before the sign-in, for no business"
    ) as error:
        runs.apply(moving.project, moving.clock, moving.session)
    assert error.value.hint == "Create a new one: sagerecon plan"


def test_a_plan_that_was_never_begun_is_not_continued_as_planned(moving: Move) -> None:
    export(moving, "C1,Oak Ltd\n")
    plans.plan(moving.project, moving.clock)
    export(moving, "C1,Oak Limited\n")
    with pytest.raises(PlanStaleError, match="The plan was made from another snapshot"):
        resume(moving, as_planned=True)


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


def test_a_field_is_explained_on_every_side(moving: Move) -> None:
    moving.load()
    moving.reconcile()
    page = moving.by_other_hand("GET", "/contacts", exclude_system="true").body
    elm = next(item["id"] for item in page["$items"] if "Elm" in item["displayed_as"])
    moving.clock.sleep(60_000)
    moving.by_other_hand("PUT", f"/contacts/{elm}", {"contact": {"name": "ELM LTD"}})
    moving.reconcile()
    for text in ("customers/C2.name", "Elm  Ltd.name"):  # by key, and by label
        field = explanations.explain(moving.project, moving.clock, text).field
        assert field is not None and field.cells == (("name", "Elm  Ltd"),)
        assert str(field.mapping) == "mappings/customers.yaml:8:3"
        assert [(change.before, change.after) for change in field.changes] == [("Elm  Ltd", "Elm Ltd")]
        assert field.sides == (FieldSides("name", draft="Elm Ltd", sent="Elm Ltd", sage="ELM LTD"),)


def test_a_field_that_is_not_mapped_is_explained_by_what_sage_holds(moving: Move) -> None:
    moving.load()
    moving.reconcile()
    field = explanations.explain(moving.project, moving.clock, "customers/C2.main_address.city").field
    assert field is not None and (field.cells, field.mapping) == ((), NOWHERE)
    field = explanations.explain(moving.project, moving.clock, "customers/C2.contact_type_ids").field
    assert field is not None and field.cells == () and field.mapping != NOWHERE  # a constant
    assert [sides.sage for sides in field.sides] == ["CUSTOMER"]
    field = explanations.explain(moving.project, moving.clock, "customers/C2.contact_type_ids[0]").field
    assert field is not None
    assert field.sides == (FieldSides("contact_type_ids", "CUSTOMER", "CUSTOMER", "CUSTOMER"),)


def test_a_field_is_explained_before_anything_was_sent(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    field = explanations.explain(moving.project, moving.clock, "customers/C2.name").field
    assert field is not None
    assert field.sides == (FieldSides("name", draft="Elm Ltd", sent=None, sage=None),)


def test_an_unknown_field_is_named_with_a_similar_one(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    for text, message in (
        ("customers/C2.nmae", r"contact has no field 'nmae'\. Did you mean 'name'"),
        (
            "customers/C2.main_address.ctiy",
            r"contact\.main_address has no field 'ctiy'\. Did you mean 'city'",
        ),
        ("customers/C9.name", r"No record has the key 'customers/C9\.name'"),
    ):
        with pytest.raises(ProjectError, match=message):
            explanations.explain(moving.project, moving.clock, text)


def test_a_key_with_dots_is_told_from_a_field(moving: Move) -> None:
    export(moving, "C.1,Oak Ltd.\nC.1.name,Elm Ltd\n")
    for text, key, path in (
        ("customers/C.1", "customers/C.1", None),
        ("customers/C.1.name", "customers/C.1.name", None),
        ("customers/C.1.name.name", "customers/C.1.name", "name"),
        ("customers/C.1.reference", "customers/C.1", "reference"),
        ("Oak Ltd..reference", "customers/C.1", "reference"),
    ):
        found = explanations.explain(moving.project, moving.clock, text)
        assert (found.outcome.key, found.field and found.field.path) == (key, path)


def test_a_lost_answer_is_counted_and_settled(moving: Move) -> None:
    moving.faults.add(Trigger(1, "POST", "/contacts"), Fault(FaultType.ANSWER_LOST))
    outcome = moving.load()
    assert outcome.ended is Ended.FINISHED and references(moving) == ["C1", "C2"]
    with open_store(moving.project, moving.clock) as store:
        (load,) = store.company(moving.project.business.id).history.runs()
    assert load.attempts == 1
