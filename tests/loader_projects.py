"""The loaders of what people write: sources, the YAML files of a project, and an API description."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from unittest.mock import patch

import duckdb
from loader_fuzzing import Loader
from sheet_files import ods, ods_cell, ods_row, xls
from tiny import MAPPING, PROJECT, SOURCES, write_tiny
from workbook_files import customers, workbooks

from sagerecon.commands import catalog as catalogs
from sagerecon.commands import source_looks
from sagerecon.commands.decision_effects import decisions_in_effect
from sagerecon.commands.mappings import check
from sagerecon.documents import package
from sagerecon.files.writing import write_bytes
from sagerecon.mapping.crosswalk import read_crosswalk
from sagerecon.model.finding import Severity
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.file import read_project
from sagerecon.project.snapshots import open_snapshot, take_snapshot
from sagerecon.project.source import compile_source
from sagerecon.project.user_settings import read_user_settings
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.sources.databases import Databases
from sagerecon.sources.definitions import Sources
from sagerecon.sources.sources_yaml import read_sources
from sagerecon.sources.table_reader import ChangeWriter, FindingCollector, read_table

CLOCK = VirtualClock()
Files = Mapping[str, bytes]

#: The table of `workbook_files.customers`.
WORKBOOKS = dedent("""\
    sagerecon: sources/v1
    files:
      t:
        path: t.xlsx
        columns:
          no: {type: text, column: Cust No, required: true}
          balance: {type: decimal, scale: 2, column: Balance}
          since: {type: date, column: Since}
    """).encode()

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
      u:
        path: "*.csv"
        encoding: utf-8
        header: none
        start: {column: 1, starts_with: a}
        end: {column: 2, is: "9"}
        pass_over: {total: {column: 1, contains: [Total, "0"]}, note: [{column: 2, blank: true}]}
        short_rows: pad
        trailing_delimiter: true
        currency: ["£", EUR]
        signs: {CR: negative, DR: positive}
        dash: zero
        exponent: true
        percent: fraction
        thousands: "'"
        null_words: ["NULL", "x"]
        century: 1950
        excel_serial: true
        pad_zeros: true
        drop_time: true
        controls: remove
        columns:
          a: {column: 1, type: text, fill_down: true}
          b: {column: 2, type: integer}
          c: {column: 3, type: decimal, round: 1}
          d: {column: 4, type: date, format: ["%d%m%Y", "%d/%m/%Y", "%Y-%m-%d", "%d-%b-%y"]}
          e: {column: 5, type: datetime, format: ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S%z"]}
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
JSON_LINES = dedent("""\
    sagerecon: sources/v1
    files:
      t:
        path: t.jsonl
        columns:
          a: {type: text, required: true, path: a.b}
          n: {type: decimal}
          l: {type: list, columns: {d: {type: date}}}
    """).encode()
XML_TABLES = dedent("""\
    sagerecon: sources/v1
    files:
      t:
        path: t.xml
        records: E.Is.I
        columns:
          id: {type: text, required: true, path: "@id"}
          c: {type: text, path: ^.C}
          n: {type: decimal, path: N}
          l: {type: list, path: L, columns: {d: {type: date, path: D}, self: {type: text, path: .}}}
    """).encode()
SAFT_TABLES = dedent("""\
    sagerecon: sources/v1
    files:
      lines:
        path: t.xml
        format: saft
        records: transaction_lines
        columns: {id: {path: ^.TransactionID, type: text}, a: {path: Amount, type: decimal}}
    """).encode()
XML = (
    b'<?xml version="1.0" encoding="utf-8"?><E xmlns="urn:x" xmlns:y="urn:y"><Is><C>GBP</C>\n'
    b'<I id="1"><N>1.50</N><L><D>2024-01-31</D></L><L>x</L></I>\n<y:I y:id="2"><![CDATA[a]]></y:I></Is></E>'
)
SAFT = (
    b"<AuditFile><GeneralLedgerEntries><Journal><Transaction><TransactionID>1</TransactionID>"
    b"<Line><Amount>1.00</Amount></Line></Transaction></Journal></GeneralLedgerEntries></AuditFile>"
)
IIF_TABLES = dedent("""\
    sagerecon: sources/v1
    files:
      t:
        path: t.iif
        records: TRNS
        date: "%m/%d/%Y"
        columns: {n: {column: _transaction, type: integer}, d: {column: DATE, type: date}}
      s:
        path: t.iif
        records: SPL
        columns: {a: {column: ACCNT, type: text, required: true}, n: {column: AMOUNT, type: decimal}}
    """).encode()
IIF = (
    b"!TRNS\tTRNSTYPE\tDATE\tAMOUNT\n!SPL\tACCNT\tAMOUNT\n!ENDTRNS\n"
    b'TRNS\tBILL\t1/31/2024\t10.00\nSPL\t"A ""B"""\t-10.00\t\nENDTRNS\n!SPL\tAMOUNT\tACCNT\n'
)
SQLITE_TABLES = dedent("""\
    sagerecon: sources/v1
    files:
      t: {path: t.db, table: t, columns: {a: {type: text, required: true}, n: {type: decimal}}}
      q: {path: t.db, query: "SELECT count(*) AS n FROM t JOIN t AS o", columns: {n: {type: integer}}}
    """).encode()
PARQUET_TABLES = dedent("""\
    sagerecon: sources/v1
    files:
      t:
        path: t.parquet
        columns:
          a: {type: text, required: true}
          n: {type: decimal}
          d: {type: date}
          z: {type: datetime}
    """).encode()
ODS_TABLES, XLS_TABLES = (WORKBOOKS.replace(b"t.xlsx", name) for name in (b"t.ods", b"t.xls"))
ODS_ROWS = "".join(
    (
        ods_row(*map(ods_cell, ("Cust No", "Balance", "Since"))),
        ods_row(ods_cell(10, "0010"), ods_cell(1.5), ods_cell("2024-01-31"), repeated=2),
    )
)
SIE_TABLES = dedent("""\
    sagerecon: sources/v1
    files:
      accounts: {path: t.se, records: konto, columns: {account: {type: text, required: true}}}
      vouchers:
        path: t.se
        records: ver
        columns:
          number: {type: text}
          date: {type: date}
          lines:
            path: trans
            type: list
            columns:
              amount: {type: decimal}
              objects: {type: list, columns: {dimension: {type: integer}, object: {type: text}}}
      lines:
        path: t.se
        records: trans
        columns: {number: {path: ver.number, type: text}, amount: {type: decimal}}
    """).encode()
SIE = (
    b'#FLAGGA 0\n#FORMAT PC8\n#FNAMN "\x8fkers"\n#KONTO 1910 "Kassa \\"1\\""\n#IB 0 1910 1.00 2\n'
    b'#VER A 1 20240131 "S\x86lt"\n{\n#TRANS 1910 {1 "N 1" 6 x} 2.50\n'
    b'#TRANS 3010 {} -2.50 20240131 "t" 1\n}\n'
)
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
        if not file.url:  # no server is reached
            read_table(
                file, folder, lines, findings, ChangeWriter(len), lambda _name, _rows: None, (), Databases()
            )
    for finding in findings.all():
        str(finding).encode()


@cache
def tables() -> Sources:
    found = sources_of(TABLES)
    assert found is not None
    return found


def look_at_csv(content: bytes, folder: Path) -> None:
    declare_found(write(folder, {"t.csv": content}) / "t.csv")


def look_at_json(content: bytes, folder: Path) -> None:
    declare_found(write(folder, {"j.json": content}) / "j.json")


def declare_found(path: Path) -> None:
    """Look at a file that is not declared, and declare it where it has columns."""
    found = source_looks.look(str(path), path.parent, lambda _file, _rows: None)
    if found.columns:
        declared = source_looks.declare(found, str(path), path.parent)
        declared.file.unlink()


def load_csv(content: bytes, folder: Path) -> None:
    read_tables(tables(), write(folder, {"t.csv": content, "j.json": JSON}))


def load_json(content: bytes, folder: Path) -> None:
    read_tables(tables(), write(folder, {"t.csv": CSV, "j.json": content}))


def sqlite_database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a TEXT PRIMARY KEY, n REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(f"C{row}", row / 4) for row in range(200)])
        connection.commit()
        return connection.serialize()


def parquet_file() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        duckdb.execute(
            f"""COPY (SELECT 'C' || range AS a, range::DECIMAL(18, 2) / 4 AS n,
            DATE '2024-01-31' + range::INT AS d, make_timestamptz(range) AS z
            FROM range(100)) TO '{path}' (FORMAT parquet)"""
        )
        return path.read_bytes()


def load_declared(tables_yaml: bytes, name: str) -> Callable[[bytes, Path], None]:
    """Return a loader of the files of one format, by the declaration of their tables."""

    def load(content: bytes, folder: Path) -> None:
        read_tables(sources_of(tables_yaml), write(folder, {name: content}))

    return load


def load_ods_rows(content: bytes, folder: Path) -> None:
    load_declared(ODS_TABLES, "t.ods")(ods({"S": content.decode(errors="replace")}), folder)


def load_workbook(content: bytes, folder: Path) -> None:
    declared = sources_of(WORKBOOKS)
    assert declared is not None
    read_tables(declared, write(folder, {"t.xlsx": content}))


def load_declarations(content: bytes, folder: Path) -> None:
    read_tables(sources_of(content), write(folder, {"t.csv": CSV, "j.json": JSON, "contacts.csv": CSV}))


def load_snapshot_of(content: bytes, folder: Path) -> None:
    """Take a snapshot of a changed declaration, and read all of it."""
    project = read_project(tiny(folder, {"sources.yaml": content, "data/t.csv": CSV, "data/j.json": JSON}))
    (folder / "data/contacts.csv").unlink()
    take_snapshot(project, CLOCK, lambda _name, _rows: None)
    with open_snapshot(project, compile_source(project)[0]) as snapshot:
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


def load_openapi(content: bytes, folder: Path) -> None:
    path = write(folder, {"api.json": content}) / "api.json"
    catalogs.diff(package.catalog(), path, "", "")


LOADERS: tuple[Loader, ...] = (
    Loader("csv", (CSV,), load_csv, 30),
    Loader("csv, not declared", (CSV,), look_at_csv, 3),
    Loader("json, not declared", (JSON,), look_at_json, 3),
    Loader("json", (JSON,), load_json, 30),
    Loader(
        "jsonl",
        (b'{"a": {"b": "x"}, "n": 1.5, "l": [{"d": "2024-01-31"}]}\n\n{"a": {}}\n',),
        load_declared(JSON_LINES, "t.jsonl"),
        10,
    ),
    Loader("xml", (XML,), load_declared(XML_TABLES, "t.xml"), 15),
    Loader("saft", (SAFT,), load_declared(SAFT_TABLES, "t.xml"), 5),
    Loader("iif", (IIF,), load_declared(IIF_TABLES, "t.iif"), 10),
    Loader("sqlite", (sqlite_database(),), load_declared(SQLITE_TABLES, "t.db"), 10),
    Loader("parquet", (parquet_file(),), load_declared(PARQUET_TABLES, "t.parquet"), 2),
    Loader("ods", (ods({"S": ODS_ROWS}),), load_declared(ODS_TABLES, "t.ods"), 5),
    Loader("ods content", (ODS_ROWS.encode(),), load_ods_rows, 10),
    Loader(
        "xls",
        (xls([["Cust No", "Balance", "Since"], [(10, 2), 1.5, (45322, 1)]]),),
        load_declared(XLS_TABLES, "t.xls"),
        10,
    ),
    Loader("sie", (SIE,), load_declared(SIE_TABLES, "t.se"), 20),
    Loader("workbook", (customers(),), load_workbook, 6, lambda _valid, random: workbooks(random)),
    Loader("sources", (TABLES, SOURCES.encode()), load_declarations, 20),
    Loader("snapshot of", (TABLES,), load_snapshot_of, 1),
    Loader("project", (PROJECT.encode(),), load_project, 15),
    Loader("mapping", (MAPPING.encode(),), load_mapping, 6),
    Loader("crosswalk", (CROSSWALK, CROSSWALK_YAML), load_crosswalk, 15),
    Loader("decisions", (DECISIONS,), load_decisions, 10),
    Loader("members", (b'{"a": ["customers/C1", "x"]}', b'["a"]'), load_members, 4),
    Loader("settings", (SETTINGS,), load_settings, 10),
    Loader("openapi", (OPENAPI,), load_openapi, 6),
)
