"""A whole migration in one process: a project from a pack, a rehearsal Sage, a virtual clock."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from sagerecon.commands import plans, projects, reconciliations, runs, sources
from sagerecon.commands.rehearsals import expected_business, open_rehearsal
from sagerecon.project.project import Project
from sagerecon.project.sage import GRANT, SANDBOX_APP, SANDBOX_SECRET
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.faults import ScheduledFaults
from sagerecon.rehearsal.request import ApiReply, ApiRequest, User
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.sage.session import open_session
from sagerecon.sage.tokens import read_tokens

SHARED = Path(__file__).parents[2] / "shared"
QBO = SHARED / "data" / "qbo-sandbox"

needs_qbo = pytest.mark.skipif(
    not QBO.exists(), reason="the QuickBooks sample lies in ../shared/data, which is absent"
)

#: Another user of the company, who edits in Sage directly.
OTHER_HAND = User("f" * 32, "Kim Other", "KO")


@dataclass
class Move:
    """The migration of one company."""

    folder: Path
    clock: VirtualClock
    session: requests.Session
    sage: RehearsalSage
    faults: ScheduledFaults

    @property
    def project(self) -> Project:
        return projects.open_project(self.folder)

    def set(self, before: str, after: str) -> None:
        """Change a line of sagerecon.yaml."""
        _set(self.folder, before, after)

    def load(self) -> RunOutcome:
        """Snapshot, plan and apply until the run is finished, sleeping through closed windows."""
        sources.snapshot(self.project, self.clock, lambda _file, _rows: None)
        plans.plan(self.project, self.clock)
        while True:
            outcome = runs.apply(self.project, self.clock, self.session)
            if outcome.ended is not Ended.PAUSED or outcome.until is None:
                return outcome
            self.clock.sleep(outcome.until - self.clock.now())

    def reconcile(self) -> reconciliations.Reconciled:
        result = reconciliations.reconcile(self.project, self.clock, self.session)
        assert isinstance(result, reconciliations.Reconciled), result
        return result

    def by_other_hand(self, method: str, path: str, body: object = None, **query: str) -> ApiReply:
        """Make a call as another user, and return the reply."""
        books = self.sage.business(self.project.business.id)
        return books.handle(ApiRequest(method, path, query, body, OTHER_HAND, self.clock.now()))


@contextmanager
def signed_in(folder: Path) -> Iterator[Move]:
    """Sign the project in `folder` in to a new rehearsal business, and yield its migration."""
    clock, faults = VirtualClock(), ScheduledFaults()
    project = projects.open_project(folder)
    sage = open_rehearsal(
        project.catalog,
        expected_business(project),
        clock,
        seed=7,
        faults=faults,
        latency=200,
        profile=project.limits.profile,
    )
    business = next(iter(sage.membership.businesses))
    write_business(project.state, business)
    names = {"SAGERECON_CLIENT_ID": SANDBOX_APP, "SAGERECON_CLIENT_SECRET": SANDBOX_SECRET}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in names.items():
            patch.setitem(os.environ, name, value)
        granted = sage.grant(SANDBOX_APP, "owner", business)
        with open_store(project, clock) as store:
            store.vault.save(GRANT, read_tokens(granted, clock.now()), None)
        with open_session() as session:
            mount(session, sage)
            yield Move(folder, clock, session, sage, faults)


@contextmanager
def move(folder: Path, pack: str, data: Path, changes: Mapping[str, str] = {}) -> Iterator[Move]:
    """Create a project of `pack` on `data`, sign it in to the business it expects, and yield its migration.

    Args:
        changes: lines of sagerecon.yaml, before and after.
    """
    projects.init(folder, pack, data, "Test Company Ltd")
    for before, after in changes.items():
        _set(folder, before, after)
    with signed_in(folder) as moving:
        yield moving


def _set(folder: Path, before: str, after: str) -> None:
    path = folder / "sagerecon.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
