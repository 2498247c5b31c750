"""Setup of a new business: the default chart, two bank accounts, the system contacts, its settings."""

from __future__ import annotations

from sagerecon.model.catalog import Catalog
from sagerecon.rehearsal.books.accounts import (
    BANK_ACCOUNT,
    account_values,
    open_required_accounts,
    register_code,
)
from sagerecon.rehearsal.books.analysis import default_types
from sagerecon.rehearsal.books.chart import BANK, chart
from sagerecon.rehearsal.books.company import Company, Identity
from sagerecon.rehearsal.books.contacts import CONTACT, contact_defaults
from sagerecon.rehearsal.books.preferences import DEFAULT_SETTINGS
from sagerecon.rehearsal.books.price_types import DEFAULT_NAMES
from sagerecon.rehearsal.books.records import Identifiers, Link, Values
from sagerecon.rehearsal.books.settings import default_settings
from sagerecon.rehearsal.books.tax_profile import default_profile

#: Name of the tax authority's contacts.
_AUTHORITY = {"GB": "HMRC", "IE": "Revenue", "CA": "CRA"}

_BANK_TYPES = {1200: "CHECKING", 1230: "CASH_IN_HAND"}


def create_company(
    catalog: Catalog,
    identity: Identity,
    accounts_start: str,
    *,
    tax_scheme: str,
    seed: int,
    multi_currency: bool = False,
) -> Company:
    """Create the company with its default records."""
    company = Company(catalog, identity, Identifiers(f"{seed}:{identity.id}"))
    company.settings = default_settings(
        identity.country,
        identity.currency,
        accounts_start,
        tax_scheme=tax_scheme,
        multi_currency=multi_currency,
    )
    _open_accounts(company)
    open_required_accounts(company, identity.opened_at)
    _add_authority(company)
    _add_lists(company, f"{seed}:{identity.id}:lists")
    return company


def _open_accounts(company: Company) -> None:
    now = company.identity.opened_at
    for account in chart(company.identity.country):
        values = account_values(company, account.code, account.name, account.type, account.control)
        row = company.add("ledger_account", values, now)
        register_code(company, row, now)
        if account.control == BANK:
            bank: Values = {
                "bank_account_type": Link("bank_account_type", _BANK_TYPES[account.code]),
                "bank_account_details": {
                    "account_name": account.name,
                    "account_number": None,
                    "sort_code": None,
                    "bic": None,
                    "iban": None,
                },
                "ledger_account": Link("ledger_account", row.id),
                "default": True,
            }
            BANK_ACCOUNT.after_create(company, company.add("bank_account", bank, now), now)
        elif account.control:
            company.controls[account.control] = row.id


def _add_authority(company: Company) -> None:
    """Add the contacts through which tax is paid and reclaimed; they cannot be changed or deleted."""
    now = company.identity.opened_at
    name = _AUTHORITY.get(company.identity.country, "Tax Office")
    for what, short, type in (("Reclaimed", "Rec", "CUSTOMER"), ("Payments", "Pay", "VENDOR")):
        values: Values = {
            **contact_defaults(company),
            "name": f"{name} {what}",
            "reference": f"{name} {short}"[:10],
            "contact_types": [Link("contact_type", type)],
            "system": True,
        }
        CONTACT.after_create(company, company.add("contact", values, now), now)


def _add_lists(company: Company, seed: str) -> None:
    """Add the default entries of editable lists, and the settings.

    Their ids come from a separate stream, so that a longer list does not change other ids.
    """
    now, ids = company.identity.opened_at, Identifiers(seed)
    for kind, names in DEFAULT_NAMES.items():
        for name in names:
            company.add(kind, {"name": name, "active": True}, now, id=ids.next())
    for values in default_types():
        company.add("analysis_type", values, now, id=ids.next())
    company.add("tax_profile", default_profile(company), now, id=ids.next())
    for kind, first in DEFAULT_SETTINGS.items():
        company.add(kind, first(company), now, id=kind)
    company.add("business", {}, now, id="business")
