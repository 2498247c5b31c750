"""What all tests share: golden files, renewed by `pytest --update-golden`."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer.testing
from cryptography.fernet import Fernet

from sagerecon.store.vault_key import KEY_VARIABLE

GOLDEN = Path(__file__).parent / "golden"

# Typer builds the command again for each invocation; the tests invoke the one app thousands of times.
typer.testing._get_command = functools.cache(typer.testing._get_command)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files anew instead of comparing"
    )


@pytest.fixture(scope="session", autouse=True)
def _no_real_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the witnesses of stores out of the user's own folder, for fixtures of any scope."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # also for processes of the tests
    # A fixture of wider scope outlives the configuration folder of one test.
    os.environ[KEY_VARIABLE] = Fernet.generate_key().decode()


@pytest.fixture
def plain_signals() -> Iterator[None]:
    """Let signals have their usual effect, also where the tests themselves run under `nohup`."""
    usual = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, known in before.items():
        signal.signal(number, known)


@pytest.fixture(autouse=True)
def state_home(
    _no_real_home: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give each test a state folder of its own, and return it."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    return folder


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str | Path, str], None]:
    """Compares a text with a golden file: a name below tests/golden, or a path of its own."""
    update = bool(request.config.getoption("--update-golden"))

    def check(path: str | Path, text: str) -> None:
        file = GOLDEN / path
        if update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.is_file(), f"{file} is not there; write it with --update-golden"
        assert text == file.read_text(encoding="utf-8")

    return check
