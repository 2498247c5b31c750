"""The loaders of what sagerecon itself writes, in the project, beside the store and for the sandbox."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from zlib import crc32

import duckdb
from loader_fuzzing import Loader
from loader_projects import CLOCK, tiny, write
from mutations import mutated, with_other_value
from runs import customer
from test_planning_planner import planned
from tiny import write_tiny

from sagerecon.commands.plan_file import open_outline, open_plan, planned_step
from sagerecon.commands.preparation import prepare
from sagerecon.commands.rehearsals import BusinessFacts, open_rehearsal
from sagerecon.documents import package
from sagerecon.model.errors import ProjectError
from sagerecon.planning.plan import plan_lines
from sagerecon.project.file import read_project
from sagerecon.project.outcome_file import DamagedFileError, OutcomeFile
from sagerecon.project.snapshots import open_snapshot, take_snapshot
from sagerecon.project.source import compile_source
from sagerecon.project.state import read_business
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import SharedClock, VirtualClock
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.store.call_witness import CallWitness
from sagerecon.store.opening import open_store
from sagerecon.store.witness import Extent, StoreName, Witness, WitnessFolder


def load_business(content: bytes, folder: Path) -> None:
    read_business(write(folder, {"business": content}))


def load_plan(content: bytes, folder: Path) -> None:
    project = read_project(tiny(folder, {".sagerecon/plan.jsonl": content}))
    open_outline(project)
    planned_step(project, "customers/C1")
    for step in open_plan(project).steps:
        str(step).encode()


def sealed(seed: bytes, random: Random) -> bytes:
    """Change a line of a plan, and seal it again as somebody could who knows how."""
    if random.random() < 0.3:
        return mutated(seed, random)
    lines = seed.splitlines()[:-1]
    at = random.randrange(len(lines))
    lines[at] = json.dumps(with_other_value(json.loads(lines[at]), random)).encode()
    content = b"\n".join(lines) + b"\n"
    return content + json.dumps({"seal": sha256(content).hexdigest()}, separators=(",", ":")).encode() + b"\n"


def made(names: tuple[str, ...]) -> bytes:
    """Return a file of the state of a tiny project whose outcomes were prepared."""
    with tempfile.TemporaryDirectory() as folder:
        project = read_project(write_tiny(Path(folder)))
        take_snapshot(project, CLOCK, lambda _name, _rows: None)
        prepare(project)
        return next(project.state.glob(names[0])).read_bytes()


def load_outcomes(content: bytes, folder: Path) -> None:
    """Read all of a file of outcomes; what is damaged is made anew."""
    path = write(folder, {"o.db": content}) / "o.db"
    try:
        file = OutcomeFile(path, fingerprint_in(outcomes()))
        for position, outcome in enumerate(file.outcomes()):
            str(outcome).encode()
            file.record(position)
        file.fact("findings")
        list(file.keys())
    except DamagedFileError as error:
        raise ProjectError("It is made anew.") from error


@cache
def outcomes() -> bytes:
    return made(("prepared-*.db",))


@cache
def fingerprint_in(content: bytes) -> str:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(content)
        (document,) = connection.execute("SELECT document FROM facts WHERE name = 'made_from'").fetchone()
        return str(json.loads(document)[0])


def other_outcome(seed: bytes, random: Random) -> bytes:
    """Change a document of a row, with a checksum that is right again."""
    if random.random() < 0.3:
        return mutated(seed, random)
    table, key = random.choice((("outcomes", "position"), ("records", "position"), ("facts", "name")))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(seed)
        rows = connection.execute(f"SELECT {key}, document FROM {table}").fetchall()
        place, document = random.choice(rows)
        changed = json.dumps(with_other_value(json.loads(document), random))
        connection.execute(
            f"UPDATE {table} SET document = ?, checksum = ? WHERE {key} = ?",
            (changed, crc32(f"{place}\n{changed}".encode()), place),
        )
        connection.commit()
        return connection.serialize()


@cache
def snapshot() -> bytes:
    return made(("snapshot.duckdb",))


def load_snapshot(content: bytes, folder: Path) -> None:
    project = read_project(tiny(folder, {".sagerecon/snapshot.duckdb": content}))
    with open_snapshot(project, compile_source(project)[0]) as opened:
        list(opened.rows("contacts"))


def other_meta(seed: bytes, random: Random) -> bytes:
    """Change what a snapshot says of itself, or bytes of its file."""
    if random.random() < 0.5:
        return mutated(seed, random)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.duckdb"
        path.write_bytes(seed)
        with duckdb.connect(str(path)) as connection:
            (meta,) = connection.execute("SELECT meta FROM _snapshot").fetchall()[0]
            changed = json.dumps(with_other_value(json.loads(meta), random))
            connection.execute("UPDATE _snapshot SET meta = $meta", {"meta": changed})
        return path.read_bytes()


def load_unsaved(content: bytes, folder: Path) -> None:
    write(folder, {"s.db.unsaved": content})
    with open_store(f"sqlite:///{folder / 's.db'}", CLOCK, None):
        pass


def load_witness(content: bytes, folder: Path) -> None:
    where, name = WitnessFolder(folder, "project"), StoreName("one", "s.db")
    witness = Witness(where, name, "business", CLOCK)
    witness.write(Extent(1, 2), 0)
    (path,) = folder.iterdir()
    path.write_bytes(content)
    witness.began_at()
    witness.require_complete(Extent(9, 9))
    Witness(where, replace(name, identity="two"), "business", CLOCK).require_complete(Extent(1, 1))


def witness() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        made_by = Witness(WitnessFolder(Path(folder), "p"), StoreName("one", "s.db"), "business", CLOCK)
        made_by.write(Extent(1, 2), 3)
        return next(Path(folder).iterdir()).read_bytes()


def load_calls(content: bytes, folder: Path) -> None:
    calls = CallWitness(WitnessFolder(folder, "project"), "business")
    calls.add_closure(1, CLOCK.now())
    (path,) = folder.iterdir()
    path.write_bytes(content)
    calls.read()
    calls.delete_earlier(CLOCK.now())


@cache
def rehearsal() -> bytes:
    sage = open_rehearsal(package.catalog(), BusinessFacts(), VirtualClock(), 7)
    token = sage.grant("sagerecon", "owner", next(iter(sage.membership.businesses)))["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = {"contact": {"name": "Oak", "contact_type_ids": ["CUSTOMER"], "idempotency_id": "1"}}
    sage.request("POST", "/v3.1/contacts", headers, json.dumps(body).encode())
    with tempfile.TemporaryDirectory() as folder:
        sage.save(Path(folder) / "state")
        return (Path(folder) / "state").read_bytes()


def load_rehearsal(content: bytes, folder: Path) -> None:
    path = write(folder, {"state": content}) / "state"
    sage = RehearsalSage.load(path, package.catalog(), VirtualClock(), Business.from_document)
    sage.request("GET", "/", {"host": "localhost"})
    sage.save(path)


def load_clock(content: bytes, folder: Path) -> None:
    with SharedClock(write(folder, {"clock": content}) / "clock") as clock:
        clock.sleep(1_000)


def plan() -> bytes:
    lines = plan_lines(planned(*(customer(number, name=f"Oak {number}") for number in range(1, 4))))
    return "".join(lines).encode()


_FORGET = {"business": "b", "kind": "c", "key": "d"}
_KEEP = {**_FORGET, "sage_id": "e", "content": "{}", "run": "r", "number": 1}
UNSAVED = tuple(
    json.dumps({"version": 1, "statements": [[name, values]]}).encode() + b"\n"
    for name, values in (("forget_id", _FORGET), ("keep_id", _KEEP))
)

LOADERS: tuple[Loader, ...] = (
    Loader("business", (b"0a1b2c3d\n",), load_business, 5),
    Loader("unsaved", UNSAVED, load_unsaved, 2),
    Loader("witness", (witness(),), load_witness, 10),
    Loader("calls", (b"abc 1767600000000 1767600000000\nclosed 1 2\n",), load_calls, 10),
    Loader("clock", (b"\0\0\x01\x9b\x8a\0\0\0", b""), load_clock, 5),
    Loader("plan", (plan(),), load_plan, 8, sealed),
    Loader("outcomes", (outcomes(),), load_outcomes, 6, other_outcome),
    Loader("snapshot", (snapshot(),), load_snapshot, 1, other_meta),
    Loader("rehearsal", (rehearsal(),), load_rehearsal, 2),
)
