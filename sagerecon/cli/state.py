"""The command `state backup`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def backup(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TARGET]",
            help="A new file, or a folder in which one is made; by default .sagerecon/backups.",
        ),
    ] = None,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    json: Json = False,
) -> None:
    """Copy the store, also while apply is running. Later, apply refuses a copy that is not the newest."""
    from sagerecon.cli.console import command
    from sagerecon.commands import projects, state

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        path = state.backup(opened, projects.open_clock(opened.address), target)
        size = path.stat().st_size
        screen.event("result", path=str(path), bytes=size)
        screen.print(f"Copied the store to {opened.name(path)} ({size:,} bytes).")
