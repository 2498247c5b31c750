"""The command `init`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import Json


def init(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="The new project's folder.")] = None,
    pack: Annotated[
        str,
        typer.Option("--from", metavar="PACK", help="The mapping pack; without one, all are listed."),
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The folder with the files exported from the source."),
    ] = None,
    company: Annotated[str, typer.Option(help="The company's name on the reports.")] = "",
    cut_over: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The last day of the old books, and the day of the comparison (as_at).",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Create a project from a mapping pack, or list the packs."""
    from sagerecon.cli.console import command
    from sagerecon.commands import projects
    from sagerecon.model.count import counted
    from sagerecon.model.errors import ProjectError

    with command(json) as screen:
        if folder is None or not pack:
            packs = projects.pack_lines()
            screen.event("packs", packs=packs)
            for name, about in packs.items():
                screen.print(f"{name}: {about}")
            if folder is not None or pack:
                raise ProjectError(
                    "No project was created.", "Name a folder and a pack: sagerecon init FOLDER --from PACK"
                )
            return
        project = projects.init(folder, pack, data, company, cut_over.date() if cut_over else None)
        screen.event("result", folder=str(project.folder), mappings=len(project.mapping_files))
        mappings = counted(len(project.mapping_files), "mapping")
        screen.print(f"Created {project.folder} with {mappings} from the pack {pack}.")
        screen.print(f"Review sagerecon.yaml, then run: cd {folder} && sagerecon snapshot")


def trust(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="A folder outside your projects that they may read from."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="A host to which projects may send tokens and data.")
    ] = None,
    remove: Annotated[
        str | None, typer.Option(metavar="NAME", help="A folder or a host that projects may no longer use.")
    ] = None,
    json: Json = False,
) -> None:
    """Allow a folder or a host to all your projects on this machine, or show what is allowed."""
    from sagerecon.cli.console import command
    from sagerecon.commands import projects

    with command(json) as screen:
        found = projects.trust(folder, host)
        if remove is not None:
            found = projects.distrust(remove)
        folders = [str(each) for each in found.data_folders]
        screen.event("result", folders=folders, hosts=list(found.allow_hosts))
        for name in (*folders, *found.allow_hosts):
            screen.print_unbroken(f"Allowed to your projects: {name}")
        if not folders and not found.allow_hosts:
            screen.print("Your projects may use their own folders, this machine and Sage's hosts alone.")
