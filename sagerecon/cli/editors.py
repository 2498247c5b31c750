"""The commands `fmt` and `schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def schema(
    project: Folder = HERE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where to write; .sagerecon of the project."),
    ] = None,
    allow_host: AllowHost = None,
    env: Env = "",
    json: Json = False,
) -> None:
    """Write the JSON Schemas of the project's files, with which editors complete and check them."""
    from sagerecon.cli.console import command
    from sagerecon.commands.projects import open_project
    from sagerecon.commands.schemas import write_schemas
    from sagerecon.model.count import counted

    with command(json) as screen:
        written = write_schemas(open_project(project, allow_host or (), env), output)
        screen.event("result", files=[str(path) for path in written])
        screen.print(f"Wrote {counted(len(written), 'schema')} to {written[0].parent}.")
