"""What the signatures of several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print events for programs, one JSON object a line.")]
Folder = Annotated[Path, typer.Option("--project", "-p", help="The project's folder.")]
HERE = Path()
