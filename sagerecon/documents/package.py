"""Read the files that are installed with the program: catalog, schemas, mapping packs, demo company.

In a checkout they are beside the package (`specs/`, `mappings/`, `fixtures/`), in an installed wheel they are
in `sagerecon/_data/`. They do not change while the program runs, so each is read once per process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sagerecon.documents.compiled_catalog import load_compiled, save_compiled
from sagerecon.documents.specs import SpecDocuments, read_catalog, read_documents
from sagerecon.model.catalog import Catalog
from sagerecon.model.errors import MappingError, ProjectError
from sagerecon.model.suggestion import suggestion
from sagerecon.model.version import VERSION

_REINSTALL = "The installation is incomplete. Install sagerecon again."


@cache
def catalog() -> Catalog:
    """Return the catalog: from its compiled form, or from the files of `specs/` where there is none.

    The compiled form exists only for files that were found to have no errors.

    Raises:
        MappingError: a catalog file does not conform to its schema; it holds each fault with its place.
        ProjectError: the installation is incomplete or cannot be read.
    """
    key = _compiled_key()
    documents = load_compiled(key)
    if documents is None:
        documents = check_catalog()
        save_compiled(key, documents)
    return read_catalog(documents)


def check_catalog() -> SpecDocuments:
    """Read the files of `specs/` and check them against their schemas and each other; errors as `catalog`."""
    files = dict(_spec_texts())
    api = files.pop("specs/api.yaml", "")
    documents, findings = read_documents(("specs/api.yaml", api), files, schema("api"), schema("resource"))
    if documents is None:
        raise MappingError(findings)
    return documents


def _compiled_key() -> str:
    """Return the hash of all that the compiled catalog is made from."""
    made_from = [VERSION, catalog_fingerprint(), schema("api"), schema("resource")]
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


@cache
def catalog_fingerprint() -> str:
    """Return the SHA-256 of the catalog's files, as 64 hex characters."""
    digest = hashlib.sha256()
    for name, text in _spec_texts():
        digest.update(f"{name}\n{len(text)}\n{text}".encode())
    return digest.hexdigest()


@cache
def code_fingerprint(rooms: tuple[str, ...]) -> str:
    """Return the SHA-256 of the program's own modules in some rooms, as 64 hex characters.

    The version alone is the same for two states of a checkout.
    """
    digest = hashlib.sha256(VERSION.encode())
    package = Path(__file__).resolve().parent.parent
    for room in rooms:
        for path in _files(package / room, "**/*.py"):
            text = _text(path)
            digest.update(f"{path.relative_to(package).as_posix()}\n{len(text)}\n{text}".encode())
    return digest.hexdigest()


@cache
def schema(name: str) -> Mapping[str, Any]:
    """Return the JSON Schema `specs/schemas/<name>.schema.json`.

    Raises:
        ProjectError: it does not exist or cannot be read.
    """
    folder = _root() / "specs" / "schemas"
    path = folder / f"{name}.schema.json"
    if not path.is_file():
        names = [file.name.removesuffix(".schema.json") for file in _files(folder, "*.schema.json")]
        raise ProjectError(f"There is no schema '{name}'.", suggestion(name, names) or _REINSTALL)
    try:
        document: Mapping[str, Any] = json.loads(_text(path))
    except ValueError as error:
        raise ProjectError(f"{path} is not JSON: {error}.", _REINSTALL) from error
    return document


def pack(name: str) -> Path:
    """Return the folder of a mapping pack, `mappings/<name>`.

    Raises:
        ProjectError: it does not exist.
    """
    return _folder("mappings", name, "mapping pack")


def packs() -> list[str]:
    """Return the names of the mapping packs."""
    return _folders("mappings")


def fixture(name: str) -> Path:
    """Return the folder of an extract, `fixtures/<name>`.

    Raises:
        ProjectError: it does not exist.
    """
    return _folder("fixtures", name, "extract")


def fixtures() -> list[str]:
    """Return the names of the extracts."""
    return _folders("fixtures")


def _root() -> Path:
    """Return the folder of the files: inside the package if it is installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


@cache
def _spec_texts() -> tuple[tuple[str, str], ...]:
    root = _root()
    paths = _files(root / "specs", "**/*.yaml")
    if not paths:
        raise ProjectError(f"There is no catalog in {root / 'specs'}.", _REINSTALL)
    return tuple((path.relative_to(root).as_posix(), _text(path)) for path in paths)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} cannot be read: {error}.", _REINSTALL) from error


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _folders(part: str) -> list[str]:
    folder = _root() / part
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in found if path.is_dir() and not path.name.startswith(("_", ".")))


def _folder(part: str, name: str, what: str) -> Path:
    names = _folders(part)
    if name not in names:
        available = f"Available: {', '.join(names)}." if names else _REINSTALL
        raise ProjectError(f"There is no {what} '{name}'.", suggestion(name, names) or available)
    return _root() / part / name
