"""Which records may be deleted, and in which order: nothing that stays in Sage loses what it refers to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sagerecon.documents.package import catalog
from sagerecon.model.draft import Draft, OnExisting, Reference, node_document
from sagerecon.model.entity import Written
from sagerecon.model.key import NaturalKey
from sagerecon.model.place import Place
from sagerecon.pairing.agreement import Agreement
from sagerecon.pairing.answers import DecisionAnswer
from sagerecon.pairing.decisions import Covers, Decision
from sagerecon.pairing.objections import objection
from sagerecon.pairing.position import Coverage, Position
from sagerecon.pairing.referrers import blocked_reversals, without_blocked_reversals
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing
from sagerecon.planning.reversals import reversal, with_reversals, without_what_waits
from sagerecon.planning.step import CreateStep, ReverseStep, Step, WaitStep

GONE, CHANGED, KEPT = "gone", "changed", "kept"


def draft(kind: str, key: str, *refers_to: Reference, **body: str) -> Draft:
    links = {f"link_{number}_id": reference for number, reference in enumerate(refers_to)}
    return Draft(
        kind=kind,
        key=key,
        body={**body, **links},
        identity={"reference": key.partition("/")[2]},
        origins=(),
        place=Place("m.yaml"),
        on_existing=OnExisting.CREATE,
    )


def position(found: Draft, what: str, now: Draft | None = None) -> Position:
    """Return the position of a record that was written as `found`; what is kept is not compared."""
    written = Written(
        kind=found.kind,
        key=found.key,
        sage_id=f"id-{found.key}",
        sent=node_document(found.body),
        answer={},
        written_at=1,
        content="x",
        identity=found.identity,
    )
    is_changed = what == CHANGED
    return Position(
        kind=found.kind,
        key=found.key,
        outcome=None if what == GONE else now or found,
        content="x",
        written=None if what == KEPT else written,
        coverage=Coverage.AS_ANSWERED,
        agreement=Agreement(("date",), differences=("date",)) if is_changed else Agreement(),
    )


def decision(at: Position) -> Decision:
    """Return the decision that deletes a record: for good where it is gone from the source."""
    is_gone = at.outcome is None
    return Decision(
        standing=Standing.GONE_FROM_SOURCE if is_gone else Standing.SOURCE_CHANGED,
        kind=at.kind,
        answer=DecisionAnswer.REVERSE if is_gone else DecisionAnswer.REPLACE,
        because="x",
        by="Kim",
        on=date(2026, 1, 5),
        covers=Covers(records=1, amount=None, fingerprint="x"),
        key=at.key,
    )


def decided(*positions: Position) -> Settlement:
    return Settlement(by_record={(at.kind, at.key): decision(at) for at in positions})


def blocked(positions: Sequence[Position], *deleted: Position) -> dict[str, str]:
    found = blocked_reversals(positions, decided(*deleted).by_record, catalog())
    return {key: why for (_, key), why in found.items()}


BILL = draft("purchase_invoice", "bills/B1")
PAID = draft("contact_payment", "payouts/V1", Reference("purchase_invoice", "bills/B1"))


def test_a_payment_that_stays_keeps_its_invoice() -> None:
    bill, payment = position(BILL, GONE), position(PAID, KEPT)
    assert blocked([bill, payment], bill) == {
        "bills/B1": "payouts/V1 refers to it; delete that in Sage by hand first, or keep it"
    }
    gone = position(PAID, GONE)
    assert blocked([bill, gone], bill, gone) == {}
    assert list(blocked([bill, gone], bill)) == ["bills/B1"]


def test_a_reference_by_natural_key_counts_too() -> None:
    paid = draft(
        "contact_payment", "payouts/V1", Reference("purchase_invoice", NaturalKey("reference", "B1"))
    )
    bill = position(BILL, GONE)
    assert list(blocked([bill, position(paid, KEPT)], bill)) == ["bills/B1"]


def test_what_is_created_again_may_be_referred_to_by_what_is_not_written_yet() -> None:
    new = Position(kind=PAID.kind, key=PAID.key, outcome=PAID, coverage=Coverage.BEFORE_WRITING)
    again = position(BILL, CHANGED)
    assert blocked([again, new], again) == {}
    gone = position(BILL, GONE)
    assert list(blocked([gone, new], gone)) == ["bills/B1"]
    payment = position(PAID, CHANGED)
    assert blocked([again, payment], again, payment) == {}
    assert list(blocked([gone, payment], gone, payment)) == ["bills/B1"]


def test_what_sage_voids_keeps_what_it_refers_to() -> None:
    customer = position(draft("contact", "parties/P1"), GONE)
    void = position(draft("sales_invoice", "invoices/I1", Reference("contact", "parties/P1")), GONE)
    removed = position(draft("purchase_invoice", "bills/B1", Reference("contact", "parties/P1")), GONE)
    assert blocked([customer, removed], customer, removed) == {}
    why = "invoices/I1 refers to it, and Sage keeps what it voids; keep it"
    assert blocked([customer, removed, void], customer, removed, void) == {"parties/P1": why}


def test_the_number_of_a_void_document_is_used_up() -> None:
    written = draft("sales_invoice", "invoices/I1", invoice_number="17", date="2026-01-01")
    same = draft("sales_invoice", "invoices/I1", invoice_number="17", date="2026-02-02")
    other = draft("sales_invoice", "invoices/I1", invoice_number="18", date="2026-02-02")
    found = [
        objection(at, decision(at), {}, catalog())
        for at in (
            position(written, CHANGED, same),
            position(written, CHANGED, other),
            position(written, GONE),
        )
    ]
    why = "Sage keeps the invoice_number 17 for the void sales_invoice"
    assert found == [f"{why}; correct it there by hand, or use keep", "", ""]


def test_what_is_referred_to_by_a_record_that_waits_is_not_deleted() -> None:
    bill, payment = position(BILL, CHANGED), position(PAID, CHANGED)
    settlement = decided(bill, payment)

    def make(by: Settlement) -> list[Step]:
        steps: list[Step] = []
        if by.of(bill) is not None and bill.written is not None:
            steps.append(reversal(bill.written, bill.key, decision(bill), catalog()[bill.kind]))
        waits = WaitStep(
            kind=payment.kind, key=payment.key, reason="", standing=Standing.SOURCE_CHANGED, refers_to="x/1"
        )
        return [*steps, waits]

    steps, findings = without_what_waits([bill, payment], settlement, make, catalog())
    assert [step.key for step in steps] == ["payouts/V1"]
    assert [finding.message for finding in findings] == [
        "the decision 'void_and_post_again' has no effect on bills/B1 in this plan: payouts/V1 refers to it;"
        " void_and_post_again that first, or keep it."
    ]


@given(
    links=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20),
    states=st.lists(st.sampled_from((GONE, CHANGED, KEPT)), min_size=8, max_size=8),
    undecided=st.sets(st.integers(0, 7), max_size=3),
)
def test_nothing_that_stays_refers_to_what_is_deleted(
    links: list[tuple[int, int]], states: list[str], undecided: set[int]
) -> None:
    """A record refers to earlier ones only. Bills and payments are removed, and not voided."""
    refers = {n: {to for of, to in links if of == n and to < n} for n in range(8)}
    drafts = [
        draft(
            "purchase_invoice",
            f"b/{n}",
            *(Reference("purchase_invoice", f"b/{to}") for to in sorted(refers[n])),
        )
        for n in range(8)
    ]
    positions = [position(found, state) for found, state in zip(drafts, states, strict=True)]
    chosen = [at for n, at in enumerate(positions) if states[n] != KEPT and n not in undecided]
    settlement = without_blocked_reversals(positions, decided(*chosen), catalog())
    deleted = {n for n, at in enumerate(positions) if settlement.of(at) is not None}
    for n, targets in refers.items():
        for to in targets & deleted:
            assert n in deleted, (n, to)
            assert states[n] == GONE or states[to] == CHANGED, (n, to)
    steps: list[Step] = []
    for n in sorted(deleted):
        at, written = positions[n], positions[n].written
        assert written is not None
        steps.append(reversal(written, at.key, decision(at), catalog()[at.kind]))
        if isinstance(at.outcome, Draft):
            body = at.outcome.body
            steps.append(CreateStep(kind=at.kind, key=at.key, reason="", body=body, replaces=written.sage_id))
    ordered = with_reversals(steps, catalog(), {})
    assert sorted(map(id_of, ordered)) == sorted(map(id_of, steps))
    places = {id_of(step): place for place, step in enumerate(ordered)}
    for n in deleted:
        for to in refers[n] & deleted:
            assert places["reverse", f"b/{n}"] < places["reverse", f"b/{to}"]
        if states[n] == CHANGED:
            assert places["reverse", f"b/{n}"] < places["create", f"b/{n}"]


def id_of(step: Step) -> tuple[str, str]:
    assert isinstance(step, ReverseStep | CreateStep)
    return step.action.value, step.key
