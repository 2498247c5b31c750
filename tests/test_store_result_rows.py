"""The result of a reconciliation in the store: its long lists are rows, which are read one by one."""

import sqlite3
from typing import Any

import pytest
from runs import desk as desk_in
from runs import quick_folder

from sagerecon.model.errors import StoreError
from sagerecon.model.rows import Rows
from sagerecon.store.reconciliation_log import Basis, ReadingRuns, ReconciliationLog, StoredResult

BASIS = Basis(ReadingRuns("r"), (), ())


def rows(*names: str) -> Rows:
    return Rows(len(names), lambda: ({"name": name} for name in names))


def record(log: ReconciliationLog, document: dict[str, Any]) -> None:
    log.record(BASIS, [], StoredResult({}, document))


def read(log: ReconciliationLog) -> Any:
    found = log.last_result()
    assert found is not None
    return found.document


def test_rows_come_back_in_their_order_and_place_for_each_reader() -> None:
    with quick_folder() as folder, desk_in(folder).open() as store:
        log = store.company("B").reconciliations
        nested = [{"title": "debtors", "lines": rows("z", "a")}, {"title": "bank", "lines": rows()}]
        record(log, {"verdict": "review", "exceptions": rows("c", "b"), "tie_outs": nested})
        found = read(log)
        assert found["verdict"] == "review" and len(found["exceptions"]) == 2
        for _ in range(2):
            assert list(found["exceptions"]) == [{"name": "c"}, {"name": "b"}]
        debtors, bank = found["tie_outs"]
        assert debtors["title"] == "debtors" and list(debtors["lines"]) == [{"name": "z"}, {"name": "a"}]
        assert not bank["lines"] and not list(bank["lines"])


def test_the_rows_of_another_company_stay_and_those_of_an_earlier_reconciliation_go() -> None:
    with quick_folder() as folder, desk_in(folder).open() as store:
        ours, theirs = (store.company(name).reconciliations for name in ("B", "C"))
        record(theirs, {"exceptions": rows("theirs")})
        record(ours, {"exceptions": rows("old", "older")})
        before = read(ours)["exceptions"]
        record(ours, {"exceptions": rows("new")})
        assert list(read(ours)["exceptions"]) == [{"name": "new"}]
        assert list(read(theirs)["exceptions"]) == [{"name": "theirs"}]
        with pytest.raises(StoreError, match="newer reconciliation was recorded while this one was read"):
            list(before)


def test_a_result_that_version_6_stored_is_read() -> None:
    """Its lists are in the document itself."""
    with quick_folder() as folder:
        desk = desk_in(folder)
        with desk.open() as store:
            record(store.company("B").reconciliations, {})
        connection = sqlite3.connect(folder / "store.db")
        connection.execute('UPDATE reconciliations SET document = \'{"exceptions": [{"name": "a"}]}\'')
        connection.execute("DROP TABLE result_rows")
        connection.execute("UPDATE store_facts SET value = '6' WHERE name = 'schema'")
        connection.commit()
        connection.close()
        with desk.open() as store:
            log = store.company("B").reconciliations
            assert read(log) == {"exceptions": [{"name": "a"}]}
            record(log, {"exceptions": rows("b")})
            assert list(read(log)["exceptions"]) == [{"name": "b"}]
