"""A run: its state and the records it created, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from sagerecon.model.count import counted
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import RunState, SetAside
from sagerecon.report.terminal.tables import new_table


def run_status(
    state: RunState | None,
    steps: int,
    counts: Mapping[str, int],
    in_doubt: int,
    calls: tuple[int, int],
    budget: Budget,
    set_aside: Sequence[SetAside],
) -> Iterator[RenderableType]:
    """Yield the state of the newest run, its calls, and the records that were set aside.

    Args:
        state: None if there is no run.
        counts: the number of steps in each state.
        calls: the number of calls in the last minute and in the last 24 hours.
    """
    yield _progress_text(state, steps, counts)
    minute, day = calls
    yield Text(
        f"Calls: {day:,} of {budget.day_limit:,} in the last 24 hours, {minute:,} in the last minute; "
        f"{budget.reserve:,} are reserved for other apps."
    )
    if in_doubt:
        yield Text(f"{counted(in_doubt, 'call')} in doubt. Resolve first: sagerecon apply", style="yellow")
    for record in set_aside:
        text = Text()
        text.append(f"{record.state.value} ", style="bold red")
        text.append(record.step.label or record.step.key, style="bold")
        for finding in record.findings:
            text.append(f"\n  {finding}")
        yield text


def _progress_text(state: RunState | None, steps: int, counts: Mapping[str, int]) -> Text:
    if state is None:
        return Text("There is no run yet. Start one: sagerecon apply")
    done = sum(counts.values())
    parts = [f"{count:,} {step_state}" for step_state, count in counts.items() if count]
    if state is RunState.FINISHED and done < steps:
        parts.append(f"{steps - done:,} without a call")
    return Text(f"Run {state}. Steps started: {done:,} of {steps:,} ({', '.join(parts) or 'none yet'}).")


def created_records(counts: Mapping[str, int]) -> RenderableType:
    """Return the number of records created in each resource."""
    table = new_table("created in Sage", "records")
    for resource, count in counts.items():
        table.add_row(resource.replace("_", " "), f"{count:,}")
    return table
