"""Editable lists of a business, exchange rates, and whole entries of Sage's own lists."""

from __future__ import annotations

from typing import Any

import pytest
from small_business import Clerk, messages

NAMES = {
    "product_sales_price_type": ("product", "sales_prices", "price"),
    "service_rate_type": ("service", "sales_rates", "rate"),
}


def test_a_new_business_has_three_price_types_and_one_rate_type() -> None:
    clerk = Clerk()
    shown = [item["displayed_as"] for item in clerk.get("/product_sales_price_types")["$items"]]
    assert shown == ["Sales Price", "Trade", "Wholesale"]
    assert [item["displayed_as"] for item in clerk.get("/service_rate_types")["$items"]] == ["Rate"]


@pytest.mark.parametrize("kind", NAMES)
def test_price_types_can_be_edited_and_deleted_until_used(kind: str) -> None:
    clerk = Clerk()
    made = clerk.post(kind, name="Export", active=True)
    assert (made["displayed_as"], made["active"]) == ("Export", True)
    assert messages(clerk.send(kind, name="EXPORT", active=True)) == [
        ("name", "Name has already been taken.")
    ]
    assert messages(clerk.send(kind, name="x")) == [("active", "This field is required.")]
    assert clerk.put(kind, made["id"], active=False).body["active"] is False
    assert clerk.get(f"/{kind}s", active="false")["$total"] == 1
    user, prices, amount = NAMES[kind]
    fields: dict[str, Any] = {
        "description": "x",
        "sales_ledger_account_id": clerk.account(4000),
        "purchase_ledger_account_id": clerk.account(5000),
        prices: [{f"{kind}_id": made["id"], f"{amount}_name": "Export", amount: "1"}],
    }
    item = clerk.post(user, **fields)
    assert item[prices][0][kind]["displayed_as"] == "Export"
    assert clerk.delete(kind, made["id"]).status == 405
    clerk.delete(user, item["id"])
    assert clerk.delete(kind, made["id"]).status == 204


def test_payment_can_be_disabled_for_an_invoice() -> None:
    clerk = Clerk()
    invoice = clerk.invoice(clerk.customer())["id"]
    kind = "hosted_artefact_payment_setting"
    made = clerk.post(kind, object_guid=invoice, disable_payment=True)
    assert (made["object_guid"], made["disable_payment"]) == (invoice, True)
    assert clerk.get(f"/{kind}s", object_guid=invoice)["$total"] == 1
    assert clerk.get(f"/{kind}s", object_guid="0" * 32)["$total"] == 0
    other = clerk.invoice(clerk.customer())["id"]
    assert messages(clerk.send(kind, object_guid=other, disable_payment=False)) == [
        ("disable_payment", "Payment can only be disabled.")
    ]
    assert clerk.send(kind, object_guid="0" * 32, disable_payment=True).status == 422
    assert clerk.send(kind, object_guid=invoice, disable_payment=True).status == 422
    assert clerk.delete(kind, made["id"]).status == 204


def test_business_exchange_rates_need_multi_currency() -> None:
    reply = Clerk().send("business_exchange_rate", currency_id="EUR", rate="1.1")
    assert messages(reply) == [("", "Multi-currency is not enabled for this business.")]


def test_a_business_exchange_rate_has_its_currency_as_id() -> None:
    clerk = Clerk(multi_currency=True)
    kind = "business_exchange_rate"
    made = clerk.post(kind, currency_id="EUR", rate="1.25")
    assert (made["displayed_as"], made["$path"]) == ("GBP -> EUR", "/business_exchange_rates/EUR")
    assert (made["rate"], made["inverse_rate"], made["base_currency"]["id"]) == ("1.25", "0.8", "GBP")
    assert "id" not in made
    assert clerk.send(kind, currency_id="EUR", rate="1").status == 422
    assert clerk.send(kind, currency_id="GBP", rate="1").status == 422
    assert messages(clerk.send(kind, currency_id="USD", rate="0")) == [
        ("rate", "Rate must be greater than 0.")
    ]
    assert clerk.put(kind, "EUR", rate="1.1").body["inverse_rate"] == "0.9090909091"
    assert clerk.get("/exchange_rates/EUR")["rate"] == "1.1"
    assert clerk.get("/live_exchange_rates/EUR")["rate"] != "1.1"
    assert clerk.delete(kind, "EUR").status == 204
    assert clerk.get("/exchange_rates/EUR")["rate"] == clerk.get("/live_exchange_rates/EUR")["rate"]


def test_market_rates_are_listed_by_page() -> None:
    clerk = Clerk()
    page = clerk.get("/live_exchange_rates", items_per_page="5")
    assert [item["displayed_as"] for item in page["$items"]][:2] == ["GBP -> AUD", "GBP -> CAD"]
    assert page["$next"] == "/live_exchange_rates?page=2&items_per_page=5"
    assert set(page["$items"][0]) == {"displayed_as", "$path"}
    assert clerk.get("/exchange_rates/GBP")["rate"] == "1.0"
    assert clerk.request("GET", "/exchange_rates/XXX").status == 404
    assert Clerk(country="IE", currency="EUR").get("/exchange_rates/EUR")["displayed_as"] == "EUR -> EUR"


def test_the_chart_template_has_the_accounts_of_a_new_business() -> None:
    clerk = Clerk()
    page = clerk.get("/coa_accounts", items_per_page="200", attributes="nominal_code,control_name")
    controls = {item["nominal_code"]: item["control_name"] for item in page["$items"]}
    assert controls[1100] == "TRADE_DEBTORS"
    assert controls[4000] is None
    assert 4000 in controls
    id = page["$items"][0]["id"]
    assert clerk.get(f"/coa_accounts/{id}")["ledger_account_type"]["id"] == "FIXED_ASSETS"
    assert clerk.get("/coa_accounts", coa_template_id="SMALL_BUSINESS_GB")["$total"] == page["$total"]
    assert clerk.get("/coa_accounts", coa_template_id="NOTHING")["$total"] == 0


def test_entries_of_fixed_lists_have_their_details() -> None:
    clerk = Clerk()
    assert clerk.get("/address_regions/CA-AB")["code"] == "AB"
    assert clerk.get("/tax_types/MTD")["country"]["id"] == "GB"
    template = clerk.get("/coa_templates/LIMITED_COMPANY_IE")
    assert (template["name"], template["country"]["id"]) == (template["displayed_as"], "IE")
    assert {item["id"] for item in clerk.get("/coa_templates", country_id="CA")["$items"]} == {
        "SMALL_BUSINESS_CA_EN",
        "SMALL_BUSINESS_CA_FR",
    }
    regions = clerk.get("/address_regions", country_id="CA")["$items"]
    assert "CA-AB" in {item["id"] for item in regions}
    assert all(item["id"].startswith("CA-") for item in regions)
    assert clerk.get("/address_regions", country_id="IE")["$total"] == 0
    assert "name" in clerk.get("/business_types", attributes="all")["$items"][0]


def test_a_journal_is_reissued_in_one_step() -> None:
    clerk = Clerk()

    def lines(amount: str) -> list[dict[str, str]]:
        return [
            {"ledger_account_id": clerk.account(8000), "debit": amount, "credit": "0"},
            {"ledger_account_id": clerk.account(51), "debit": "0", "credit": amount},
        ]

    first = clerk.post("journal", date="2026-01-31", reference="J", journal_lines=lines("5"))
    again = clerk.request("POST", f"/journals/{first['id']}/reissue")
    assert (again.status, again.body["reference"], again.body["total"]) == (201, "J", "5.0")
    assert again.body["id"] != first["id"]
    assert again.body["transaction"]["id"] != first["transaction"]["id"]
    assert clerk.request("GET", f"/journals/{first['id']}").status == 404
    assert clerk.get(f"/transactions/{first['transaction']['id']}")["deleted"] is True
    assert clerk.balances(8000, 51) == ["5.00", "-5.00"]
    path = f"/journals/{again.body['id']}/reissue"
    changed = clerk.request("POST", path, {"journal": {"date": "2026-02-28", "journal_lines": lines("7")}})
    assert (changed.body["date"], changed.body["total"]) == ("2026-02-28", "7.0")
    off = lines("7")[:1]
    path = f"/journals/{changed.body['id']}/reissue"
    assert clerk.request("POST", path, {"journal": {"journal_lines": off}}).status == 422
    assert clerk.balances(8000, 51) == ["7.00", "-7.00"]
    assert clerk.get("/journals")["$total"] == 1
