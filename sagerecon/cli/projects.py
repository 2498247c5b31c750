"""The command `init`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import Json


def init(
    folder: Annotated[Path, typer.Argument(help="The new project's folder.")],
    erp: Annotated[str, typer.Option("--from", help="The ready mappings to start from.")] = "quickbooks",
    data: Annotated[Path | None, typer.Option(help="The folder with the source's extracts.")] = None,
    company: Annotated[str, typer.Option(help="The company's name on the reports.")] = "",
    cut_over: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day of the old books.")
    ] = None,
    json: Json = False,
) -> None:
    """Create a project from ready mappings."""
    from sagerecon.cli.console import command
    from sagerecon.commands import projects

    with command(json) as screen:
        project = projects.init(folder, erp, data, company, cut_over.date() if cut_over else None)
        screen.event("result", folder=str(project.folder), mappings=len(project.mapping_files))
        screen.say(f"Created {project.folder} with {len(project.mapping_files)} mappings from {erp}.")
        screen.say(f"Review sagerecon.yaml, then run: cd {folder} && sagerecon snapshot")
