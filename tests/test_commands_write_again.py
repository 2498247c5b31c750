"""What was deleted in Sage is put back by decision: once, under a new Sage id, whatever fails meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from history_oracle import Entity
from history_source import CUSTOMER, INVOICE, Record
from history_world import Kill, World, new_world, quick_folder

from sagerecon.commands import decisions
from sagerecon.commands.decisions import Choice
from sagerecon.model.errors import ProjectError
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import AdoptStep, CreateStep, KeepStep, SkipStep, WaitStep
from sagerecon.project.store import open_store
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.runner.run import RunOutcome

PATHS = {INVOICE: "sales_invoices", CUSTOMER: "contacts"}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def world(home: Path) -> Iterator[World]:
    """Yield a move that is loaded, of which the second invoice was voided in Sage and read since."""
    with new_world(home) as opened:
        load(opened)
        delete(opened, second_invoice(opened))
        verdicts(opened)
        yield opened


def load(world: World) -> RunOutcome:
    assert world.snapshot().code == 0
    assert world.plan().code == 0
    return applied(world)


def applied(world: World) -> RunOutcome:
    ran = world.apply(waits=True)
    assert isinstance(ran.value, RunOutcome), ran
    return ran.value


def planned(world: World) -> dict[str, object]:
    """Return the steps of a new plan by key."""
    made = world.plan().value
    assert isinstance(made, Plan)
    return {step.key: step for step in made.steps}


def verdicts(world: World) -> dict[str, Verdict]:
    """Reconcile, and return the verdicts by key, or by Sage id where no record has the entity."""
    for _ in range(5):
        ran = world.reconcile()
        if isinstance(ran.value, Reconciliation):
            return {found.key or found.sage_id: found.verdict for found in ran.value.verdicts}
        world.clock.sleep(getattr(ran.value, "until", 0) - world.machine_clock.now())
    raise AssertionError(ran)


def decide(world: World, record: Record, answer: str = "write_again") -> None:
    choice = Choice(answer=answer, because="deleted by mistake", by="J. Reviewer")
    decisions.take(world.project, world.machine_clock, record.draft_key, choice)
    newest = [entity.sage_id for entity in world.books.entities.values() if entity.uid == record.uid][-1]
    world.books.permit(DecisionAnswer(answer), newest)


def second_invoice(world: World) -> Record:
    return world.source.present(INVOICE)[1]


def delete(world: World, record: Record) -> Entity:
    (entity,) = world.books.of(record)
    reply = world.by_hand("DELETE", f"/{PATHS[record.kind]}/{entity.sage_id}", void_reason="by mistake")
    assert reply.status < 300, reply
    world.clock.sleep(60_000)
    return entity


def test_what_was_deleted_in_sage_is_created_once_more_by_decision(world: World) -> None:
    record = second_invoice(world)
    assert isinstance(planned(world)[record.draft_key], WaitStep)
    decide(world, record)
    step = planned(world)[record.draft_key]
    assert isinstance(step, CreateStep)
    assert step.calls == 1
    before = world.books.writes
    assert applied(world).to_do == 0
    assert world.books.writes - before == 1
    (entity,) = world.books.of(record)
    assert entity.sage_id != step.replaces
    assert entity.content == record.content()


def test_it_is_verified_afterwards_and_not_written_a_third_time(world: World) -> None:
    record = second_invoice(world)
    decide(world, record)
    planned(world)
    applied(world)
    found = verdicts(world)
    assert found[record.draft_key] is Verdict.VERIFIED
    assert Verdict.EXTRA not in found.values()
    assert isinstance(planned(world)[record.draft_key], SkipStep)
    listed = decisions.decidable(world.project, world.machine_clock)
    assert [decision.subject for decision in listed.settlement.idle] == [record.draft_key]


def test_a_second_deletion_is_not_covered_by_the_decision_about_the_first(world: World) -> None:
    record = second_invoice(world)
    decide(world, record)
    planned(world)
    applied(world)
    delete(world, record)
    assert verdicts(world)[record.draft_key] is Verdict.DELETED
    assert isinstance(planned(world)[record.draft_key], WaitStep)


def test_a_kill_at_any_point_leaves_one_of_it(world: World) -> None:
    """Each run is killed at a later point; each is continued by the same command."""
    record = second_invoice(world)
    for point in range(20):
        decide(world, record)
        planned(world)
        killed = world.apply(Kill(point), waits=True)
        world.clock.sleep(60_000)
        if killed.code != 137:
            assert point > 3
            return
        ran = world.apply(waits=True)
        assert isinstance(ran.value, RunOutcome) or "was completed" in str(ran.error)
        assert world.books.violations == []
        assert len(world.books.of(record)) == 1, point
        delete(world, record)
        verdicts(world)
    raise AssertionError("there are more points than 20")


def test_a_change_of_the_source_goes_into_the_new_entity(world: World) -> None:
    record = second_invoice(world)
    record.amount += 7
    world.snapshot()
    decide(world, record)
    planned(world)
    applied(world)
    (entity,) = world.books.of(record)
    assert entity.content == record.content()


def test_what_refers_to_it_is_sent_with_its_new_id(world: World) -> None:
    customer = world.source.add(CUSTOMER)
    load(world)
    old = delete(world, customer)
    invoice = world.source.add(INVOICE, customer.uid)
    world.snapshot()
    verdicts(world)
    assert isinstance(planned(world)[invoice.draft_key], WaitStep)
    decide(world, customer)
    assert isinstance(planned(world)[invoice.draft_key], CreateStep)
    applied(world)
    (entity,) = world.books.of(customer)
    (written,) = world.books.of(invoice)
    assert world.books.values(written)["contact"].id == entity.sage_id != old.sage_id
    assert set(verdicts(world).values()) & {Verdict.EXTRA, Verdict.EDITED} == set()


def test_one_that_somebody_entered_again_is_adopted_where_the_mapping_looks_for_it(world: World) -> None:
    customer = world.source.add(CUSTOMER)
    load(world)
    delete(world, customer)
    body = {"reference": customer.key, "name": customer.name, "notes": customer.notes}
    verdicts(world)
    decide(world, customer)
    planned(world)
    reply = world.by_hand("POST", "/contacts", {"contact": {**body, "contact_type_ids": ["CUSTOMER"]}})
    assert reply.status == 201
    before = world.books.writes
    applied(world)
    assert world.books.writes == before
    assert verdicts(world)[customer.draft_key] is Verdict.VERIFIED


def test_one_that_somebody_entered_again_otherwise_is_adopted_by_decision(world: World) -> None:
    """The run that was to write it again refuses the entity that has its key, and creates no second one."""
    customer = world.source.add(CUSTOMER)
    load(world)
    delete(world, customer)
    invoice = world.source.add(INVOICE, customer.uid)
    assert world.snapshot().code == 0
    verdicts(world)
    body = {"reference": customer.key, "name": "Entered again", "contact_type_ids": ["CUSTOMER"]}
    reply = world.by_hand("POST", "/contacts", {"contact": body})
    assert reply.status == 201
    decide(world, customer)
    planned(world)
    before = world.books.writes
    applied(world)
    assert world.books.writes == before
    step = planned(world)[customer.draft_key]
    assert isinstance(step, WaitStep)
    assert "name is 'Entered again'" in step.reason
    verdict = verdicts(world)[customer.draft_key]
    assert verdict is Verdict.DELETED
    decide(world, customer, "adopt")
    steps = planned(world)
    step = steps[customer.draft_key]
    assert isinstance(step, AdoptStep)
    assert step.sage_id == reply.body["id"] != step.replaces
    assert isinstance(steps[invoice.draft_key], CreateStep)
    applied(world)
    assert world.books.writes == before + 1  # the invoice, of the customer that was entered again
    (written,) = world.books.of(invoice)
    assert world.books.values(written)["contact"].id == step.sage_id
    assert verdicts(world)[customer.draft_key] is Verdict.EDITED
    assert isinstance(planned(world)[customer.draft_key], KeepStep)


def test_one_that_somebody_entered_again_is_another_one_by_decision(world: World) -> None:
    customer = world.source.add(CUSTOMER)
    load(world)
    delete(world, customer)
    verdicts(world)
    body = {"reference": customer.key, "name": "Entered again", "contact_type_ids": ["CUSTOMER"]}
    assert world.by_hand("POST", "/contacts", {"contact": body}).status == 201
    with pytest.raises(ProjectError, match="no run has found an entity in Sage that may be it"):
        decide(world, customer, "adopt")
    decide(world, customer)
    planned(world)
    applied(world)
    assert isinstance(planned(world)[customer.draft_key], WaitStep)  # the decision knew of no other entity
    decide(world, customer)
    step = planned(world)[customer.draft_key]
    assert isinstance(step, CreateStep)
    assert len(step.apart) == 1


def test_its_natural_key_leads_to_the_new_entity(world: World) -> None:
    customer = world.source.add(CUSTOMER)
    load(world)
    old = delete(world, customer)
    verdicts(world)
    decide(world, customer)
    planned(world)
    applied(world)
    (entity,) = world.books.of(customer)
    with open_store(world.project, world.machine_clock) as store:
        ids = store.company(world.project.business.id).id_map
        assert ids.sage_id(CUSTOMER, NaturalKey("reference", customer.key)) == entity.sage_id != old.sage_id


def test_a_store_from_before_it_was_written_again_writes_no_third(world: World) -> None:
    record = second_invoice(world)
    decide(world, record)
    copy = world.keep_store()
    planned(world)
    applied(world)
    world.put_back(copy)
    world.change_machine()
    world.clock.sleep(10 * 24 * 3_600_000)  # Sage has forgotten the id of the creation
    planned(world)
    ran = world.apply(waits=True)
    assert "Sage holds 1 record that the plan would create again" in str(ran.error)
    assert "and the store does not know it: " in str(ran.error)
    assert len(world.books.of(record)) == 1
