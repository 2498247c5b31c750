"""Nothing is doubled that was quarantined, or out of the source, while the store was lost.

Each test counts what the rehearsal Sage holds, and the calls that arrive there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from history_oracle import Entity
from history_source import BANK, CUSTOMER, INVOICE, PAYMENT, Record
from history_world import World, new_world, quick_folder

from sagerecon.cli.outcome import review_text
from sagerecon.model.clock import DAY
from sagerecon.model.code import Code
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.pairing.consequences import Verdict
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import SkipStep
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.reconciliation.unknown_writes import COMPLETE_STORE
from sagerecon.reconciliation.verdict import Cause
from sagerecon.runner.progress import Event
from sagerecon.runner.run import RunOutcome


@pytest.fixture
def world() -> Iterator[World]:
    with quick_folder() as folder, new_world(folder) as opened:
        yield opened


def plan(world: World) -> Plan:
    assert world.snapshot().code == 0
    made = world.plan().value
    assert isinstance(made, Plan)
    return made


def load(world: World, *, distrusts: bool = False) -> RunOutcome:
    plan(world)
    ran = world.apply(waits=True, distrusts=distrusts)
    assert isinstance(ran.value, RunOutcome), ran
    return ran.value


def live(world: World) -> list[Entity]:
    return world.books.live(CUSTOMER, INVOICE, PAYMENT)


def delete_store(world: World) -> None:
    for path in world.store_file.parent.glob("store.sqlite*"):
        path.unlink()
    later(world)


def later(world: World) -> None:
    """Let Sage forget every idempotency id, and sign in again."""
    world.clock.sleep(8 * DAY)
    world.sign_in()


def calls(world: World) -> int:
    return len(world.requests.arrivals)


def refused(world: World) -> IncompleteStoreError:
    """Apply what was corrected in the source: plan and apply say why that is refused."""
    findings = [found.code for found in plan(world).header.findings]
    assert {Code.INCOMPLETE_STORE, Code.CENSUS}.intersection(findings)
    error = world.apply(waits=True).error
    assert isinstance(error, IncompleteStoreError), error
    assert "apply --distrust-store" in error.hint
    return error


def adopted(world: World, before: list[Entity]) -> None:
    """Require that nothing is doubled, that the store can be rebuilt, and that all is its own then."""
    assert {entity.sage_id for entity in live(world)} == {entity.sage_id for entity in before}
    load(world, distrusts=True)
    assert {entity.sage_id for entity in live(world)} == {entity.sage_id for entity in before}
    assert not world.books.violations
    assert {type(step) for step in plan(world).steps[1:]} == {SkipStep}
    made = calls(world)
    assert load(world).counts.get(Event.CREATED, 0) == 0
    assert calls(world) == made + 1  # the settings alone: the store is whole again


def test_what_was_quarantined_while_the_store_was_rebuilt_is_not_doubled(world: World) -> None:
    load(world)
    before = live(world)
    delete_store(world)
    oak = world.source.present(CUSTOMER)[0]
    oak.is_doubled = True
    load(world, distrusts=True)
    oak.is_doubled = False
    error = refused(world)
    assert "Sage holds 2 records that the plan would create again" in error.message
    adopted(world, before)


def test_the_plan_says_without_a_call_what_would_be_created_again(world: World) -> None:
    load(world)
    delete_store(world)
    oak = world.source.present(CUSTOMER)[0]
    oak.is_doubled = True
    load(world, distrusts=True)
    oak.is_doubled = False
    made = calls(world)
    (found,) = [at for at in plan(world).header.findings if at.code is Code.INCOMPLETE_STORE]
    assert "Sage holds 2 records that the plan would create again" in found.message
    assert calls(world) == made


def test_what_was_quarantined_at_first_contact_is_not_doubled(world: World) -> None:
    load(world)
    before = live(world)
    delete_store(world)
    world.change_machine()
    customers = world.source.present(CUSTOMER)
    for record in customers:
        record.is_doubled = True
    assert load(world).counts.get(Event.CREATED, 0) == 0
    for record in customers:
        record.is_doubled = False
    error = refused(world)
    assert "Sage holds 3 records that the plan would create again" in error.message
    adopted(world, before)


def written_after_a_copy(world: World) -> Record:
    """Load, keep a copy of the store, load one invoice more, take it out of the source; return it."""
    load(world)
    copy = world.keep_store()
    added = world.source.add(INVOICE, world.source.present(CUSTOMER)[0].uid)
    load(world)
    world.put_back(copy)
    added.is_present = False
    later(world)
    return added


@pytest.mark.parametrize("is_here", [True, False], ids=["with a witness", "on another machine"])
def test_what_was_out_of_the_source_while_the_store_was_older_is_not_doubled(
    world: World, *, is_here: bool
) -> None:
    added = written_after_a_copy(world)
    before = live(world)
    if not is_here:
        world.change_machine()
    load(world, distrusts=is_here)
    added.is_present = True
    error = refused(world)
    assert f"create again, and the store does not know it: {added.draft_key}" in error.message
    adopted(world, before)


def test_what_comes_back_with_another_number_waits(world: World) -> None:
    """It is alike by contact, date and amount alone; another new invoice is created beside it."""
    added = written_after_a_copy(world)
    before = len(live(world))
    load(world, distrusts=True)
    added.is_present = True
    world.source.name(added, f"R{added.key}")
    other = world.source.add(INVOICE, added.customer)
    assert load(world).counts[Event.CREATED] == 1
    assert len(world.books.of(other)) == 1
    assert len(live(world)) == before + 1


def test_a_store_that_is_not_trusted_reads_the_kinds_of_all_records(world: World) -> None:
    written_after_a_copy(world)
    assert not [step for step in plan(world).steps if step.action.value == "create"]
    made = calls(world)
    assert isinstance(world.apply(waits=True, distrusts=True).value, RunOutcome)
    assert calls(world) == made + len((BANK, CUSTOMER, INVOICE, PAYMENT)) + 1  # and the settings


def test_a_kind_that_a_later_plan_creates_first_is_read_once(world: World) -> None:
    payment = world.source.present(PAYMENT)[0]
    customer = world.source.records[payment.customer]
    customer.is_doubled = True
    load(world)
    customer.is_doubled = False
    made, planned = calls(world), plan(world)
    assert Code.CENSUS in [found.code for found in planned.header.findings]
    load(world)
    assert calls(world) == made + planned.header.calls + 1
    world.source.add(PAYMENT, payment.customer)
    made, planned = calls(world), plan(world)
    assert Code.CENSUS not in [found.code for found in planned.header.findings]
    load(world)
    assert calls(world) == made + planned.header.calls


def test_a_reconciliation_without_the_store_says_so_and_reads_what_may_be_lost(world: World) -> None:
    load(world)
    delete_store(world)
    assert world.snapshot().code == 0
    ran = world.reconcile()
    assert ran.code == 1
    found = ran.value
    assert isinstance(found, Reconciliation)
    assert "is not the one that wrote to business" in found.incomplete_store
    assert "apply --distrust-store" in found.incomplete_store
    assert review_text(found).rstrip(".").endswith("the store is not complete")
    verdicts = {verdict.verdict for verdict in found.verdicts}
    assert Verdict.ALREADY_IN_SAGE in verdicts
    assert Verdict.NOT_YET_WRITTEN not in verdicts
    ours = [verdict for verdict in found.open_verdicts if verdict.verdict is Verdict.ALREADY_IN_SAGE]
    assert {verdict.remedy for verdict in ours} == {COMPLETE_STORE}
    for verdict in ours:
        assert verdict.reason.endswith(" The store does not know whether a run wrote it.")
        assert "no run wrote it" not in verdict.reason
        assert Cause.NEVER_WRITTEN not in [difference.cause for difference in verdict.differences]


def test_a_reconciliation_says_that_its_store_is_not_complete(world: World) -> None:
    load(world)
    assert reconciled(world).incomplete_store == ""
    delete_store(world)
    found = reconciled(world)
    assert "is not the one that wrote to business" in found.incomplete_store
    assert "--distrust-store" in found.incomplete_store
    assert not found.ties_out


def reconciled(world: World) -> Reconciliation:
    ran = world.reconcile()
    assert isinstance(ran.value, Reconciliation), ran
    return ran.value
