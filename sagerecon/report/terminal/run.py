"""A run: its state and the records it created, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType

from sagerecon.model.count import counted
from sagerecon.model.not_carried import NotCarried
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import RunState, SetAside
from sagerecon.report.facts import RunFacts
from sagerecon.report.formatting import timestamp
from sagerecon.report.grouping import more_like_it
from sagerecon.report.not_carried import set_aside
from sagerecon.report.terminal.not_carried import not_carried_lines
from sagerecon.report.terminal.shown import ShownText
from sagerecon.report.terminal.tables import new_table


def run_status(
    run: RunFacts | None,
    counts: Mapping[str, int],
    in_doubt: int,
    calls: tuple[int, int],
    budget: Budget,
    aside: Sequence[SetAside],
    left_out: Sequence[NotCarried] = (),
) -> Iterator[RenderableType]:
    """Yield the state of the newest run, its calls, and the records that were set aside.

    Args:
        run: None if there is no run.
        counts: the number of steps in each state.
        calls: the number of calls in the last minute and in the last 24 hours.
        left_out: the records that the plan of the run leaves out.
    """
    yield from _run_lines(run, counts)
    minute, day = calls
    yield ShownText(
        f"Calls: {day:,} of {budget.day_limit:,} in the last 24 hours, {minute:,} in the last minute; "
        f"{budget.reserve:,} are reserved for other apps."
    )
    if in_doubt:
        yield ShownText(
            f"{counted(in_doubt, 'call')} in doubt. Resolve first: sagerecon apply", style="yellow"
        )
    if run is not None:
        yield from _call_lines(run, in_doubt)
    yield from not_carried_lines((*map(set_aside, aside), *left_out))


def _run_lines(run: RunFacts | None, counts: Mapping[str, int]) -> Iterator[RenderableType]:
    """Yield which run it is, its progress, and its steps."""
    if run is None:
        yield ShownText("There is no run yet. Start one: sagerecon apply")
        return
    started = timestamp(run.started_at)
    yield ShownText(f"Run {run.id} of plan {run.plan[:12]}, started {started}. {run.progress}")
    done = sum(counts.values())
    parts = [f"{count:,} {step_state}" for step_state, count in counts.items() if count]
    if run.state is RunState.FINISHED and done < run.steps:
        parts.append(f"{run.steps - done:,} without a call")
    yield ShownText(f"Steps started: {done:,} of {run.steps:,} ({', '.join(parts) or 'none yet'}).")


def _call_lines(run: RunFacts, in_doubt: int) -> Iterator[RenderableType]:
    """Yield the calls of the run beside its plan, those of all runs, and those without an answer."""
    earlier = "" if run.calls.is_complete else "; those before an upgrade of the store are not counted"
    yield ShownText(f"This run: {counted(run.calls.sent, 'call')} of {run.calls_planned:,} planned{earlier}.")
    together = run.calls_of_all_runs
    parts = ", ".join(f"{name} {calls.sent:,}" for name, calls in run.calls_of_all.items())
    yield ShownText(f"All runs: {counted(together.sent, 'call')} ({parts}).")
    if refused := together.rate_limited:
        each = "It counts" if refused == 1 else "Each counts"
        yield ShownText(
            f"Sage refused {counted(refused, 'call')} (429). {each} twice in the limits:"
            " another app has made a call that is not known here."
        )
    if together.unanswered:
        own = run.calls.unanswered
        yield ShownText(f"{counted(together.unanswered, 'call')} without an answer, {own:,} of this run.")
    if run.uncertain:
        first, *others = run.uncertain
        more = f" {more_like_it(others)}" if others else ""
        settled = "" if in_doubt else ", and settled"
        yield ShownText(f"Sent without a usable answer{settled}: {first}{more}.")


def created_records(counts: Mapping[str, int]) -> RenderableType:
    """Return the number of records created in each resource."""
    table = new_table("created in Sage", "records")
    for resource, count in counts.items():
        table.add_row(resource.replace("_", " "), f"{count:,}")
    return table
