"""Tests of the ports to a company's data, and of the statements in every dialect."""

from dataclasses import replace
from types import ModuleType

import pytest
from runs import customer, invoice, quick_folder, twenty
from runs import desk as desk_in
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from sagerecon.documents.package import catalog
from sagerecon.model.draft import OnExisting, Reference
from sagerecon.model.errors import PlanStaleError, StoreError
from sagerecon.model.finding import Severity
from sagerecon.model.key import NaturalKey
from sagerecon.planning.budget import Budget
from sagerecon.planning.planner import Calendar, Provenance, plan_reading
from sagerecon.planning.settling import State
from sagerecon.runner.run import run
from sagerecon.store import (
    call_ledger,
    company_lock,
    id_map,
    opening,
    reconciliation_log,
    result_rows,
    run_history,
    runs,
    steps,
    traffic,
    vault,
)
from sagerecon.store.database import Statement
from sagerecon.store.reconciliation_log import Basis, Judged, LastJudged, ReadingRuns, StoredResult
from sagerecon.store.tables import METADATA


def statements(module: ModuleType) -> dict[str, Statement]:
    return {value.name: value for value in vars(module).values() if isinstance(value, Statement)}


MODULES = (
    call_ledger,
    company_lock,
    id_map,
    opening,
    reconciliation_log,
    result_rows,
    run_history,
    runs,
    steps,
    traffic,
    vault,
)
STATEMENTS = {name: statement for module in MODULES for name, statement in statements(module).items()}


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_each_statement_compiles_in_each_dialect(dialect: object) -> None:
    assert len(STATEMENTS) > 40
    for statement in STATEMENTS.values():
        assert str(statement.build(dialect).compile(dialect=dialect))  # type: ignore[arg-type]
    for table in METADATA.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))  # type: ignore[arg-type]
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))  # type: ignore[arg-type]


def test_statement_names_are_unique() -> None:
    replayable = [s for module in (runs, steps, id_map, call_ledger, vault) for s in module.REPLAYABLE]
    assert len({statement.name for statement in replayable}) == len(replayable)
    named = {id(s): s.name for module in MODULES for s in statements(module).values()}
    assert len(set(named.values())) == len(named)


def test_status_and_runs_describe_the_newest_load() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        desk.sage.rejects = lambda kind, body: "No." if body["reference"] == "C3" else ""
        plan = desk.planned(twenty())
        desk.go()
        with desk.open() as store:
            company = store.company("B")
            status = company.history.status()
            (only,) = company.history.runs()
    assert status.run == only
    assert (only.plan, only.state, only.steps, only.planned_calls) == (plan.hash, "finished", 20, 20)
    assert only.counts == {"recorded": 18, "quarantined": 1, "blocked": 1}
    assert (status.calls_last_day, status.calls_last_minute, status.in_doubt) == (19, 19, 0)


def test_a_step_set_aside_keeps_its_content_and_reason() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        desk.planned([customer(1, notes=Reference("ledger_account", NaturalKey("nominal_code", "7")))])
        desk.go()
        with desk.open() as store:
            (aside,) = store.company("B").history.set_aside()
    assert (aside.state, aside.step.key, aside.step.label) == (State.BLOCKED, "customers/C1", "Firm 1")
    assert str(aside.findings[0].place) == "customers.csv:2"
    assert aside.findings[0].severity is Severity.ERROR


def test_reading_back_is_recorded_and_leaves_the_id_map_unchanged() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        desk.sage.add("contact", name="Elm", reference="E1")
        desk.planned(twenty())
        desk.go()
        with desk.open() as store:
            company = store.company("B")
            before = company.id_map.fingerprint()
            plan = plan_reading(
                [("contact", 10), ("sales_invoice", 9)],
                [],
                company.id_map.fingerprint(),
                catalog(),
                Budget(None, None),
                Provenance("B", "", "", ""),
                Calendar(desk.clock.now()),
            )
            outcome = run(plan, desk.sage, company.run_log, desk.clock, Budget(None, None), catalog())
            assert outcome.counts == {"read": 2}
            assert len(list(company.history.entities_read(outcome.run))) == 20
            assert {e.body["reference"] for e in company.history.entities_read(outcome.run, "contact")} == {
                "E1",
                *(f"C{n}" for n in range(10)),
            }
            assert company.id_map.fingerprint() == before
            assert [r.purpose for r in company.history.runs()] == ["load", "read_back"]
            assert company.history.status().run == company.history.runs()[0]


def test_reading_back_does_not_lock_and_a_lost_lock_is_noticed_at_the_end() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        plan = desk.planned([customer(1)])
        with desk.open() as writer, desk.open() as other:
            log = writer.company("B").run_log
            begun = log.begin(plan)
            log.flush()
            reading = plan_reading(
                [("contact", 1)],
                [],
                plan.header.id_map,
                catalog(),
                Budget(None, None),
                Provenance("B", "", "", ""),
                Calendar(desk.clock.now()),
            )
            other.company("B").run_log.begin(reading)
            other.company("B").run_log.flush()
            assert log.book(Budget(None, None)) == 0
            other.company("B").run_log.begin(plan)
            with pytest.raises(StoreError, match="another process is working on it"):
                log.end(begun, is_finished=False)


def test_a_plan_of_another_company_is_refused() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        plan = desk.planned([customer(1)])
        with desk.open() as store, pytest.raises(PlanStaleError, match="is for business B, not for A"):
            store.company("A").run_log.begin(plan)


def test_the_id_map_has_one_fingerprint_for_one_content() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        with desk.open() as store:
            empty = store.company("B").id_map.fingerprint()
            assert store.company("A").id_map.fingerprint() == empty
        desk.planned([customer(1), invoice(1, "customers/C1")])
        desk.go()
        with desk.open() as store:
            id_map = store.company("B").id_map
            assert id_map.fingerprint() not in ("", empty)
            sage_id = id_map.sage_id("contact", "customers/C1")
            assert sage_id is not None
            assert id_map.sage_id("contact", NaturalKey("reference", "C1")) == sage_id
            assert id_map.sage_id("contact", "customers/C9") is None
            assert id_map.owner("contact", sage_id) == "customers/C1"
            assert id_map.owner("sales_invoice", sage_id) is None


def test_the_whole_map_is_read_at_once() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        for name in ("Elm", "Ash"):
            desk.sage.add("contact", name=name, reference="E1")
        desk.planned([customer(1)])
        desk.go()
        with desk.open() as store:
            id_map = store.company("B").id_map
            known = id_map.known()
            assert known.fingerprint == id_map.fingerprint()
            assert known.contents == {("contact", "customers/C1"): id_map.content("contact", "customers/C1")}
            assert ("contact", NaturalKey("reference", "C1")) in known.natural_keys
            ambiguous = ("contact", NaturalKey("reference", "E1"))
            assert ambiguous not in known.natural_keys
            assert id_map.answer(*ambiguous) is None
            answer = id_map.answer("contact", NaturalKey("reference", "C1"))
            assert answer is not None and answer["name"] == "Firm 1"


def test_a_new_reading_of_a_kind_replaces_the_old_natural_keys() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        old = desk.sage.add("contact", name="Elm", reference="E1")
        desk.planned([customer(1)])
        desk.go()
        old["reference"] = "E2"
        plan = desk.planned([customer(2)])
        with desk.open() as store:
            company = store.company("B")
            assert company.id_map.sage_id("contact", NaturalKey("reference", "E1")) == old["id"]
            run(plan, desk.sage, company.run_log, desk.clock, Budget(None, None), catalog())
            assert company.id_map.sage_id("contact", NaturalKey("reference", "E1")) is None
            assert company.id_map.sage_id("contact", NaturalKey("reference", "E2")) == old["id"]


def test_a_new_reading_keeps_the_natural_keys_of_other_kinds() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        account = desk.sage.add("ledger_account", nominal_code=41)
        code = NaturalKey("nominal_code", "41")
        desk.planned([customer(1, default_sales_ledger_account_id=Reference("ledger_account", code))])
        desk.go()
        desk.planned([customer(2)])
        desk.go()
        with desk.open() as store:
            assert store.company("B").id_map.sage_id("ledger_account", code) == account["id"]


def test_a_key_that_a_second_entity_gets_in_the_same_run_means_none() -> None:
    with quick_folder() as folder:
        desk = desk_in(folder)
        desk.planned([customer(1)])
        desk.go()
        second = replace(customer(2, reference="C1"), identity={"reference": "C1"})
        plan = desk.planned([customer(1), replace(second, on_existing=OnExisting.CREATE)])
        with desk.open() as store:
            company = store.company("B")
            key = NaturalKey("reference", "C1")
            assert company.id_map.sage_id("contact", key) is not None
            run(plan, desk.sage, company.run_log, desk.clock, Budget(None, None), catalog())
            assert company.id_map.sage_id("contact", key) is None


def test_a_verdict_keeps_the_run_that_first_gave_it() -> None:
    with quick_folder() as folder, desk_in(folder).open() as store:
        company = store.company("B")
        log = company.reconciliations
        may_be = (("contact", "f00", "c/a"),)
        for run, fingerprint in (("r1", "f1"), ("r2", "f2")):
            a = Judged("a", "contact", "c/a", "edited", "name", fingerprint="f1", is_open=True)
            b = Judged("b", "contact", "c/b", "missing", "gone", fingerprint, is_open=True, may_be=may_be)
            log.record(Basis(ReadingRuns(run), (), ()), [a, b], StoredResult({}, {"run": run}))
        assert log.verdict("contact", "c/b") == LastJudged("missing", "gone", may_be)
        assert log.last_result() == StoredResult({}, {"run": "r2"})
        last = company.reconciliations.last_verdicts()
    assert (last["a"].first_run, last["a"].last_run) == ("r1", "r2")
    assert (last["b"].first_run, last["b"].last_run) == ("r2", "r2")
