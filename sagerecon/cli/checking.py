"""The command `check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Mapping files, or folders of them; all of the project."),
    ] = None,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="human, concise, json, github, gitlab, sarif, junit or markdown: what is printed.",
        ),
    ] = "human",
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output", metavar="FORMAT=FILE", help="Write the findings to a file as well. May be repeated."
        ),
    ] = None,
    list_transforms: Annotated[
        bool,
        typer.Option(
            "--list-transforms", help="List the transforms of the mapping language; needs no project."
        ),
    ] = False,
    fail_level: Annotated[
        str,
        typer.Option(
            "--fail-level",
            metavar="LEVEL",
            help="The least severity that fails the check: error, warning, info or never.",
        ),
    ] = "error",
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Correct misspelt names and remove what is unused, then check again."),
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="CODE", help="Say what a finding means, and check nothing."),
    ] = None,
    json: Json = False,
) -> None:
    """Check the project, its sources and its mappings, offline and without data."""
    from sagerecon.cli.console import command
    from sagerecon.commands import checking, fixing
    from sagerecon.model.clock import SystemClock
    from sagerecon.model.count import counted

    if list_transforms:
        _list_transforms(json)
        return
    with command(json) as screen:
        if explain is not None:
            screen.event("code", code=explain, about=checking.explanation(explain))
            screen.print(checking.explanation(explain))
            return
        outputs = checking.outputs(format_, output or ())
        checked = checking.check(project, SystemClock(), allow_host or (), paths or (), fail_level, env)
        if fix and (fixed := fixing.fix_all(project, checked.findings)):
            for each in fixed:
                if outputs.printed is None:
                    screen.event("fixed", place=str(each.place), old=each.old, new=each.new)
                    screen.print(str(each))
            checked = checking.check(project, SystemClock(), allow_host or (), paths or (), fail_level, env)
        text = checking.write_outputs(outputs, checked)
        if text is not None:
            screen.document(text)
        else:
            screen.findings(checked.findings)
            screen.event("result", mappings=checked.mappings, findings=len(checked.findings))
            if checked.errors:
                screen.error(checked.sentence)
            else:
                screen.print(f"The catalog and {counted(checked.mappings, 'mapping')} have no errors.")
        if checked.exit_code:
            raise typer.Exit(checked.exit_code)


def _list_transforms(json: bool) -> None:
    from sagerecon.cli.console import command
    from sagerecon.commands.transforms import transform_entries
    from sagerecon.model.transform_entry import transform_document
    from sagerecon.report.terminal.transforms import transform_lines

    with command(json) as screen:
        entries = transform_entries()
        screen.event("result", transforms=[transform_document(entry) for entry in entries])
        screen.show(*transform_lines(entries))
