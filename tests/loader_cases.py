"""The loaders that are fuzzed: what each reads, and how."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from textwrap import dedent
from unittest.mock import patch

import duckdb
from loader_fuzzing import Loader
from mutations import mutated, with_other_value
from runs import customer
from test_planning_planner import planned
from tiny import MAPPING, PROJECT, SOURCES, write_tiny

from sagerecon.commands import catalog as catalogs
from sagerecon.commands.decision_effects import decisions_in_effect
from sagerecon.commands.mappings import check
from sagerecon.commands.plan_file import open_outline, open_plan, planned_step
from sagerecon.commands.preparation import prepare
from sagerecon.commands.rehearsals import BusinessFacts, open_rehearsal
from sagerecon.documents import package
from sagerecon.files.writing import write_bytes
from sagerecon.mapping.crosswalk import read_crosswalk
from sagerecon.model.errors import ProjectError
from sagerecon.model.finding import Severity
from sagerecon.planning.plan import plan_lines
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.file import read_project
from sagerecon.project.outcome_file import DamagedFileError, OutcomeFile
from sagerecon.project.snapshots import open_snapshot, take_snapshot
from sagerecon.project.state import read_business
from sagerecon.project.user_settings import read_user_settings
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import SharedClock, VirtualClock
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.sources.definitions import Sources
from sagerecon.sources.sources_yaml import read_sources
from sagerecon.sources.table_reader import FindingCollector, read_table
from sagerecon.store.call_witness import CallWitness
from sagerecon.store.opening import open_store
from sagerecon.store.witness import Extent, StoreName, Witness, WitnessFolder

CLOCK = VirtualClock()
Files = Mapping[str, bytes]

#: A table of each format with a column of each type.
TABLES = dedent("""\
    sagerecon: sources/v1
    files:
      t:
        path: "*.csv"
        encoding: utf-8
        columns:
          a: {type: text, required: true}
          b: {type: integer}
          c: {type: decimal, scale: 2}
          d: {type: date, format: ["%d/%m/%Y", "%Y-%m-%d"]}
          e: {type: datetime}
          f: {type: boolean, words: {Ja: true, Nein: false}}
      j:
        path: j.json
        records: answer.rows
        count: answer.total
        columns:
          a: {type: text, path: names.0.first}
          b: {type: integer}
          c: {type: decimal, scale: 4, optional: true}
          d: {type: date}
          l: {type: list, columns: {x: {type: text}, y: {type: decimal}}}
    datasets:
      t: {sql: "SELECT * FROM t ORDER BY a"}
      j: {sql: "SELECT a, unnest(l).x AS x, _origin FROM j"}
    checks:
      k: {sql: "SELECT 'no ' || a AS message, _origin FROM t WHERE b > 10", severity: warning}
    controls:
      s:
        figures:
          one: {sql: "SELECT 'all' AS bucket, sum(c) AS amount FROM t"}
          two: {sql: "SELECT 'all' AS bucket, sum(c) AS amount FROM t"}
    """).encode()
CSV = (
    b"a,b,c,d,e,f\n"
    b'x,1,"1.50",31/03/2017,2017-03-31T14:05:00,Ja\n'
    b'"y, z",-2,(2.00),2017-04-01,2017-03-31 14:05:00+02:00,Nein\n'
    b'"quoted ""name""\nin two lines",,,,,\n'
)
JSON = json.dumps(
    {
        "answer": {
            "total": 2,
            "rows": [
                {"names": [{"first": "x"}], "b": 1, "c": 1.5, "d": "2017-03-31", "l": [{"x": "p", "y": 1}]},
                {"names": [], "b": None, "d": None, "l": None},
            ],
        }
    }
).encode()
DECISIONS = dedent("""\
    sagerecon: decisions/v1
    decisions:
      - standing: already_in_sage
        kind: contact
        key: customers/C1
        answer: adopt
        because: "they are the same"
        by: "Kim"
        on: 2027-03-31
        until: 2028-01-01
        covers: {records: 1, amount: "1,000.00", fingerprint: "abc", theirs: "def"}
    """).encode()
SETTINGS = b"# who\nallow_hosts:\n  - db.example.com\ndata_folders:\n  - /srv/exports\n"
CROSSWALK = b"source,target,valid_from,valid_to,reason,country\nS,1200,2017-01-01,,std,GB\n*,1210,,,rest,\n"
CROSSWALK_YAML = b"sagerecon: crosswalk/v1\nabout: tax\nentries: {S: T20, Z: T0}\n"
OPENAPI = json.dumps(
    {
        "swagger": "2.0",
        "info": {"title": "Sage", "version": "3.1"},
        "paths": {
            "/contacts": {
                "get": {
                    "description": "Accounting Plus: \U0001f1ec\U0001f1e7",
                    "parameters": [{"in": "query", "name": "search", "type": "string"}],
                    "responses": {"200": {"schema": {"$ref": "#/definitions/C"}}},
                },
                "post": {"parameters": [{"in": "body", "schema": {"$ref": "#/definitions/C"}}]},
            }
        },
        "definitions": {
            "C": {
                "allOf": [{"$ref": "#/definitions/D"}, {"type": "object", "required": ["name"]}],
                "properties": {"name": {"type": "string", "maxLength": 50}, "tags": {"type": "array"}},
            },
            "D": {"properties": {"balance": {"type": "number", "minimum": 0, "enum": [1, None]}}},
        },
    }
).encode()


def write(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def tiny(folder: Path, files: Files) -> Path:
    write_tiny(folder)
    return write(folder, files)


def sources_of(text: bytes) -> Sources | None:
    sources, findings = read_sources(text.decode(errors="replace"), "sources.yaml", package.schema("sources"))
    for finding in findings:
        str(finding).encode()
    return None if any(found.severity is Severity.ERROR for found in findings) else sources


def read_tables(sources: Sources | None, folder: Path) -> None:
    if sources is None:
        return
    findings = FindingCollector()
    (folder / "lines").mkdir()
    for file in sources.files.values():
        lines = folder / "lines" / file.name
        read_table(file, folder, lines, findings, lambda _name, _rows: None, ())
    for finding in findings.all():
        str(finding).encode()


@cache
def tables() -> Sources:
    found = sources_of(TABLES)
    assert found is not None
    return found


def load_csv(content: bytes, folder: Path) -> None:
    read_tables(tables(), write(folder, {"t.csv": content, "j.json": JSON}))


def load_json(content: bytes, folder: Path) -> None:
    read_tables(tables(), write(folder, {"t.csv": CSV, "j.json": content}))


def load_declarations(content: bytes, folder: Path) -> None:
    read_tables(sources_of(content), write(folder, {"t.csv": CSV, "j.json": JSON, "contacts.csv": CSV}))


def load_snapshot_of(content: bytes, folder: Path) -> None:
    """Take a snapshot of a changed declaration, and read all of it."""
    project = read_project(tiny(folder, {"sources.yaml": content, "data/t.csv": CSV, "data/j.json": JSON}))
    (folder / "data/contacts.csv").unlink()
    take_snapshot(project, CLOCK, lambda _name, _rows: None)
    with open_snapshot(project) as snapshot:
        for name in project_datasets(content):
            list(snapshot.rows(name))
        snapshot.checks()
        snapshot.controls()


def project_datasets(content: bytes) -> list[str]:
    sources = sources_of(content)
    return [] if sources is None else list(sources.datasets)


def load_project(content: bytes, folder: Path) -> None:
    read_project(tiny(folder, {"sagerecon.yaml": content})).expected_settings()


def load_mapping(content: bytes, folder: Path) -> None:
    check(read_project(tiny(folder, {"mappings/customers.yaml": content})))


def load_crosswalk(content: bytes, folder: Path) -> None:
    del folder
    text = content.decode("utf-8-sig", errors="replace")
    name = "tax.yaml" if text.startswith("sagerecon:") else "tax.csv"
    for finding in read_crosswalk("tax", text, name)[1]:
        str(finding).encode()


def load_decisions(content: bytes, folder: Path) -> None:
    project_decisions(read_project(tiny(folder, {"decisions.yaml": content})))


def load_members(content: bytes, folder: Path) -> None:
    project = read_project(
        tiny(folder, {"decisions.yaml": DECISIONS, ".sagerecon/decided/abc.json": content})
    )
    decisions_in_effect(project, CLOCK)


def load_settings(content: bytes, folder: Path) -> None:
    with patch.dict("os.environ", {"XDG_CONFIG_HOME": str(folder)}):
        (folder / "sagerecon").mkdir()
        write_bytes(folder / "sagerecon/config.yaml", content)
        read_user_settings()


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
    import tempfile  # noqa: PLC0415

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
    from zlib import crc32  # noqa: PLC0415

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
    with open_snapshot(project) as opened:
        list(opened.rows("contacts"))
        opened.findings()


def other_meta(seed: bytes, random: Random) -> bytes:
    """Change what a snapshot says of itself, or bytes of its file."""
    if random.random() < 0.5:
        return mutated(seed, random)
    import tempfile  # noqa: PLC0415

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
    import tempfile  # noqa: PLC0415

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
    import tempfile  # noqa: PLC0415

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


def load_openapi(content: bytes, folder: Path) -> None:
    path = write(folder, {"api.json": content}) / "api.json"
    catalogs.diff(package.catalog(), path, "", "")


def plan() -> bytes:
    lines = plan_lines(planned(*(customer(number, name=f"Oak {number}") for number in range(1, 4))))
    return "".join(lines).encode()


UNSAVED = (
    json.dumps(
        {"version": 1, "statements": [["forget_id", {"business": "b", "kind": "c", "key": "d"}]]}
    ).encode()
    + b"\n"
)
KEEP_VALUES = {
    "business": "b",
    "kind": "c",
    "key": "d",
    "sage_id": "e",
    "content": "{}",
    "run": "r",
    "number": 1,
}
KEEP = json.dumps({"version": 1, "statements": [["keep_id", KEEP_VALUES]]}).encode() + b"\n\n"

_OF_A_PROJECT: tuple[tuple[str, tuple[bytes, ...], Callable[[bytes, Path], object], int], ...] = (
    ("csv", (CSV,), load_csv, 30),
    ("json", (JSON,), load_json, 30),
    ("sources", (TABLES, SOURCES.encode()), load_declarations, 20),
    ("snapshot of", (TABLES,), load_snapshot_of, 1),
    ("project", (PROJECT.encode(),), load_project, 15),
    ("mapping", (MAPPING.encode(),), load_mapping, 6),
    ("crosswalk", (CROSSWALK, CROSSWALK_YAML), load_crosswalk, 15),
    ("decisions", (DECISIONS,), load_decisions, 10),
    ("members", (b'{"a": ["customers/C1", "x"]}', b'["a"]'), load_members, 4),
    ("settings", (SETTINGS,), load_settings, 10),
    ("business", (b"0a1b2c3d\n",), load_business, 5),
    ("unsaved", (UNSAVED, KEEP), load_unsaved, 2),
    ("witness", (witness(),), load_witness, 10),
    ("calls", (b"abc 1767600000000 1767600000000\nclosed 1 2\n",), load_calls, 10),
    ("clock", (b"\0\0\x01\x9b\x8a\0\0\0", b""), load_clock, 5),
    ("openapi", (OPENAPI,), load_openapi, 6),
)

LOADERS: tuple[Loader, ...] = (
    *(Loader(name, seeds, load, weight) for name, seeds, load, weight in _OF_A_PROJECT),
    Loader("plan", (plan(),), load_plan, 8, sealed),
    Loader("outcomes", (outcomes(),), load_outcomes, 6, other_outcome),
    Loader("snapshot", (snapshot(),), load_snapshot, 1, other_meta),
    Loader("rehearsal", (rehearsal(),), load_rehearsal, 2),
)
