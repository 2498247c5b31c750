"""A project whose Sage is a served rehearsal with a virtual clock, driven by the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands import projects
from sagerecon.commands.rehearsals import expected_business, open_rehearsal
from sagerecon.project.sage import GRANT, SANDBOX_APP
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsal.faults import ScheduledFaults
from sagerecon.rehearsal.request import ApiReply, ApiRequest, User
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve
from sagerecon.sage.tokens import read_tokens

SANDBOX = "http://127.0.0.1:9"


@dataclass
class Served:
    """A project and the served rehearsal that is its Sage."""

    folder: Path
    sage: RehearsalSage
    clock: SharedClock
    faults: ScheduledFaults

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--project", str(self.folder)])

    def result(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the result event."""
        ran = self.run(*words, "--json")
        events = [json.loads(line) for line in ran.stdout.splitlines()]
        return ran.exit_code, next((event for event in events if event["event"] == "result"), {})

    def planned(self) -> None:
        for word in ("snapshot", "plan"):
            result = self.run(word)
            assert result.exit_code == 0, result.output

    def set(self, before: str, after: str) -> None:
        path = self.folder / "sagerecon.yaml"
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    def sign_in(self, user: str) -> None:
        project = projects.open_project(self.folder)
        granted = self.sage.grant(SANDBOX_APP, user, project.business.id)
        with open_store(project, self.clock) as store:
            store.vault.save(GRANT, read_tokens(granted, self.clock.now()), None)

    def by_other_hand(self, method: str, path: str, body: object = None, **query: str) -> ApiReply:
        books = self.sage.business(projects.open_project(self.folder).business.id)
        user = User("f" * 32, "Kim Other", "KO")
        return books.handle(ApiRequest(method, path, query, body, user, self.clock.now()))


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve a rehearsal for the project in `folder`, whose Sage is at `SANDBOX`, signed in as its owner."""
    faults, state = ScheduledFaults(), folder.parent / "clock"
    with pytest.MonkeyPatch.context() as patch, SharedClock(state) as clock:
        patch.setenv(projects.REHEARSAL_CLOCK, str(state))
        project = projects.open_project(folder)
        sage = open_rehearsal(
            project.catalog, expected_business(project), clock, seed=7, faults=faults, latency=200
        )
        write_business(project.state, next(iter(sage.membership.businesses)))
        with serve(sage) as server:
            made = Served(folder, sage, clock, faults)
            made.set(SANDBOX, server.url)
            made.sign_in("owner")
            yield made
