"""A new project from a ready mapping pack."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import date
from pathlib import Path

from sagerecon.documents.package import pack, schema
from sagerecon.model.errors import ProjectError
from sagerecon.project.project import FILE, STATE, Project, make_private_folder, read_project

#: The schemas an editor needs.
SCHEMAS = ("project", "sources", "mapping", "crosswalk")


def init(
    folder: Path, erp: str, data: Path | None, company: str = "", cut_over: date | None = None
) -> Project:
    """A project in `folder` from the ready mappings of an ERP, with its source read from `data`.

    Raises:
        ProjectError: the folder holds a project already, or there is no such mapping pack.
    """
    source = pack(erp)
    if (folder / FILE).exists():
        raise ProjectError(f"{folder} holds a project already.", "Name a new folder.")
    try:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        text = (folder / "project.yaml").read_text(encoding="utf-8")
        (folder / "project.yaml").unlink()
        (folder / FILE).write_text(_filled_in(text, folder, data, company, cut_over), encoding="utf-8")
        _lay_schemas(folder)
    except OSError as error:
        raise ProjectError(f"The project cannot be written: {error}.") from error
    return read_project(folder)


def _filled_in(text: str, folder: Path, data: Path | None, company: str, cut_over: date | None) -> str:
    """The pack's project file with what is known of the company put in."""
    known: dict[str, str] = {}
    if company:
        known["company"] = json.dumps(company, ensure_ascii=False)
    if data is not None:
        known["data"] = json.dumps(os.path.relpath(data.resolve(), folder.resolve()), ensure_ascii=False)
    if cut_over is not None:
        known["cut_over"] = known["as_at"] = cut_over.isoformat()
    for key, value in known.items():
        text = re.sub(
            rf"^{key}: ([^#\n]*?)( *#.*)?$", rf"{key}: {_escaped(value)}\2", text, flags=re.MULTILINE
        )
    return text


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")


def _lay_schemas(folder: Path) -> None:
    """The schemas of our files beside the project, so that an editor helps while they are written."""
    make_private_folder(folder / STATE)
    for name in SCHEMAS:
        text = json.dumps(schema(name), indent=2, ensure_ascii=False)
        (folder / STATE / f"{name}.schema.json").write_text(text, encoding="utf-8")
    for path in folder.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        here = os.path.relpath(folder / STATE, path.parent)
        path.write_text(re.sub(r"\$schema=\S*/(?=\w+\.schema)", f"$schema={here}/", text), encoding="utf-8")
