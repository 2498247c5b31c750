"""The files that travel with the program: the catalog, our schemas, ready mappings, the demo company.

In a checkout they lie beside the package (`specs/`, `mappings/`, `fixtures/`); an installed wheel
carries them in `sagerecon/_data/`. They are facts of this version, so they are read once per process.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sagerecon.model.catalog import Catalog


def catalog() -> Catalog:
    """Sage as data, read from `specs/` and checked against its schemas.

    Raises:
        MappingError: a catalog file does not say what its schema asks for; each fault with its place.
        ProjectError: the installation is incomplete or cannot be read.
    """
    raise NotImplementedError


def catalog_fingerprint() -> str:
    """The name of the catalog's content: 32 hex digits over its files."""
    raise NotImplementedError


@cache
def schema(name: str) -> Mapping[str, Any]:
    """The JSON Schema `specs/schemas/<name>.schema.json`.

    Raises:
        ProjectError: there is none of that name, or it cannot be read.
    """
    raise NotImplementedError


def pack(name: str) -> Path:
    """The folder of a ready mapping, `mappings/<name>`.

    Raises:
        ProjectError: there is none of that name.
    """
    raise NotImplementedError


def packs() -> list[str]:
    """The names of the ready mappings."""
    raise NotImplementedError


def fixture(name: str) -> Path:
    """The folder of an extract, `fixtures/<name>`.

    Raises:
        ProjectError: there is none of that name.
    """
    raise NotImplementedError


def fixtures() -> list[str]:
    """The names of the extracts."""
    raise NotImplementedError
