"""State what the newest load run is, how far it is, and which calls were made."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import date

from sagerecon.model.call import CallTotal
from sagerecon.model.clock import day_of, instant_text
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import RunState, State
from sagerecon.planning.step import name_of
from sagerecon.report.facts import RunFacts
from sagerecon.store.run_calls import NO_RUN, DayOfCalls, total_calls
from sagerecon.store.run_history import Run, RunHistory


def run_facts(history: RunHistory, plan: Plan | None = None) -> RunFacts | None:
    """Return the facts of the newest load run; None if there is none.

    Args:
        plan: the project's newest plan. Its lower bound is stated only where the run carries out that plan.
    """
    runs = history.runs()
    load = next((known for known in reversed(runs) if known.purpose is Purpose.LOAD), None)
    if load is None:
        return None
    days = history.calls_by_day()
    own = [day for day in days if day.run == load.id]
    header = plan.header if plan is not None and plan.hash == load.plan else None
    is_open = load.state is RunState.OPEN
    return RunFacts(
        id=load.id,
        plan=load.plan,
        state=load.state,
        is_running=is_open and load.is_held,
        started_at=instant_text(load.started_at),
        finished_at=instant_text(load.finished_at) if load.finished_at else "",
        last_active_at=instant_text(max(history.last_activity(load.id), load.continued_at)),
        resumed=max(load.attempts - 1, 0),
        steps=load.steps,
        to_do=sum(load.counts.get(state.value, 0) for state in (State.PARKED, State.BLOCKED)),
        calls=total_calls(own),
        calls_by_day=tuple(_by_day(own)),
        calls_planned=load.planned_calls,
        lower_bound=header.lower_bound if header is not None else None,
        lower_bound_reason=header.bound_reason if header is not None else "",
        calls_of_all={
            "loads": total_calls(_of(days, runs, {Purpose.LOAD})),
            "readings": total_calls(_of(days, runs, set(Purpose) - {Purpose.LOAD})),
            "sign-ins and others": total_calls(day for day in days if day.run == NO_RUN),
        },
        uncertain=tuple(name_of(step) for step in history.uncertain_steps(load.id)),
    )


def _of(days: Iterable[DayOfCalls], runs: Iterable[Run], purposes: Set[Purpose]) -> list[DayOfCalls]:
    wanted = {run.id for run in runs if run.purpose in purposes}
    return [day for day in days if day.run in wanted]


def _by_day(days: Iterable[DayOfCalls]) -> list[tuple[date, CallTotal]]:
    return [(day_of(day.at), total_calls([day])) for day in days if day.at >= 0]
