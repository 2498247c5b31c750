"""Show what Sage accepts, and compare the catalog with an OpenAPI document of Sage."""

from __future__ import annotations

from pathlib import Path

from sagerecon.drift.changes import Drift, compare
from sagerecon.drift.published import read_published
from sagerecon.files.reading import read_bounded
from sagerecon.model.availability import narrow_catalog
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.errors import ProjectError, SourceError
from sagerecon.model.limits import PROJECT_FILE
from sagerecon.model.suggestion import suggestion


def narrow(catalog: Catalog, country: str, edition: str) -> Catalog:
    """Return the part of the catalog that a country and an edition have; empty means any.

    Raises:
        ProjectError: Sage has no such country or edition.
    """
    return narrow_catalog(catalog, *_check(catalog, country, edition))


def find_kind(catalog: Catalog, name: str, country: str, edition: str) -> Kind:
    """Return the kind with this name or resource, as a country and an edition have it.

    Raises:
        ProjectError: there is no such kind, or not for this country and edition.
    """
    found = narrow(catalog, country, edition)
    kind = found.kinds.get(name) or found.by_resource(name)
    if kind is not None:
        return kind
    if name in catalog or catalog.by_resource(name):
        raise ProjectError(
            f"The catalog has no {name} for this country and edition.",
            "Leave out --country or --edition to see it.",
        )
    raise ProjectError(
        f"There is no kind '{name}'.",
        suggestion(name, [*found.kinds]) or "List them with: sagerecon catalog list",
    )


def diff(catalog: Catalog, document: Path, country: str, edition: str) -> Drift:
    """Compare an OpenAPI document with the catalog.

    Raises:
        SourceError: the document cannot be read, or is not an OpenAPI document.
        ProjectError: Sage has no such country or edition.
    """
    country, edition = _check(catalog, country, edition)
    try:
        text = read_bounded(document, PROJECT_FILE).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceError(
            f"{document} cannot be read: {reason}.", "Use an OpenAPI document in JSON."
        ) from error
    published, findings = read_published(text, str(document))
    if published is None:
        faults = "; ".join(str(finding) for finding in findings)
        raise SourceError(f"{document} is not an OpenAPI document: {faults}", "Use one in JSON.")
    return compare(catalog, published, country, edition)


def _check(catalog: Catalog, country: str, edition: str) -> tuple[str, str]:
    """Return country and edition as the catalog writes them."""
    country, edition = country.upper(), edition.lower()
    api = catalog.api
    for given, known, what in ((country, api.countries, "country"), (edition, api.editions, "edition")):
        if given and given not in known:
            raise ProjectError(f"The catalog has no {what} '{given}'.", f"Choose one of: {', '.join(known)}.")
    return country, edition
