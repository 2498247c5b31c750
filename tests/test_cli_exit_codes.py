"""Exit codes of the commands that call Sage, against a served rehearsal with a virtual clock."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import typer
from moves import OTHER_HAND
from served import Served, serving
from tiny import MAPPING, write_tiny

from sagerecon.cli.console import command
from sagerecon.commands import projects
from sagerecon.model.clock import DAY, HOUR, SECOND
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.rehearsal.request import ApiRequest


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(write_tiny(tmp_path / "project")) as made:
        yield made


def test_a_finished_run_that_ties_out_exits_with_0(served: Served) -> None:
    served.planned()
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]) == (0, "finished", {"read": 2, "created": 2})
    assert served.run("status").exit_code == 0
    code, event = served.result("reconcile")
    assert (code, event["ties_out"]) == (0, True)


def test_a_quarantined_record_exits_with_1(served: Served) -> None:
    served.by_other_hand(
        "POST", "/contacts", {"contact": {"name": "Oak", "reference": "C1", "contact_type_ids": ["CUSTOMER"]}}
    )
    served.planned()
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]["quarantined"]) == (1, "finished", 1)
    assert served.run("status").exit_code == 1
    code, event = served.result("reconcile")
    assert (code, event["ties_out"]) == (1, False)


def test_a_postponed_record_exits_with_1_and_with_0_once_it_is_created(served: Served) -> None:
    served.planned()
    served.faults.add(Trigger(1, "POST", "/contacts", times=3), Fault(FaultType.ERROR, 503))
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]["parked"]) == (1, "unfinished", 1)
    assert event["to_do"] == 1
    assert served.run("status").exit_code == 1
    shown = " ".join(served.run("status").output.split())
    assert "Not finished: paused or stopped" in shown
    assert "1 record of those tried still to do. Continue with: sagerecon apply" in shown
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]["created"]) == (0, "finished", 1)


def test_a_record_that_is_only_blocked_exits_with_1(served: Served) -> None:
    mapping = served.folder / "mappings/customers.yaml"
    account = "{ref: {kind: ledger_account, by: {nominal_code: param.account}}}"
    mapping.write_text(f"{mapping.read_text()}  default_sales_ledger_account_id: {account}\n")
    served.set("business:", 'parameters: {account: 7777}\nstop_when_blocked: "100%"\nbusiness:')
    served.planned()
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]) == (1, "unfinished", {"read": 3, "blocked": 2})


def test_a_run_that_stops_before_its_first_write_exits_with_1_and_names_what_sage_lacks(
    served: Served,
) -> None:
    mapping = served.folder / "mappings/customers.yaml"
    account = "{ref: {kind: ledger_account, by: {nominal_code: param.account}}}"
    mapping.write_text(f"{mapping.read_text()}  default_sales_ledger_account_id: {account}\n")
    served.set("business:", "parameters: {account: 7777}\nbusiness:")
    shown = served.run("snapshot"), served.run("plan")
    assert "ledger_account nominal_code 7777" in shown[1].stdout
    assert "stop_when_blocked" in shown[1].stdout
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]) == (1, "blocked", {"read": 3})
    again = served.run("apply")
    assert again.exit_code == 1
    text = " ".join(again.output.split())
    assert "Sage must hold ledger_account nominal_code 7777: not found; 2 records blocked" in text
    assert "Nothing was written." in text


@pytest.mark.usefixtures("plain_signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_exits_with_3_after_the_call_in_flight(served: Served, number: signal.Signals) -> None:
    served.planned()
    stop = Fault(FaultType.EDIT, edit=lambda: signal.raise_signal(number))
    served.faults.add(Trigger(1, "POST", "/contacts"), stop)
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]) == (3, "stopped", {"read": 2, "created": 1})
    assert served.result("apply")[0] == 0


def test_a_command_that_is_asked_to_end_exits_with_the_signal(served: Served) -> None:
    served.planned()
    served.run("apply")
    stop = Fault(FaultType.EDIT, edit=lambda: signal.raise_signal(signal.SIGTERM))
    served.faults.add(Trigger(1, "GET", "/contacts"), stop)
    before = signal.getsignal(signal.SIGTERM)
    assert served.run("reconcile").exit_code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
    assert served.run("reconcile").exit_code == 0


@pytest.mark.usefixtures("plain_signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_a_library_turns_into_its_own_error_is_no_fault(number: signal.Signals) -> None:
    """DuckDB raises a RuntimeError where a signal interrupts a query."""
    with pytest.raises(typer.Exit) as ended, command(as_json=False):
        try:
            signal.raise_signal(number)
        except BaseException:
            raise RuntimeError("Query interrupted") from None
    assert ended.value.exit_code == 128 + number


def test_a_command_under_nohup_outlives_its_terminal(served: Served) -> None:
    served.planned()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        closed = Fault(FaultType.EDIT, edit=lambda: signal.raise_signal(signal.SIGHUP))
        served.faults.add(Trigger(1, "POST", "/contacts"), closed)
        assert served.result("apply")[0] == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_plan_that_is_named_is_applied(served: Served) -> None:
    plan = served.folder / "other.jsonl"
    assert [served.run("snapshot").exit_code, served.run("plan", "--output", str(plan)).exit_code] == [0, 0]
    assert served.run("apply").exit_code == 2
    code, event = served.result("apply", str(plan))
    assert (code, event["counts"]["created"]) == (0, 2)


def test_a_run_that_has_begun_is_resumed_although_the_mapping_has_changed(served: Served) -> None:
    served.planned()
    served.faults.add(Trigger(1, "POST", "/contacts", times=3), Fault(FaultType.ERROR, 503))
    assert served.result("apply")[0] == 1
    mapping = served.folder / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text().replace("label: name", "label: ref"))
    code, event = served.result("apply")
    assert (code, event["counts"]["created"]) == (0, 1)


def test_a_second_plan_of_other_mappings_is_stale(served: Served) -> None:
    served.planned()
    assert served.result("apply")[0] == 0
    (served.folder / "data/contacts.csv").write_text("ref,name\nC1,Oak Ltd\nC2,Elm  Ltd\nC3,Ash Ltd\n")
    served.planned()
    mapping = served.folder / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text().replace("label: name", "label: ref"))
    assert served.result("apply")[0] == 5


def test_a_change_by_another_user_exits_with_1(served: Served) -> None:
    served.planned()
    served.run("apply")
    page = served.by_other_hand("GET", "/contacts").body
    oak = next(item["id"] for item in page["$items"] if "Oak" in item["displayed_as"])
    served.clock.sleep(60_000)
    served.by_other_hand("PUT", f"/contacts/{oak}", {"contact": {"name": "OAK LTD"}})
    code, event = served.result("reconcile")
    assert (code, event["ties_out"]) == (1, False)


def test_a_spent_budget_exits_with_3_and_the_same_command_resumes(served: Served) -> None:
    served.set("business:", "budget: {per_day: 263, reserve: 250, settle: 10}\nbusiness:")
    served.planned()
    for word in ("apply", "reconcile"):
        code, event = served.result(word)
        assert (code, event["ended"]) == (3, "paused") and event["until"] > "2", word
        served.clock.sleep(DAY + 60_000)
        for _ in range(3):
            code, event = served.result(word)
            served.clock.sleep(DAY + 60_000)
            if code != 3:
                break
        assert code == 0, word


def test_apply_waits_for_the_next_window_when_asked_to(served: Served) -> None:
    served.set("business:", "budget: {per_day: 263, reserve: 250, settle: 10}\nbusiness:")
    served.planned()
    assert served.run("apply", "--wait").exit_code == 0


def test_a_sign_in_without_the_right_exits_with_1_and_sends_nothing_more(served: Served) -> None:
    served.sign_in("reader")
    served.planned()
    code, event = served.result("apply")
    assert (code, event["counts"]["parked"]) == (1, 2)


def test_more_calls_than_allowed_exits_with_2_and_makes_none(served: Served) -> None:
    served.planned()
    served.run("apply")
    before = served.sage.calls
    assert served.run("reconcile", "--max-calls", "1").exit_code == 2
    assert served.sage.calls == before


def test_a_plan_in_progress_whose_source_changed_exits_with_5_until_that_is_accepted(served: Served) -> None:
    served.planned()
    served.faults.add(Trigger(1, "POST", "/contacts", times=3), Fault(FaultType.ERROR, 503))
    assert served.result("apply")[0] == 1
    (served.folder / "data/contacts.csv").write_text("ref,name\nC1,Oak Limited\nC2,Elm Ltd\n")
    assert served.run("snapshot").exit_code == 0
    refused = served.run("apply")
    assert refused.exit_code == 5 and "sagerecon apply --as-planned" in " ".join(refused.stderr.split())
    accepted = served.run("apply", "--as-planned", "--json")
    events = [json.loads(line) for line in accepted.stdout.splitlines()]
    (notice,) = (event["message"] for event in events if event["event"] == "notice")
    assert accepted.exit_code == 0 and "1 record (customers/C1) still to be sent" in notice


def test_a_wait_that_sage_asks_for_exits_with_3_and_the_next_start_makes_no_call(served: Served) -> None:
    business = projects.open_project(served.folder).business.id
    served.planned()
    served.sage.set_switch("retry_after", "seconds")
    used = (served.clock.now() - number * SECOND for number in range(2_500))  # the day, by another app
    served.sage.schedule_foreign_calls(business, used)
    code, first = served.result("apply")
    assert (code, first["ended"]) == (3, "paused") and first["until"] > "2"
    served.sage.limits.change(served.sage.catalog.api.limit_profiles["published"])  # Sage would accept calls
    calls = served.sage.calls
    served.clock.sleep(20 * HOUR)
    code, second = served.result("apply")
    assert (code, second["until"], served.sage.calls) == (3, first["until"], calls)
    paused = served.run("apply")
    assert "Sage accepts no more calls for now" in paused.output and first["until"] in paused.output
    served.clock.sleep(4 * HOUR)
    assert served.run("apply").exit_code == 0


def test_two_reconciliations_at_once_both_tie_out(served: Served) -> None:
    served.planned()
    served.run("apply")
    words = [sys.executable, "-m", "sagerecon", "reconcile", "--json", "--project", str(served.folder)]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        output, _ = process.communicate(timeout=120)
        event = json.loads(output.splitlines()[-1])
        assert (process.returncode, event["event"], event["ties_out"]) == (0, "result", True), output
    assert served.run("report").exit_code == 0


def test_a_store_that_is_older_than_its_witness_exits_with_1_and_sends_nothing(served: Served) -> None:
    served.planned()
    store = served.folder / ".sagerecon/store.sqlite"
    before = store.read_bytes()
    assert served.run("apply").exit_code == 0
    store.write_bytes(before)
    calls = served.sage.calls
    assert served.run("plan").exit_code == 1
    ran = served.run("apply")
    assert (ran.exit_code, served.sage.calls) == (1, calls)
    text = " ".join((ran.stdout + ran.stderr).split())
    assert "is an older copy" in text and "Put the newest copy of the store back" in text


def test_a_copy_made_before_a_run_was_killed_exits_with_1_and_sends_nothing(
    served: Served, tmp_path: Path
) -> None:
    (served.folder / "mappings/customers.yaml").write_text(MAPPING.replace("adopt_if_equal", "create"))
    rows = "".join(f"C{number},Firm {number}\n" for number in range(90))
    (served.folder / "data/contacts.csv").write_text(f"ref,name\n{rows}")
    served.planned()
    store = served.folder / ".sagerecon/store.sqlite"
    words = [sys.executable, "-m", "sagerecon", "apply", "--project", str(served.folder)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as run:
        _wait_for_calls(served, 10)
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(tmp_path / "copy")) as copy:
            source.backup(copy)
        _wait_for_calls(served, 40)
        run.kill()
    for path in store.parent.glob("store.sqlite*"):
        path.unlink()
    shutil.copy(tmp_path / "copy", store)
    calls = served.sage.calls
    assert served.run("plan").exit_code == 1
    assert served.run("apply").exit_code == 1
    assert calls == served.sage.calls < 90
    unconfirmed = served.run("apply", "--distrust-store")
    assert (unconfirmed.exit_code, served.sage.calls) == (2, calls)
    assert "--distrust-store reads contact whole: 1 call" in " ".join(unconfirmed.stdout.split())
    assert served.run("apply", "--distrust-store", "--yes").exit_code == 0
    books = served.sage.business(next(iter(served.sage.membership.businesses)))
    page = books.handle(ApiRequest("GET", "/contacts", {"exclude_system": "true"}, None, OTHER_HAND, 0)).body
    assert page["$total"] == 90


def _wait_for_calls(served: Served, count: int) -> None:
    patience = time.monotonic() + 60
    while served.sage.calls < count:
        assert time.monotonic() < patience, f"{served.sage.calls} of {count} calls"
        time.sleep(0.002)


def test_a_reading_that_was_continued_a_day_later_says_so(served: Served) -> None:
    """Pause a reading after a few pages, and continue it a day later: what was read first is a day old."""
    served.planned()
    assert served.run("apply").exit_code == 0
    assert "Sage was read from" not in served.run("reconcile").output
    served.clock.sleep(HOUR)
    served.faults.add(Trigger(4, "GET", times=30), Fault(FaultType.TOO_MANY))
    ran = served.run("reconcile")
    assert ran.exit_code == 3, ran.output
    while ran.exit_code == 3:
        served.clock.sleep(5 * HOUR)
        ran = served.run("reconcile")
    text = " ".join(ran.output.split())
    assert "Sage was read from 5 January 2026, 09:0" in text and "the reading was paused" in text
    assert "What was read first does not show later changes." in text
