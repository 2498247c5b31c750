"""Hostile projects: each arms a good one with many cases, and says by which words each is found."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from hostile.books import BOOKS
from hostile.ground import Ground

#: The words of a finding, by the name of the case.
Expected = Mapping[str, str]

#: Commands, and which words each has to say.
Arm = Callable[[Ground], Expected]


def patterns(at: Ground) -> Expected:
    """Patterns of the project file that lead out, or are none."""
    at.link("mappings/evil.yaml", at.outside / "secret")
    at.link("mappings/deep", at.outside)
    at.link("mappings/zero.yaml", at.outside.parent / "zero")
    os.mkfifo(at.project / "mappings/pipe.yaml")
    listed = ["mappings/*.yaml", "mappings/deep/*", "", "**foo", "a\\0b", "/etc/passwd", "../outside/*"]
    quoted = ", ".join(f'"{pattern}"' for pattern in listed)
    at.add("sagerecon.yaml", "mappings: [mappings/*.yaml]", f"mappings: [{quoted}]")
    return {
        "a link": "evil.yaml",
        "a folder that is a link": "sagerecon.yaml:4:31",
        "a way out": "../outside",
    }


def folders(at: Ground) -> Expected:
    """A data folder and a store outside the project, and a host that nobody allowed."""
    at.add("sagerecon.yaml", "data: data", "data: ../outside")
    more = "store: postgresql://user:secret@db.example.com/books\n"
    at.write("sagerecon.yaml", (at.project / "sagerecon.yaml").read_text() + more)
    at.add("sagerecon.yaml", "address: http://127.0.0.1:", "address: https://trap.example.com:")
    return {
        "the data": "sagerecon trust",
        "the store": "db.example.com",
        "the address": "trap.example.com",
    }


def system_folder(at: Ground) -> Expected:
    """The data folder is one of the system's own."""
    at.add("sagerecon.yaml", "data: data", "data: /proc/self")
    return {"the data": "/proc/"}


def devices(at: Ground) -> Expected:
    """Source files that are no files."""
    names = {"pipe": "p.csv", "zero": "z.csv", "out": "o.csv", "folder": "f.csv"}
    os.mkfifo(at.project / "data/p.csv")
    at.link("data/z.csv", at.outside.parent / "zero")
    at.link("data/o.csv", at.outside / "secret")
    (at.project / "data/f.csv").mkdir()
    _declare(
        at, {name: f"{{path: {file}, columns: {{ref: {{type: text}}}}}}" for name, file in names.items()}
    )
    return {"zero": "z.csv", "out": "o.csv"}


def texts(at: Ground) -> Expected:
    """CSV and JSON files that are not what they are said to be."""
    columns = "columns: {ref: {type: text}, amount: {type: decimal, scale: 2}, number: {type: integer}}"
    at.write("data/digits.csv", "ref,amount,number\nC1,1e99999999," + "9" * 5_000 + "\n")
    at.write("data/deep.json", "[" * 100_000)
    at.write("data/huge.json", '[{"ref": 1e999999999, "amount": NaN}]')
    sources = {"digits": f"{{path: digits.csv, {columns}}}"}
    for name in ("deep", "huge"):
        sources[name] = f"{{path: {name}.json, format: json, columns: {{ref: {{type: text}}}}}}"
    _declare(at, sources)
    return {name: f"{name}." for name in ("digits", "deep", "huge")}


def encodings(at: Ground) -> Expected:
    """Encodings of Python that are none of text files."""
    at.write("data/plain.csv", "ref\nC1\n")
    columns = "columns: {ref: {type: text}}"
    names = ("base64", "rot13", "undefined", "hex", "idna")
    _declare(at, {name: f"{{path: plain.csv, encoding: {name}, {columns}}}" for name in names})
    return {"the first": "'base64' is no encoding of text files", "all": "5 errors"}


def workbooks(at: Ground) -> Expected:
    """Workbooks that are damaged, or unpack to more than the machine has."""
    sources = {}
    for name, make in BOOKS.items():
        at.write(f"data/{name}.xlsx", make())
        columns = "columns: {ref: {type: text}, name: {type: text}}"
        sources[name] = f"{{path: {name}.xlsx, format: xlsx, {columns}}}"
    _declare(at, sources)
    return {name: f"{name}.xlsx" for name in BOOKS}


def expressions(at: Ground) -> Expected:
    """Expressions that would take all memory, or all time, before there is any record."""
    cases = {
        "padded": "{from: name, do: [{pad: {width: 99999999999, with: a}}]}",
        "arabic": "{expr: '\u0661 ~ name'}",
        "nested": f"{{expr: '{'upper(' * 200}name{')' * 200}'}}",
        "long": f"{{expr: '{' ~ '.join(['name'] * 10_000)}'}}",
    }
    for name, notes in cases.items():
        _map(at, name, notes)
    return {name: f"{name}.yaml" for name in cases}


def values(at: Ground) -> Expected:
    """Expressions and transforms that would make a value of all memory from a record."""
    nested = "name"
    for _ in range(22):
        nested = f"replace({nested}, 'a', '{'a' * 40}')"
    lets = "\n".join(
        ["  v0: {expr: \"name ~ 'aaaaaaaa'\"}"]
        + [f'  v{number}: {{expr: "v{number - 1} ~ v{number - 1}"}}' for number in range(1, 39)]
    )
    cases = {
        "nested": f'{{expr: "{nested}"}}',
        "doubled": "{from: v38}",
        "digits": "{expr: 'text(decimal(\"1e99999999\"))'}",
        "rounded": "{expr: 'text(round(1.5, 99999999))'}",
        "dated": "{expr: \"text(days(date('2017-01-01'), 99999999999))\"}",
    }
    for name, notes in cases.items():
        _map(at, name, notes, f"let:\n{lets}\n" if name == "doubled" else "")
    found = {name: f"{name}.yaml" for name in cases}
    return {**found, "nested": "nested \u00b7 2"}  # like the doubled ones, of which it says the same


def _map(at: Ground, name: str, notes: str, more: str = "") -> None:
    """Write a mapping of the customers whose notes are made in this way."""
    text = (at.project / "mappings/customers.yaml").read_text()
    text = text.replace("mapping: customers", f"mapping: {name}").replace("fields:\n", f"{more}fields:\n")
    at.write(f"mappings/{name}.yaml", f"{text}  notes: {notes}\n")


def endless_query(at: Ground) -> Expected:
    """SQL that never ends."""
    rows = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r)"
    endless = f"{rows} SELECT ref, name, _origin FROM contacts, r"
    at.add("sources.yaml", "sql: SELECT * FROM contacts ORDER BY ref", f'sql: "{endless}"')
    return {"the query": "sources.yaml:"}


def greedy_query(at: Ground) -> Expected:
    """SQL that takes all memory."""
    greedy = "SELECT ref, repeat(name, 2000000000) AS name, _origin FROM contacts"
    at.add("sources.yaml", "sql: SELECT * FROM contacts ORDER BY ref", f'sql: "{greedy}"')
    return {"the query": "sources.yaml:"}


def crossed_query(at: Ground) -> Expected:
    """SQL with more rows than anybody has."""
    ranges = "range(100000000) a, range(100000000) b"
    crossed = f"SELECT CAST(a.range AS TEXT) AS ref, 'x' AS name, _origin FROM contacts, {ranges}"
    at.add("sources.yaml", "sql: SELECT * FROM contacts ORDER BY ref", f'sql: "{crossed}"')
    return {"the query": "sources.yaml:"}


def yaml_bombs(at: Ground) -> Expected:
    """YAML that expands, nests or goes on without end."""
    aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)
    )
    at.write("mappings/aliases.yaml", aliases)
    at.write("mappings/deep.yaml", "[" * 100_000)
    at.write("mappings/many.yaml", "- x\n" * 1_200_000)
    return {name: f"{name}.yaml" for name in ("aliases", "deep", "many")}


def long_file(at: Ground) -> Expected:
    """A YAML file that is larger than any."""
    at.write("mappings/long.yaml", "a: " + "x" * 30_000_000)
    return {"long": "long.yaml"}


def names(at: Ground) -> Expected:
    """Names and cells that would change what a terminal shows."""
    evil = "[link=https:evil][bold red]\x1b[2J\u202etxt.exe[\\link]"
    at.write(f"mappings/{evil}.yaml", "mapping: [\n")
    at.write(f"data/{evil}.csv", "ref\n\n")
    at.write("data/contacts.csv", f"ref,name\nC1,{evil}\nC1,{evil} again\n[\\b],=cmd|'/C calc'!A0\n")
    return {}


def prepared_links(at: Ground) -> Expected:
    """Links under every name that could be foreseen, and in the place of what is written anew."""
    victim = at.outside / "victim"
    stems = ("plan.jsonl", "snapshot.duckdb", "store.sqlite", "vault.key", "business", "decisions.json")
    for stem in stems:
        for name in (f"{stem}.new", f"{stem}.part", f".{stem}", f"{stem}.tmp", f"{stem}.1", f"{stem}.wal"):
            at.link(f".sagerecon/{name}", victim)
    for name in ("plan.jsonl", "snapshot.duckdb"):
        at.link(f".sagerecon/{name}", victim)
    for name in ("report.html", "report.json", "report.html.part", "plan.html", "plan.json"):
        at.link(f"reports/{name}", victim)
    return {"the snapshot": "Snapshot", "the plan": "Next: sagerecon apply"}


def linked_store(at: Ground) -> Expected:
    """The store, and what SQLite keeps beside it, are links."""
    at.link(".sagerecon/store.sqlite", at.outside / "victim")
    at.link(".sagerecon/store.sqlite-wal", at.outside / "victim")
    return {"the store": "it is a link to"}


def linked_folders(at: Ground) -> Expected:
    """The folders that the program writes to are links."""
    at.link(".sagerecon", at.outside)
    at.link("reports", at.outside)
    return {"the folder": "link"}


def another_programs_store(at: Ground) -> Expected:
    """The store is the database of another program."""
    path = at.write(".sagerecon/store.sqlite", "")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    path.chmod(0o644)
    return {}


def damaged_files(at: Ground) -> Expected:
    """Every file of the project's own folder is damaged."""
    garbage = b"\xff\x00{]" * 1_000
    for name in ("plan.jsonl", "snapshot.duckdb", "business", "prepared-x.db", "store.sqlite.unsaved"):
        at.write(f".sagerecon/{name}", garbage)
    at.write("decisions.yaml", garbage)
    return {}


def _declare(at: Ground, files: Mapping[str, str]) -> None:
    text = (at.project / "sources.yaml").read_text()
    listed = "".join(f"  {name}: {declared}\n" for name, declared in files.items())
    at.write("sources.yaml", text.replace("datasets:\n", f"{listed}datasets:\n"))


ARMS: Sequence[Arm] = (
    *(
        patterns,
        folders,
        system_folder,
        devices,
        texts,
        encodings,
        workbooks,
        expressions,
        values,
        yaml_bombs,
        long_file,
        names,
    ),
    *(endless_query, greedy_query, crossed_query),
    *(prepared_links, linked_store, linked_folders, another_programs_store, damaged_files),
)
