"""Show what the tests of mappings gave, and what they covered."""

from __future__ import annotations

from collections.abc import Sequence

from sagerecon.commands.mapping_fuzzing import Fuzzed
from sagerecon.commands.mapping_mutants import Mutated
from sagerecon.commands.mapping_tests import Tested
from sagerecon.model.count import counted
from sagerecon.report.screen import Screen
from sagerecon.report.terminal.mapping_tests import coverage_table, diff_lines, missing_lines, survivor_line


def show_results(screen: Screen, tested: Tested) -> None:
    """Show each failure, the differences of samples, and how many tests there were."""
    for result in tested.results:
        screen.event("test", name=result.case.name, place=str(result.case.place), passed=result.passed)
    for sample in tested.samples:
        screen.event(
            "sample",
            expect=sample.name,
            records=sample.records,
            diff=list(sample.diff),
            updated=sample.is_updated,
        )
        screen.show(*diff_lines(sample.diff))
        if sample.is_updated:
            screen.print(f"{sample.name}: the outcomes of {counted(sample.records, 'record')} are kept.")
    screen.findings(tested.failures)
    failed = sum(not result.passed for result in tested.results)
    differing = sum(bool(sample.findings) for sample in tested.samples)
    screen.event(
        "result",
        tests=len(tested.results),
        failed=failed,
        samples=len(tested.samples),
        samples_that_differ=differing,
    )
    screen.print(f"{counted(len(tested.results), 'test')}, {failed} failed.")
    if tested.samples:
        screen.print(f"{counted(len(tested.samples), 'sample')}, {differing} with other outcomes.")


def show_coverage(screen: Screen, tested: Tested, *, with_missing: bool) -> None:
    """Show how much of each mapping the tests used, and on request each part that they did not."""
    for found in tested.covered:
        missing = [(part.place, part.described) for part in found.missing]
        screen.event(
            "coverage",
            file=found.file,
            used=found.used,
            parts=found.parts,
            percent=found.percent,
            missing=[{"place": str(place), "part": what} for place, what in missing],
        )
        if with_missing:
            screen.show(*missing_lines(missing))
    screen.show(
        coverage_table((each.file, each.used, each.parts, str(each.percent)) for each in tested.covered)
    )


def show_mutants(screen: Screen, mutated: Sequence[Mutated]) -> bool:
    """Show the mutants that no test notices; return whether a record is known that tells one apart."""
    for found in mutated:
        for survivor in found.survivors:
            screen.event(
                "survivor",
                place=str(survivor.mutant.place),
                change=survivor.mutant.what,
                test=survivor.base,
                given=survivor.row,
            )
            screen.show(survivor_line(survivor.mutant.place, survivor.mutant.what, survivor.shown_by))
        screen.event("mutants", file=found.file, mutants=found.mutants, survivors=len(found.survivors))
    every, left = sum(each.mutants for each in mutated), sum(len(each.survivors) for each in mutated)
    screen.print(f"{counted(every, 'mutant')}, {left} not noticed by any test.")
    return any(survivor.row is not None for each in mutated for survivor in each.survivors)


def show_fuzzed(screen: Screen, fuzzed: Sequence[Fuzzed]) -> bool:
    """Show the smallest bad record of each mapping; return whether there is one."""
    bad = [each for each in fuzzed if each.row is not None]
    for each in fuzzed:
        screen.event("fuzzed", file=each.file, records=each.records, given=each.row, fault=each.fault)
    for each in bad:
        screen.error(f"{each.file}: {each.fault}. The smallest such record: {each.given}")
    if fuzzed:
        tried = f"{counted(fuzzed[0].records, 'made-up record')} in each of {counted(len(fuzzed), 'mapping')}"
        screen.print(f"{tried}: {len(bad) or 'none'} without a valid outcome.")
    return bool(bad)
