"""Open items, bank balances and tax as at a day, of what Sage holds today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.entity import Entity
from sagerecon.model.posting import Side
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.balances import tie_bank
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.open_items import OpenItem, open_items_held
from sagerecon.reconciliation.postings import posted_after
from sagerecon.reconciliation.subledger import tie_contacts
from sagerecon.reconciliation.tax import TaxedAmount, taxed_held, tie_tax
from sagerecon.reconciliation.tie_out import ExpectedBalance

DAY = date(2017, 4, 30)
THE_DAY, THE_NEXT, BEFORE = "2017-04-30", "2017-05-01", "2017-04-02"

#: Of each side: its invoices, its credit notes, and the types of its payments, refunds and allocations.
SIDES: Mapping[Side, tuple[str, str, str, str, str]] = {
    Side.CUSTOMER: (
        "sales_invoice",
        "sales_credit_note",
        "CUSTOMER_RECEIPT",
        "CUSTOMER_REFUND",
        "CUSTOMER_ALLOCATION",
    ),
    Side.VENDOR: (
        "purchase_invoice",
        "purchase_credit_note",
        "VENDOR_PAYMENT",
        "VENDOR_REFUND",
        "VENDOR_ALLOCATION",
    ),
}
both_sides = pytest.mark.parametrize("side", SIDES)


def document(kind: str, sage_id: str, day: str, amount: str, outstanding: str) -> Entity:
    body = {"contact": {"id": "c"}, "reference": sage_id, "date": day}
    return Entity(kind, sage_id, {**body, "total_amount": amount, "outstanding_amount": outstanding})


def payment(sage_id: str, type_id: str, day: str, amount: str, **settled: str) -> Entity:
    parts = [{"artefact": {"id": name}, "amount": part} for name, part in settled.items()]
    body: dict[str, Any] = {"contact": {"id": "c"}, "reference": sage_id, "date": day}
    body |= {"transaction_type": {"id": type_id}, "total_amount": amount, "allocated_artefacts": parts}
    return Entity("contact_payment", sage_id, body)


def allocation(type_id: str, day: str, **settled: str) -> Entity:
    parts = [{"artefact": {"id": name}, "amount": part} for name, part in settled.items()]
    body = {"contact": {"id": "c"}, "date": day, "transaction_type": {"id": type_id}}
    return Entity("contact_allocation", "a", {**body, "allocated_artefacts": parts})


def items(side: Side, *held: Entity) -> dict[str, Decimal]:
    found = open_items_held(held, Identities((), held, catalog()), side, catalog(), DAY)
    return {item.label: item.amount for item in found}


@both_sides
@pytest.mark.parametrize(("day", "is_open"), [(THE_DAY, True), (THE_NEXT, False)])
def test_a_document_is_open_from_its_own_day(side: Side, day: str, is_open: bool) -> None:
    invoice, credit_note, *_ = SIDES[side]
    found = items(
        side, document(invoice, "i", day, "9.00", "9.00"), document(credit_note, "n", day, "4.00", "4.00")
    )
    assert found == ({"i": Decimal("9.00"), "n": Decimal("-4.00")} if is_open else {})


@both_sides
@pytest.mark.parametrize(("day", "left"), [(THE_DAY, "70.00"), (THE_NEXT, "100.00")])
def test_a_payment_settles_from_its_own_day(side: Side, day: str, left: str) -> None:
    invoice, _, pays, *_ = SIDES[side]
    found = items(
        side, document(invoice, "i", BEFORE, "100.00", "70.00"), payment("p", pays, day, "30.00", i="30.00")
    )
    assert found == {"i": Decimal(left)}


@both_sides
@pytest.mark.parametrize(("day", "left"), [(THE_DAY, "-20.00"), (THE_NEXT, "-50.00")])
def test_a_refund_settles_a_credit_note_from_its_own_day(side: Side, day: str, left: str) -> None:
    _, credit_note, _, refunds, _ = SIDES[side]
    found = items(
        side,
        document(credit_note, "n", BEFORE, "50.00", "20.00"),
        payment("p", refunds, day, "30.00", n="30.00"),
    )
    assert found == {"n": Decimal(left)}


@both_sides
@pytest.mark.parametrize(("day", "left"), [(THE_DAY, ("88.00", "-38.00")), (THE_NEXT, ("100.00", "-50.00"))])
def test_an_allocation_counts_from_its_own_day(side: Side, day: str, left: tuple[str, str]) -> None:
    invoice, credit_note, _, _, allocates = SIDES[side]
    taken = ("12.00", "-12.00") if side is Side.CUSTOMER else ("-12.00", "12.00")
    found = items(
        side,
        document(invoice, "i", BEFORE, "100.00", "88.00"),
        document(credit_note, "n", BEFORE, "50.00", "38.00"),
        allocation(allocates, day, i=taken[0], n=taken[1]),
    )
    assert found == {"i": Decimal(left[0]), "n": Decimal(left[1])}


@both_sides
def test_a_payment_is_unallocated_until_the_document_that_it_settles(side: Side) -> None:
    invoice, _, pays, *_ = SIDES[side]
    found = items(
        side,
        document(invoice, "i", THE_NEXT, "30.00", "0.00"),
        payment("p", pays, THE_DAY, "30.00", i="30.00"),
    )
    assert found == {"p": Decimal("-30.00")}


@both_sides
def test_an_allocation_counts_from_the_last_day_of_its_documents(side: Side) -> None:
    invoice, credit_note, _, _, allocates = SIDES[side]
    taken = ("12.00", "-12.00") if side is Side.CUSTOMER else ("-12.00", "12.00")
    found = items(
        side,
        document(invoice, "i", THE_NEXT, "100.00", "88.00"),
        document(credit_note, "n", BEFORE, "50.00", "38.00"),
        allocation(allocates, THE_DAY, i=taken[0], n=taken[1]),
    )
    assert found == {"n": Decimal("-50.00")}


def test_a_discount_settles_beside_the_amount_paid() -> None:
    paid = payment("p", "CUSTOMER_RECEIPT", THE_NEXT, "95.00")
    part = {"artefact": {"id": "i"}, "amount": "95.00", "discount": "5.00"}
    paid = Entity(paid.kind, paid.sage_id, {**paid.body, "allocated_artefacts": [part]})
    assert items(Side.CUSTOMER, document("sales_invoice", "i", BEFORE, "100.00", "0.00"), paid) == {
        "i": Decimal("100.00")
    }


@both_sides
@pytest.mark.parametrize(("stated", "undated"), [(None, "30.00"), ("30.00", "30.00"), ("0.00", "0")])
def test_what_was_settled_on_an_unknown_day_does_not_tie_out(
    side: Side, stated: str | None, undated: str
) -> None:
    """Sage's own sum of what is settled counts where it is less: tax may be withheld from a document."""
    held = document(SIDES[side][0], "i", BEFORE, "100.00", "70.00")
    held = Entity(held.kind, "i", {**held.body, "payments_allocations_total_amount": stated})
    found = open_items_held([held], Identities((), [held], catalog()), side, catalog(), DAY)
    assert [item.undated for item in found] == [Decimal(undated)]
    source = [OpenItem(found[0].contact, "Oak", "i", Decimal("70.00"), None)]
    tie = tie_contacts("debtors", "Debtors", source, found, DAY)
    assert [line.undated for line in tie.lines] == [Decimal(undated)]
    assert tie.ties is (not Decimal(undated))


def test_rows_of_the_source_dated_after_the_day_are_not_counted() -> None:
    rows = [OpenItem("c", "Oak", "1", Decimal(5), None, day) for day in (DAY, date(2017, 5, 1), None)]
    tie = tie_contacts("debtors", "Debtors", rows, [], DAY)
    assert tie.totals.expected == Decimal(10)
    assert tie.notes == ("Not included: 1 row of the source dated after 30 April 2017.",)


def test_tax_counts_up_to_the_day() -> None:
    line = {"net_amount": "10.0", "tax_amount": "2.0", "tax_rate": {"id": "GB_STANDARD"}}
    held = [
        Entity("sales_invoice", day, {"date": day, "invoice_lines": [line]}) for day in (THE_DAY, THE_NEXT)
    ]
    found = taxed_held(held, Identities((), held, catalog()), catalog(), DAY)
    assert [amount.period for amount in found] == ["2017-04"]
    wanted = TaxedAmount(found[0].rate, "2017-04", "sales", Decimal(10), Decimal(2))
    later = TaxedAmount(found[0].rate, "2017-05", "sales", Decimal(10), Decimal(2))
    assert tie_tax([wanted, later], found, DAY).ties
    assert tie_tax([wanted, later], found, DAY).notes == (
        "Not included: 1 row of the source dated after 30 April 2017.",
    )


@pytest.mark.parametrize(("currency", "in_sage"), [("GBP", "40.00"), ("EUR", "55.00")])
def test_a_bank_balance_is_that_of_the_day(currency: str, in_sage: str) -> None:
    """Take the trial balance; for another currency, take what is later off Sage's balance."""
    bank = Entity(
        "bank_account",
        "b",
        {
            "displayed_as": "Main (1210)",
            "nominal_code": 1210,
            "balance": "60.00",
            "currency": {"id": currency},
        },
    )
    row = {"id": "l", "displayed_as": "Main (1210)", "closing_balance": {"debit": "40.00", "credit": "0"}}
    later = payment("p", "CUSTOMER_RECEIPT", THE_NEXT, "5.00")
    later = Entity(later.kind, "p", {**later.body, "bank_account": {"id": "b"}})
    earlier = Entity(later.kind, "q", {**later.body, "date": THE_DAY})
    held = [bank, later, earlier]
    chart = ChartOfAccounts(catalog(), Identities((), held, catalog()))
    tie = tie_bank(
        [ExpectedBalance("1", "Main", Decimal(in_sage), "1210")],
        [bank],
        Entity("trial_balance", "", {"ledger_accounts": [row]}),
        DAY,
        catalog(),
        currency="GBP",
        after=posted_after(held, DAY, chart),
    )
    assert tie.ties, tie.lines
