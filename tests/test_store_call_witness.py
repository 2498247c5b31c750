"""A store that lacks the newest calls spends none of their room: shown by the requests that Sage counts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import auth, plans, reconciliations, runs, sources
from sagerecon.model.clock import DAY, MINUTE, SECOND
from sagerecon.model.errors import PausedError, StoreError
from sagerecon.planning.budget import Budget
from sagerecon.project.sage import GRANT, SANDBOX_APP
from sagerecon.project.store import open_store
from sagerecon.rehearsal.reply import Reply, json_reply
from sagerecon.runner.door import PATIENCE
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.sage.tokens import read_tokens
from sagerecon.store.call_witness import CallWitness, WitnessedCall, WitnessedCalls
from sagerecon.store.witness import WitnessFolder

PER_MINUTE, PER_DAY = 10, 30

BUDGET = f"budget: {{per_minute: {PER_MINUTE}, per_day: {PER_DAY}, reserve: 0, settle: 0}}\n"


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    """Open a project of two customers with few calls, after its load."""
    folder = write_tiny(tmp_path / "project")
    (folder / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0] + BUDGET)
    with signed_in(folder) as opened:
        sources.snapshot(opened.project, opened.clock, lambda _file, _rows: None)
        plans.plan(opened.project, opened.clock)
        assert runs.apply(opened.project, opened.clock, opened.session).ended is Ended.FINISHED
        opened.clock.sleep(DAY)
        yield opened


@pytest.fixture
def arrivals(moving: Move) -> list[int]:
    """Return the instants at which requests arrive at Sage; one for a token counts as a call does."""
    found: list[int] = []
    handle = moving.sage.request

    def counted(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        found.append(moving.clock.now())
        return handle(method, url, headers, body)

    moving.sage.request = counted  # type: ignore[method-assign]
    return found


def most_within(arrivals: list[int], span: int) -> int:
    """Return the largest number of requests within any window of `span` milliseconds."""
    return max(sum(start <= at < start + span for at in arrivals) for start in arrivals)


def store_of(moving: Move) -> Path:
    return moving.folder / ".sagerecon/store.sqlite"


def keep(moving: Move, tmp_path: Path) -> Path:
    return Path(shutil.copy(store_of(moving), tmp_path / "copy"))


def delete(moving: Move) -> None:
    for path in store_of(moving).parent.glob("store.sqlite*"):
        path.unlink()


def put_back(moving: Move, copy: Path) -> None:
    """Put an older copy back, and sign in: its refresh token was used since."""
    delete(moving)
    shutil.copy(copy, store_of(moving))
    sign_in(moving)


def sign_in(moving: Move) -> None:
    granted = moving.sage.grant(SANDBOX_APP, "owner", moving.project.business.id)
    with open_store(moving.project, moving.clock) as store:
        store.vault.save(GRANT, read_tokens(granted, moving.clock.now()), None)


def reconcile(moving: Move) -> reconciliations.Reconciled | RunOutcome:
    return reconciliations.reconcile(moving.project, moving.clock, moving.session)


def book(moving: Move) -> int:
    """Book a call as a new process, and return the wait for it in milliseconds."""
    with open_store(moving.project, moving.clock) as store:
        log = store.company(moving.project.business.id).run_log
        moment = log.book(Budget(PER_MINUTE, PER_DAY, reserve=0, settle=0), settling=True)
        if not moment:
            log.refund()
            log.flush()
        return max(moment - moving.clock.now(), 0)


def spend_minute(moving: Move, arrivals: list[int]) -> None:
    """Reconcile until fewer calls are left in the minute than one more reconciliation takes."""
    while len(arrivals) <= PER_MINUTE // 2:
        assert isinstance(reconcile(moving), reconciliations.Reconciled)
    assert arrivals[-1] - arrivals[0] < MINUTE


def test_reconciling_with_an_older_store_keeps_to_the_calls_of_a_minute(
    moving: Move, arrivals: list[int], tmp_path: Path
) -> None:
    copy = keep(moving, tmp_path)
    spend_minute(moving, arrivals)
    put_back(moving, copy)
    for _ in range(2):
        assert isinstance(reconcile(moving), reconciliations.Reconciled)
    assert len(arrivals) > PER_MINUTE
    assert most_within(arrivals, MINUTE) <= PER_MINUTE


def test_reconciling_with_a_new_store_keeps_to_the_calls_of_a_minute(
    moving: Move, arrivals: list[int]
) -> None:
    spend_minute(moving, arrivals)
    delete(moving)
    sign_in(moving)
    reconcile(moving)
    assert len(arrivals) > PER_MINUTE
    assert most_within(arrivals, MINUTE) <= PER_MINUTE


def test_an_older_store_pauses_where_its_witness_knows_that_the_day_is_used_up(
    moving: Move, arrivals: list[int], tmp_path: Path
) -> None:
    copy = keep(moving, tmp_path)
    while not isinstance(outcome := reconcile(moving), RunOutcome):
        pass
    assert outcome.why == "The call budget of this window is used up."
    until, spent = outcome.until, len(arrivals)
    put_back(moving, copy)
    outcome = reconcile(moving)
    assert isinstance(outcome, RunOutcome)
    assert outcome.ended is Ended.PAUSED
    assert until is not None and outcome.until is not None
    assert abs(outcome.until - until) < 6 * SECOND  # it is not known by which clock they were dated
    assert (
        outcome.why == "The call budget of this window is used up."
        f" It includes {spent} calls that the store did not record: a newer copy of it or another store did."
    )
    assert len(arrivals) == spent
    put_back(moving, copy)
    with pytest.raises(PausedError, match="a newer copy of it or another store did"):
        auth.logout(moving.project, moving.clock, moving.session)
    assert most_within(arrivals, DAY) <= PER_DAY


def test_the_calls_of_the_witness_are_added_once(moving: Move, arrivals: list[int], tmp_path: Path) -> None:
    copy = keep(moving, tmp_path)
    assert isinstance(reconcile(moving), reconciliations.Reconciled)
    put_back(moving, copy)
    for _ in range(3):
        book(moving)
    with open_store(moving.project, moving.clock) as store:
        history = store.company(moving.project.business.id).history
        assert history.status().calls_last_minute == len(arrivals)


def test_a_store_that_is_complete_has_nothing_to_add(moving: Move, arrivals: list[int]) -> None:
    for _ in range(2):
        assert isinstance(reconcile(moving), reconciliations.Reconciled)
    with open_store(moving.project, moving.clock) as store:
        company = store.company(moving.project.business.id)
        company.run_log.book(Budget(None, None, reserve=0, settle=0))
        assert company.run_log.unknown_calls == 0
        company.run_log.refund()
        company.run_log.flush()
        assert company.history.status().calls_last_minute == len(arrivals)


def test_on_another_machine_the_calls_of_this_one_are_not_known(
    moving: Move, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = keep(moving, tmp_path)
    assert isinstance(reconcile(moving), reconciliations.Reconciled)
    put_back(moving, copy)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    with open_store(moving.project, moving.clock) as store:
        company = store.company(moving.project.business.id)
        assert company.run_log.book(Budget(PER_MINUTE, PER_DAY, reserve=0, settle=0)) == 0
        assert company.run_log.unknown_calls == 0


def test_a_wait_that_sage_asked_for_is_kept_by_the_witness(moving: Move, tmp_path: Path) -> None:
    copy = keep(moving, tmp_path)
    sign_in(moving)
    calls: list[str] = []

    def refuse(method: str, url: str, _headers: Mapping[str, str], _body: bytes = b"") -> Reply:
        calls.append(f"{method} {url}")
        return replace(json_reply(429, {}), headers={"Retry-After": str(2 * PATIENCE // SECOND)})

    moving.sage.request = refuse  # type: ignore[method-assign]
    outcome = reconcile(moving)
    assert isinstance(outcome, RunOutcome)
    put_back(moving, copy)
    again = reconcile(moving)
    assert isinstance(again, RunOutcome)
    assert again.until == outcome.until
    assert len(calls) == 1


def test_a_witness_that_cannot_be_written_stops_a_reading_before_its_first_call(
    moving: Move, arrivals: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sagerecon").write_text("not a folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(StoreError, match=r"witness of the store, .* cannot be written") as error:
        reconcile(moving)
    assert "XDG_STATE_HOME" in error.value.hint
    assert not arrivals


def witness(folder: Path) -> CallWitness:
    return CallWitness(WitnessFolder(folder, "/project"), "B")


def test_a_call_counts_from_its_answer_though_the_clock_has_stepped_since(tmp_path: Path) -> None:
    now = 1_000 * DAY
    booked, answered = WitnessedCall("c1", now + 2 * DAY, now - DAY), WitnessedCall("c1", now, now)
    witness(tmp_path).add(booked, now + 2 * DAY)  # by a clock that is two days ahead
    witness(tmp_path).add(answered, now)
    assert witness(tmp_path).read().calls == (answered,)


def test_a_call_that_was_never_sent_is_not_counted(tmp_path: Path) -> None:
    now = 1_000 * DAY
    witness(tmp_path).add(WitnessedCall("c1", now + MINUTE, now - 1), now)
    witness(tmp_path).add(WitnessedCall("c1", 0, now - 1), now)
    assert witness(tmp_path).read() == WitnessedCalls()


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    now = 1_000 * DAY
    call = WitnessedCall("c1", now, now)
    witness(tmp_path).add(call, now)
    (file,) = tmp_path.glob("*.calls")
    with file.open("a") as stream:
        stream.write("c2 86400")
    assert witness(tmp_path).read().calls == (call,)


def test_files_of_earlier_days_are_deleted(moving: Move, state_home: Path) -> None:
    folder = state_home / "sagerecon/witnesses"
    (before,) = folder.glob("*.calls")
    moving.clock.sleep(3 * DAY)
    sign_in(moving)
    reconcile(moving)
    (after,) = folder.glob("*.calls")
    assert after != before
