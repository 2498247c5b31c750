"""The effect of a changed source on a plan in progress."""

from dataclasses import replace
from decimal import Decimal

from runs import customer, invoice
from test_planning_planner import planned, recorded, through_a_file

from sagerecon.model.draft import LeftOut, OnExisting, Outcome, Quarantined
from sagerecon.planning.effect import Effect, effect_on, effect_text
from sagerecon.planning.step import CreateStep, QuarantinedStep, ReverseStep, SkipStep, UpdateStep


def quarantined(key: str) -> Quarantined:
    return Quarantined("contact", f"customers/{key}", (), ())


def left_out(key: str) -> LeftOut:
    return LeftOut("contact", f"customers/{key}", "closed", "closed accounts are not moved", ())


def keys(effect: Effect) -> dict[str, tuple[str, ...]]:
    fields = {name: getattr(effect, name) for name in Effect.__slots__}
    return {name: found for name, found in fields.items() if found}


OUTCOMES: list[Outcome] = [
    customer(1),
    customer(2, credit_limit=Decimal("10.00")),
    invoice(1, "customers/C1"),
    quarantined("C8"),
    left_out("C9"),
]
PLAN = through_a_file(planned(*OUTCOMES))
CREATES = {step.key: step.number for step in PLAN.steps}


def test_the_same_outcomes_have_no_effect() -> None:
    effect = effect_on(PLAN, OUTCOMES, ())
    assert not effect and effect_text(effect) == ""
    assert not effect_on(PLAN, [replace(customer(1), label="other", origins=()), *OUTCOMES[1:]], ())


def test_another_content_identity_or_treatment_of_existing_records_changes_what_is_sent() -> None:
    for other in (
        customer(1, name="Other"),
        replace(customer(1), identity={"name": "Firm 1"}),
        replace(customer(1), on_existing=OnExisting.ADOPT),
    ):
        now = [other, *OUTCOMES[1:]]
        assert keys(effect_on(PLAN, now, ())) == {"changed": ("customers/C1",)}
        assert keys(effect_on(PLAN, now, {CREATES["customers/C1"]})) == {"outdated": ("customers/C1",)}


def test_what_refers_to_what_sage_holds_is_as_it_was_planned() -> None:
    for draft, found in ((customer(1), {}), (customer(1, name="Other"), {"changed": ("customers/C1",)})):
        orphan = Quarantined("contact", "customers/C1", (), (), orphan=draft)
        assert keys(effect_on(PLAN, [orphan, *OUTCOMES[1:]], ())) == found
    orphan = Quarantined("contact", "customers/C8", (), (), orphan=customer(8))
    assert not effect_on(PLAN, [*OUTCOMES[:3], orphan, OUTCOMES[4]], ())


def test_records_that_a_new_plan_would_not_send_are_dropped() -> None:
    for gone in ([], [quarantined("C1")], [left_out("C1")]):
        now = [*gone, *OUTCOMES[1:]]
        assert keys(effect_on(PLAN, now, ())) == {"dropped": ("customers/C1",)}
        assert keys(effect_on(PLAN, now, {CREATES["customers/C1"]})) == {"outdated": ("customers/C1",)}


def test_records_that_only_a_new_plan_would_send_are_added() -> None:
    now = [*OUTCOMES[:3], customer(8), customer(9), customer(10)]
    assert keys(effect_on(PLAN, now, ())) == {"added": ("customers/C8", "customers/C9", "customers/C10")}


def test_steps_about_records_of_earlier_runs_are_compared_too() -> None:
    journal = replace(invoice(2, "customers/C1"), kind="journal")  # Sage has no update for it
    before = [customer(1), customer(2, name="Old"), replace(journal, body={"contact_id": "1"})]
    plan = through_a_file(planned(customer(1), customer(2), journal, known=recorded(*before)))
    assert [type(step) for step in plan.steps] == [SkipStep, UpdateStep, QuarantinedStep]
    assert not effect_on(plan, [customer(1), customer(2), journal], ())
    assert keys(effect_on(plan, [customer(1, name="New"), customer(2, name="Newer"), journal], ())) == {
        "changed": ("customers/C2",),
        "outdated": ("customers/C1",),
    }


def test_a_field_that_a_decision_leaves_to_sage_is_no_other_content() -> None:
    before = [customer(1), customer(2, name="Old", notes="sent")]
    plan = through_a_file(planned(customer(1), customer(2, notes="sent"), known=recorded(*before)))
    steps = [replace(step, left=("notes",)) if isinstance(step, UpdateStep) else step for step in plan.steps]
    plan = replace(plan, steps=tuple(steps))
    assert not effect_on(plan, [customer(1), customer(2, notes="new")], ())
    changed = effect_on(plan, [customer(1), customer(2, notes="new", name="Newer")], ())
    assert keys(changed) == {"changed": ("customers/C2",)}


def test_the_text_counts_and_names_examples() -> None:
    effect = Effect(changed=("a/1",), dropped=("a/2", "a/3", "a/4", "a/5"), outdated=(), added=("b/1", "b/2"))
    assert effect_text(effect) == (
        "1 record (a/1) still to be sent, with other content now; "
        "4 records (a/2, a/3, a/4, …) still to be sent, which a new plan would not send; "
        "2 records (b/1, b/2) not sent by this plan, which a new plan would send"
    )


def test_a_record_that_is_in_the_source_again_is_not_to_be_deleted() -> None:
    deletion = ReverseStep(number=9, kind="contact", key="customers/C8", reason="", body={}, sage_id="1")
    again = replace(deletion, number=8, key="customers/C1")
    creation = next(step for step in PLAN.steps if step.key == "customers/C1")
    assert isinstance(creation, CreateStep)
    others = [step for step in PLAN.steps if step is not creation]
    plan = replace(PLAN, steps=(deletion, again, replace(creation, replaces="2"), *others))
    assert not effect_on(plan, OUTCOMES, ())
    back = [*OUTCOMES[:3], customer(8), left_out("C9")]
    assert keys(effect_on(plan, back, ())) == {"dropped": ("customers/C8",)}
    assert keys(effect_on(plan, back, {9})) == {"added": ("customers/C8",)}
