"""What an apply did not send is named by `status`, which exits with 1; texts, and the next command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from history_source import FILES
from served import SANDBOX, Served, serving

from sagerecon.cli.outcome import show_outcome
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.report.screen import Screen
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended, RunOutcome


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve a company that is loaded: three customers, an invoice of each."""
    files = {
        **FILES,
        "sagerecon.yaml": FILES["sagerecon.yaml"] + f"sage: {{address: {SANDBOX}}}\n",
        "data/banks.csv": "name,code\nMain,1210\n",
        "data/customers.csv": "ref,name,notes\n0001,Oak,\n0002,Elm,\n0003,Ash,\n",
        "data/invoices.csv": (
            "number,ref,date,amount\n"
            "00011,0001,2017-04-02,1.00\n00012,0002,2017-04-02,2.00\n00013,0003,2017-04-02,3.00\n"
        ),
        "data/payments.csv": "number,ref,date,amount,bank\n00031,0001,2017-05-01,1.00,Main\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(tmp_path) as found:
        yield found


def words(output: str) -> str:
    return " ".join(output.split())


def test_status_names_what_waits_and_exits_with_1(served: Served) -> None:
    served.planned()
    assert served.run("apply").exit_code == 0
    assert served.run("status").exit_code == 0
    served.clock.sleep(60_000)
    invoices = served.folder / "data/invoices.csv"
    invoices.write_text(invoices.read_text().replace("\n000", "\n"))
    assert served.run("snapshot").exit_code == 0
    assert served.run("plan").exit_code == 1
    applied = served.run("apply")
    assert (applied.exit_code, "3 not sent until they are decided on" in applied.output) == (1, True)
    ran = served.run("status")
    assert ran.exit_code == 1, ran.output
    assert "3 sales_invoice records (6.00) may have been recorded by an earlier run" in words(ran.output)
    assert "invoices/11 (earlier: invoices/00011)" in words(ran.output)
    assert "sagerecon decide take sales_invoice:renamed:leading_zeros" in words(ran.output)
    assert "Not sent until it is decided what they are: 3 records." in words(ran.output)
    code, event = served.result("status")
    assert (code, event["waiting"]) == (1, ["invoices/11", "invoices/12", "invoices/13"])
    taken = served.run(
        "decide", "take", "sales_invoice:renamed:leading_zeros", "same_record", "--because", "renumbered"
    )
    assert taken.exit_code == 0, taken.output
    served.clock.sleep(1_000)
    assert served.run("plan").exit_code == 0
    assert served.run("apply").exit_code == 0
    ran = served.run("status")
    assert ran.exit_code == 0, ran.output


def test_status_names_what_the_plan_quarantines(served: Served) -> None:
    invoices = served.folder / "data/invoices.csv"
    invoices.write_text(invoices.read_text() + "00014,0009,2017-04-02,4.00\n")
    served.run("snapshot")
    assert served.run("plan").exit_code == 1
    assert served.run("apply").exit_code == 1
    ran = served.run("status")
    assert ran.exit_code == 1, ran.output
    assert "quarantined invoice 00014" in words(ran.output)
    assert "refers to a record that will not be in Sage: there is no contact customers/0009" in words(
        ran.output
    )


def test_status_of_a_plan_that_was_replaced_names_nothing_of_the_new_one(served: Served) -> None:
    served.planned()
    assert served.run("apply").exit_code == 0
    served.clock.sleep(60_000)
    invoices = served.folder / "data/invoices.csv"
    invoices.write_text(invoices.read_text().replace("\n000", "\n"))
    assert served.run("snapshot").exit_code == 0
    assert served.run("plan").exit_code == 1
    assert served.run("status").exit_code == 0
    (served.folder / ".sagerecon/plan.jsonl").write_text("no plan\n")
    assert served.run("status").exit_code == 0


def test_a_command_that_succeeds_ends_with_the_next_one(served: Served) -> None:
    for command, following in (("snapshot", "plan"), ("plan", "apply")):
        ran = served.run(command)
        assert ran.exit_code == 0 and ran.output.endswith(f"\nNext: sagerecon {following}\n"), ran.output
        served.clock.sleep(1_000)
        assert "Next:" not in served.run(command, "--json").output
    assert served.run("apply").exit_code == 0
    served.clock.sleep(60_000)
    ran = served.run("reconcile")
    assert ran.exit_code == 0 and ran.output.endswith("\nNext: sagerecon report\n"), ran.output
    assert "Next:" not in served.run("reconcile", "--json").output


def test_a_plan_written_elsewhere_is_named_in_the_next_command(served: Served) -> None:
    assert served.run("snapshot").exit_code == 0
    path = served.folder / "my plan.jsonl"
    ran = served.run("plan", "-o", str(path))
    assert ran.exit_code == 0 and f"Next: sagerecon apply '{path}'" in words(ran.output), ran.output


@pytest.mark.parametrize(
    ("ended", "counts", "text"),
    [
        (Ended.PAUSED, {}, "0 calls: no step was finished."),
        (Ended.STOPPED, {}, "0 calls: no step was finished."),
        (Ended.PAUSED, {Event.SKIPPED: 2}, "0 calls: 2 skipped."),
        (Ended.FINISHED, {}, "0 calls: nothing left to do."),
    ],
)
def test_only_a_run_that_finished_has_nothing_left_to_do(
    capsys: pytest.CaptureFixture[str], ended: Ended, counts: dict[Event, int], text: str
) -> None:
    outcome = RunOutcome(run="r", ended=ended, why="The call budget is used up.", calls=0, counts=counts)
    try:
        show_outcome(Screen(), outcome, "sagerecon apply")
    except typer.Exit as exit_:
        assert (ended, exit_.exit_code) != (Ended.FINISHED, 3)
    assert capsys.readouterr().out.startswith(f"{text}\n")


def test_a_decision_that_lapsed_counts_its_records(served: Served) -> None:
    """The decision is about two new customers, of which one has left the source since."""
    customers = served.folder / "data/customers.csv"
    served.planned()
    assert served.run("apply").exit_code == 0
    served.clock.sleep(60_000)
    loaded = customers.read_text()
    customers.write_text(f"{loaded}0004,Yew,\n0005,Fir,\n")
    served.planned()
    assert served.run("decide", "take", "contact:new", "leave_out", "--because", "later").exit_code == 0
    customers.write_text(f"{loaded}0004,Yew Ltd,\n")
    assert served.run("snapshot").exit_code == 0
    ran = served.run("plan")
    assert "it was made about 2 records, and there is 1 record now" in words(ran.output), ran.output


def test_what_an_apply_can_retry_names_apply(served: Served) -> None:
    served.planned()
    served.faults.add(Trigger(1, "POST", "/contacts", times=40), Fault(FaultType.ERROR, 503))
    assert served.run("apply").exit_code == 1
    for command in ("status", "reconcile"):
        served.clock.sleep(60_000)
        ran = served.run(command)
        assert ran.exit_code == 1
        assert "Run the same command again" not in ran.output
        assert "Retry it: sagerecon apply" in ran.output, ran.output
