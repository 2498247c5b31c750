"""The commands `fmt` and `schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="YAML files, or folders of them; all of the project."),
    ] = None,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; list the files that are not in the format.")
    ] = False,
    json: Json = False,
) -> None:
    """Format mappings, sources, tests and the project file; their comments and their meaning stay."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.commands.formatting import format_files
    from sagerecon.model.count import counted

    with command(json) as screen:
        done = format_files(project, paths or (), allow_host or (), check_only=check)
        for name in done.changed:
            screen.event("file", name=name)
            screen.print(f"{name} is not in the format." if check else f"{name} was formatted.")
        screen.findings(done.findings)
        for name in done.refused:
            screen.error(f"{name} cannot be formatted without changing what it says.", "It is as it was.")
        screen.event("result", files=done.files, changed=len(done.changed), refused=len(done.refused))
        verb = "to format" if check else "formatted"
        screen.print(f"{counted(len(done.changed), 'file')} of {done.files} {verb}.")
        if done.is_left or (check and done.changed):
            raise typer.Exit(NEEDS_REVIEW)


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
