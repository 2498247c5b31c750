"""The commands `auth login`, `auth status`, `auth logout` and `auth rotate-key`."""

from __future__ import annotations

from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def login(
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    browser: Annotated[
        bool, typer.Option(help="Open the page in a browser, or show its link and accept a pasted answer.")
    ] = True,
    port: Annotated[
        int,
        typer.Option(help="The port of this machine for the answer; 0 is any free one.", min=0, max=65_535),
    ] = 0,
    json: Json = False,
) -> None:
    """Sign in on Sage's page in the browser; the answer comes back to this machine."""
    from sagerecon.cli.console import command
    from sagerecon.cli.destination import show_destination
    from sagerecon.cli.standard_input import StandardInput
    from sagerecon.commands import auth, projects
    from sagerecon.commands.destination import destination
    from sagerecon.commands.sessions import open_session
    from sagerecon.model.clock import instant_text

    with command(json) as screen:

        def show_wait(until: int, why: str) -> None:
            screen.event("waiting", until=instant_text(until), why=why)
            screen.print(f"{why} Waiting until {instant_text(until)}.")

        def show_page(url: str, redirect: str) -> None:
            screen.event("sign_in", url=url, redirect=redirect)
            screen.print("Sign in here:")
            screen.print_unbroken(url)
            if browser:
                typer.launch(url)
                return
            screen.print(
                f"Waiting for the answer at {redirect}. If the browser runs on another machine, the page "
                "after the sign-in cannot be displayed: copy its address from the browser and paste it here."
            )

        opened = projects.open_project(project, allow_host or (), env)
        show_destination(screen, destination(opened))
        clock = projects.open_clock(opened.address)
        with open_session(opened) as session:
            pasted = None if browser else StandardInput(screen)
            signed = auth.login(
                opened, clock, session, show_page, on_wait=show_wait, port=port, pasted=pasted
            )
        screen.event("result", business=signed.business, name=signed.name)
        screen.print(f"Signed in to {signed.name} ({signed.business}).")


def status(project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False) -> None:
    """Show whether this project is signed in, and until when."""
    from sagerecon.cli.console import command
    from sagerecon.commands import auth, projects
    from sagerecon.model.clock import instant_text

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        signed = auth.status(opened, projects.open_clock(opened.address))
        until = instant_text(signed.until)
        screen.event("result", business=signed.business, until=until)
        business = f"business {signed.business}" if signed.business else "Sage; no business is chosen yet"
        screen.print(f"Signed in to {business}. The sign-in ends if it is not used until {until}.")


def logout(project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False) -> None:
    """Revoke the sign-in at Sage and delete its tokens here."""
    from sagerecon.cli.console import command
    from sagerecon.commands import auth, projects
    from sagerecon.commands.sessions import open_session

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        with open_session(opened) as session:
            auth.logout(opened, projects.open_clock(opened.address), session)
        screen.event("result", signed_in=False)
        screen.print("Signed out.")


def rotate_key(
    project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False
) -> None:
    """Encrypt the tokens with a new key; sends nothing, and the sign-in remains."""
    from sagerecon.cli.console import command
    from sagerecon.commands import auth, projects

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        where = auth.rotate_key(opened, projects.open_clock(opened.address))
        screen.event("result", key=where)
        screen.print(f"The tokens are encrypted with a new key, in {where}.")
