"""Serve a rehearsal Sage over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sagerecon.commands.rehearsals import BusinessFacts, open_rehearsal
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import SECOND, Clock, SystemClock
from sagerecon.rehearsal.books.business import Business as RehearsalBusiness
from sagerecon.rehearsal.clock import SharedClock, SkewedClock
from sagerecon.rehearsal.faults import read_faults
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import IDLE_SECONDS, Server, serve
from sagerecon.rehearsal.switches import read_switches


@contextmanager
def sandbox(
    catalog: Catalog,
    business: BusinessFacts,
    *,
    profile: str = "standard",
    port: int = 0,
    seed: int = 1,
    state: Path | None = None,
    faults: str = "",
    shared_clock: Path | None = None,
    switches: Iterable[str] = (),
    idle_seconds: int = IDLE_SECONDS,
    skew_seconds: int = 0,
    unreadable: Iterable[str] = (),
) -> Iterator[Server]:
    """Serve a rehearsal Sage on loopback until the context ends.

    Args:
        profile: the limit profile that it enforces.
        port: 0 takes a free one.
        state: a file that the business is loaded from and saved to; its faults and switches are saved too.
        faults: what goes wrong, in the notation of `read_faults`; replaces the state's faults.
        shared_clock: a file with the virtual clock that the server shares with its clients.
        switches: such as `retry_after=date`; each replaces the state's.
        idle_seconds: how long until a quiet connection is closed.
        skew_seconds: how far the server's clock is fast.
        unreadable: ids of records whose pages fail when every attribute is asked for.

    Raises:
        ProjectError: the port is in use, a fault or a switch is not valid, or the state cannot be read or
            written.
    """
    clock: Clock = SharedClock(shared_clock) if shared_clock else SystemClock()
    if skew_seconds:
        clock = SkewedClock(clock, skew_seconds * SECOND)
    planned = read_faults(faults) if faults else None
    chosen = read_switches(switches)
    if state is not None and state.exists():
        sage = RehearsalSage.load(state, catalog, clock, RehearsalBusiness.from_document, faults=planned)
        for name, value in chosen.items():
            sage.set_switch(name, value)
    else:
        sage = open_rehearsal(
            catalog, business, clock, seed, faults=planned, profile=profile, switches=chosen
        )
        if state is not None:
            sage.save(state)  # a file that cannot be written is reported before the first request
    for sage_id in unreadable:
        sage.mark_unreadable(sage_id)
    with serve(sage, port, idle_seconds) as server:
        try:
            yield server
        finally:
            if state is not None:
                sage.save(state)
