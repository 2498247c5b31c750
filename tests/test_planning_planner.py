"""Order, price and calendar of a plan."""

import io
import itertools
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import customer, invoice

from sagerecon.documents.package import catalog
from sagerecon.model.clock import DAY, MINUTE
from sagerecon.model.draft import (
    Change,
    Draft,
    LeftOut,
    OnExisting,
    Outcome,
    Quarantined,
    Reference,
    node_document,
)
from sagerecon.model.entity import Entity, Written
from sagerecon.model.errors import BudgetTooSmallError, CircularReferenceError
from sagerecon.model.finding import Finding
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import Place
from sagerecon.model.value import fingerprint
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.pairing.position import EntityReading
from sagerecon.pairing.read_from_sage import ReadFromSage
from sagerecon.pairing.standing import standing
from sagerecon.planning.budget import Budget, earliest
from sagerecon.planning.calendar import PATIENCE, lay_out, slow_finish, window_of
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.order import DraftIndex, order_drafts
from sagerecon.planning.plan import Plan, Purpose, plan_lines, read_plan
from sagerecon.planning.planner import Calendar, Provenance, plan_reading, plan_steps
from sagerecon.planning.readings import read_existing
from sagerecon.planning.step import CreateStep, ReadStep, SkipStep, UpdateStep

BUDGET = Budget(100, 2_500)
NOTHING = Recorded()


def recorded(*drafts: Draft) -> Recorded:
    """Return what is known after a run that wrote these drafts."""
    written = {(draft.kind, draft.key): as_written(draft) for draft in drafts}
    return Recorded(contents={key: record.content for key, record in written.items()}, written=written)


def as_written(draft: Draft) -> Written:
    sent = node_document(draft.body)
    return Written(
        kind=draft.kind,
        key=draft.key,
        sage_id=f"id of {draft.key}",
        sent=sent,
        answer={},
        written_at=0,
        content=fingerprint(sent),
        label=draft.label,
        amount=draft.amount,
        identity=draft.identity,
        origins=draft.origins,
    )


def planned(*outcomes: Outcome, known: Recorded = NOTHING, budget: Budget = BUDGET) -> Plan:
    provenance = Provenance("B", "snapshot", "mappings", "catalog")
    entities = KnownEntities(fingerprint="f", contents=known.contents)
    positions = pair_with_recorded(outcomes, known, catalog())
    return plan_steps(positions, entities, catalog(), budget, provenance, Calendar(0))


def through_a_file(plan: Plan) -> Plan:
    return read_plan(io.BytesIO("".join(plan_lines(plan)).encode()), "plan.jsonl")


def actions(plan: Plan) -> list[tuple[str, str]]:
    return [(step.action.value, step.key) for step in plan.steps]


def test_no_step_precedes_what_it_refers_to() -> None:
    plan = planned(invoice(1, "customers/C1"), customer(1))
    assert actions(plan) == [
        ("read", "contacts/existing"),
        ("create", "customers/C1"),
        ("create", "invoices/I1"),
    ]
    assert (plan.header.calls, plan.header.lower_bound) == (3, 3)


@given(st.permutations(range(12)), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_any_drafts_without_a_circle_are_ordered(names: list[int], edges: list[tuple[int, int]]) -> None:
    needs = {name: {low for high, low in edges if high == name and low < high} for name in names}
    drafts = [
        replace(
            customer(name), body={"links": [Reference("contact", f"customers/C{n}") for n in needs[name]]}
        )
        for name in names
    ]
    ordered = [draft.key for draft in order_drafts(drafts, catalog())]
    assert sorted(ordered) == sorted(draft.key for draft in drafts)
    for name in names:
        for needed in needs[name]:
            assert ordered.index(f"customers/C{needed}") < ordered.index(f"customers/C{name}")


def test_priority_decides_where_references_do_not() -> None:
    drafts = [replace(customer(1), priority=5), customer(2), replace(customer(3), priority=1)]
    assert [draft.key[-1] for draft in order_drafts(drafts, catalog())] == ["2", "3", "1"]


def test_a_circle_shows_its_path() -> None:
    one = replace(customer(1), body={"a": Reference("contact", "customers/C2")})
    two = replace(customer(2), body={"a": Reference("contact", NaturalKey("reference", "C1"))})
    with pytest.raises(CircularReferenceError, match="customers/C1 -> customers/C2 -> customers/C1"):
        order_drafts([one, two], catalog())


def test_every_record_is_in_the_plan() -> None:
    place = (Place("c.csv", 3),)
    plan = planned(
        customer(1),
        LeftOut("contact", "customers/C2", "settled", "settled before", place),
        Quarantined("contact", "customers/C3", (Finding("x", place[0], "no name."),), place),
    )
    assert actions(plan)[1:] == [
        ("create", "customers/C1"),
        ("leave_out", "customers/C2"),
        ("quarantine", "customers/C3"),
    ]


def test_a_record_without_a_call_keeps_its_origins_amount_label_and_reason() -> None:
    place, finding = (Place("c.csv", 3), Place("c.csv", 4)), Finding("x", Place("c.csv", 3), "no name.")
    amount = Decimal("7.00")
    left = LeftOut("contact", "customers/C2", "settled", "settled before", place, amount, "Oak Ltd")
    aside = Quarantined("contact", "customers/C3", (finding,), place, amount, "Elm Ltd")
    plan = planned(left, aside)
    for out, quarantined in (plan.steps, through_a_file(plan).steps):
        assert (out.origins, out.amount, out.label, out.reason, out.rule) == (
            place,
            amount,
            "Oak Ltd",
            "settled before",
            "settled",
        )
        assert (quarantined.origins, quarantined.amount, quarantined.label, quarantined.findings) == (
            place,
            amount,
            "Elm Ltd",
            (finding,),
        )


def test_a_recorded_draft_is_skipped_or_updated() -> None:
    known = recorded(customer(1), customer(2))
    plan = planned(customer(1), customer(2, name="Other"), customer(3), known=known)
    assert actions(plan)[1:] == [
        ("skip", "customers/C1"),
        ("update", "customers/C2"),
        ("create", "customers/C3"),
    ]


def test_an_update_names_the_changed_fields_and_those_to_clear() -> None:
    plan = planned(customer(1, notes="late"), known=recorded(customer(1, notes="new", locale="en")))
    (step,) = through_a_file(plan).steps[-1:]
    assert isinstance(step, UpdateStep) and step.changed == ("notes", "locale")
    assert step.reason.endswith("since an earlier run recorded it: notes, locale")


def test_a_draft_of_the_same_meaning_is_skipped() -> None:
    known = recorded(customer(1, credit_limit="10.00", notes=""))
    assert actions(planned(customer(1, credit_limit="10.0"), known=known)) == [("skip", "customers/C1")]


def test_a_field_that_sage_does_not_let_be_changed_is_quarantined() -> None:
    plan = planned(customer(1, email="b@x.example"), known=recorded(customer(1, email="a@x.example")))
    assert actions(plan) == [("quarantine", "customers/C1")]
    assert "Sage does not let email be changed" in plan.steps[0].reason


def test_what_refers_to_a_record_that_waits_waits_too() -> None:
    renamed = replace(customer(1), key="customers/C01")
    known = recorded(customer(1), customer(2), invoice(2, "customers/C1"))
    outcomes = (renamed, customer(2), invoice(1, "customers/C01"), invoice(2, "customers/C01"))
    plan = planned(*outcomes, invoice(3, "customers/C2"), known=known)
    assert actions(plan) == [
        ("wait", "customers/C01"),
        ("skip", "customers/C2"),
        ("wait", "invoices/I1"),
        ("wait", "invoices/I2"),
        ("create", "invoices/I3"),
    ]
    assert [finding.code for finding in plan.header.findings] == ["renamed_in_source", "refers_to_waiting"]
    assert plan.header.findings[1].message == (
        "2 sales_invoice records refer to a record that waits, and are not sent:"
        " invoices/I1 (refers to customers/C01), invoices/I2 (refers to customers/C01)."
    )
    assert plan.header.calls == 1


def test_a_written_record_that_is_left_out_or_quarantined_now_stays_in_sage() -> None:
    place = (Place("c.csv", 3),)
    left = LeftOut("contact", "customers/C1", "settled", "settled before", place, Decimal("7.00"), "Oak Ltd")
    aside = Quarantined("contact", "customers/C2", (Finding("x", place[0], "no name."),), place)
    plan = planned(left, aside, known=recorded(customer(1), customer(2), customer(3)))
    assert actions(plan) == [
        ("keep", "customers/C1"),
        ("quarantine", "customers/C2"),
        ("keep", "customers/C3"),
    ]
    assert plan.steps[1].reason == "no name. An earlier run recorded it; it stays in Sage unchanged."
    assert [finding.message for finding in plan.header.findings] == [
        "1 contact record (7.00) recorded by an earlier run, left out by rule settled now:"
        " customers/C1 (Oak Ltd). Left in Sage unchanged.",
        "1 contact record recorded by an earlier run, gone from the source: customers/C3 (Firm 3)."
        " Left in Sage unchanged.",
    ]


def test_a_record_changed_on_both_sides_waits() -> None:
    record = replace(as_written(customer(1)), answer={"name": "Firm 1", "reference": "C1"})
    known = Recorded(
        contents={("contact", record.key): record.content}, written={("contact", record.key): record}
    )
    found = {}
    for name, now in (("Firm 1", "New"), ("Oak", "New"), ("Oak", "Oak"), ("Oak", "Firm 1")):
        entity = Entity("contact", record.sage_id, {**record.answer, "name": name})
        read = ReadFromSage(entities={("contact", record.sage_id): EntityReading(entity, 1)})
        (position,) = pair_with_recorded([customer(1, name=now)], known, catalog(), read=read)
        found[name, now] = standing(position).value
        entity_before = replace(read, entities={("contact", record.sage_id): EntityReading(entity, -1)})
        (before,) = pair_with_recorded([customer(1, name=now)], known, catalog(), read=entity_before)
        assert standing(before).value in ("source changed", "unchanged"), "a reading before the write"
    assert found == {
        ("Firm 1", "New"): "source changed",
        ("Oak", "New"): "both changed",
        ("Oak", "Oak"): "converged",
        ("Oak", "Firm 1"): "edited in Sage",
    }


def test_a_step_of_a_draft_keeps_where_it_comes_from() -> None:
    drafts = [
        replace(
            customer(n, name=name),
            amount=Decimal(n),
            changes=(Change("name", "a", "b", "c", Place("c.yaml", 9)),),
        )
        for n, name in ((1, "Firm 1"), (2, "Other"), (3, "Firm 3"))
    ]
    plan = planned(*drafts, known=recorded(customer(1), customer(2)))
    for step, draft in zip(plan.steps[1:], drafts, strict=True):
        assert isinstance(step, CreateStep | UpdateStep | SkipStep)
        kept = (step.origins, step.amount, step.label, step.mapping, step.changes)
        assert kept == (draft.origins, draft.amount, draft.label, draft.place, draft.changes)


def test_a_changed_draft_without_an_update_is_quarantined() -> None:
    journal = Draft(
        kind="journal",
        key="j/1",
        body={"reference": "1"},
        identity={},
        origins=(),
        place=Place("j.yaml"),
        on_existing=OnExisting.CREATE,
    )
    plan = planned(replace(journal, body={"reference": "2"}), known=recorded(journal))
    assert actions(plan) == [("quarantine", "j/1")]
    assert "Sage has no update for a journal" in plan.steps[0].reason


def test_only_needed_kinds_and_fields_are_read() -> None:
    draft = replace(
        invoice(1, "customers/C1"),
        body={
            "contact_id": Reference("contact", "customers/C1"),
            "tax_rate_id": Reference("tax_rate", NaturalKey("id", "GB_STANDARD")),
            "bank": Reference("bank_account", NaturalKey("ledger_account.nominal_code", "1200")),
            "ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", "4000")),
        },
    )
    reads = {s.kind: s.query for s in planned(customer(1), draft).steps if isinstance(s, ReadStep)}
    assert set(reads) == {"contact", "bank_account", "ledger_account"}
    assert reads["bank_account"]["attributes"] == "deleted_at,ledger_account"
    assert reads["bank_account"]["nested_attributes"] == "all"
    assert reads["ledger_account"] == {"items_per_page": "200", "attributes": "nominal_code"}


def test_reading_back_is_priced_by_pages() -> None:
    plan = plan_reading(
        [("contact", 401), ("journal", 0)],
        [],
        "id map",
        catalog(),
        BUDGET,
        Provenance("B", "", "", ""),
        Calendar(0),
    )
    assert [step.calls for step in plan.steps] == [3, 1]
    assert plan.header.purpose is Purpose.READ_BACK


@settings(max_examples=40)
@given(
    calls=st.integers(1, 300),
    per_minute=st.integers(1, 20),
    per_day=st.integers(2, 60),
    latency=st.integers(1, 9_000),
)
def test_no_window_of_the_calendar_overspends(
    calls: int, per_minute: int, per_day: int, latency: int
) -> None:
    budget = Budget(per_minute, per_day, reserve=0, settle=1)
    windows = lay_out(calls, budget, latency)
    assert sum(window.calls for window in windows) == calls
    for window, following in itertools.pairwise(windows):
        assert following.opens - window.closes > PATIENCE
    for window in windows:
        days = -(-(window.closes - window.opens + 1) // DAY)
        assert window.calls <= budget.allowance * days
        minutes = -(-(window.closes - window.opens + 1) // MINUTE)
        assert window.calls <= per_minute * (minutes + 1)
    assert slow_finish(calls, budget, latency) >= windows[-1].closes


def test_more_than_a_days_calls_take_two_days() -> None:
    windows = lay_out(2_600, BUDGET)
    assert [window.calls for window in windows] == [2_240, 360]
    assert windows[1].opens >= DAY
    assert [window_of(call, windows) for call in (1, 2_240, 2_241, 2_600)] == [1, 1, 2, 2]
    assert lay_out(0, BUDGET) == ()


def test_the_slow_case_repeats_calls_waits_twice_as_long_and_counts_earlier_calls() -> None:
    assert slow_finish(20, Budget(None, None), latency=100) == 21 * 200
    assert slow_finish(1, Budget(1, None), latency=100, booked=(0,)) == 2 * (MINUTE + 200)


def test_calls_already_made_count() -> None:
    booked = [-MINUTE // 2 * number for number in range(2_240, 0, -1)]
    (window,) = lay_out(10, BUDGET, booked=booked)
    assert window.opens == DAY + booked[0]


def test_a_call_exactly_one_window_ago_is_outside_it() -> None:
    assert earliest(MINUTE, 0, None) == MINUTE
    assert earliest(MINUTE - 1, 0, None) == MINUTE
    assert earliest(5, None, 7) == 7 + DAY


def test_a_reserve_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(BudgetTooSmallError, match=r"budget of 200 calls .* reserve of 250"):
        Budget(100, 200)
    with pytest.raises(BudgetTooSmallError):
        Budget(100, 260, reserve=250, settle=10)
    assert Budget(100, 261, reserve=250, settle=10).allowance == 1


@pytest.mark.parametrize(("held", "calls"), [(0, 1), (400, 2), (401, 2), (600, 2)])
def test_few_entities_among_many_are_searched_for(held: int, calls: int) -> None:
    accounts = [Reference("ledger_account", NaturalKey("name", name)) for name in ("Sales", "Rent")]
    drafts = [
        customer(number, default_sales_ledger_account_id=account) for number, account in enumerate(accounts)
    ]
    index = DraftIndex(drafts, catalog())
    known = KnownEntities(counts={"ledger_account": held})
    created = {draft.key for draft in drafts}
    steps = read_existing(drafts, created, index, known, catalog())
    reads = [step for step in steps if step.kind == "ledger_account"]
    assert sum(step.calls for step in reads) == calls
    searched = [step.query.get("search") for step in reads]
    assert searched == (["Rent", "Sales"] if held > 400 else [None])
