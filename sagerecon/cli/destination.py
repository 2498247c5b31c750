"""Show to which hosts a command sends data."""

from __future__ import annotations

from sagerecon.commands.destination import Destination
from sagerecon.report.screen import Screen


def show_destination(screen: Screen, destination: Destination) -> None:
    """Name the host of Sage or of the sandbox, and that of a store on a server."""
    screen.event(
        "destination",
        sage=destination.sage,
        is_sandbox=destination.is_sandbox,
        store=list(destination.store),
    )
    screen.print(f"Sage: {'sandbox ' if destination.is_sandbox else ''}{destination.sage}")
    if destination.store:
        screen.print(f"Store: PostgreSQL on {', '.join(destination.store)}")
