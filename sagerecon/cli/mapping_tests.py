"""The command `test`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Folder, Json


def test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files with tests, or folders of them; all of the project."),
    ] = None,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    update: Annotated[
        bool, typer.Option("--update", help="Keep the outcomes of samples as those that are expected.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="List the parts of the mappings that no test uses.")
    ] = False,
    fail_under: Annotated[
        int | None,
        typer.Option(
            "--fail-under", metavar="PERCENT", min=0, max=100, help="Fail if tests use less of a mapping."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Run the tests of the mappings, offline: given records, samples, and what they cover."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.cli.test_results import show_coverage, show_results
    from sagerecon.commands import projects
    from sagerecon.commands.mapping_tests import run_tests
    from sagerecon.model.clock import SystemClock

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or ())
        tested = run_tests(opened, SystemClock(), paths or (), update=update)
        show_coverage(screen, tested, with_missing=coverage)
        show_results(screen, tested)
        low = [each for each in tested.covered if fail_under is not None and each.percent < fail_under]
        for each in low:
            screen.error(f"{each.file}: tests use {each.percent} % of it; {fail_under} % are required.")
        if not tested.results and not tested.samples:
            screen.error("There are no tests.", "Name a file with tests in a mapping: tests: NAME.tests.yaml")
            raise typer.Exit(NEEDS_REVIEW)
        if tested.failures or low:
            raise typer.Exit(NEEDS_REVIEW)
