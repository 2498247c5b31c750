"""The command `test`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files with tests, or folders of them; all of the project."),
    ] = None,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
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
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Change the mappings in small ways; list what no test notices.")
    ] = False,
    fuzz: Annotated[
        int | None,
        typer.Option(
            "--fuzz",
            metavar="RECORDS",
            min=1,
            help="Try so many made-up records in each mapping: each must end as a valid draft or a finding.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same one makes up the same records.")] = 0,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML as well.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the tests of the mappings, offline: given records, samples, and what they cover."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.cli.test_results import (
        show_coverage,
        show_fuzzed,
        show_mutants,
        show_results,
    )
    from sagerecon.commands import mapping_fuzzing, mapping_mutants, projects
    from sagerecon.commands.mapping_tests import run_tests, write_junit
    from sagerecon.model.clock import SystemClock

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        clock = SystemClock()
        tested = run_tests(opened, clock, paths or (), update=update)
        show_coverage(screen, tested, with_missing=coverage)
        show_results(screen, tested)
        if junit is not None:
            write_junit(junit, tested)
        low = [each for each in tested.covered if fail_under is not None and each.percent < fail_under]
        for each in low:
            screen.error(f"{each.file}: tests use {each.percent} % of it; {fail_under} % are required.")
        if not tested.results and not tested.samples:
            screen.error("There are no tests.", "Name a file with tests in a mapping: tests: NAME.tests.yaml")
            raise typer.Exit(NEEDS_REVIEW)
        if tested.failures or low:
            raise typer.Exit(NEEDS_REVIEW)
        found_any = False
        if mutate:
            with screen.progress("mutants") as meter:
                mutated = list(mapping_mutants.mutate(opened, clock, paths or (), meter))
            found_any |= show_mutants(screen, mutated)
        if fuzz is not None:
            with screen.progress("records") as meter:
                fuzzed = list(mapping_fuzzing.fuzz(opened, fuzz, seed, meter))
            found_any |= show_fuzzed(screen, fuzzed)
        if found_any:
            raise typer.Exit(NEEDS_REVIEW)
