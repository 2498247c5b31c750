"""The files that travel with the program: the catalog, our schemas, ready mappings, the demo company.

In a checkout they lie beside the package (`specs/`, `mappings/`, `fixtures/`); an installed wheel
carries them in `sagerecon/_data/`. They are facts of this version, so they are read once per process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from sagerecon.documents.specs import read_specs
from sagerecon.model.catalog import Catalog
from sagerecon.model.errors import MappingError, ProjectError
from sagerecon.model.suggestion import suggestion

_BROKEN = "The installation is not complete; install sagerecon again."


@cache
def version() -> str:
    """The program's version; `checkout` where it runs without having been installed."""
    try:
        return metadata.version("sagerecon")
    except metadata.PackageNotFoundError:
        return "checkout"


@cache
def catalog() -> Catalog:
    """Sage as data, read from `specs/` and checked against its schemas.

    Raises:
        MappingError: a catalog file does not say what its schema asks for; each fault with its place.
        ProjectError: the installation is incomplete or cannot be read.
    """
    files = dict(_spec_texts())
    api = files.pop("specs/api.yaml", "")
    found, findings = read_specs(("specs/api.yaml", api), files, schema("api"), schema("resource"))
    if found is None:
        raise MappingError(findings)
    return found


@cache
def catalog_fingerprint() -> str:
    """The name of the catalog's content: the SHA-256 of its files, as 64 hex characters."""
    digest = hashlib.sha256()
    for name, text in _spec_texts():
        digest.update(f"{name}\n{len(text)}\n{text}".encode())
    return digest.hexdigest()


@cache
def schema(name: str) -> Mapping[str, Any]:
    """The JSON Schema `specs/schemas/<name>.schema.json`.

    Raises:
        ProjectError: there is none of that name, or it cannot be read.
    """
    folder = _root() / "specs" / "schemas"
    path = folder / f"{name}.schema.json"
    if not path.is_file():
        names = [file.name.removesuffix(".schema.json") for file in _files(folder, "*.schema.json")]
        raise ProjectError(f"There is no schema '{name}'.", suggestion(name, names) or _BROKEN)
    try:
        document: Mapping[str, Any] = json.loads(_text(path))
    except ValueError as error:
        raise ProjectError(f"{path} is not JSON: {error}.", _BROKEN) from error
    return document


def pack(name: str) -> Path:
    """The folder of a ready mapping, `mappings/<name>`.

    Raises:
        ProjectError: there is none of that name.
    """
    return _folder("mappings", name, "ready mapping")


def packs() -> list[str]:
    """The names of the ready mappings."""
    return _folders("mappings")


def fixture(name: str) -> Path:
    """The folder of an extract, `fixtures/<name>`.

    Raises:
        ProjectError: there is none of that name.
    """
    return _folder("fixtures", name, "extract")


def fixtures() -> list[str]:
    """The names of the extracts."""
    return _folders("fixtures")


def _root() -> Path:
    """Where the files lie: inside the package if it is installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


@cache
def _spec_texts() -> tuple[tuple[str, str], ...]:
    root = _root()
    paths = _files(root / "specs", "**/*.yaml")
    if not paths:
        raise ProjectError(f"There is no catalog in {root / 'specs'}.", _BROKEN)
    return tuple((path.relative_to(root).as_posix(), _text(path)) for path in paths)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read: {error}.", _BROKEN) from error


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _folders(part: str) -> list[str]:
    folder = _root() / part
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in found if path.is_dir() and not path.name.startswith(("_", ".")))


def _folder(part: str, name: str, what: str) -> Path:
    names = _folders(part)
    if name not in names:
        there = f"There are: {', '.join(names)}." if names else _BROKEN
        raise ProjectError(f"There is no {what} '{name}'.", suggestion(name, names) or there)
    return _root() / part / name
