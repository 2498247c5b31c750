"""A business that ignores idempotency ids, and a run of 184 records that is killed 26 times."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from moves import Move, signed_in
from runs import Crash, quick_folder
from small_trade import write_small_trade

from sagerecon.commands import plans, runs, sources
from sagerecon.model.clock import DAY, SECOND
from sagerecon.planning.settling import Replays
from sagerecon.project.store import open_store
from sagerecon.runner.run import Ended
from sagerecon.store import opening, process, vault

KILLS = 26

#: How often; `make soak` makes more of them.
RUNS = int(os.environ.get("SAGERECON_KILLED_RUNS", "1"))

#: How many records of each kind are written: 184 with one bank account.
COUNTS = {
    "contact": 24,
    "product": 5,
    "sales_invoice": 90,
    "sales_credit_note": 20,
    "contact_payment": 20,
    "journal": 20,
    "contact_allocation": 4,
}


def documents() -> str:
    """Return the documents; the journals, and invoices of one contact and day, are alike in everything."""
    rows = ["id,type,ref,date,amount,other"]
    rows += [f"I{n},I,P{n % 24},2017-02-0{n % 24 % 5 + 1},10.00,G{n % 24 % 5}" for n in range(90)]
    rows += [f"C{n},C,P{n % 24},2017-02-03,{n + 5}.00," for n in range(20)]
    rows += [f"R{n},R,P{(n + 40) % 24},2017-02-04,4.00,I{n + 40}" for n in range(20)]
    rows += [f"J{n},J,,2017-02-05,7.00," for n in range(20)]
    rows += [f"A{n},A,P{n},2017-02-06,{n + 2}.00,I{n}/C{n}" for n in range(4)]
    return "\n".join([*rows, ""])


class Killer:
    """Kills the process at a failpoint that is chosen anew for each start."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._left = 0
        self.kills: Counter[str] = Counter()

    def start(self) -> None:
        self._left = self._chance.randrange(3, 70) if self.kills.total() < KILLS else -1

    def failpoint(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.kills[name] += 1
            raise Crash


def run_to_the_end(move: Move, killer: Killer) -> None:
    while True:
        killer.start()
        try:
            outcome = runs.apply(move.project, move.clock, move.session, patience_ms=2 * DAY)
        except Crash:
            continue
        assert outcome.ended is Ended.FINISHED, outcome
        return


def held(move: Move, name: str) -> int:
    more = {"exclude_system": "true"} if name == "contact" else {}
    count: int = move.by_other_hand("GET", move.project.catalog[name].path, **more).body["$total"]
    return count


@pytest.mark.parametrize("seed", range(RUNS))
def test_kills_double_and_lose_nothing_where_ids_are_ignored(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(seed)
    with quick_folder() as folder, signed_in(write_small_trade(folder / "project")) as move:
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        write_source(move.folder / "data")
        opened = partial(opening.open_store, failpoint=killer.failpoint)
        monkeypatch.setattr(opening, "open_store", opened)
        monkeypatch.setattr(runs, "run", partial(runs.run, failpoint=killer.failpoint))
        monkeypatch.setattr(process, "_started", lambda _: str(killer.kills.total()))  # earlier ones ended
        monkeypatch.setattr(
            vault, "time", SimpleNamespace(sleep=lambda seconds: move.clock.sleep(round(seconds * SECOND)))
        )
        move.sage.set_switch("idempotency", "ignored")
        sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
        plans.plan(move.project, move.clock)
        before = held(move, "bank_account")
        run_to_the_end(move, killer)
        assert killer.kills.total() == KILLS and len(killer.kills) == 4, killer.kills
        assert {name: held(move, name) for name in COUNTS} == COUNTS
        assert held(move, "bank_account") == before + 1
        with open_store(move.project, move.clock) as store:
            run_log = store.company(move.project.business.id).run_log
            assert run_log.replays() is Replays.IGNORED


def write_source(data: Path) -> None:
    parties, goods = (
        "".join(f"{letter}{n},{name} {n}\n" for n in range(count))
        for letter, name, count in (("P", "Firm", 24), ("G", "Good", 5))
    )
    (data / "parties.csv").write_text(f"ref,name\n{parties}")
    (data / "goods.csv").write_text(f"code,name\n{goods}")
    (data / "documents.csv").write_text(documents())
