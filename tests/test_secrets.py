"""No token, secret or key is written where another user or a reader might find it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from moves import signed_in
from tiny import PROJECT, write_tiny

from sagerecon.commands import reports
from sagerecon.project.sage import SANDBOX_SECRET
from sagerecon.project.store import open_store
from sagerecon.project.user_settings import configuration_folder
from sagerecon.runner.run import Ended
from sagerecon.store.vault_key import KEY_VARIABLE


def test_no_log_file_or_page_contains_a_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = os.environ[KEY_VARIABLE]
    monkeypatch.delenv(KEY_VARIABLE)
    caplog.set_level(logging.DEBUG)
    write_tiny(tmp_path)
    (tmp_path / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    with signed_in(tmp_path) as moving:
        with open_store(moving.project, moving.clock) as store:
            first = store.vault.load("default")
        assert first is not None
        moving.clock.sleep(600_000)  # the access token has ended: the run refreshes it
        assert moving.load().ended is Ended.FINISHED
        assert moving.reconcile().reconciliation.verdicts
        reports.report(moving.project, moving.clock)
        with open_store(moving.project, moving.clock) as store:
            second = store.vault.load("default")
        assert second is not None and second.access != first.access
    (file,) = (configuration_folder() / "keys").iterdir()
    key = file.read_text().strip()
    assert key != held and file.stat().st_mode & 0o077 == 0
    secrets = [key, first.access, first.refresh, second.access, second.refresh]
    for secret in secrets:
        assert secret not in caplog.text and secret not in repr((first, second))
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
    for path in (tmp_path / "reports").iterdir():
        assert SANDBOX_SECRET not in path.read_text()
    assert os.environ.get("SAGERECON_CLIENT_SECRET") != SANDBOX_SECRET
    assert not list(tmp_path.rglob("*.key"))
