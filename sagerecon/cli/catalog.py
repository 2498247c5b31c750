"""The commands about the catalog: what Sage accepts, and what a newer document of Sage's changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.console import LOOK, Json, command
from sagerecon.documents import package
from sagerecon.drift.changes import Drift, compare
from sagerecon.drift.published import read_published
from sagerecon.model.availability import narrow_catalog
from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.errors import ProjectError, SourceError
from sagerecon.model.suggestion import suggestion
from sagerecon.report import catalog as pages
from sagerecon.report.catalog_document import change_document, kind_document, row_document

catalog = typer.Typer(help="What Sage accepts, kind by kind.", no_args_is_help=True)

Country = Annotated[str, typer.Option(help="Only what a business there has: GB, IE or CA.")]
Edition = Annotated[str, typer.Option(help="Only what the edition has: start, standard or plus.")]


@catalog.command("list")
def list_kinds(country: Country = "", edition: Edition = "", json: Json = False) -> None:
    """Every kind, and what can be done with it."""
    with command(json) as screen:
        found = _narrowed(country, edition)
        screen.event("result", kinds=[row_document(kind) for kind in found])
        screen.show(*pages.kinds(found))
        operations = sum(len(kind.operations) for kind in found)
        screen.say(f"{len(found.kinds)} kinds, {operations} operations.")


@catalog.command()
def show(
    kind: Annotated[str, typer.Argument(help="Such as sales_invoice, or sales_invoices.")],
    country: Country = "",
    edition: Edition = "",
    json: Json = False,
) -> None:
    """What a kind accepts, and all that is known of it."""
    with command(json) as screen:
        found = _kind(kind, _narrowed(country, edition))
        screen.event("result", kind=kind_document(found))
        screen.show(*pages.kind(found, package.catalog().api))


@catalog.command()
def diff(
    document: Annotated[Path, typer.Argument(help="A Swagger 2.0 or OpenAPI 3 document, as JSON.")],
    country: Country = "",
    edition: Edition = "",
    json: Json = False,
) -> None:
    """What a document of Sage's says otherwise than the catalog; 1 where there is anything."""
    with command(json) as screen:
        country, edition = _checked(country, edition)
        found = _drift(document, country, edition)
        screen.event(
            "result",
            changes=[change_document(change) for change in found.changes],
            known_deviations=found.known_deviations,
        )
        screen.show(*pages.changes(found.changes, found.known_deviations))
        if found.changes:
            raise typer.Exit(LOOK)


def _drift(path: Path, country: str, edition: str) -> Drift:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}.", "Use an OpenAPI document in JSON.") from error
    published, findings = read_published(text, str(path))
    if published is None:
        raise SourceError(f"{path} is not an OpenAPI document.", "Use one in JSON.", findings)
    return compare(package.catalog(), published, country, edition)


def _narrowed(country: str, edition: str) -> Catalog:
    return narrow_catalog(package.catalog(), *_checked(country, edition))


def _checked(country: str, edition: str) -> tuple[str, str]:
    """The two as the catalog writes them.

    Raises:
        ProjectError: Sage has no such country or edition.
    """
    country, edition = country.upper(), edition.lower()
    api = package.catalog().api
    known = (country, api.countries, "country"), (edition, api.editions, "edition")
    for given, there, what in known:
        if given and given not in there:
            raise ProjectError(f"Sage has no {what} '{given}' here.", f"There are {', '.join(there)}.")
    return country, edition


def _kind(name: str, found: Catalog) -> Kind:
    kind = found.kinds.get(name) or found.by_resource(name)
    if kind is not None:
        return kind
    if name in package.catalog() or package.catalog().by_resource(name):
        raise ProjectError(f"A business there has no {name}.", "Leave --country or --edition out to see it.")
    raise ProjectError(
        f"There is no kind '{name}'.",
        suggestion(name, [*found.kinds]) or "List them with: sagerecon catalog list",
    )
