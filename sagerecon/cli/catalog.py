"""The commands `catalog list`, `catalog show` and `catalog diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import Json

Country = Annotated[str, typer.Option(help="Only what businesses in this country have: GB, IE or CA.")]
Edition = Annotated[str, typer.Option(help="Only what this edition has: start, standard or plus.")]


def list_kinds(country: Country = "", edition: Edition = "", json: Json = False) -> None:
    """List every kind and its operations."""
    from sagerecon.cli.console import command
    from sagerecon.commands import catalog
    from sagerecon.documents import package
    from sagerecon.model.count import counted
    from sagerecon.report import catalog as pages
    from sagerecon.report.catalog_document import row_document

    with command(json) as screen:
        found = catalog.narrow(package.catalog(), country, edition)
        screen.event("result", kinds=[row_document(kind) for kind in found])
        screen.show(*pages.kinds(found))
        operations = sum(len(kind.operations) for kind in found)
        screen.print(f"{counted(len(found.kinds), 'kind')}, {counted(operations, 'operation')}.")


def show(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="A kind or its resource, such as sales_invoice or sales_invoices."
        ),
    ],
    country: Country = "",
    edition: Edition = "",
    json: Json = False,
) -> None:
    """Show what a kind accepts: operations, fields, keys, filters, limits."""
    from sagerecon.cli.console import command
    from sagerecon.commands import catalog
    from sagerecon.documents import package
    from sagerecon.report import catalog as pages
    from sagerecon.report.catalog_document import kind_document

    with command(json) as screen:
        whole = package.catalog()
        found = catalog.find_kind(whole, kind, country, edition)
        screen.event("result", kind=kind_document(found))
        screen.show(*pages.kind(found, whole.api))


def diff(
    document: Annotated[
        Path, typer.Argument(metavar="FILE", help="A Swagger 2.0 or OpenAPI 3 document, as JSON.")
    ],
    country: Country = "",
    edition: Edition = "",
    json: Json = False,
) -> None:
    """Compare an OpenAPI document of Sage with the catalog; exit with 1 if they differ."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.commands import catalog
    from sagerecon.documents import package
    from sagerecon.report import catalog as pages
    from sagerecon.report.catalog_document import change_document

    with command(json) as screen:
        found = catalog.diff(package.catalog(), document, country, edition)
        screen.event(
            "result",
            changes=[change_document(change) for change in found.changes],
            known_deviations=found.known_deviations,
        )
        screen.show(*pages.changes(found.changes, found.known_deviations))
        if found.changes:
            raise typer.Exit(NEEDS_REVIEW)
