"""Nothing is created again that Sage holds under another spelling: shown by what the rehearsal holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from history_oracle import Entity
from history_source import CUSTOMER, INVOICE, PAYMENT, Record
from history_steps import History, Spreadsheet
from history_world import World, new_world, quick_folder

from sagerecon.commands import status
from sagerecon.model.clock import DAY
from sagerecon.model.code import Code
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import SkipStep
from sagerecon.runner.progress import Event
from sagerecon.runner.run import RunOutcome


@pytest.fixture
def world() -> Iterator[World]:
    with quick_folder() as folder, new_world(folder) as opened:
        yield opened


def load(world: World, *, distrusts: bool = False) -> RunOutcome:
    """Take a snapshot, plan and apply."""
    assert world.snapshot().code == 0
    assert isinstance(world.plan().value, Plan)
    ran = world.apply(waits=True, distrusts=distrusts)
    assert isinstance(ran.value, RunOutcome), ran
    return ran.value


def lose_store(world: World) -> None:
    """Delete the store, and continue on a machine without its witness, when Sage has forgotten all keys."""
    for path in world.store_file.parent.glob("store.sqlite*"):
        path.unlink()
    world.change_machine()
    world.clock.sleep(8 * DAY)
    world.sign_in()


def as_a_spreadsheet(world: World) -> None:
    """Take the zeros off every number: 0003 is 3."""
    Spreadsheet()(History(world))


def renumber_documents(world: World) -> None:
    """Give each invoice and payment a number that nothing derives from the earlier one."""
    for record in world.source.present(INVOICE, PAYMENT):
        world.source.name(record, f"R{1000 - int(record.key)}")


def renumber_all(world: World) -> None:
    as_a_spreadsheet(world)
    renumber_documents(world)


def live(world: World) -> list[Entity]:
    return world.books.live(CUSTOMER, INVOICE, PAYMENT)


def aside(world: World) -> set[str]:
    """Return the keys of the records that `status` names as set aside."""
    return {each.step.key for each in status.status(world.project, world.machine_clock).aside}


@pytest.mark.parametrize("number", [as_a_spreadsheet, renumber_documents, renumber_all])
def test_what_a_lost_store_wrote_waits_where_the_source_is_numbered_anew(
    world: World, number: Callable[[World], None]
) -> None:
    load(world)
    before = {entity.sage_id for entity in live(world)}
    lose_store(world)
    number(world)
    for distrusts in (False, True, False):
        outcome = load(world, distrusts=distrusts)
        assert {entity.sage_id for entity in live(world)} == before
        assert not world.books.violations
        assert outcome.counts.get(Event.CREATED, 0) == 0
    named = {record.draft_key for record in world.source.present(INVOICE, PAYMENT)}
    assert named <= aside(world)


def test_the_plan_names_what_waits_and_why(world: World) -> None:
    load(world)
    lose_store(world)
    as_a_spreadsheet(world)
    load(world)
    made = world.plan().value
    assert isinstance(made, Plan)
    findings = {f.message.split()[4]: f for f in made.header.findings if f.code is Code.UNCERTAIN_IN_SAGE}
    assert set(findings) == {CUSTOMER, INVOICE, PAYMENT}
    message = findings[CUSTOMER].message
    assert message.startswith("Sage may hold 2 contact records already: customers/2, customers/3.")
    assert "reference is '0002' and would be '2'" in message


def test_a_new_record_is_created_beside_those_that_wait(world: World) -> None:
    load(world)
    lose_store(world)
    as_a_spreadsheet(world)
    ash = world.source.add(CUSTOMER)
    invoice = world.source.add(INVOICE, ash.uid)
    load(world)
    assert len(world.books.of(ash)) == len(world.books.of(invoice)) == 1
    assert not world.books.violations


def enter(world: World, record: Record, reference: str) -> None:
    """Enter a customer in Sage by hand."""
    fields = {"name": record.name, "contact_type_ids": ["CUSTOMER"], "reference": reference}
    assert world.by_hand("POST", "/contacts", {"contact": fields}).status == 201


def customers(world: World) -> list[str]:
    page = world.by_hand("GET", "/contacts", attributes="reference", exclude_system="true").body
    return sorted(str(item["reference"]) for item in page["$items"])


@pytest.mark.parametrize(("by_hand", "in_source"), [("0002", "2"), ("2", "0002"), ("c-02", "C 2")])
def test_a_customer_entered_by_hand_in_another_spelling_waits_at_first_contact(
    world: World, by_hand: str, in_source: str
) -> None:
    oak, elm = world.source.present(CUSTOMER)
    oak.key = in_source
    enter(world, oak, by_hand)
    load(world)
    assert customers(world) == sorted([by_hand, elm.key])
    assert oak.draft_key in aside(world)
    assert elm.draft_key not in aside(world)
    load(world)
    assert customers(world) == sorted([by_hand, elm.key])


def test_a_customer_entered_by_hand_in_the_same_spelling_is_adopted(world: World) -> None:
    oak, elm = world.source.present(CUSTOMER)
    fields = {"name": oak.name, "contact_type_ids": ["CUSTOMER"], "reference": oak.key, "notes": oak.notes}
    assert world.by_hand("POST", "/contacts", {"contact": fields}).status == 201
    assert load(world).counts[Event.ADOPTED] == 1
    assert customers(world) == sorted([oak.key, elm.key])
    assert not aside(world)


def test_a_key_that_another_record_has_as_written_is_no_other_spelling(world: World) -> None:
    """`0002` in Sage differs from the source's 0002, and is not taken for the source's 2 either."""
    oak, elm = world.source.present(CUSTOMER)
    oak.key, elm.key = "0002", "2"
    enter(world, elm, "0002")
    load(world)
    assert customers(world) == ["0002", "2"]
    assert oak.draft_key in aside(world)
    assert elm.draft_key not in aside(world)


def test_a_number_of_another_customer_is_another_invoice(world: World) -> None:
    """A business in use has invoices of its own: number 5 of another customer is not the source's 0005."""
    other = {"name": "Other", "contact_type_ids": ["CUSTOMER"], "reference": "X1"}
    contact = world.by_hand("POST", "/contacts", {"contact": other}).body["id"]
    accounts = world.by_hand("GET", "/ledger_accounts", items_per_page="200").body["$items"]
    sales = next(item["id"] for item in accounts if "4000" in item["displayed_as"])
    invoice = world.source.present(INVOICE)[0]
    line = {
        "description": "Work",
        "ledger_account_id": sales,
        "quantity": "1",
        "unit_price": str(invoice.amount),
        "tax_rate_id": "GB_NO_TAX",
        "tax_amount": "0.00",
    }
    body = {
        "contact_id": contact,
        "date": invoice.day,
        "due_date": invoice.day,
        "reference": invoice.key.lstrip("0"),
        "invoice_lines": [line],
    }
    assert world.by_hand("POST", "/sales_invoices", {"sales_invoice": body}).status == 201
    load(world)
    assert not aside(world)
    assert len(world.books.of(invoice)) == 1


def test_a_suspect_of_an_earlier_comparison_still_waits_on_another_machine(world: World) -> None:
    oak, elm = world.source.present(CUSTOMER)
    oak.key = "2"
    enter(world, oak, "0002")
    load(world)
    world.change_machine()
    world.clock.sleep(DAY)
    ash = world.source.add(CUSTOMER)
    ash.key = "9"
    enter(world, ash, "0009")
    load(world)
    load(world)
    assert customers(world) == sorted(["0002", "0009", elm.key])
    assert {oak.draft_key, ash.draft_key} <= aside(world)


def test_the_listing_of_a_later_plan_is_compared_too(world: World) -> None:
    load(world)
    before = customers(world)
    added = [world.source.add(CUSTOMER) for _ in range(3)]
    for record, key in zip(added, ("71", "72", "73"), strict=True):
        record.key = key
    enter(world, added[0], "0071")
    assert load(world).counts[Event.CREATED] == 2
    assert customers(world) == sorted([*before, "0071", "72", "73"])
    assert aside(world) == {"customers/71"}


def test_an_equal_record_of_a_lost_store_still_stops_the_run(world: World) -> None:
    load(world)
    lose_store(world)
    assert world.snapshot().code == 0
    world.plan()
    assert isinstance(world.apply(waits=True).error, IncompleteStoreError)
    load(world, distrusts=True)
    made = world.plan().value
    assert isinstance(made, Plan)
    assert {type(step) for step in made.steps[1:]} == {SkipStep}
