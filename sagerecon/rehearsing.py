"""A rehearsal Sage with the business a project expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sagerecon.model.clock import Clock, SystemClock
from sagerecon.package import catalog
from sagerecon.project import SANDBOX_APP, SANDBOX_SECRET, Business, Project
from sagerecon.rehearsal.business import Business as RehearsalBusiness
from sagerecon.rehearsal.business import new_business
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsal.faults import Faults, read_faults
from sagerecon.rehearsal.playing import read_plays
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import IDLE_SECONDS, Server, serve


def open_rehearsal(
    project: Project | None,
    clock: Clock,
    seed: int,
    *,
    faults: Faults | None = None,
    latency: int = 0,
    profile: str = "",
    plays: Mapping[str, str] | None = None,
) -> RehearsalSage:
    """A rehearsal Sage with one business, such as the project expects, and one user with full access."""
    profile = profile or (project.limits.profile if project else "standard")
    sage = RehearsalSage(catalog(), clock, seed, profile=profile, latency=latency, faults=faults, plays=plays)
    sage.add_app(SANDBOX_APP, SANDBOX_SECRET, name="sagerecon", redirect_uri="http://127.0.0.1/callback")
    sage.add_user("owner", "Robin Marsh", "RM")
    expected = project.business if project else Business("", "GB", "plus", "GBP", True, None)
    books = new_business(
        sage.catalog,
        sage.ids.next("business"),
        project.company if project else "Rehearsal Ltd",
        country=expected.country,
        edition=expected.edition,
        currency=expected.currency,
        accounts_start=project.accounts_start.isoformat() if project else "2016-01-01",
        tax_registered=expected.tax_registered,
        seed=seed,
        now=clock.now(),
    )
    sage.add_business(books, {"owner": "full"})
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
) -> Iterator[Server]:
    """The rehearsal Sage as a server on loopback; with `state` its business lives on in that file.

    With `shared` time passes only as clients sleep, in a file that they share. `plays` are switches such as
    `retry_after=date`; they and faults are kept in the state, and given again they take its place.

    Raises:
        ProjectError: the port is taken, a fault or a switch is none, or the state cannot be read or written.
    """
    clock = SharedClock(shared) if shared else SystemClock()
    planned = read_faults(faults) if faults else None
    switches = read_plays(plays)
    if state is not None and state.exists():
        sage = RehearsalSage.load(state, catalog(), clock, RehearsalBusiness.from_document, faults=planned)
        for name, value in switches.items():
            sage.play(name, value)
    else:
        sage = open_rehearsal(project, clock, seed, faults=planned, plays=switches)
    with serve(sage, port, idle_seconds) as server:
        try:
            yield server
        finally:
            if state is not None:
                sage.save(state)
