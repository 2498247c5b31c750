"""Whole entries of fixed lists, and the accounts of the chart of accounts template."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from sagerecon.model.catalog import Kind
from sagerecon.model.clock import instant_text
from sagerecon.rehearsal.books.chart import BANK, GROUPS, Account, chart
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.presentation import reference_answer
from sagerecon.rehearsal.books.records import Link

Answer = dict[str, Any]

#: Creation time of Sage's own lists.
_CREATED_AT = instant_text(1_372_848_018_000)

_BUSINESS_TYPES = {
    "SOLE": ("Sole Trader", "you work for yourself"),
    "PARTNER": ("Partnership", "you share the business with others"),
    "LIMITED": ("Limited Company/LLP", "we're registered at Companies House"),
}

_TEMPLATE_COUNTRIES = {"GB": "GB", "IE": "IE", "EN": "CA", "FR": "CA"}


def _address_region(_company: Company, id: str, shown: str) -> Answer:
    return {"code": id.rpartition("-")[2], "name": shown.rpartition(" (")[0] or shown}


def _business_type(_company: Company, id: str, shown: str) -> Answer:
    name, description = _BUSINESS_TYPES.get(id, (shown, None))
    return {"name": name, "description": description}


def _coa_template(company: Company, id: str, shown: str) -> Answer:
    country = _TEMPLATE_COUNTRIES.get(id.rpartition("_")[2], company.identity.country)
    return {
        "created_at": _CREATED_AT,
        "updated_at": _CREATED_AT,
        "name": shown,
        "country": reference_answer(company, Link("country", country)),
    }


def _tax_type(company: Company, _id: str, _shown: str) -> Answer:
    return {
        "federal_tax": True,
        "country": reference_answer(company, Link("country", company.identity.country)),
        "address_regions": [],
        "tax_rates": [],
    }


_DETAILS: Mapping[str, Callable[[Company, str, str], Answer]] = {
    "address_region": _address_region,
    "business_type": _business_type,
    "coa_template": _coa_template,
    "tax_type": _tax_type,
}


def fixed_entry(company: Company, kind: str, id: str) -> Answer:
    """Return a whole entry of a fixed list."""
    known = reference_answer(company, Link(kind, id))
    details = _DETAILS.get(kind)
    return {**known, **details(company, id, str(known["displayed_as"]))} if details else known


def fixed_list_ids(
    company: Company, kind: Kind, entries: Mapping[str, str], query: Mapping[str, str]
) -> list[str]:
    """Return the ids of a fixed list that pass its filters."""
    wanted = query.get("country_id") if "country_id" in kind.filters else None
    if not wanted:
        return list(entries)
    return [id for id in entries if _country(company, kind.name, id) == wanted]


def _country(company: Company, kind: str, id: str) -> str | None:
    """Return the country of an entry; the id of a region begins with it."""
    if kind == "address_region":
        return id.partition("-")[0]
    country = fixed_entry(company, kind, id).get("country")
    return country["id"] if country else None


def chart_template(country: str) -> dict[str, Account]:
    """Return the accounts of the only template, the default chart, by their own ids."""
    return {
        hashlib.blake2b(f"coa:{country}:{each.code}".encode(), digest_size=16).hexdigest(): each
        for each in chart(country)
    }


def template_account(company: Company, id: str, account: Account) -> Answer:
    """Return an account of the template as `coa_accounts` answers it."""
    group, called = GROUPS[account.type]
    return {
        "id": id,
        "displayed_as": account.name,
        "$path": f"/coa_accounts/{id}",
        "created_at": _CREATED_AT,
        "updated_at": _CREATED_AT,
        "ledger_account_group": {"id": group, "displayed_as": called},
        "name": account.name,
        "control_name": account.control if account.control and account.control != BANK else None,
        "nominal_code": account.code,
        "ledger_account_type": reference_answer(company, Link("ledger_account_type", account.type)),
        "ledger_account_classification": None,
        "tax_rate": reference_answer(company, Link("tax_rate", f"{company.identity.country}_NO_TAX")),
        "fixed_tax_rate": account.type == "FIXED_ASSETS",
        "cis_materials": False,
        "cis_labour": False,
    }
