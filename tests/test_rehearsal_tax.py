"""The tax rates of each country, with the days on which they changed."""

from __future__ import annotations

import pytest
from small_business import Clerk

from sagerecon.rehearsal.books.tax import TAX_RATES


@pytest.mark.parametrize(
    ("id", "day", "percentage"),
    [
        ("GB_STANDARD", "2008-11-30", "17.5"),
        ("GB_STANDARD", "2009-06-30", "15.0"),
        ("GB_STANDARD", "2011-01-04", "20.0"),
        ("IE_STANDARD", "2011-12-31", "21.0"),
        ("IE_STANDARD", "2012-01-01", "23.0"),
        ("IE_STANDARD", "2020-12-31", "21.0"),
        ("IE_STANDARD", "2021-03-01", "23.0"),
        ("IE_REDUCED", "2026-01-01", "13.5"),
        ("IE_SECOND_REDUCED", "2026-01-01", "9.0"),
        ("IE_LIVESTOCK", "2026-01-01", "4.8"),
        ("IE_ZERO", "2026-01-01", "0.0"),
        ("CA_GST", "2007-12-31", "6.0"),
        ("CA_GST", "2026-01-01", "5.0"),
        ("CA_HST_ON", "2010-06-30", "5.0"),
        ("CA_HST_ON", "2010-07-01", "13.0"),
        ("CA_HST_NS", "2025-03-31", "15.0"),
        ("CA_HST_NS", "2025-04-01", "14.0"),
        ("CA_HST_PE", "2026-01-01", "15.0"),
        ("CA_GST_PST_SK", "2026-01-01", "11.0"),
        ("CA_GST_QST", "2026-01-01", "14.975"),
    ],
)
def test_a_rate_has_the_percentage_of_the_day(id: str, day: str, percentage: str) -> None:
    country = id[:2]
    clerk = Clerk(country=country, currency={"GB": "GBP", "IE": "EUR", "CA": "CAD"}[country])
    assert clerk.get(f"/tax_rates/{id}", date=day)["percentage"] == percentage


@pytest.mark.parametrize("country", ["GB", "IE", "CA"])
def test_percentages_follow_each_other_without_a_gap(country: str) -> None:
    for rate in TAX_RATES[country].values():
        days = [day for day, _ in rate.steps]
        assert days == sorted(set(days)) and days[0] == "1900-01-01"
        assert all(provincial <= rate.at(day) for day, provincial in rate.provincial)


def test_a_province_has_its_own_rates() -> None:
    clerk = Clerk(country="CA", currency="CAD")
    found = [item["id"] for item in clerk.get("/tax_rates", address_region_id="CA-QC")["$items"]]
    assert found == ["CA_GST", "CA_GST_QST", "CA_QST", "CA_ZERO", "CA_EXEMPT", "CA_NO_TAX"]
    combined = clerk.get("/tax_rates/CA_GST_QST")
    assert combined["is_combined_rate"] is True
    assert [part["id"] for part in combined["component_tax_rates"]] == ["CA_GST", "CA_QST"]
    assert combined["displayed_as"] == "GST/QST 14.975%"
    for part in combined["component_tax_rates"]:
        assert clerk.get(part["$path"])["percentage"] == part["percentage"]


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("IE", ("Trade Debtors (1100)", "VAT on Sales (2200)", "Revenue Reclaimed")),
        ("CA", ("Accounts Receivable (1100)", "PST and QST Payable (2206)", "CRA Reclaimed")),
    ],
)
def test_a_country_has_its_own_chart(country: str, names: tuple[str, ...]) -> None:
    clerk = Clerk(country=country, currency="EUR" if country == "IE" else "CAD")
    shown = {
        item["displayed_as"].partition(" (C")[0].partition(" (R")[0]
        for path in ("/ledger_accounts", "/contacts")
        for item in clerk.get(path, items_per_page="200")["$items"]
    }
    assert set(names) <= shown
