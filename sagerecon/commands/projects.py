"""Create a project, open it, and choose its clock."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import date
from pathlib import Path

from sagerecon.documents.package import pack, schema
from sagerecon.model.clock import Clock, SystemClock
from sagerecon.model.errors import ProjectError
from sagerecon.project.file import read_project
from sagerecon.project.private_files import make_private_folder
from sagerecon.project.project import FILE, STATE, Project
from sagerecon.rehearsal.clock import SharedClock

#: The environment variable with the file of the virtual clock that a sandbox and its clients share.
REHEARSAL_CLOCK = "SAGERECON_REHEARSAL_CLOCK"

#: The JSON Schemas that an editor needs for a project's files.
SCHEMAS = ("project", "sources", "mapping", "crosswalk", "decisions")


def init(
    folder: Path, name: str, data: Path | None, company: str = "", cut_over: date | None = None
) -> Project:
    """Create a project in `folder` from a mapping pack.

    Args:
        name: the mapping pack, such as `quickbooks`.
        data: the folder with the files exported from the source; None keeps the pack's own setting.
        cut_over: the last day of the old books; None keeps the pack's own setting.

    Raises:
        ProjectError: the folder already has a project, there is no such pack or data folder, or it cannot be
            written.
    """
    source = pack(name)
    if data is not None and not data.is_dir():
        raise ProjectError(
            f"There is no folder {data}.", "Name the folder of the exported files: --data FOLDER"
        )
    if (folder / FILE).exists():
        raise ProjectError(f"{folder} already has a project.", "Name a new folder for another project.")
    try:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        text = (folder / "project.yaml").read_text(encoding="utf-8")
        (folder / "project.yaml").unlink()
        (folder / FILE).write_text(_fill_in(text, folder, data, company, cut_over), encoding="utf-8")
        _write_schemas(folder)
    except OSError as error:
        raise ProjectError(f"The project cannot be written: {error}.") from error
    return read_project(folder)


def open_project(folder: Path) -> Project:
    """Return the project in `folder`; errors as `read_project`."""
    return read_project(folder)


def open_clock(address: str) -> Clock:
    """Return the machine's clock, or the virtual clock of a rehearsal if the environment names one.

    Args:
        address: the project's sandbox; empty for Sage itself.

    Raises:
        ProjectError: a virtual clock is set for a project that writes to Sage itself.
    """
    shared = os.environ.get(REHEARSAL_CLOCK)
    if not shared:
        return SystemClock()
    if not address:
        raise ProjectError(
            f"{REHEARSAL_CLOCK} is set, but this project writes to Sage itself.", "Unset the variable."
        )
    return SharedClock(Path(shared))


def _fill_in(text: str, folder: Path, data: Path | None, company: str, cut_over: date | None) -> str:
    """Return the pack's project file with the known facts of the company filled in."""
    known: dict[str, str] = {}
    if company:
        known["company"] = json.dumps(company, ensure_ascii=False)
    if data is not None:
        known["data"] = json.dumps(os.path.relpath(data.resolve(), folder.resolve()), ensure_ascii=False)
    if cut_over is not None:
        known["cut_over"] = known["as_at"] = cut_over.isoformat()
    for key, value in known.items():
        escaped = value.replace("\\", "\\\\")
        text = re.sub(rf"^{key}: ([^#\n]*?)( *#.*)?$", rf"{key}: {escaped}\2", text, flags=re.MULTILINE)
    return text


def _write_schemas(folder: Path) -> None:
    """Write the JSON Schemas into the project, and point its YAML files at them, for editors."""
    make_private_folder(folder / STATE)
    for name in SCHEMAS:
        text = json.dumps(schema(name), indent=2, ensure_ascii=False)
        (folder / STATE / f"{name}.schema.json").write_text(text, encoding="utf-8")
    for path in folder.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        here = os.path.relpath(folder / STATE, path.parent)
        path.write_text(re.sub(r"\$schema=\S*/(?=\w+\.schema)", f"$schema={here}/", text), encoding="utf-8")
