"""The command `compare`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, Folder, Json


def compare(
    left: Annotated[str, typer.Argument(metavar="A", help="A file, FILE#SHEET, or a dataset.")],
    right: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    key: Annotated[
        list[str],
        typer.Option(
            "--key", metavar="COLUMN", help="A column of the key, or A_NAME=B_NAME. May be repeated."
        ),
    ],
    match: Annotated[
        list[str] | None,
        typer.Option(metavar="A_NAME=B_NAME", help="Compare columns of different names. May be repeated."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A column not to compare. May be repeated.")
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="A .csv, .xlsx or .json file to write. May be repeated."),
    ] = None,
    project: Folder = HERE,
    json: Json = False,
) -> None:
    """Compare two files or datasets record by record. Exit code 0: equal; 1: differences; 2: not compared."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.commands.table_comparison import Question, open_comparison, output_errors
    from sagerecon.report.comparison import comparison_file, difference_document, facts_document
    from sagerecon.report.terminal.comparison import ShownDifferences, compared_columns

    with command(json) as screen, ExitStack() as stack:
        question = Question(left=left, right=right, key=key, match=match or (), ignore=ignore or ())
        with screen.progress("reading") as meter:
            comparison = stack.enter_context(
                open_comparison(question, project, lambda file, rows: meter(rows, 0, file))
            )
        compared, shown = comparison.compared, ShownDifferences(comparison.compared)
        screen.findings(comparison.findings)
        with output_errors(output or ()), ExitStack() as files:
            sinks = [
                files.enter_context(comparison_file(path, compared, comparison.numeric))
                for path in output or ()
            ]
            for found in comparison.differences():
                shown.add(found)
                screen.event("difference", **difference_document(compared, found))
                for sink in sinks:
                    sink(found)
            facts = comparison.facts()
            for sink in sinks:
                sink(facts)
        screen.show(*shown.lines(facts), *compared_columns(compared))
        screen.event("result", is_equal=facts.is_equal, **facts_document(compared, facts))
        for path in output or ():
            screen.print(f"Written: {path}")
        if not facts.is_equal:
            raise typer.Exit(NEEDS_REVIEW)
        screen.print(f"Equal: {facts.equal:,} rows.")
