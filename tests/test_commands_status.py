"""Status and report state their run and its calls; those of all runs are shown apart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from moves import Move, signed_in
from small_trade import write_small_trade
from tiny import PROJECT, write_tiny

from sagerecon.commands import plans, reports, runs, sources, status
from sagerecon.model.clock import DAY, HOUR, MINUTE, instant_text
from sagerecon.model.code import Code
from sagerecon.planning.budget import Budget
from sagerecon.planning.settling import Replays, RunState
from sagerecon.project.store import open_store
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event, Progress
from sagerecon.runner.run import Ended


class KilledError(BaseException):
    """The end of a process that was killed."""


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    write_tiny(tmp_path)
    (tmp_path / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(tmp_path) as made:
        yield made


def reported(moving: Move) -> tuple[dict[str, Any], str]:
    """Write the report, and return the run of its JSON file and its page."""
    page, document = reports.report(moving.project, moving.clock)
    run = json.loads(document.read_text(encoding="utf-8"))["run"]
    return run, page.read_text(encoding="utf-8")


def test_the_calls_of_a_run_are_its_own_by_the_servers_count(moving: Move) -> None:
    moving.load()
    loaded = moving.sage.calls
    moving.reconcile()
    read = moving.sage.calls - loaded
    found = status.status(moving.project, moving.clock).run
    assert found is not None and found.state is RunState.FINISHED
    assert (found.calls.sent, found.calls_planned) == (loaded, loaded)
    assert {name: calls.sent for name, calls in found.calls_of_all.items()} == {
        "loads": loaded,
        "readings": read,
        "sign-ins and others": 0,
    }
    run, page = reported(moving)
    assert (run["id"], run["plan"], run["calls_used"]) == (found.id, found.plan, loaded)
    assert run["lower_bound"] == loaded and run["calls_of_all_runs"]["calls"] == loaded + read
    assert f'Run <span class="mono">{found.id}</span>' in page
    assert f"All runs of the company together: {loaded + read} calls: loads {loaded}, readings {read}" in page


def test_the_calls_of_a_census_are_among_the_readings(tmp_path: Path) -> None:
    with signed_in(write_small_trade(tmp_path / "project")) as moving:
        sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
        plans.plan(moving.project, moving.clock)
        runs.apply(moving.project, moving.clock, moving.session)
        found = status.status(moving.project, moving.clock).run
        assert found is not None and found.calls_of_all["readings"].sent > 0
        assert sum(calls.sent for calls in found.calls_of_all.values()) == moving.sage.calls


def test_the_bound_of_a_newer_plan_is_not_compared_with_an_older_run(moving: Move) -> None:
    moving.load()
    moving.reconcile()
    first = status.status(moving.project, moving.clock).run
    (moving.folder / "data/contacts.csv").write_text("ref,name\nC1,Oak Ltd\nC2,Elm Ltd\nC3,Ash Ltd\n")
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    made = plans.plan(moving.project, moving.clock)
    run, page = reported(moving)
    assert first is not None and run["plan"] == first.plan != made.hash
    assert run["lower_bound"] is None and "its minimum is not stated" in page


def test_a_call_without_an_answer_is_counted_and_its_record_named(moving: Move) -> None:
    moving.faults.add(Trigger(1, "POST", "/contacts"), Fault(FaultType.ANSWER_LOST))
    moving.load()
    found = status.status(moving.project, moving.clock).run
    assert found is not None and (found.calls.sent, found.calls.unanswered) == (moving.sage.calls, 1)
    assert len(found.uncertain) == 1
    moving.reconcile()
    run, page = reported(moving)
    assert (run["unanswered"], run["without_usable_answer"]) == (1, list(found.uncertain))
    assert f"Sent without a usable answer, and settled: {found.uncertain[0]}." in page


def test_a_call_in_flight_when_the_process_was_killed_is_counted(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)
    kill = Fault(FaultType.EDIT, edit=lambda: (_ for _ in ()).throw(KilledError()))
    moving.faults.add(Trigger(1, "POST", "/contacts"), kill)
    with pytest.raises(KilledError):
        runs.apply(moving.project, moving.clock, moving.session)
    found = status.status(moving.project, moving.clock).run
    assert found is not None and found.calls.unanswered == 1 and len(found.uncertain) == 1
    moving.clock.sleep(MINUTE)
    runs.apply(moving.project, moving.clock, moving.session)
    found = status.status(moving.project, moving.clock).run
    assert found is not None and found.state is RunState.FINISHED
    assert found.calls.unanswered == 1 and len(found.uncertain) == 1


@pytest.mark.parametrize("replays", list(Replays))
def test_a_record_that_a_killed_process_had_written_is_named(moving: Move, replays: Replays) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)
    with open_store(moving.project, moving.clock) as store:
        store.company(moving.project.business.id).run_log.learn(replays)

    def kill(progress: Progress) -> None:
        if progress.event is Event.RESENT:
            raise KilledError

    moving.faults.add(Trigger(1, "POST", "/contacts"), Fault(FaultType.ANSWER_LOST))
    with pytest.raises(KilledError):
        runs.apply(moving.project, moving.clock, moving.session, on_progress=kill)
    moving.clock.sleep(MINUTE)
    runs.apply(moving.project, moving.clock, moving.session)
    found = status.status(moving.project, moving.clock).run
    assert found is not None and found.state is RunState.FINISHED
    assert found.calls.unanswered == 1 and len(found.uncertain) == 1


def test_a_record_that_sage_rejected_before_is_not_said_to_be_without_an_answer(moving: Move) -> None:
    moving.faults.add(Trigger(1, "POST", "/contacts"), Fault(FaultType.ERROR, status=422))
    moving.load()
    assert "quarantined" in status.status(moving.project, moving.clock).counts
    plans.plan(moving.project, moving.clock)
    runs.apply(moving.project, moving.clock, moving.session)
    found = status.status(moving.project, moving.clock).run
    assert found is not None and found.state is RunState.FINISHED
    assert found.uncertain == () and found.calls.unanswered == 0


def test_a_run_of_a_store_that_did_not_count_is_not_said_to_have_made_no_calls(moving: Move) -> None:
    moving.load()
    with closing(sqlite3.connect(moving.project.store_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE run_calls")
        connection.execute("UPDATE store_facts SET value = '5' WHERE name = 'schema'")
        connection.commit()
    found = status.status(moving.project, moving.clock).run
    assert found is not None and not found.calls.is_complete
    moving.reconcile()
    _, page = reported(moving)
    assert "before an upgrade of the store are not included" in page


def test_a_paused_run_says_how_to_continue(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)
    stops: list[Progress] = []
    runs.apply(
        moving.project, moving.clock, moving.session,
        should_stop=lambda: bool(stops), on_progress=stops.append,
    )  # fmt: skip
    found = status.status(moving.project, moving.clock).run
    assert found is not None and found.state is RunState.OPEN and not found.is_running
    assert found.progress.startswith("Not finished: paused or stopped, last active ")
    assert found.progress.endswith("Continue with: sagerecon apply")


def test_the_page_of_a_plan_in_progress_does_not_say_that_nothing_was_sent(moving: Move) -> None:
    moving.load()
    run, page = reported(moving)
    assert run["state"] == "finished" and run["calls_used"] == moving.sage.calls
    assert "Nothing has been sent" not in page and run["progress"] in page


def test_a_wait_that_sage_asked_for_is_in_the_status_and_in_the_next_plan(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)
    with open_store(moving.project, moving.clock) as store:
        asked, log = moving.clock.now() + 3 * DAY, store.company(moving.project.business.id).run_log
        assert log.book(Budget(None, None)) == 0
        log.rate_limited(asked, 1)
    assert status.status(moving.project, moving.clock).closed_until == asked
    header = plans.plan(moving.project, moving.clock).header
    assert header.starts_at == instant_text(asked)
    assert header.windows[0].opens == 3 * DAY and header.finishes_p50 > header.starts_at
    moving.clock.sleep(3 * DAY)
    assert status.status(moving.project, moving.clock).closed_until == 0


def test_a_paused_start_counts_nothing_that_it_did_not_send(moving: Move) -> None:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    plans.plan(moving.project, moving.clock)

    def kill(progress: Progress) -> None:
        if progress.event is Event.RESENT:
            raise KilledError

    moving.faults.add(Trigger(2, "POST", "/contacts"), Fault(FaultType.ANSWER_LOST))
    with pytest.raises(KilledError):
        runs.apply(moving.project, moving.clock, moving.session, on_progress=kill)
    with open_store(moving.project, moving.clock) as store:
        store.company(moving.project.business.id).run_log.rate_limited(moving.clock.now() + HOUR, 1)
    calls = moving.sage.calls
    paused = runs.apply(moving.project, moving.clock, moving.session)
    assert (paused.ended, moving.sage.calls) == (Ended.PAUSED, calls)
    assert (paused.calls, paused.counts.keys() & {Event.RESENT, Event.PROVED}) == (0, set())
    moving.clock.sleep(HOUR)
    resumed = runs.apply(moving.project, moving.clock, moving.session)
    assert resumed.counts[Event.RESENT] == 1


def test_the_status_of_a_store_that_lost_its_memory_says_so(moving: Move) -> None:
    moving.load()
    assert not status.status(moving.project, moving.clock).is_incomplete
    (moving.folder / ".sagerecon/store.sqlite").unlink()
    found = status.status(moving.project, moving.clock)
    assert found.is_incomplete
    assert [finding.code for finding in found.findings] == [Code.INCOMPLETE_STORE]
    assert "is not the one that wrote to business" in found.findings[0].message
