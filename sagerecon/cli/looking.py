"""The commands `look`, `draft` and `compare`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Folder, Json


def look(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|DATASET]",
            help="A file, FILE#PART, a pattern in quotes such as 'days/*.csv', or a dataset.",
        ),
    ] = None,
    declare: Annotated[
        bool, typer.Option("--declare", help="Write its declaration to sources.yaml.")
    ] = False,
    table: Annotated[str, typer.Option("--name", metavar="NAME", help="The name of its table there.")] = "",
    whole: Annotated[
        bool, typer.Option("--all", help="Show all columns, not only a screen of them.")
    ] = False,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    json: Json = False,
) -> None:
    """Show the columns of a file or a dataset: types, blanks, values, totals. Needs no project."""
    from sagerecon.cli.console import command, exit_by_findings
    from sagerecon.commands import source_looks
    from sagerecon.model.count import counted
    from sagerecon.report.terminal.looks import column_figures, figures_document

    with command(json) as screen:
        if name is None:
            known = source_looks.datasets(project, allow_host or ())
            screen.event("result", datasets=dict(known))
            for each, about in known.items():
                screen.print(f"{each}: {about}")
            return
        with screen.progress("reading") as meter:
            found = source_looks.look(
                name, project, lambda file, rows: meter(rows, 0, file), allow_host or ()
            )
        rows, facts = counted(found.rows, "row"), source_looks.form(found)
        screen.print(", ".join((name, *facts.values(), rows)))
        for figures in found.columns:
            screen.event("column", **figures_document(figures))
        screen.show(*column_figures(found.columns, is_whole=whole))
        screen.findings(source_looks.findings(found))
        declared = source_looks.declare(found, name, project, table, allow_host or ()) if declare else None
        screen.event(
            "result",
            rows=found.rows,
            form=facts,
            parts=list(source_looks.parts(found)),
            declared=str(declared.file) if declared else "",
        )
        if declared is not None:
            screen.print(f"Declared as '{declared.table}' in {declared.file}. Next: sagerecon snapshot")
        elif facts:
            screen.print("To write this to sources.yaml: add --declare")
        exit_by_findings(source_looks.findings(found))


def draft(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help="The kind in Sage: sagerecon catalog list.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="The name of the mapping.")] = "",
    project: Folder = HERE,
    allow_host: AllowHost = None,
    json: Json = False,
) -> None:
    """Propose a mapping from names and values, with the lines to review marked."""
    from sagerecon.cli.console import command
    from sagerecon.commands import drafts
    from sagerecon.model.count import counted

    with command(json) as screen:
        made = drafts.draft(project, dataset, kind, name, allow_host or ())
        screen.event("result", file=str(made.file), to_review=made.to_review)
        screen.print(f"Written: {made.file}, with {counted(made.to_review, 'line')} marked REVIEW.")
        screen.print("Look at them, then run: sagerecon check")


def compare(
    left: Annotated[
        str,
        typer.Argument(metavar="A", help="A file, FILE#PART, or a dataset."),
    ],
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
    allow_host: AllowHost = None,
    json: Json = False,
) -> None:
    """Compare two files or datasets record by record. Exit code 0: equal; 1: differences; 2: not compared."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.commands.table_comparison import Question, open_comparison, output_errors
    from sagerecon.model.count import counted
    from sagerecon.report.comparison import comparison_file, difference_document, facts_document
    from sagerecon.report.terminal.comparison import ShownDifferences, compared_columns

    with command(json) as screen, ExitStack() as stack:
        outputs = output or []
        question = Question(
            left=left, right=right, key=key, match=match or (), ignore=ignore or (), outputs=outputs
        )
        with screen.progress("reading") as meter:
            comparison = stack.enter_context(
                open_comparison(question, project, lambda file, rows: meter(rows, 0, file), allow_host or ())
            )
        compared, shown = comparison.compared, ShownDifferences(comparison.compared)
        screen.findings(comparison.findings)
        with output_errors(), ExitStack() as files:
            sinks = [
                files.enter_context(comparison_file(path, compared, comparison.numeric)) for path in outputs
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
        for path in outputs:
            screen.print(f"Written: {path}")
        if not facts.is_equal:
            raise typer.Exit(NEEDS_REVIEW)
        screen.print(f"Equal: {counted(facts.equal, 'row')}.")
