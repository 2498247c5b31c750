"""The tax profile of a business, which shares some fields with the financial settings."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault

#: Fields shared with the financial settings, which store them.
SHARED = ("tax_number", "tax_return_frequency")


def default_profile(company: Company) -> Values:
    """Return the tax profile of a new business."""
    type = "MTD" if company.identity.country == "GB" else None
    return {
        "tax_type": Link("tax_type", type) if type else None,
        "collect_tax": company.is_tax_registered,
        "address_region": None,
        "tax_number_suffix": None,
    }


def profile_answer(company: Company) -> Values:
    """Return the fields of the profile that are stored in the financial settings."""
    return {name: company.settings.get(name) for name in SHARED}


def _complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
    if values.get("collect_tax") and not company.is_tax_registered:
        yield Fault("You cannot collect tax, your business is not registered for tax", "collect_tax")
    if old is not None:
        values["tax_type"] = values.get("tax_type") or old.values["tax_type"]


def _share(company: Company, row: Row, _before: Values, now: int) -> None:
    """Move the shared fields to the financial settings."""
    given = {name: row.values.pop(name) for name in SHARED if name in row.values}
    if given:
        company.settings = {**company.settings, **given}
        company.settings_updated_at = now


TAX_PROFILE = Hooks(_complete, after_update=_share)
