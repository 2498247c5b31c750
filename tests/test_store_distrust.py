"""Nothing is doubled when the store was lost, restored or moved: shown by what the rehearsal Sage holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_trade import COUNTS, write_small_trade

from sagerecon.commands import plans, runs, sources
from sagerecon.model.clock import DAY
from sagerecon.model.code import Code
from sagerecon.model.errors import IncompleteStoreError
from sagerecon.model.finding import Finding
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.step import CreateStep, SkipStep
from sagerecon.project.sage import GRANT, SANDBOX_APP
from sagerecon.project.store import open_store
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger
from sagerecon.runner.progress import Event
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.sage.tokens import read_tokens


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Move]:
    with signed_in(write_small_trade(tmp_path / "project")) as opened:
        yield opened


def store_of(moving: Move) -> Path:
    return moving.folder / ".sagerecon/store.sqlite"


def sign_in(moving: Move) -> None:
    granted = moving.sage.grant(SANDBOX_APP, "owner", moving.project.business.id)
    with open_store(moving.project, moving.clock) as store:
        store.vault.save(GRANT, read_tokens(granted, moving.clock.now()), None)


def plan(moving: Move) -> Plan:
    sources.snapshot(moving.project, moving.clock, lambda _file, _rows: None)
    return plans.plan(moving.project, moving.clock)


def apply(moving: Move, **more: object) -> RunOutcome:
    return runs.apply(moving.project, moving.clock, moving.session, **more)  # type: ignore[arg-type]


def held(moving: Move) -> dict[str, int]:
    """Return how many entities of each kind Sage holds, by its own count."""
    counts = {}
    for name in COUNTS:
        more = {"exclude_system": "true"} if name == "contact" else {}
        page = moving.by_other_hand("GET", moving.project.catalog[name].path, **more).body
        counts[name] = page["$total"]
    return counts


def uncertain(made: Plan) -> list[Finding]:
    return [finding for finding in made.header.findings if finding.code is Code.UNCERTAIN_IN_SAGE]


def total(moving: Move) -> int:
    return sum(held(moving).values())


def stop_after(moving: Move, count: int) -> Callable[[], bool]:
    return lambda: total(moving) >= count


def delete_store(moving: Move, _: Path) -> None:
    for path in store_of(moving).parent.glob("store.sqlite*"):
        path.unlink()


def restore_copy(moving: Move, copy: Path) -> None:
    delete_store(moving, copy)
    shutil.copy(copy, store_of(moving))


def forget_witness(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the next command run as on another machine, which has no witness of the store."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))


@pytest.mark.parametrize("is_here", [True, False], ids=["with a witness", "on another machine"])
@pytest.mark.parametrize("loaded", [3, 9, 16])
@pytest.mark.parametrize("lose", [delete_store, restore_copy])
@pytest.mark.parametrize("copied_at", [0, 2])
def test_a_lost_store_is_rebuilt_from_sage(
    moving: Move,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lose: Callable[[Move, Path], None],
    loaded: int,
    copied_at: int,
    is_here: bool,
) -> None:
    plan(moving)
    if copied_at:
        apply(moving, should_stop=stop_after(moving, copied_at))
    shutil.copy(store_of(moving), tmp_path / "copy")
    apply(moving, should_stop=stop_after(moving, loaded))
    before = held(moving)
    lose(moving, tmp_path / "copy")
    if not is_here:
        forget_witness(monkeypatch, tmp_path / "elsewhere")
    moving.clock.sleep(8 * DAY)  # Sage has forgotten the idempotency ids
    sign_in(moving)
    made = plan(moving)
    codes = [finding.code for finding in made.header.findings]
    assert (Code.INCOMPLETE_STORE if is_here else Code.CENSUS) in codes
    for _ in range(2):  # a refusal changes nothing
        with pytest.raises(IncompleteStoreError) as error:
            apply(moving)
        assert error.value.exit_code == 1
        assert "sagerecon apply --distrust-store" in error.value.hint
        assert "whole: 1" in error.value.hint or "whole: 9" in error.value.hint, error.value.hint
    assert held(moving) == before
    assert apply(moving, distrust_store=True).ended is Ended.FINISHED
    assert held(moving) == COUNTS
    assert {type(step) for step in plan(moving).steps[1:]} == {SkipStep}
    calls = moving.sage.calls
    apply(moving)
    assert moving.sage.calls == calls + 1  # the settings alone: the witness says that the store is complete


def test_what_was_edited_in_sage_waits_with_all_that_refers_to_it(moving: Move) -> None:
    plan(moving)
    apply(moving)
    (invoice,) = [
        item
        for item in moving.by_other_hand("GET", "/sales_invoices", attributes="all").body["$items"]
        if item["contact"]["displayed_as"].startswith("Ash")
    ]
    edit = {"sales_invoice": {"due_date": "2017-06-30"}}
    assert moving.by_other_hand("PUT", f"/sales_invoices/{invoice['id']}", edit).status == 200
    delete_store(moving, Path())
    sign_in(moving)
    moving.clock.sleep(8 * DAY)
    sign_in(moving)
    plan(moving)
    outcome = apply(moving, distrust_store=True)
    assert outcome.ended is Ended.FINISHED
    assert held(moving) == COUNTS
    finding, of_the_receipt = uncertain(plan(moving))
    assert "what it refers to was not found in Sage" in of_the_receipt.message
    assert finding.message.startswith("Sage may hold 1 sales_invoice record (30.00) already: invoices/I4.")
    assert "due_date is '2017-06-30' and would be '2017-02-02'" in finding.message
    outcome = apply(moving)
    assert (outcome.counts[Event.UNDECIDED], outcome.counts.get(Event.QUARANTINED)) == (2, None)
    assert held(moving) == COUNTS
    back = {"sales_invoice": {"due_date": "2017-02-02"}}
    assert moving.by_other_hand("PUT", f"/sales_invoices/{invoice['id']}", back).status == 200
    moving.clock.sleep(60_000)
    plan(moving)
    outcome = apply(moving, distrust_store=True)
    assert outcome.counts[Event.ADOPTED] == 2  # the invoice, and its receipt
    assert held(moving) == COUNTS
    assert not uncertain(plan(moving))


def test_a_crash_during_the_rebuilding_leaves_a_store_that_is_not_trusted(
    moving: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(moving)
    apply(moving, should_stop=stop_after(moving, 9))
    before = held(moving)
    delete_store(moving, Path())
    moving.clock.sleep(8 * DAY)
    sign_in(moving)
    plan(moving)

    class Crash(BaseException):
        """The process ends here."""

    for number in (1, 4, 7):
        adopted = []

        def crash(progress: object, number: int = number, adopted: list[int] = adopted) -> None:
            if getattr(progress, "event", None) == "adopted":
                adopted.append(1)
                if len(adopted) == number:
                    raise Crash

        with pytest.raises(Crash):
            apply(moving, distrust_store=True, on_progress=crash)
        with pytest.raises(IncompleteStoreError):
            apply(moving)
        assert held(moving) == before
    assert apply(moving, distrust_store=True).ended is Ended.FINISHED
    assert held(moving) == COUNTS


def test_a_fresh_business_is_read_with_one_call_a_kind(moving: Move) -> None:
    made = plan(moving)
    notices: list[str] = []
    outcome = apply(moving, on_notice=notices.append)
    assert outcome.ended is Ended.FINISHED
    assert held(moving) == COUNTS
    assert "No witness states that the store is complete" in notices[0]
    kinds = {step.kind for step in made.steps if isinstance(step, CreateStep)}
    with open_store(moving.project, moving.clock) as store:
        history = store.company(moving.project.business.id).history
        census = next(run for run in history.runs() if run.purpose.value == "census")
        assert {reading.kind for reading in history.readings(census.id)} == kinds
        assert census.planned_calls == len(kinds)


def test_unrelated_entities_do_not_stop_a_run(moving: Move) -> None:
    other = {"contact": {"name": "Other Ltd", "contact_type_ids": ["CUSTOMER"]}}
    contact = moving.by_other_hand("POST", "/contacts", other).body["id"]
    accounts = moving.by_other_hand("GET", "/ledger_accounts", items_per_page="200").body["$items"]
    sales = next(item["id"] for item in accounts if "4000" in item["displayed_as"])
    line = {
        "description": "Work",
        "ledger_account_id": sales,
        "quantity": "1",
        "unit_price": "30.00",
        "tax_rate_id": "GB_ZERO",
        "tax_amount": "0.00",
    }
    body = {"contact_id": contact, "date": "2017-02-02", "due_date": "2017-02-02", "invoice_lines": [line]}
    assert moving.by_other_hand("POST", "/sales_invoices", {"sales_invoice": body}).status == 201
    plan(moving)
    assert apply(moving).ended is Ended.FINISHED
    assert held(moving) == {
        **COUNTS,
        "contact": COUNTS["contact"] + 1,
        "sales_invoice": COUNTS["sales_invoice"] + 1,
    }


def test_a_paused_reading_is_continued_by_the_same_command(moving: Move) -> None:
    plan(moving)
    apply(moving, should_stop=stop_after(moving, 9))
    delete_store(moving, Path())
    moving.clock.sleep(8 * DAY)
    sign_in(moving)
    plan(moving)
    before = moving.sage.calls
    for calls in (2, 5):
        outcome = apply(
            moving,
            distrust_store=True,
            should_stop=lambda calls=calls: moving.sage.calls >= before + calls,
        )
        assert outcome.ended is Ended.STOPPED
    with pytest.raises(IncompleteStoreError):
        apply(moving)
    assert apply(moving, distrust_store=True).ended is Ended.FINISHED
    assert held(moving) == COUNTS
    with open_store(moving.project, moving.clock) as store:
        found = store.company(moving.project.business.id).history.runs()
        assert [run.purpose for run in found] == [Purpose.CENSUS, Purpose.LOAD]


def test_an_attempt_in_doubt_is_settled_beside_the_rebuilding(moving: Move, tmp_path: Path) -> None:
    plan(moving)
    moving.faults.add(Trigger(2, "POST", "/sales_invoices", times=1), Fault(FaultType.ANSWER_LOST))

    class Crash(BaseException):
        """The process ends here."""

    def crash(progress: object) -> None:
        if getattr(progress, "event", None) == "resent":
            raise Crash

    with pytest.raises(Crash):
        apply(moving, on_progress=crash)
    shutil.copy(store_of(moving), tmp_path / "copy")
    apply(moving)
    assert held(moving) == COUNTS
    restore_copy(moving, tmp_path / "copy")
    moving.clock.sleep(8 * DAY)
    sign_in(moving)
    with pytest.raises(IncompleteStoreError):
        apply(moving)
    assert apply(moving, distrust_store=True).ended is Ended.FINISHED
    assert held(moving) == COUNTS


def test_a_kind_that_cannot_be_read_stops_the_run_before_the_first_write(moving: Move) -> None:
    plan(moving)
    moving.faults.add(Trigger(1, "GET", "/journals", times=99), Fault(FaultType.ERROR, status=403))
    with pytest.raises(IncompleteStoreError, match="could not be read whole"):
        apply(moving)
    assert total(moving) == 0
