"""A rehearsal Sage with one business: the one a project expects, or one described by its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.errors import ProjectError
from sagerecon.model.suggestion import suggestion
from sagerecon.project.project import Project
from sagerecon.project.sage import SANDBOX_APP, SANDBOX_SECRET
from sagerecon.rehearsal.books.business import new_business
from sagerecon.rehearsal.books.settings import SCHEMES
from sagerecon.rehearsal.faults import Faults
from sagerecon.rehearsal.request import FULL, READ_ONLY, RESTRICTED
from sagerecon.rehearsal.sage import RehearsalSage


@dataclass(frozen=True, slots=True)
class BusinessFacts:
    """What a rehearsal business is like. `tax_scheme` is one of `SCHEMES`."""

    name: str = "Rehearsal Ltd"
    country: str = "GB"
    edition: str = "plus"
    currency: str = "GBP"
    accounts_start: date = date(2016, 1, 1)
    tax_registered: bool = True
    tax_scheme: str = "STANDARD"
    multi_currency: bool = False


#: The base currency of each country.
CURRENCIES = {"GB": "GBP", "IE": "EUR", "CA": "CAD"}

#: The users of the business, with their roles.
MEMBERS = {
    "owner": ("Robin Marsh", "RM", FULL),
    "clerk": ("Sam Reed", "SR", RESTRICTED),
    "reader": ("Jo Vale", "JV", READ_ONLY),
}


def expected_business(project: Project) -> BusinessFacts:
    """Return the business that a project expects."""
    expected = project.business
    return BusinessFacts(
        name=project.company,
        country=expected.country,
        edition=expected.edition,
        currency=expected.currency,
        accounts_start=project.accounts_start,
        tax_registered=expected.tax_registered,
        multi_currency=expected.multi_currency,
    )


def described_business(
    catalog: Catalog, country: str, edition: str, tax_scheme: str, multi_currency: bool
) -> BusinessFacts:
    """Return a business with its country's currency.

    Raises:
        ProjectError: the rehearsal has no such country, edition or tax scheme.
    """
    for name, value, known in (
        ("country", country, tuple(CURRENCIES)),
        ("edition", edition, catalog.api.editions),
        ("tax scheme", tax_scheme, SCHEMES),
    ):
        if value not in known:
            hint = suggestion(value, known) or f"Choose one of: {', '.join(known)}."
            raise ProjectError(f"The sandbox has no {name} '{value}'.", hint)
    return BusinessFacts(
        country=country,
        edition=edition,
        currency=CURRENCIES[country],
        tax_registered=tax_scheme != "NOT_REGISTERED",
        tax_scheme="STANDARD" if tax_scheme == "NOT_REGISTERED" else tax_scheme,
        multi_currency=multi_currency,
    )


def open_rehearsal(
    catalog: Catalog,
    business: BusinessFacts,
    clock: Clock,
    seed: int,
    *,
    faults: Faults | None = None,
    latency: int = 0,
    profile: str = "standard",
    switches: Mapping[str, str] | None = None,
) -> RehearsalSage:
    """Return a rehearsal Sage with one business, three users and the app of every sandbox.

    Args:
        seed: the same seed gives the same ids.
        latency: how long an answer takes, in milliseconds of `clock`.
        profile: the limit profile that it enforces.
        switches: how it behaves where Sage's documents leave a choice, by the name of each setting.
    """
    sage = RehearsalSage(
        catalog, clock, seed, profile=profile, latency=latency, faults=faults, switches=switches
    )
    sage.add_app(SANDBOX_APP, SANDBOX_SECRET, name="sagerecon", redirect_uri="http://127.0.0.1/callback")
    for user, (name, initials, _) in MEMBERS.items():
        sage.add_user(user, name, initials)
    books = new_business(
        sage.catalog,  # with the changes of the switches
        sage.ids.next("business"),
        business.name,
        country=business.country,
        edition=business.edition,
        currency=business.currency,
        accounts_start=business.accounts_start.isoformat(),
        tax_registered=business.tax_registered,
        tax_scheme=business.tax_scheme,
        multi_currency=business.multi_currency,
        seed=seed,
        now=clock.now(),
    )
    sage.add_business(books, {user: role for user, (_, _, role) in MEMBERS.items()})
    return sage
