"""A project uses no host and no folder outside its own that the user has not allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny import PROJECT, write_tiny
from typer.core import TyperGroup as Group
from typer.main import get_command
from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.commands import projects
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectError, ProjectFileError
from sagerecon.model.limits import SQL_SECONDS
from sagerecon.project.user_settings import configuration_folder, read_user_settings

OWN = PROJECT.partition("sage:")[0]


def findings(folder: Path, *allowed: str) -> list[tuple[Code, str]]:
    try:
        projects.open_project(folder, allowed)
    except ProjectFileError as error:
        return [(finding.code, str(finding.place)) for finding in error.findings]
    return []


def project(folder: Path, more: str = "", text: str = OWN) -> Path:
    write_tiny(folder)
    (folder / "sagerecon.yaml").write_text(text + more)
    return folder


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://api.accounting.sage.com"],
)
def test_this_machine_and_sage_need_no_consent(tmp_path: Path, address: str) -> None:
    assert findings(project(tmp_path, f"sage: {{address: '{address}'}}\n")) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://sage.example.com",
        "https://api.accounting.sage.com.example.com",
        "https://127.0.0.1.example.com",
        "https://api.accounting.sage.com@example.com",
        "https://localhost:secret@example.com",
        "https:///v3.1",
        "example.com",
    ],
)
def test_another_host_needs_it(tmp_path: Path, address: str) -> None:
    folder = project(tmp_path, f"sage: {{address: '{address}'}}\n")
    assert [code for code, _ in findings(folder)] == [Code.UNTRUSTED_HOST]


def test_it_is_given_for_a_command_or_for_every_project(tmp_path: Path) -> None:
    folder = project(tmp_path, "sage: {address: 'https://Sage.Example.com'}\n")
    assert findings(folder, "other.example.com") != []
    assert findings(folder, "SAGE.example.com") == []
    assert findings(folder) != []
    projects.trust(host="sage.EXAMPLE.com")
    assert findings(folder) == []
    projects.distrust("sage.example.com")
    assert findings(folder) != []
    with pytest.raises(ProjectError, match="is not allowed"):
        projects.distrust("sage.example.com")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://user:pw@db.example.com/books", Code.UNTRUSTED_HOST),
        ("postgresql://user:pw@/books?host=db.example.com", Code.UNTRUSTED_HOST),
        ("postgresql://user:pw@127.0.0.1/books", None),
        ("postgresql:///books?host=/var/run/postgresql", None),
        ("postgresql:///books", None),
        ("sqlite:///../elsewhere.sqlite", Code.UNTRUSTED_FOLDER),
    ],
)
def test_a_store_elsewhere_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, code: Code | None
) -> None:
    folder = project(tmp_path / "project", f"store: '{url}'\n")
    monkeypatch.chdir(folder)
    assert [found for found, _ in findings(folder)] == ([code] if code else [])


def test_a_data_folder_outside_the_project_needs_it(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    text = OWN.replace("data: data", "data: ../exports")
    assert text != OWN
    folder = project(tmp_path / "project", text=text)
    assert findings(folder) == [(Code.UNTRUSTED_FOLDER, "sagerecon.yaml:3:7")]
    projects.trust(tmp_path / "exports")
    assert findings(folder) == []
    assert read_user_settings().data_folders == (tmp_path / "exports",)


def test_a_data_folder_that_is_a_link_out_of_the_project_needs_it(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    folder = project(tmp_path / "project", text=OWN.replace("data: data", "data: linked"))
    (folder / "linked").symlink_to(tmp_path / "exports")
    assert [code for code, _ in findings(folder)] == [Code.UNTRUSTED_FOLDER]


def test_init_allows_the_data_folder_that_the_user_names(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    opened = projects.init(tmp_path / "project", "quickbooks", tmp_path / "exports")
    assert opened.data == tmp_path / "exports"
    assert read_user_settings().data_folders == (tmp_path / "exports",)


def test_settings_that_another_user_may_write_are_refused(tmp_path: Path) -> None:
    projects.trust(host="db.example.com")
    (configuration_folder() / "config.yaml").chmod(0o666)
    with pytest.raises(ProjectError, match="Another user may have written"):
        projects.open_project(project(tmp_path))


def test_the_seconds_of_sql_are_those_of_the_users_settings_alone(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    assert projects.open_project(folder).sql_seconds == SQL_SECONDS.most
    configuration_folder().mkdir(parents=True)
    path = configuration_folder() / "config.yaml"
    path.write_text("sql_seconds: 60\n")
    path.chmod(0o600)
    assert projects.open_project(folder).sql_seconds == 60
    projects.trust(host="db.example.com")
    assert read_user_settings().sql_seconds == 60  # kept when another setting is written
    (folder / "sagerecon.yaml").write_text(OWN + "sql_seconds: 3600\n")
    assert [code for code, _ in findings(folder)] == [Code.UNKNOWN_KEY]


@pytest.mark.parametrize(
    "text",
    [
        "sql_seconds: 0\n",
        "sql_seconds: 9999\n",
        "allow_hosts: all\n",
        "a: [\n",
        "allow_host: [x]\n",
        "allow_hosts: ['https://a@b']\n",
        "data_folders: [exports]\n",
        "data_folders: [~nobody/exports]\n",
    ],
)
def test_settings_with_errors_are_findings(tmp_path: Path, text: str) -> None:
    configuration_folder().mkdir(parents=True)
    path = configuration_folder() / "config.yaml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ProjectFileError) as error:
        projects.open_project(project(tmp_path))
    assert all(finding.place.file == str(path) for finding in error.value.findings)


def test_the_command_line(tmp_path: Path) -> None:
    folder = project(tmp_path, "sage: {address: 'https://sage.example.com'}\n")
    run = CliRunner().invoke
    refused = run(app, ["check", "--project", str(folder)])
    assert refused.exit_code == 2
    words = " ".join(refused.output.split())
    assert "Tokens and the company's data would be sent to sage.example.com" in words
    assert "sagerecon trust --host sage.example.com" in words
    assert run(app, ["check", "--project", str(folder), "--allow-host", "sage.example.com"]).exit_code == 0
    assert run(app, ["trust", "--host", "sage.example.com"]).exit_code == 0
    assert run(app, ["check", "--project", str(folder)]).exit_code == 0
    shown = json.loads(run(app, ["trust", "--json"]).stdout.splitlines()[-1])
    assert shown["hosts"] == ["sage.example.com"]
    assert run(app, ["trust", "--remove", "sage.example.com"]).exit_code == 0
    assert run(app, ["check", "--project", str(folder)]).exit_code == 2
    assert run(app, ["trust", "--host", "https://"]).exit_code == 2


@pytest.mark.parametrize(
    "named",
    [
        "sage.example.com",
        "SAGE.example.com:8443",
        "https://sage.example.com",
        "https://sage.example.com:8443/v3.1",
        "postgresql://sage.example.com/books",
    ],
)
def test_a_host_may_be_named_with_its_port_or_in_an_address(tmp_path: Path, named: str) -> None:
    folder = project(tmp_path, "sage: {address: 'https://sage.example.com:8443'}\n")
    assert findings(folder, named) == []
    assert projects.trust(host=named).allow_hosts == ("sage.example.com",)
    assert findings(folder) == []
    assert projects.distrust(named).allow_hosts == ()


@pytest.mark.parametrize("number", ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5432"])
def test_a_host_may_be_a_number(tmp_path: Path, number: str) -> None:
    folder = project(tmp_path, "store: 'postgresql://user@[2001:DB8::1]/books'\n")
    assert findings(folder, number) == []


@pytest.mark.parametrize(
    "named",
    ["", "..", "a b", "https://", "https://good.example.com@sage.example.com", "ü.example", "a:b", "a/b c"],
)
def test_what_is_no_host_is_refused(tmp_path: Path, named: str) -> None:
    with pytest.raises(ProjectError, match="is not the name of a host"):
        projects.open_project(project(tmp_path), [named])
    with pytest.raises(ProjectError, match="is not the name of a host"):
        projects.trust(host=named)


def test_a_project_that_was_sent_without_its_data_works_until_the_data_is_read(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", text=OWN.replace("data: data", "data: ../exports"))
    run = CliRunner().invoke
    assert run(app, ["check", "--project", str(folder)]).exit_code == 0
    read = run(app, ["snapshot", "--project", str(folder)])
    assert read.exit_code == 2
    words = " ".join(read.output.split())
    assert "the data folder does not exist" in words
    assert "set 'data' in sagerecon.yaml to their folder" in words
    (tmp_path / "exports").mkdir()
    assert findings(folder) == [(Code.UNTRUSTED_FOLDER, "sagerecon.yaml:3:7")]


def test_the_own_folder_of_an_unpacked_project_becomes_private(tmp_path: Path) -> None:
    folder = project(tmp_path)
    state = folder / ".sagerecon"
    state.mkdir()
    state.chmod(0o755)
    CliRunner().invoke(app, ["status", "--project", str(folder)])
    assert state.stat().st_mode & 0o777 == 0o700


def options(group: Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
    """Yield each command with the names of its options."""
    for name, command in group.commands.items():
        if isinstance(command, Group):
            yield from options(command, (*path, name))
        else:
            yield " ".join((*path, name)), {flag for given in command.params for flag in given.opts}


def test_each_command_on_a_project_lets_the_user_allow_a_host() -> None:
    group = get_command(app)
    assert isinstance(group, Group)
    on_projects = [(name, flags) for name, flags in options(group) if "--project" in flags]
    assert len(on_projects) > 10
    assert [name for name, flags in on_projects if "--allow-host" not in flags] == []


def test_one_command_allows_and_takes_back(tmp_path: Path) -> None:
    projects.trust(host="old.example.com")
    run = CliRunner().invoke(app, ["trust", str(tmp_path), "--remove", "old.example.com", "--json"])
    assert json.loads(run.stdout.splitlines()[-1]) == {
        "event": "result",
        "folders": [str(tmp_path)],
        "hosts": [],
    }
