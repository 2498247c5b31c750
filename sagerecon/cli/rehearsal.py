"""The commands `demo` and `sandbox`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import AllowHost, Env, Json


def demo(
    folder: Annotated[Path, typer.Option(help="The folder for the demo's files.")] = Path("build/demo"),
    json: Json = False,
) -> None:
    """Move the demo company into a rehearsal Sage, from snapshot to report; needs no network."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.commands.demo import run_demo

    with command(json) as screen:
        if not run_demo(folder, screen):
            raise typer.Exit(NEEDS_REVIEW)


def sandbox(
    project: Annotated[
        Path | None,
        typer.Option("--project", "-p", help="The folder of a project; the business is the one it expects."),
    ] = None,
    allow_host: AllowHost = None,
    env: Env = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")
    ] = 8065,
    seed: Annotated[int, typer.Option(help="The same seed gives the same ids.")] = 1,
    state: Annotated[Path | None, typer.Option(help="A file that keeps the business between runs.")] = None,
    faults: Annotated[
        str, typer.Option(help="Faults to inject, such as 'answer_lost POST /contacts 3; error=503 any / 9'.")
    ] = "",
    virtual_clock: Annotated[
        Path | None,
        typer.Option(
            help="Use a virtual clock, which advances only while a client sleeps; the file keeps the time."
        ),
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Behaviour that Sage's documents leave open, such as retry_after=date; see docs/sandbox.md.",
        ),
    ] = None,
    idle: Annotated[int, typer.Option(min=1, help="Seconds until a quiet connection is closed.")] = 120,
    country: Annotated[
        str, typer.Option(help="The business's country if no project is named: GB, IE or CA.")
    ] = "GB",
    edition: Annotated[
        str, typer.Option(help="The business's edition if no project is named: start, standard or plus.")
    ] = "plus",
    tax_scheme: Annotated[
        str,
        typer.Option(
            help="The tax scheme if no project is named: STANDARD, CASH_ACCOUNTING or NOT_REGISTERED."
        ),
    ] = "STANDARD",
    multi_currency: Annotated[
        bool, typer.Option(help="Accept documents in other currencies, if no project is named.")
    ] = False,
    skew: Annotated[
        int, typer.Option(help="Seconds by which the server's clock is fast; slow if negative.")
    ] = 0,
    unreadable: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="The id of a record to make unreadable: pages with it fail for attributes=all."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Serve the rehearsal Sage over HTTP, for any client."""
    from sagerecon.cli.console import command, stopping
    from sagerecon.commands import projects, rehearsals, sandbox
    from sagerecon.documents import package
    from sagerecon.model.clock import SystemClock

    with command(json) as screen, stopping() as should_stop:
        catalog = package.catalog()
        opened = projects.open_project(project, allow_host or (), env) if project else None
        if opened:
            business = rehearsals.expected_business(opened)
        else:
            business = rehearsals.described_business(catalog, country, edition, tax_scheme, multi_currency)
        serving = sandbox.sandbox(
            catalog,
            business,
            profile=opened.limits.profile if opened else "standard",
            port=port,
            seed=seed,
            state=state,
            faults=faults,
            shared_clock=virtual_clock,
            switches=switch or (),
            idle_seconds=idle,
            skew_seconds=skew,
            unreadable=unreadable or (),
        )
        with serving as server:
            screen.event("result", url=server.url)
            screen.print(f"Rehearsal Sage at {server.url}; open this page to see how to sign in.")
            screen.print(f"Add to the project's sagerecon.yaml:  sage: {{address: {server.url}}}")
            screen.print("Then run: sagerecon auth login")
            if virtual_clock is not None:
                variable = f"{projects.REHEARSAL_CLOCK}={virtual_clock.resolve()}"
                screen.print("For commands on the same clock:")
                screen.print_unbroken(f"export {variable}")
            while not should_stop():
                SystemClock().sleep(200)
