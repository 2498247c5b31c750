"""What the signatures of several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print events for programs, one JSON object a line.")]
Folder = Annotated[Path, typer.Option("--project", "-p", help="The project's folder.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST",
        help="Allow this command to send tokens and data to a host that the project names. May be repeated.",
    ),
]
Env = Annotated[
    str,
    typer.Option(
        "--env",
        metavar="NAME",
        envvar="SAGERECON_ENV",
        help="The environment of the project whose settings count, such as uat.",
    ),
]
HERE = Path()
