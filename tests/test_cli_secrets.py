"""The command line names where data goes, and sends a sign-in nowhere but to the Sage that issued it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from served import SANDBOX, serving
from test_sage_redirects import answering
from tiny import write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands import auth, projects, sessions
from sagerecon.model.clock import SystemClock
from sagerecon.model.errors import SagereconError
from sagerecon.project.user_settings import configuration_folder
from sagerecon.store.vault_key import KEY_VARIABLE


def run(folder: Path, *words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words, "--project", str(folder)])


def events(folder: Path, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(folder, *words, "--json").stdout.splitlines()]


@pytest.fixture
def key_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)


def test_plan_and_apply_name_the_host(tmp_path: Path) -> None:
    with serving(write_tiny(tmp_path / "project")) as here:
        host = urlsplit(projects.open_project(here.folder).address).netloc
        assert here.run("snapshot").exit_code == 0
        for word in ("plan", "apply"):
            assert here.run(word).stdout.splitlines()[0] == f"Sage: sandbox {host}"
            (found,) = [each for each in events(here.folder, word) if each["event"] == "destination"]
            assert found == {"event": "destination", "sage": host, "is_sandbox": True, "store": []}


def test_sage_itself_and_the_server_of_a_store_are_named(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path)
    project = folder / "sagerecon.yaml"
    text = project.read_text().partition("sage:")[0]
    project.write_text(f"{text}store: postgresql://user:secret@localhost:1/books\n")
    for word in ("plan", "apply"):
        output = run(folder, word).stdout
        assert "Sage: api.accounting.sage.com\nStore: PostgreSQL on localhost\n" in output
        assert "secret" not in output


def test_a_sign_in_is_not_sent_to_another_address(tmp_path: Path) -> None:
    with serving(write_tiny(tmp_path / "project")) as here, answering(200) as trap:
        here.planned()
        here.set(projects.open_project(here.folder).address, trap.url)
        for words in (("apply",), ("auth", "status"), ("auth", "logout")):
            result = here.run(*words)
            assert result.exit_code == 4, result.output
            assert "Nothing was sent" in result.output and "auth login" in result.output
        assert trap.requests == []


@pytest.mark.usefixtures("key_in_a_file")
def test_a_copied_project_is_not_signed_in_for_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(write_tiny(tmp_path / "project")) as here:
        here.planned()
        copy = tmp_path / "copy"
        shutil.copytree(here.folder, copy)
        with monkeypatch.context() as patch:
            patch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another-user"))
            calls = here.sage.calls
            for words in (("auth", "status"), ("apply",)):
                result = run(copy, *words)
                assert result.exit_code == 4, result.output
                assert "Not signed in on this machine" in result.output
            assert here.sage.calls == calls
        assert here.run("auth", "status").exit_code == 0


@pytest.mark.usefixtures("key_in_a_file")
def test_the_key_is_rotated_and_the_sign_in_remains(tmp_path: Path) -> None:
    with serving(write_tiny(tmp_path / "project")) as here:
        (key,) = (configuration_folder() / "keys").iterdir()
        before = key.read_text()
        result = here.run("auth", "rotate-key")
        assert result.exit_code == 0, result.output
        assert "encrypted with a new key" in result.output
        assert key.read_text() != before
        assert here.result("auth", "rotate-key") == (0, {"event": "result", "key": str(key)})
        here.planned()
        assert here.run("apply").exit_code == 0
        assert before.strip() not in result.output and key.read_text().strip() not in result.output


def test_a_key_in_the_environment_is_rotated_by_the_user(tmp_path: Path) -> None:
    with serving(write_tiny(tmp_path / "project")) as here:
        result = here.run("auth", "rotate-key")
        assert result.exit_code == 2
        assert KEY_VARIABLE in result.output


@pytest.mark.usefixtures("key_in_a_file")
@pytest.mark.parametrize("content", [b"\xff\x00", b"nonsense", b"x" * 20_000])
def test_a_damaged_key_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    with serving(write_tiny(tmp_path / "project")) as here:
        (key,) = (configuration_folder() / "keys").iterdir()
        key.write_bytes(content)
        for words in (("auth", "status"), ("auth", "logout"), ("auth", "rotate-key")):
            result = here.run(*words)
            assert result.exit_code == 2, result.output
            assert "key of the vault" in result.output


def test_the_users_own_secret_is_not_sent_to_an_address_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGERECON_CLIENT_ID", "own-id")
    monkeypatch.setenv("SAGERECON_CLIENT_SECRET", "own-secret")
    with answering(200) as trap:
        folder = write_tiny(tmp_path)
        project = folder / "sagerecon.yaml"
        project.write_text(project.read_text().replace(SANDBOX, trap.url))
        shown: list[str] = []

        def consent(url: str, redirect: str) -> None:
            shown.append(url)
            state = parse_qs(urlsplit(url).query)["state"][0]
            requests.get(f"{redirect}?code=c&state={state}", timeout=5)

        opened = projects.open_project(folder)
        with sessions.open_session(opened) as session, pytest.raises(SagereconError):
            auth.login(opened, SystemClock(), session, consent)
    (exchange,) = trap.requests
    assert exchange.startswith("POST /token")
    assert "client_secret=sandbox" in exchange
    assert "own-" not in exchange + shown[0]
