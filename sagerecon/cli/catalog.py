"""The commands `catalog list`, `catalog show` and `catalog diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.console import NEEDS_REVIEW, Json, command
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.errors import ProjectError, SourceError
from sagerecon.model.suggestion import suggestion

Country = Annotated[str, typer.Option(help="Only what businesses in this country have: GB, IE or CA.")]
Edition = Annotated[str, typer.Option(help="Only what this edition has: start, standard or plus.")]


def list_kinds(country: Country = "", edition: Edition = "", json: Json = False) -> None:
    """List every kind and its operations."""
    from sagerecon.documents import package
    from sagerecon.report import catalog as pages
    from sagerecon.report.catalog_document import row_document

    with command(json) as screen:
        found = _narrow(package.catalog(), country, edition)
        screen.event("result", kinds=[row_document(kind) for kind in found])
        screen.show(*pages.kinds(found))
        operations = sum(len(kind.operations) for kind in found)
        screen.say(f"{len(found.kinds)} kinds, {operations} operations.")


def show(
    kind: Annotated[str, typer.Argument(help="Such as sales_invoice, or sales_invoices.")],
    country: Country = "",
    edition: Edition = "",
    json: Json = False,
) -> None:
    """Show what a kind accepts: operations, fields, keys, filters, limits."""
    from sagerecon.documents import package
    from sagerecon.report import catalog as pages
    from sagerecon.report.catalog_document import kind_document

    with command(json) as screen:
        whole = package.catalog()
        found = _find(kind, whole, _narrow(whole, country, edition))
        screen.event("result", kind=kind_document(found))
        screen.show(*pages.kind(found, whole.api))


def diff(
    document: Annotated[Path, typer.Argument(help="A Swagger 2.0 or OpenAPI 3 document, as JSON.")],
    country: Country = "",
    edition: Edition = "",
    json: Json = False,
) -> None:
    """Compare an OpenAPI document of Sage with the catalog; exit with 1 if they differ."""
    from sagerecon.documents import package
    from sagerecon.drift.changes import compare
    from sagerecon.drift.published import read_published
    from sagerecon.report import catalog as pages
    from sagerecon.report.catalog_document import change_document

    with command(json) as screen:
        whole = package.catalog()
        country, edition = _check(whole, country, edition)
        published, findings = read_published(_read(document), str(document))
        if published is None:
            raise SourceError(f"{document} is not an OpenAPI document.", "Use one in JSON.", findings)
        found = compare(whole, published, country, edition)
        screen.event(
            "result",
            changes=[change_document(change) for change in found.changes],
            known_deviations=found.known_deviations,
        )
        screen.show(*pages.changes(found.changes, found.known_deviations))
        if found.changes:
            raise typer.Exit(NEEDS_REVIEW)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}.", "Use an OpenAPI document in JSON.") from error


def _narrow(whole: Catalog, country: str, edition: str) -> Catalog:
    from sagerecon.model.availability import narrowed

    return narrowed(whole, *_check(whole, country, edition))


def _check(whole: Catalog, country: str, edition: str) -> tuple[str, str]:
    """Return country and edition as the catalog writes them.

    Raises:
        ProjectError: Sage has no such country or edition.
    """
    country, edition = country.upper(), edition.lower()
    known = (country, whole.api.countries, "country"), (edition, whole.api.editions, "edition")
    for given, there, what in known:
        if given and given not in there:
            raise ProjectError(f"Sage has no {what} '{given}' here.", f"Choose {', '.join(there)}.")
    return country, edition


def _find(name: str, whole: Catalog, narrowed: Catalog) -> Kind:
    """Return the kind of this name or resource.

    Raises:
        ProjectError: there is no such kind, or none for the chosen country and edition.
    """
    kind = narrowed.kinds.get(name) or narrowed.by_resource(name)
    if kind is not None:
        return kind
    if name in whole or whole.by_resource(name):
        raise ProjectError(f"A business there has no {name}.", "Leave out --country or --edition to see it.")
    raise ProjectError(
        f"There is no kind '{name}'.",
        suggestion(name, [*narrowed.kinds]) or "List them with: sagerecon catalog list",
    )
