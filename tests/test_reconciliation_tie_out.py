"""Control totals on both sides, each gap explained by records, the remainder named."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reconciliation_cases import AS_AT, CATALOG, Company, contact, invoice, small_company
from report_cases import edited_company, reconciled
from wanted_figures import open_items_wanted, taxed_wanted

from sagerecon.documents.package import catalog
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.entity import Entity, Written
from sagerecon.model.money import total
from sagerecon.model.place import NOWHERE
from sagerecon.model.posting import Side
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.balances import (
    closing_balances,
    tie_bank,
    tie_opening_control,
    tie_trial_balance,
)
from sagerecon.reconciliation.open_items import OpenItem, open_items_held
from sagerecon.reconciliation.subledger import BUCKETS, aged, tie_contacts
from sagerecon.reconciliation.tax import TaxedAmount, taxed_held, tie_tax
from sagerecon.reconciliation.tie_out import Adjustment, ControlPair, ExpectedBalance


def balance(code: str, amount: str, target: str = "") -> ExpectedBalance:
    return ExpectedBalance(code, f"account {code}", Decimal(amount), target or code)


def test_several_source_accounts_become_one_and_a_named_entry_closes_the_rest() -> None:
    company = small_company()
    tie = tie_trial_balance(
        [balance("11", "400.00", "1100"), balance("12", "43.50", "1100"), balance("40", "-350.00", "3000")],
        company.trial_balance(c1100="443.50", c3000="-400.00"),
        AS_AT,
        adjustments=[Adjustment("3000", Decimal("-50.00"), "result", "The source has no account for it.")],
        accounts=company.accounts(),
    )
    debtors, capital = tie.lines
    assert [(code, str(amount)) for code, _, amount in debtors.old] == [("11", "400.00"), ("12", "43.50")]
    assert (debtors.name, debtors.source, debtors.difference) == ("Trade Debtors", Decimal("443.50"), 0)
    assert (capital.source, capital.adjustment, capital.expected) == (
        Decimal("-350.00"), Decimal("-50.00"), Decimal("-400.00"),
    )  # fmt: skip
    assert tie.ties


def test_an_account_on_one_side_only_has_a_line() -> None:
    company = small_company()
    tie = tie_trial_balance([balance("77", "5.00")], company.trial_balance(c1200="9.00", c2100="0"), AS_AT)
    assert [(line.code, line.difference) for line in tie.lines] == [
        ("77", Decimal("-5.00")), ("1200", Decimal("9.00")),
    ]  # fmt: skip
    assert not tie.ties


def test_codes_come_from_sages_text_where_accounts_were_not_read() -> None:
    row = {
        "id": "x",
        "displayed_as": "Trade Debtors (UK) (1100)",
        "closing_balance": {"debit": "5", "credit": "0"},
    }
    wrapped = Entity("trial_balance", "", {"trial_balance": {"ledger_accounts": [row]}})
    assert closing_balances(wrapped, ()) == {"1100": ("Trade Debtors (UK)", Decimal("5"))}


def test_each_gap_is_explained_by_its_records() -> None:
    ties = {tie.name: tie for tie in reconciled(edited_company()).tie_outs}
    lines = {line.code: line for line in ties["trial_balance"].lines}
    assert lines["1100"].difference == Decimal("-312.00")
    assert [(share.label, str(share.amount)) for share in lines["1100"].records] == [
        ("invoice 1003", "-239.00"), ("invoice 1008", "-81.00"), ("OB-77", "7.0"), ("invoice 1001", "1.00"),
    ]  # fmt: skip
    assert all(line.remainder == 0 for tie in ties.values() for line in tie.lines)
    assert ties["opening_control"].lines[0].difference == Decimal("312.01")


def test_the_records_of_a_gap_have_their_source_rows() -> None:
    found = reconciled(edited_company())
    origins = {verdict.id: verdict.origins for verdict in found.verdicts}
    shares = [share for tie in found.tie_outs for line in tie.lines for share in line.records]
    assert any(share.origins for share in shares)
    assert [share.origins for share in shares] == [origins[share.id] for share in shares]


def test_gaps_that_cancel_each_other_do_not_tie() -> None:
    lines = [balance("1100", "443.50"), balance("1200", "0.00")]
    held = Entity("trial_balance", "", {"ledger_accounts": [
        {"id": "a", "displayed_as": "Debtors (1100)", "debit": "442.50", "credit": "0"},
        {"id": "b", "displayed_as": "Bank (1200)", "debit": "1.00", "credit": "0"},
    ]})  # fmt: skip
    tie = tie_trial_balance(lines, held, AS_AT)
    assert (tie.totals.difference, tie.ties) == (0, False)


def test_a_gap_without_records_is_the_remainder() -> None:
    company = small_company()
    company.edit("open_invoices/1001", total_amount="121.0")
    verdicts = company.reconcile().verdicts
    tie = tie_trial_balance(
        [balance("1100", "443.50")],
        company.trial_balance(c1100="449.50"),
        AS_AT,
        accounts=company.accounts(),
        verdicts=verdicts,
    )
    (line,) = tie.lines
    assert (line.difference, line.explained, line.remainder) == (
        Decimal("6.00"), Decimal("1.00"), Decimal("5.00"),
    )  # fmt: skip
    assert line.explanation == "invoice 1001 edited in Sage (1.00); 5.00 that no record accounts for"


amounts = st.decimals(-10_000, 10_000, places=2)


@given(
    st.lists(st.tuples(st.sampled_from(["1100", "2100", "1200"]), amounts)),
    st.lists(amounts, min_size=3, max_size=3),
)
def test_line_differences_sum_to_the_difference_of_the_totals(
    source: list[tuple[str, Decimal]], closing: list[Decimal]
) -> None:
    company = Company.moved()
    held = dict(zip(("c1100", "c2100", "c1200"), map(str, closing), strict=True))
    tie = tie_trial_balance(
        [ExpectedBalance(f"{n}", "", amount, code) for n, (code, amount) in enumerate(source)],
        company.trial_balance(**held),
        AS_AT,
    )
    assert total(line.difference for line in tie.lines) == tie.totals.difference
    assert tie.totals.difference == total(closing) - total(amount for _, amount in source)
    assert all(line.explained + line.remainder == line.difference for line in tie.lines)


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(-40, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (900, 4)],
)
def test_buckets_by_days_overdue(days: int, bucket: int) -> None:
    item = OpenItem("c", "", "", Decimal("5.00"), AS_AT - timedelta(days=days))
    assert aged([item], AS_AT).index(Decimal("5.00")) == bucket


@given(st.lists(st.tuples(amounts, st.integers(-400, 400))))
def test_the_aged_amounts_sum_to_the_items(items: list[tuple[Decimal, int]]) -> None:
    found = aged([OpenItem("c", "", "", a, AS_AT + timedelta(days=d)) for a, d in items], AS_AT)
    assert len(found) == len(BUCKETS)
    assert total(found) == total(amount for amount, _ in items)


def test_an_item_in_sage_is_aged_by_the_due_date_of_the_sources_document() -> None:
    """Use its date for an opening balance, which has none in Sage; another document keeps its own date."""
    source = [OpenItem("c/1", "Oak", "1021", Decimal(5), AS_AT - timedelta(days=40))]
    for label, amount, bucket in (("invoice 1021", 5, 2), ("invoice 1022", 5, 1), ("invoice 1021", 6, 1)):
        held = [OpenItem("c/1", "Oak", label, Decimal(amount), AS_AT - timedelta(days=1))]
        (line,) = tie_contacts("debtors", "Debtors", source, held, AS_AT).lines
        assert [bool(figure) for figure in line.aged_sage].index(True) == bucket, label


def test_debtors_per_contact_against_the_control_account_on_both_sides() -> None:
    company = small_company()
    drafts = [outcome for outcome in company.outcomes if isinstance(outcome, Draft)]
    wanted = open_items_wanted(drafts, Side.CUSTOMER, CATALOG)
    held = open_items_held(
        company.sage.values(),
        Identities(company.written, company.sage.values(), CATALOG),
        Side.CUSTOMER,
        CATALOG,
        AS_AT,
    )
    pair = ControlPair("1100", "Trade Debtors", Decimal("443.50"), Decimal("443.50"))
    tie = tie_contacts("debtors", "Debtors", wanted, held, AS_AT, control=pair)
    assert [(line.name, line.source, line.sage) for line in tie.lines] == [
        ("Ash Ltd", Decimal("243.00"), Decimal("243.00")), ("Oak Ltd", Decimal("200.50"), Decimal("200.50")),
    ]  # fmt: skip
    assert tie.ties
    journal_in_control = ControlPair("1100", "Trade Debtors", Decimal("443.50"), Decimal("450.00"))
    assert not tie_contacts("debtors", "", wanted, held, AS_AT, control=journal_in_control).ties


def test_creditors_are_positive_and_their_control_account_is_a_credit() -> None:
    company = small_company()
    drafts = [outcome for outcome in company.outcomes if isinstance(outcome, Draft)]
    tie = tie_contacts(
        "creditors",
        "Creditors",
        open_items_wanted(drafts, Side.VENDOR, CATALOG),
        open_items_held(
            company.sage.values(),
            Identities(company.written, company.sage.values(), CATALOG),
            Side.VENDOR,
            CATALOG,
            AS_AT,
        ),
        AS_AT,
        control=ControlPair("2100", "Trade Creditors", Decimal("-100.00"), Decimal("-100.00")),
    )
    assert [line.source for line in tie.lines] == [Decimal("100.00")]
    assert tie.ties


def test_payments_and_allocations_reduce_what_they_settle() -> None:
    link = {"id": "c"}
    paid = {"artefact": {"id": "i1"}, "amount": "30.0"}
    held = [
        Entity("sales_invoice", "i1", {"contact": link, "reference": "1", "date": "2017-03-01",
               "invoice_lines": [{"net_amount": "100.0", "tax_amount": "20.0"}]}),
        Entity("sales_credit_note", "n1", {"contact": link, "reference": "2", "date": "2017-03-01",
               "credit_note_lines": [{"net_amount": "10.0", "tax_amount": "2.0"}]}),
        Entity("contact_payment", "p1", {"contact": link, "reference": "3", "total_amount": "50.0",
               "transaction_type": {"id": "CUSTOMER_RECEIPT"}, "allocated_artefacts": [paid]}),
        Entity("contact_allocation", "a1", {"contact": link,
               "transaction_type": {"id": "CUSTOMER_ALLOCATION"},
               "allocated_artefacts": [{"artefact": {"id": "i1"}, "amount": "12.0"},
                                       {"artefact": {"id": "n1"}, "amount": "-12.0"}]}),
    ]  # fmt: skip
    items = open_items_held(held, Identities((), held, catalog()), Side.CUSTOMER, catalog(), AS_AT)
    assert [(item.label, item.amount) for item in items] == [("1", Decimal("78.0")), ("3", Decimal("-20.0"))]


def test_an_allocation_reduces_the_rest_of_a_payment() -> None:
    link = Reference("contact", "c/1")
    payment = Draft(
        "contact_payment",
        "p/1",
        {"contact_id": link, "total_amount": Decimal("50.00"), "transaction_type_id": "CUSTOMER_RECEIPT"},
        {},
        (),
        NOWHERE,
        label="payment 3",
    )
    rest = Reference("contact_payment", "p/1", "payment_on_account")
    allocation = Draft("contact_allocation", "a/1", {"contact_id": link,
                       "transaction_type_id": "CUSTOMER_ALLOCATION",
                       "allocated_artefacts": [{"artefact_id": rest, "amount": Decimal("-20.00")}]},
                       {}, (), NOWHERE)  # fmt: skip
    wanted = open_items_wanted([payment, allocation], Side.CUSTOMER, catalog())
    assert [(item.label, item.amount) for item in wanted] == [("payment 3", Decimal("-30.00"))]
    on_account = {"payment_on_account": {"id": "r1"}}
    written = [Written("contact_payment", "p/1", "p1", {}, on_account, 0, "", snapshot="", mappings="")]
    held = [
        Entity("contact_payment", "p1", {"total_amount": "50.0", "displayed_as": "payment 3",
               "transaction_type": {"id": "CUSTOMER_RECEIPT"}}),
        Entity("contact_allocation", "a1", {"transaction_type": {"id": "CUSTOMER_ALLOCATION"},
               "allocated_artefacts": [{"artefact": {"id": "r1"}, "amount": "-20.0"}]}),
    ]  # fmt: skip
    found = open_items_held(held, Identities(written, held, catalog()), Side.CUSTOMER, catalog(), AS_AT)
    assert [(item.label, item.amount) for item in found] == [("payment 3", Decimal("-30.0"))]


@pytest.mark.parametrize(
    ("kind", "lines", "side", "amount"),
    [
        ("sales_invoice", "invoice_lines", Side.CUSTOMER, "12.00"),
        ("sales_credit_note", "credit_note_lines", Side.CUSTOMER, "-12.00"),
        ("purchase_invoice", "invoice_lines", Side.VENDOR, "12.00"),
        ("purchase_credit_note", "credit_note_lines", Side.VENDOR, "-12.00"),
    ],
)
def test_a_credit_note_reduces_what_is_owed(kind: str, lines: str, side: Side, amount: str) -> None:
    line = {"net_amount": Decimal("10.00"), "tax_amount": Decimal("2.00")}
    body = {"contact_id": Reference("contact", "c/1"), "reference": "7", lines: [line]}
    draft = Draft(kind, "d/7", body, {}, (), NOWHERE)
    held = Entity(kind, "x", {"contact": {"id": "c"}, "outstanding_amount": "12.0", lines: [line]})
    (wanted,) = open_items_wanted([draft], side, catalog())
    (found,) = open_items_held([held], Identities((), [held], catalog()), side, catalog(), AS_AT)
    assert (wanted.amount, found.amount) == (Decimal(amount), Decimal(amount))
    signed = Entity(kind, "x", {**held.body, "outstanding_amount": amount})
    assert open_items_held([signed], Identities((), [signed], catalog()), side, catalog(), AS_AT) == [found]
    other = Side.VENDOR if side is Side.CUSTOMER else Side.CUSTOMER
    assert open_items_wanted([draft], other, catalog()) == []


@pytest.mark.parametrize("kind", ["sales_corrective_invoice", "purchase_corrective_invoice"])
def test_a_document_whose_sign_is_not_known_has_no_tax(kind: str) -> None:
    line = {"net_amount": Decimal("10.00"), "tax_amount": Decimal("2.00"), "tax_rate_id": "GB_STANDARD"}
    body = {"date": date(2017, 4, 3), "invoice_lines": [line]}
    assert taxed_wanted([Draft(kind, "d/7", body, {}, (), NOWHERE)], catalog()) == []


@pytest.mark.parametrize(
    ("kind", "sign", "direction"),
    [
        ("sales_invoice", 1, "sales"),
        ("sales_credit_note", -1, "sales"),
        ("purchase_invoice", 1, "purchases"),
        ("purchase_credit_note", -1, "purchases"),
    ],
)
def test_the_tax_of_a_credit_note_is_negative_on_its_own_side(kind: str, sign: int, direction: str) -> None:
    lines = "credit_note_lines" if "credit" in kind else "invoice_lines"
    line = {"net_amount": Decimal("10.00"), "tax_amount": Decimal("2.00"), "tax_rate_id": "GB_STANDARD"}
    draft = Draft(kind, "d/7", {"date": "2017-03-31", lines: [line]}, {}, (), NOWHERE)
    (taxed,) = taxed_wanted([draft], catalog())
    assert taxed == TaxedAmount("GB_STANDARD", "2017-03", direction, Decimal(10) * sign, Decimal(2) * sign)


@pytest.mark.parametrize(
    ("type_", "side", "amount"),
    [
        ("CUSTOMER_RECEIPT", Side.CUSTOMER, "-30.00"),
        ("CUSTOMER_REFUND", Side.CUSTOMER, "30.00"),
        ("VENDOR_PAYMENT", Side.VENDOR, "-30.00"),
        ("VENDOR_REFUND", Side.VENDOR, "30.00"),
    ],
)
def test_what_a_payment_leaves_on_account(type_: str, side: Side, amount: str) -> None:
    body = {
        "contact_id": Reference("contact", "c/1"),
        "transaction_type_id": type_,
        "total_amount": Decimal("50.00"),
        "allocated_artefacts": [{"artefact_id": Reference("x", "x/1"), "amount": Decimal("20.00")}],
    }
    (item,) = open_items_wanted([Draft("contact_payment", "p/1", body, {}, (), NOWHERE)], side, catalog())
    assert item.amount == Decimal(amount)
    exact = {**body, "total_amount": Decimal("20.00")}
    assert open_items_wanted([Draft("contact_payment", "p/1", exact, {}, (), NOWHERE)], side, catalog()) == []


CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("source", "sage", "agrees"),
    [
        (0, 0, True),
        (None, 0, True),
        (0, None, True),
        (None, None, True),
        (CENT, 0, False),
        (0, CENT, False),
        (CENT, CENT, False),
        (-CENT, None, False),
        (None, -CENT, False),
    ],
)
@pytest.mark.parametrize("name", ["debtors", "creditors"])
def test_a_control_account_agrees_with_its_contacts_to_the_cent_on_each_side(
    name: str, source: Decimal | None, sage: Decimal | None, agrees: bool
) -> None:
    """`source` and `sage` are the differences between each side's account and its contacts."""
    sign = -1 if name == "creditors" else 1
    items = [OpenItem("c/1", "Oak", "invoice 1", Decimal("120.00"), None)]
    accounts = [None if off is None else sign * (Decimal("120.00") + off) for off in (source, sage)]
    tie = tie_contacts(name, "", items, items, AS_AT, control=ControlPair("1100", "Debtors", *accounts))
    assert (tie.control_agrees, tie.ties) == (agrees, agrees)


def test_bank_takes_sages_own_balance_and_opening_control_must_be_zero() -> None:
    company = small_company()
    banks = [
        Entity(
            "bank_account", "b", {"displayed_as": "Current (1200)", "balance": "56.5", "nominal_code": 1200}
        )
    ]
    assert tie_bank([balance("30", "56.50", "1200")], banks, None, AS_AT, catalog()).ties
    assert not tie_bank([balance("30", "56.51", "1200")], banks, None, AS_AT, catalog()).ties
    assert tie_opening_control(company.trial_balance(c9999="0.00"), AS_AT, "9999").ties
    assert not tie_opening_control(company.trial_balance(c9999="0.01"), AS_AT, "9999").ties


def test_a_bank_account_that_only_sage_has_is_a_line() -> None:
    bank = Entity("bank_account", "b", {"displayed_as": "Reserve (1210)", "balance": "5.00"})
    (line,) = tie_bank([], [bank], None, AS_AT, catalog()).lines
    assert (line.code, line.difference) == ("1210", Decimal("5.00"))


def test_tax_per_rate_and_month_on_both_sides() -> None:
    line = {"quantity": Decimal("3"), "unit_price": Decimal("3.333"), "tax_amount": Decimal("2.00"),
            "tax_rate_id": "GB_STANDARD"}  # fmt: skip
    draft = Draft(
        "sales_invoice", "s/1", {"date": date(2017, 3, 1), "invoice_lines": [line]}, {}, (), NOWHERE
    )
    answer = {"net_amount": "10.0", "tax_amount": "2.0", "tax_rate": {"id": "GB_STANDARD"}}
    held = [Entity("sales_invoice", "x", {"date": "2017-03-01", "invoice_lines": [answer]})]
    tie = tie_tax(
        taxed_wanted([draft], catalog()),
        taxed_held(held, Identities((), held, catalog()), catalog(), AS_AT),
        AS_AT,
    )
    assert [(line.code, line.sage) for line in tie.lines] == [
        ("2017-03 sales GB_STANDARD net", Decimal("10.0")), ("2017-03 sales GB_STANDARD tax", Decimal("2.0")),
    ]  # fmt: skip
    assert tie.ties


def test_an_edited_contact_moves_the_amount_to_the_other() -> None:
    company = Company.moved(contact("C1", "Oak"), contact("C2", "Ash"), invoice("1001", "C1", "9.00"))
    company.edit("open_invoices/1001", contact={"id": "id-C2"})
    moved = {v.key: v.contact_effects for v in company.reconcile().open_verdicts}
    assert moved["open_invoices/1001"] == {"customers/C1": Decimal("-9.00"), "customers/C2": Decimal("9.00")}


def test_what_a_contact_owes_keeps_every_digit() -> None:
    amount = "1" * 32 + ".01"
    company = Company.moved(contact("C1", "Oak"), contact("C2", "Ash"), invoice("1001", "C1", amount))
    company.edit("open_invoices/1001", contact={"id": "id-C2"})
    (moved,) = (v.contact_effects for v in company.reconcile().open_verdicts)
    assert moved == {"customers/C1": Decimal(f"-{amount}"), "customers/C2": Decimal(amount)}


def test_a_quarantined_record_explains_a_gap_only_where_there_is_one() -> None:
    company = edited_company()
    company.sage, company.deleted = {**small_company("481.00").sage}, set()
    verdicts = company.reconcile().verdicts
    accounts = company.accounts()
    held = company.trial_balance(c1100="443.50")
    with_it = tie_trial_balance(
        [balance("1100", "524.50")], held, AS_AT, accounts=accounts, verdicts=verdicts
    )
    without = tie_trial_balance(
        [balance("1100", "443.50")], held, AS_AT, accounts=accounts, verdicts=verdicts
    )
    assert [share.label for share in with_it.lines[0].records] == ["invoice 1008"]
    assert (with_it.lines[0].remainder, without.lines[0].records) == (0, ())


def test_a_refund_and_a_suppliers_allocation_settle_with_the_opposite_sign() -> None:
    link = {"id": "c"}
    held = [
        Entity("purchase_invoice", "i1", {"contact": link, "reference": "1", "date": "2017-03-01",
               "invoice_lines": [{"net_amount": "100.0"}]}),
        Entity("purchase_credit_note", "n1", {"contact": link, "reference": "2", "date": "2017-03-01",
               "credit_note_lines": [{"net_amount": "40.0"}]}),
        Entity("contact_allocation", "a1", {"contact": link, "transaction_type": {"id": "VENDOR_ALLOCATION"},
               "allocated_artefacts": [{"artefact": {"id": "i1"}, "amount": "-10.0"},
                                       {"artefact": {"id": "n1"}, "amount": "10.0"}]}),
        Entity("contact_payment", "p1", {"contact": link, "reference": "3", "total_amount": "30.0",
               "transaction_type": {"id": "VENDOR_REFUND"},
               "allocated_artefacts": [{"artefact": {"id": "n1"}, "amount": "30.0"}]}),
    ]  # fmt: skip
    items = open_items_held(held, Identities((), held, catalog()), Side.VENDOR, catalog(), AS_AT)
    assert [(item.label, item.amount) for item in items] == [("1", Decimal("90.0"))]
