"""Documents in other currencies: what they count in the currency of the business."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.entity import Entity
from sagerecon.model.money import in_base
from sagerecon.model.posting import Side, base_amount
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.open_items import OpenItem, items_in, open_items_held, other_currencies
from sagerecon.reconciliation.postings import effects_of

DAY = date(2026, 12, 31)
CUSTOMER = Entity("contact", "c-1", {"contact_types": [{"id": "CUSTOMER"}], "displayed_as": "Eiche GmbH"})
DOLLARS = {"currency": {"id": "USD"}, "exchange_rate": "1.3"}


def invoice(**fields: Any) -> Entity:
    body = {"contact": {"id": "c-1"}, "date": "2026-12-01", "total_amount": "100.0", **DOLLARS, **fields}
    return Entity("sales_invoice", "i-1", body)


def held(entity: Entity) -> OpenItem:
    entities = [CUSTOMER, entity]
    identities = Identities((), entities, catalog())
    (item,) = open_items_held(entities, identities, Side.CUSTOMER, catalog(), DAY)
    return item


def item(amount: str, currency: str = "", in_currency: str = "0") -> OpenItem:
    return OpenItem(
        contact="c/1",
        name="",
        label="",
        amount=Decimal(amount),
        due=None,
        currency=currency,
        in_currency=Decimal(in_currency),
    )


@pytest.mark.parametrize(
    ("amount", "rate", "base"),
    [("100", "1.3", "76.92"), ("0.01", "2", "0.01"), ("-0.01", "2", "-0.01"), ("5.123", "1", "5.123")],
)
def test_an_amount_is_divided_by_its_rate_to_the_penny(amount: str, rate: str, base: str) -> None:
    assert in_base(Decimal(amount), Decimal(rate)) == Decimal(base)


def test_what_an_entity_states_counts_before_what_its_rate_gives() -> None:
    known = {"total": Decimal(100), "exchange_rate": Decimal("1.3")}
    assert base_amount(known.get, "total") == Decimal("76.92")
    assert base_amount({**known, "base_currency_total": Decimal("76.93")}.get, "total") == Decimal("76.93")
    assert base_amount({"total": Decimal(100)}.get, "total") == Decimal(100)
    assert base_amount({}.get, "total") is None


def test_an_open_document_counts_as_sage_states_it_in_both_currencies() -> None:
    whole = held(invoice(outstanding_amount="100.0", base_currency_outstanding_amount="76.93"))
    assert (whole.amount, whole.currency, whole.in_currency) == (Decimal("76.93"), "USD", Decimal("100.0"))
    opening = Entity(
        "contact_opening_balance",
        "o-1",
        {
            "contact": {"id": "c-1"},
            "contact_opening_balance_type": {"id": "CREDIT_NOTE"},
            "total_amount": "100.0",
            "base_currency_total_amount": "76.93",
            **DOLLARS,
        },
    )
    assert (held(opening).amount, held(opening).in_currency) == (Decimal("-76.93"), Decimal("-100.0"))


def test_a_document_without_a_stated_base_amount_is_converted() -> None:
    found = held(invoice(outstanding_amount="40.0"))
    assert (found.amount, found.in_currency) == (Decimal("30.77"), Decimal("40.0"))


def test_other_currencies_are_those_of_both_sides_where_the_source_states_any() -> None:
    source, sage = (
        [item("1", "GBP", "1"), item("2", "USD", "3")],
        [item("4", "EUR", "5"), item("1", "GBP", "1")],
    )
    assert other_currencies(source, sage, "GBP") == ["EUR", "USD"]
    assert other_currencies([item("1")], sage, "GBP") == []
    assert [found.amount for found in items_in("USD", source)] == [Decimal(3)]


def test_a_document_posts_in_the_currency_of_the_business() -> None:
    chart = ChartOfAccounts(catalog(), Identities())
    chart.learn_entities([Entity("ledger_account", "la", {"nominal_code": 4000})])
    line = {"ledger_account": {"id": "la"}, "net_amount": "100.0", "tax_amount": "13.0"}
    effects = effects_of("sales_invoice", {"invoice_lines": [line], **DOLLARS}, chart)
    assert effects == {"1100": Decimal("86.92"), "4000": Decimal("-76.92"), "2200": Decimal("-10.00")}
