"""The financial settings of a business."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.currency import foreign_currency
from sagerecon.rehearsal.books.records import Link, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.unsupported import UNSUPPORTED_FEATURES

#: The supported tax schemes.
SCHEMES = ("STANDARD", "CASH_ACCOUNTING", "NOT_REGISTERED")

#: Kinds with a currency; every record in another currency belongs to one of these.
_IN_CURRENCY = ("contact", "bank_account")


def default_settings(
    country: str, currency: str, accounts_start: str, *, tax_scheme: str, multi_currency: bool = False
) -> Values:
    """Return the settings of a new business; its year ends the day before its start day."""
    start = date.fromisoformat(accounts_start)
    month, day = (start.month, start.day) if (start.month, start.day) != (2, 29) else (3, 1)
    is_tax_registered = tax_scheme != "NOT_REGISTERED"
    year_end = date(start.year + 1, month, day).toordinal() - 1
    return {
        "year_end_date": date.fromordinal(year_end).isoformat(),
        "year_end_lockdown_date": None,
        "accounting_type": "accrual",
        "accounts_start_date": accounts_start,
        "base_currency": Link("currency", currency),
        "multi_currency_enabled": multi_currency,
        "use_live_exchange_rates": False,
        "tax_scheme": Link("tax_scheme", tax_scheme),
        "tax_return_frequency": Link("tax_return_frequency", "QUARTERLY") if is_tax_registered else None,
        "tax_number": "123456789" if is_tax_registered and country == "GB" else None,
        "postponed_accounting": False,
        "destination_vat": False,
    }


def settings_faults(company: Company, values: Values) -> Iterator[Fault]:
    """Yield faults in the settings.

    Opening entries must stay before the accounts start date, and all others on or after it.
    """
    start, locked = values.get("accounts_start_date"), values.get("year_end_lockdown_date")
    if values.get("base_currency") != company.settings["base_currency"]:
        yield Fault("You cannot change the base currency.", "base_currency_id")
    yield from _multi_currency_faults(company, values)
    scheme = values.get("tax_scheme")
    if scheme is None or scheme.id not in SCHEMES:
        yield Fault(UNSUPPORTED_FEATURES["flat_rate"], "tax_scheme_id")
    elif scheme.id == "CASH_ACCOUNTING" and company.identity.country == "CA":
        yield Fault(UNSUPPORTED_FEATURES["cash_in_canada"], "tax_scheme_id")
    if not start:
        yield Fault("This field is required.", "accounts_start_date")
        return
    if locked and start < locked:
        yield Fault("The accounts start date cannot be before the lockdown date.", "accounts_start_date")
    if start != company.settings["accounts_start_date"]:
        yield from _start_faults(company, start)


def _multi_currency_faults(company: Company, values: Values) -> Iterator[Fault]:
    """Yield a fault if multi-currency is enabled in start, or disabled while in use."""
    is_on = bool(values.get("multi_currency_enabled"))
    if is_on and company.identity.edition == "start":
        yield Fault("Multi-currency is not available in the start edition.", "multi_currency_enabled")
    if is_on or not company.settings["multi_currency_enabled"]:
        return
    if any(foreign_currency(company, row.values) for kind in _IN_CURRENCY for row in company.table(kind)):
        yield Fault("There are records in other currencies.", "multi_currency_enabled")


def _start_faults(company: Company, start: str) -> Iterator[Fault]:
    for row in company.table("transaction"):
        if row.values["deleted"]:
            continue
        is_opening = "OPENING_BALANCE" in row.values["transaction_type"].id
        if (row.values["date"] < start) != is_opening:
            yield Fault("There are bookings on the other side of this date.", "accounts_start_date")
            return
