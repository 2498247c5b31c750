"""Exit codes of the commands that call Sage, against a served rehearsal with a virtual clock."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny import PROJECT, write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands import projects
from sagerecon.commands.rehearsals import expected_business, open_rehearsal
from sagerecon.model.clock import DAY, HOUR, SECOND
from sagerecon.project.sage import GRANT, SANDBOX_APP
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.request import ApiReply, ApiRequest, User
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve
from sagerecon.sage.tokens import read_tokens

SANDBOX = "http://127.0.0.1:9"


@dataclass
class Served:
    """A project and the served rehearsal that is its Sage."""

    folder: Path
    sage: RehearsalSage
    clock: SharedClock
    faults: ScheduledFaults

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--project", str(self.folder)])

    def result(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the result event."""
        ran = self.run(*words, "--json")
        events = [json.loads(line) for line in ran.stdout.splitlines()]
        return ran.exit_code, next((event for event in events if event["event"] == "result"), {})

    def planned(self) -> None:
        assert [self.run(word).exit_code for word in ("snapshot", "plan")] == [0, 0]

    def set(self, before: str, after: str) -> None:
        path = self.folder / "sagerecon.yaml"
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    def sign_in(self, user: str) -> None:
        project = projects.open_project(self.folder)
        granted = self.sage.grant(SANDBOX_APP, user, project.business.id)
        with open_store(project, self.clock) as store:
            store.vault.save(GRANT, read_tokens(granted, self.clock.now()), None)

    def by_other_hand(self, method: str, path: str, body: object = None) -> ApiReply:
        books = self.sage.business(projects.open_project(self.folder).business.id)
        user = User("f" * 32, "Kim Other", "KO")
        return books.handle(ApiRequest(method, path, {}, body, user, self.clock.now()))


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    folder, faults = write_tiny(tmp_path / "project"), ScheduledFaults()
    monkeypatch.setenv(projects.REHEARSAL_CLOCK, str(tmp_path / "clock"))
    with SharedClock(tmp_path / "clock") as clock:
        project = projects.open_project(folder)
        sage = open_rehearsal(
            project.catalog, expected_business(project), clock, seed=7, faults=faults, latency=200
        )
        write_business(project.state, next(iter(sage.membership.businesses)))
        with serve(sage) as server:
            (folder / "sagerecon.yaml").write_text(PROJECT.replace(SANDBOX, server.url))
            made = Served(folder, sage, clock, faults)
            made.sign_in("owner")
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
    served.faults.add(Trigger(1, "POST", "/contacts", times=6), Fault(FaultType.ERROR, 503))
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]["parked"]) == (1, "finished", 1)
    code, event = served.result("apply")
    assert (code, event["counts"]["created"]) == (0, 1)


def test_a_record_that_is_only_blocked_exits_with_1(served: Served) -> None:
    mapping = served.folder / "mappings/customers.yaml"
    account = "{ref: {kind: ledger_account, by: {nominal_code: param.account}}}"
    mapping.write_text(f"{mapping.read_text()}  default_sales_ledger_account_id: {account}\n")
    served.set("business:", "parameters: {account: 7777}\nbusiness:")
    served.planned()
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]) == (1, "finished", {"read": 3, "blocked": 2})


def test_a_signal_exits_with_3_after_the_call_in_flight(served: Served) -> None:
    served.planned()
    stop = Fault(FaultType.EDIT, edit=lambda: signal.raise_signal(signal.SIGTERM))
    served.faults.add(Trigger(1, "POST", "/contacts"), stop)
    code, event = served.result("apply")
    assert (code, event["ended"], event["counts"]) == (3, "stopped", {"read": 2, "created": 1})
    assert served.result("apply")[0] == 0


def test_the_plan_that_is_named_is_applied(served: Served) -> None:
    plan = served.folder / "other.jsonl"
    assert [served.run("snapshot").exit_code, served.run("plan", "--output", str(plan)).exit_code] == [0, 0]
    assert served.run("apply").exit_code == 2
    code, event = served.result("apply", str(plan))
    assert (code, event["counts"]["created"]) == (0, 2)


def test_a_run_that_has_begun_is_resumed_although_the_mapping_has_changed(served: Served) -> None:
    served.planned()
    served.faults.add(Trigger(1, "POST", "/contacts", times=6), Fault(FaultType.ERROR, 503))
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


def test_more_calls_than_allowed_exits_with_1_and_makes_none(served: Served) -> None:
    served.planned()
    served.run("apply")
    before = served.sage.calls
    assert served.run("reconcile", "--max-calls", "1").exit_code == 1
    assert served.sage.calls == before


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
