"""Create a project, open it, and choose its clock."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from datetime import date
from pathlib import Path

from sagerecon.commands.language_schemas import language_schemas
from sagerecon.documents.package import pack, packs
from sagerecon.files.folders import make_private_folder
from sagerecon.files.writing import write_text
from sagerecon.model.clock import Clock, SystemClock
from sagerecon.model.errors import ProjectError
from sagerecon.project.file import read_project
from sagerecon.project.project import FILE, STATE, Project
from sagerecon.project.user_settings import UserSettings, read_user_settings, write_user_settings
from sagerecon.rehearsal.clock import SharedClock

#: The environment variable with the file of the virtual clock that a sandbox and its clients share.
REHEARSAL_CLOCK = "SAGERECON_REHEARSAL_CLOCK"


def init(
    folder: Path, name: str, data: Path | None, company: str = "", cut_over: date | None = None
) -> Project:
    """Create a project in `folder` from a mapping pack.

    Args:
        name: the mapping pack, such as `quickbooks`.
        data: the folder with the files exported from the source, which the user allows to every project with
            that; None keeps the pack's own setting.
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
    allowed = None if data is None else read_user_settings().with_folder(data)
    if (folder / FILE).exists():
        raise ProjectError(f"{folder} already has a project.", "Name a new folder for another project.")
    try:
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            target, text = folder / file.relative_to(source), file.read_text(encoding="utf-8")
            if target == folder / "project.yaml":
                target, text = folder / FILE, _fill_in(text, folder, data, company, cut_over)
            _write(target, _with_schemas(text, target, folder), folder)
        for schema_name, text in language_schemas().items():
            _write(folder / STATE / schema_name, text, folder)
    except OSError as error:
        raise ProjectError(f"The project cannot be written: {error}.") from error
    if allowed is not None:
        write_user_settings(allowed)
    return read_project(folder)


def pack_lines() -> dict[str, str]:
    """Return the first sentence of each pack's README by the pack's name."""
    lines: dict[str, str] = {}
    for name in packs():
        text = (pack(name) / "README.md").read_text(encoding="utf-8")
        paragraph = " ".join(text.partition("\n\n")[2].partition("\n\n")[0].split())
        lines[name] = re.split(r"(?<=[.:]) ", paragraph)[0].rstrip(".:")
    return lines


def open_project(folder: Path, allow_hosts: Collection[str] = (), environment: str = "") -> Project:
    """Return the project in `folder`; arguments and errors as `read_project`."""
    return read_project(folder, allow_hosts, environment)


def trust(folder: Path | None = None, host: str | None = None) -> UserSettings:
    """Allow every project of this user a folder or a host, and return what is allowed now.

    Raises:
        ProjectError: there is no such folder, the host is no name, or the settings cannot be written.
    """
    settings = read_user_settings()
    if folder is not None:
        if not folder.is_dir():
            raise ProjectError(f"There is no folder {folder}.", "Name the folder of the exported files.")
        settings = settings.with_folder(folder)
    if host is not None:
        settings = settings.with_host(host)
    if folder is not None or host is not None:
        write_user_settings(settings)
    return settings


def distrust(name: str) -> UserSettings:
    """Take back what `trust` allowed, and return what is allowed now.

    Raises:
        ProjectError: nothing of this name is allowed, or the settings cannot be written.
    """
    settings = read_user_settings()
    left = settings.without(name)
    if left == settings:
        raise ProjectError(f"'{name}' is not allowed.", "See what is: sagerecon trust")
    write_user_settings(left)
    return left


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


def _write(path: Path, text: str, folder: Path) -> None:
    """Write a file of the project in `folder`, in which another person may have prepared links."""
    make_private_folder(path.parent, within=folder)
    write_text(path, [text])


def _with_schemas(text: str, path: Path, folder: Path) -> str:
    """Return the text of a YAML file whose schema, for editors, is the one in the project in `folder`."""
    here = os.path.relpath(folder / STATE, path.parent)
    return re.sub(r"\$schema=\S*/(?=\w+\.schema)", f"$schema={here}/", text)
