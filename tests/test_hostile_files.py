"""Files of a project that another person prepared are findings or sentences, at their place, and soon."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tiny import write_tiny
from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.commands import projects
from sagerecon.commands.rehearsals import BusinessFacts, open_rehearsal
from sagerecon.commands.sandbox import sandbox
from sagerecon.documents import package
from sagerecon.model.errors import ProjectError, ProjectFileError, StoreError
from sagerecon.project.file import read_project
from sagerecon.rehearsal.clock import SharedClock, VirtualClock
from sagerecon.store.opening import open_store

Prepare = Callable[[Path], object]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "project")


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def run(project: Path, *words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, [*words, "--project", str(project)], env={"COLUMNS": "500"})
    return ran.exit_code, " ".join(ran.output.split())


def test_every_pattern_that_leads_out_or_is_none_is_a_finding_of_one_pass(project: Path) -> None:
    (project / "mappings/passwd.yaml").symlink_to("/etc/passwd")
    (project / "mappings/zero.yaml").symlink_to("/dev/zero")
    os.mkfifo(project / "mappings/pipe.yaml")
    listed = ["mappings/*.yaml", "", "**foo", "a\0b", "/etc/*", "../*", "mappings", "none.yaml"]
    change(project / "sagerecon.yaml", "[mappings/*.yaml]", json.dumps(listed))
    change(project / "sagerecon.yaml", "data: data", "data: data\nstore: 'sqlite:'\ncrosswalks: [/x]")
    with pytest.raises(ProjectFileError) as error:
        read_project(project)
    found = [(str(finding.code), str(finding.place)) for finding in error.value.findings]
    assert found == [
        ("outside_folder", "sagerecon.yaml:6:12"),
        ("unreadable", "sagerecon.yaml:6:12"),
        ("outside_folder", "sagerecon.yaml:6:12"),
        *[("not_a_pattern", f"sagerecon.yaml:6:{column}") for column in (31, 35, 44, 56, 66)],
        ("unreadable", "sagerecon.yaml:6:74"),
        ("no_such_file", "sagerecon.yaml:6:86"),
        ("not_a_pattern", "sagerecon.yaml:5:14"),
        ("not_an_address", "sagerecon.yaml:4:8"),
    ]


@pytest.mark.parametrize("name", ["sagerecon.yaml", "sources.yaml", "decisions.yaml"])
def test_a_project_file_that_is_a_device_a_pipe_or_too_large_is_refused(project: Path, name: str) -> None:
    path = project / name
    for prepare in (
        lambda: path.symlink_to("/dev/zero"),
        lambda: os.mkfifo(path),
        path.mkdir,
        lambda: os.truncate(path, 30_000_000) if path.write_text("") == 0 else None,
    ):
        path.unlink(missing_ok=True) if not path.is_dir() else path.rmdir()
        prepare()
        code, said = run(project, "snapshot")
        if name == "decisions.yaml":  # which the plan reads
            code, said = run(project, "plan")
        assert code in (1, 2) and name in said, said


def test_mappings_that_are_too_large_together_are_refused(project: Path) -> None:
    for number in range(3):
        (project / f"mappings/{number}.yaml").write_text("#" * 2_000_000)
    code, said = run(project, "check")
    assert code == 2
    assert "sagerecon.yaml:4:11: the mappings have 6,000," in said
    assert "all mappings of a project together may have at most 5,000,000 bytes. Name fewer files." in said


def test_a_link_into_a_folder_that_the_user_trusts_is_followed(project: Path, tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (project / "data/contacts.csv").rename(tmp_path / "exports/contacts.csv")
    (project / "data/contacts.csv").symlink_to(tmp_path / "exports/contacts.csv")
    code, said = run(project, "snapshot")
    assert code == 2 and "sources.yaml:4:11: contacts.csv, which is named here, is not read" in said
    projects.trust(tmp_path / "exports")
    assert run(project, "snapshot")[0] == 0


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder"])
def test_a_source_that_is_no_file_is_a_finding_at_its_pattern(project: Path, kind: str) -> None:
    path = project / "data/contacts.csv"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "socket":
                os.chdir(path.parent)  # the address of a socket is short
                listening.bind(path.name)
            case "device":
                path.symlink_to("/dev/zero")
            case "folder":
                path.mkdir()
        code, said = run(project, "snapshot")
    assert code == 2 and "sources.yaml:4:11: contacts.csv" in said


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sqlite:",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/x",
        "sqlite:///a?uri=true",
        "sqlite:///file:/etc/x",
        "postgresql://[",
        "postgresql://h:port/x",
        "postgresql://h:99999/x",
        "mysql://h/x",
        "postgresql+no://h/x",
        "postgresql:///x?conninfo=host%3Ddb.example.com",
        "postgresql:///x?service=other",
        "postgresql:///x?sslkeylogfile=/tmp/x",
        "postgresql:///x?HOST=db.example.com",
        "x",
    ],
)
def test_a_malformed_store_address_is_a_finding_at_its_line(project: Path, address: str) -> None:
    change(project / "sagerecon.yaml", "data: data", f"data: data\nstore: '{address}'")
    with pytest.raises(ProjectFileError) as error:
        read_project(project)
    assert [str(found.code) for found in error.value.findings] == ["not_an_address"]
    assert str(error.value.findings[0].place) == "sagerecon.yaml:4:8"
    with pytest.raises(StoreError, match="is not the address of a store"):
        open_store(address, VirtualClock(), None)


@pytest.mark.parametrize("folder", ["/", str(Path.home()), str(Path.home().parent)])
def test_a_folder_with_everything_of_the_user_is_not_trusted(folder: str) -> None:
    with pytest.raises(ProjectError, match="holds all files of this user"):
        projects.trust(Path(folder))
    ran = CliRunner().invoke(app, ["trust", folder])
    assert ran.exit_code == 2


def _other_snapshot(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")


def _other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")


@pytest.mark.parametrize(
    "prepare",
    [
        _other_snapshot,
        _other_database,
        os.mkfifo,
        Path.mkdir,
        lambda path: path.write_bytes(b"x" * 9_000),
        lambda path: path.symlink_to("/etc/passwd"),
        lambda path: path.symlink_to("/dev/zero"),
    ],
)
def test_a_snapshot_that_is_none_is_refused_with_the_way_to_another(project: Path, prepare: Prepare) -> None:
    (project / ".sagerecon").mkdir()
    prepare(project / ".sagerecon/snapshot.duckdb")
    code, said = run(project, "plan")
    assert code == 2 and "snapshot.duckdb" in said, said


def test_a_snapshot_with_a_view_or_other_columns_is_refused(project: Path) -> None:
    assert run(project, "snapshot")[0] == 0
    with duckdb.connect(str(project / ".sagerecon/snapshot.duckdb")) as connection:
        connection.execute("ALTER TABLE contacts RENAME TO other")
        connection.execute("CREATE VIEW contacts AS SELECT * FROM other")
    assert run(project, "plan")[0] == 2
    with duckdb.connect(str(project / ".sagerecon/snapshot.duckdb")) as connection:
        connection.execute("DROP VIEW contacts")
        connection.execute("CREATE TABLE contacts AS SELECT 1 AS ref, name, _origin FROM other")
    code, said = run(project, "plan")
    assert code == 2 and "was changed by another program" in said


@pytest.mark.parametrize("what", ["view", "link", "garbage"])
def test_prepared_outcomes_of_another_are_made_anew(project: Path, tmp_path: Path, what: str) -> None:
    assert run(project, "snapshot")[0] == run(project, "plan")[0] == 0
    (path,) = (project / ".sagerecon").glob("prepared-*.db")
    if what == "view":  # a query without an end in the place of a table
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(
                "ALTER TABLE facts RENAME TO f; CREATE VIEW facts AS WITH RECURSIVE n(x) AS"
                " (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
                " SELECT 'a' AS name, x AS document, 0 AS checksum FROM n;"
            )
    elif what == "link":
        path.rename(tmp_path / "elsewhere.db")
        path.symlink_to(tmp_path / "elsewhere.db")
    else:
        path.write_bytes(b"x" * 9_000)
    assert run(project, "plan")[0] == 0
    assert not path.is_symlink() and path.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize(
    "entry",
    [
        '{"version": 1}',
        '{"version": 1, "statements": 1}',
        '{"version": 1, "statements": [["keep_id"]]}',
        '{"version": 1, "statements": [["no_such", {}]]}',
        '{"version": 1, "statements": [["keep_id", {"a": 1}]]}',
        '{"version": 1, "statements": [["keep_id", {"a": 1e5}]]}',
        '{"version": 1, "statements": [["keep_id", {"business": "b", "kind": "c", "key": "d", "sage_id": "e",'
        ' "content": "{}", "run": "r", "number": "one"}]]}',
    ],
)
def test_unsaved_statements_that_are_none_are_refused_and_kept(tmp_path: Path, entry: str) -> None:
    unsaved = tmp_path / "s.db.unsaved"
    unsaved.write_text(entry)
    with pytest.raises(StoreError, match="an entry of it is damaged") as error:
        open_store(f"sqlite:///{tmp_path / 's.db'}", VirtualClock(), None)
    assert "--distrust-store" in error.value.hint and unsaved.read_text() == entry


@pytest.mark.parametrize("content", ["a\nb: c\n", "\xff", "x" * 300])
def test_a_business_that_is_no_id_is_refused(project: Path, content: str) -> None:
    (project / ".sagerecon").mkdir()
    (project / ".sagerecon/business").write_bytes(content.encode("latin-1"))
    code, said = run(project, "status")
    assert code == 2 and ".sagerecon/business" in said


def test_a_state_folder_that_is_a_link_is_a_finding(project: Path) -> None:
    (project / ".sagerecon").symlink_to("/etc")
    code, said = run(project, "status")
    assert code == 2 and "the project's own folder is a link to /etc" in said


@pytest.mark.parametrize("content", [b"1234", b"root:x:0", b"\xff" * 8, b"\0" * 9])
def test_a_file_that_is_no_clock_is_refused_and_unchanged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clock").write_bytes(content)
    with pytest.raises(ProjectError, match="is not the file of a virtual clock"):
        SharedClock(tmp_path / "clock")
    assert (tmp_path / "clock").read_bytes() == content
    with pytest.raises(ProjectError, match="cannot be used as a virtual clock"):
        SharedClock(tmp_path)


def test_a_sandbox_with_half_a_character_is_saved_and_one_of_wrong_types_is_refused(tmp_path: Path) -> None:
    sage = open_rehearsal(package.catalog(), BusinessFacts(), VirtualClock(), 7)
    state = tmp_path / "state"
    sage.unreadable.add("\ud800")
    sage.save(state)
    with sandbox(package.catalog(), BusinessFacts(), state=state) as server:
        assert server.sage.unreadable == {"\ud800"}
    document = json.loads(state.read_text())
    for name, value in (("calls", "many"), ("limits", {}), ("faults", {"seeded": {"drawn": 10**15}})):
        state.write_text(json.dumps({**document, name: value}))
        with pytest.raises(ProjectError, match=f"is damaged: {name}"):
            sandbox(package.catalog(), BusinessFacts(), state=state).__enter__()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "9" * 5_000,
        '{"swagger": "2.0", "paths": {"contacts": {"get": {"a": 1}}}}',
        '{"swagger": "2.0", "paths": {"/contacts": {"get":'
        ' {"responses": {"200": {"schema": {"maxLength": 1e999}}}}}}}',
    ],
)
def test_a_description_of_the_api_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "api.json").write_text(text)
    ran = CliRunner().invoke(app, ["catalog", "diff", str(tmp_path / "api.json")])
    assert ran.exit_code in (0, 1, 2), ran.output
    for bad in (Path("/dev/zero"), tmp_path):
        assert CliRunner().invoke(app, ["catalog", "diff", str(bad)]).exit_code == 2
