"""A rehearsal Sage with the business a project expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sagerecon.documents.package import catalog
from sagerecon.model.clock import SECOND, Clock, SystemClock
from sagerecon.model.errors import ProjectError
from sagerecon.model.suggestion import suggestion
from sagerecon.project.project import SANDBOX_APP, SANDBOX_SECRET, Project
from sagerecon.rehearsal.books.business import Business as RehearsalBusiness
from sagerecon.rehearsal.books.business import new_business
from sagerecon.rehearsal.clock import SharedClock, SkewedClock
from sagerecon.rehearsal.faults import Faults, read_faults
from sagerecon.rehearsal.request import FULL, READ_ONLY, RESTRICTED
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import IDLE_SECONDS, Server, serve
from sagerecon.rehearsal.switches import read_switches


@dataclass(frozen=True, slots=True)
class Wanted:
    """The business of a rehearsal that no project describes. `tax_scheme` is one of the catalog's."""

    name: str = "Rehearsal Ltd"
    country: str = "GB"
    edition: str = "plus"
    currency: str = "GBP"
    accounts_start: date = date(2016, 1, 1)
    tax_registered: bool = True
    tax_scheme: str = "STANDARD"
    multi_currency: bool = False


#: What each country keeps its books in.
CURRENCIES = {"GB": "GBP", "IE": "EUR", "CA": "CAD"}

#: Who works in it: the owner may do everything, the clerk may not delete, the reader only reads.
MEMBERS = {
    "owner": ("Robin Marsh", "RM", FULL),
    "clerk": ("Sam Reed", "SR", RESTRICTED),
    "reader": ("Jo Vale", "JV", READ_ONLY),
}


def wanted_by(project: Project) -> Wanted:
    """The business a project expects."""
    expected = project.business
    return Wanted(
        project.company,
        expected.country,
        expected.edition,
        expected.currency,
        project.accounts_start,
        expected.tax_registered,
    )


def wanted(country: str, edition: str, tax_scheme: str, multi_currency: bool) -> Wanted:
    """A business of a country's own currency, checked against the catalog.

    Raises:
        ProjectError: there is no such country, edition or scheme.
    """
    if country not in CURRENCIES:
        raise ProjectError(f"There is no country '{country}' here.", f"Choose {', '.join(CURRENCIES)}.")
    editions, schemes = catalog().api.editions, tuple(catalog()["tax_scheme"].values)
    for name, value, known in (("edition", edition, editions), ("tax scheme", tax_scheme, schemes)):
        if value not in known:
            hint = suggestion(value, known) or f"Choose {', '.join(known)}."
            raise ProjectError(f"There is no {name} '{value}'.", hint)
    return Wanted(
        country=country,
        edition=edition,
        currency=CURRENCIES[country],
        tax_registered=tax_scheme != "NOT_REGISTERED",
        tax_scheme="STANDARD" if tax_scheme == "NOT_REGISTERED" else tax_scheme,
        multi_currency=multi_currency,
    )


def open_rehearsal(
    project: Project | None,
    clock: Clock,
    seed: int,
    *,
    wanted: Wanted | None = None,
    faults: Faults | None = None,
    latency: int = 0,
    profile: str = "",
    plays: Mapping[str, str] | None = None,
) -> RehearsalSage:
    """A rehearsal Sage with one business, as the project expects it or as `wanted`, and three users."""
    profile = profile or (project.limits.profile if project else "standard")
    sage = RehearsalSage(
        catalog(), clock, seed, profile=profile, latency=latency, faults=faults, switches=plays
    )
    sage.add_app(SANDBOX_APP, SANDBOX_SECRET, name="sagerecon", redirect_uri="http://127.0.0.1/callback")
    for user, (name, initials, _) in MEMBERS.items():
        sage.add_user(user, name, initials)
    wanted = wanted or (wanted_by(project) if project else Wanted())
    books = new_business(
        sage.catalog,
        sage.ids.next("business"),
        wanted.name,
        country=wanted.country,
        edition=wanted.edition,
        currency=wanted.currency,
        accounts_start=wanted.accounts_start.isoformat(),
        tax_registered=wanted.tax_registered,
        tax_scheme=wanted.tax_scheme,
        multi_currency=wanted.multi_currency,
        seed=seed,
        now=clock.now(),
    )
    sage.add_business(books, {user: role for user, (_, _, role) in MEMBERS.items()})
    return sage


@contextmanager
def sandbox(
    project: Project | None,
    *,
    port: int = 0,
    seed: int = 1,
    state: Path | None = None,
    faults: str = "",
    shared: Path | None = None,
    plays: Iterable[str] = (),
    idle_seconds: int = IDLE_SECONDS,
    wanted: Wanted | None = None,
    skew_seconds: int = 0,
    spoiled: Iterable[str] = (),
) -> Iterator[Server]:
    """The rehearsal Sage as a server on loopback; with `state` its business lives on in that file.

    With `shared` time passes only as clients sleep, in a file that they share. `plays` are switches such as
    `retry_after=date`; they and faults are kept in the state, and given again they take its place. Its watch
    may be `skew_seconds` fast; pages with a `spoiled` record fail where every attribute is asked for.

    Raises:
        ProjectError: the port is taken, a fault or a switch is none, or the state cannot be read or written.
    """
    clock: Clock = SharedClock(shared) if shared else SystemClock()
    if skew_seconds:
        clock = SkewedClock(clock, skew_seconds * SECOND)
    planned = read_faults(faults) if faults else None
    switches = read_switches(plays)
    if state is not None and state.exists():
        sage = RehearsalSage.load(state, catalog(), clock, RehearsalBusiness.from_document, faults=planned)
        for name, value in switches.items():
            sage.set_switch(name, value)
    else:
        sage = open_rehearsal(project, clock, seed, wanted=wanted, faults=planned, plays=switches)
    for sage_id in spoiled:
        sage.mark_unreadable(sage_id)
    with serve(sage, port, idle_seconds) as server:
        try:
            yield server
        finally:
            if state is not None:
                sage.save(state)
