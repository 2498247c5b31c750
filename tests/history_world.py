"""A whole migration in one process under a virtual clock, with everything that may happen to it.

The commands are called as the command line calls them, and reach a rehearsal Sage through the client's own
HTTP session. Commands crash at failpoints, answers fail, stores are put back, and the machine is changed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from history_oracle import OTHER_HAND, Books, Listing, Requests, kind_of
from history_source import FILES, Source, small_source
from requests import Session

from sagerecon.commands import decisions, plans, preparation, projects, reconciliations, runs, sources
from sagerecon.commands.preparation import Prepared
from sagerecon.commands.rehearsals import expected_business, open_rehearsal
from sagerecon.model.clock import DAY, SECOND
from sagerecon.model.errors import AuthorizationError, SagereconError
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement
from sagerecon.project.project import Project
from sagerecon.project.sage import GRANT, SANDBOX_APP, SANDBOX_SECRET
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.reconciliation.result import Reconciliation
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.books.business import Business
from sagerecon.rehearsal.clock import SkewedClock, VirtualClock
from sagerecon.rehearsal.faults import Fault, NoFaults, ScheduledFaults, Trigger
from sagerecon.rehearsal.reply import Dropped, Reply, json_reply
from sagerecon.rehearsal.request import ApiReply, ApiRequest
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.door import PATIENCE
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.sage.session import open_session
from sagerecon.sage.tokens import read_tokens
from sagerecon.store import opening, process, vault


class Crash(BaseException):
    """A simulated crash of the process."""


@dataclass(frozen=True)
class Kill:
    """The command is killed at a point: before or after its nth commit or call, counted from 0.

    Where `name` is given, only the points of that name count.
    """

    point: int
    name: str = ""


@dataclass(frozen=True)
class Fail:
    """A request fails: the nth of its method, counted from 1, and as many in a row."""

    method: str
    nth: int
    fault: Fault
    times: int = 1
    path: str = ""


@dataclass(frozen=True)
class ShortPages:
    """From the nth listing of the command on, Sage answers pages with their total and fewer items."""

    nth: int
    items: int = 0  #: that stay on a page


Trouble = Kill | Fail | ShortPages | None


@dataclass(frozen=True)
class Ran:
    """How a command ended. `code` is its exit code."""

    code: int
    value: Any = None
    error: BaseException | None = None


@dataclass
class World:
    """The project, its Sage, and the machine on which the commands run."""

    home: Path
    source: Source
    clock: VirtualClock
    sage: RehearsalSage
    books: Books
    session: Session
    requests: Requests
    skew: int = 0  #: of the machine's clock, in milliseconds
    machines: int = 0
    prepared: Prepared | None = None
    copies: int = 0
    processes: int = 0  #: started so far; each command is one
    kept: list[Path] = field(default_factory=list)  #: copies of the store
    machine_of: dict[Path, int] = field(default_factory=dict)  #: on which each copy was made
    trouble: Trouble = None
    counted: int = 0  #: failpoints or listings of the current command so far

    @property
    def folder(self) -> Path:
        return self.home / "project"

    @property
    def project(self) -> Project:
        return projects.open_project(self.folder)

    @property
    def machine_clock(self) -> SkewedClock:
        return SkewedClock(self.clock, self.skew)

    def command(self, run: Callable[[], Any], trouble: Trouble = None) -> Ran:
        """Run a command, as the command line does; sign in again where it asks for that."""
        self.clock.sleep(SECOND)  # a process starts
        self.processes += 1
        self.trouble, self.counted = trouble, 0
        if isinstance(trouble, Fail):
            trigger = Trigger(trouble.nth, trouble.method, trouble.path, trouble.times)
            self.sage.faults = ScheduledFaults([(trigger, trouble.fault)])
        try:
            try:
                return Ran(0, run())
            except AuthorizationError:
                self.sign_in()
                return Ran(0, run())
        except Crash as crash:
            return Ran(137, error=crash)
        except SagereconError as error:
            return Ran(error.exit_code, error=error)
        finally:
            self.trouble = None
            self.sage.faults = NoFaults()

    def snapshot(self) -> Ran:
        self.source.write(self.folder / "data")
        ran = self.command(lambda: sources.snapshot(self.project, self.machine_clock, lambda *_: None))
        if isinstance(ran.value, Prepared):
            self.prepared = ran.value
            self.source.freeze()
        return ran

    def plan(self) -> Ran:
        return self.command(lambda: plans.plan(self.project, self.machine_clock, prepared=self.prepared))

    def apply(self, trouble: Trouble = None, *, waits: bool = False, distrusts: bool = False) -> Ran:
        ran = self.command(
            lambda: runs.apply(
                self.project,
                self.machine_clock,
                self.session,
                patience_ms=2 * DAY if waits else PATIENCE,
                distrust_store=distrusts,
            ),
            trouble,
        )
        return replace(ran, code=3) if _is_paused(ran.value) else ran

    def reconcile(self, trouble: Trouble = None) -> Ran:
        ran = self.command(
            lambda: reconciliations.reconcile(
                self.project, self.machine_clock, self.session, prepared=self.prepared
            ),
            trouble,
        )
        if _is_paused(ran.value):
            return replace(ran, code=3)
        if isinstance(ran.value, reconciliations.Reconciled):
            found: Reconciliation = ran.value.reconciliation
            return Ran(0 if found.ties_out else 1, found)
        return ran

    def by_hand(self, method: str, path: str, body: object = None, **query: str) -> ApiReply:
        """Change something in Sage as a user does."""
        return self.books.handle(ApiRequest(method, path, query, body, OTHER_HAND, self.clock.now()))

    def decidable(self) -> tuple[Position, ...]:
        """Return the records without a decision on which one can be made, first those that wait for it."""
        ran = self.command(lambda: decisions.decidable(self.project, self.machine_clock))
        if not isinstance(ran.value, decisions.Decidable):
            return ()
        waiting = [at for group in ran.value.waiting for at in group.positions]
        others = [at for group in ran.value.groups for at in group.positions]
        keys = {(at.kind, at.key) for at in waiting}
        others = [at for at in others if (at.kind, at.key) not in keys]
        return (*waiting, *(at for at in others if ran.value.settlement.of(at) is None))

    def settlement(self) -> Settlement:
        """Return what the decisions settle, as `decide list` says."""
        return decisions.decidable(self.project, self.machine_clock).settlement

    def sign_in(self) -> None:
        granted = self.sage.grant(SANDBOX_APP, "owner", self.books.id)
        with open_store(self.project, self.machine_clock) as store:
            store.vault.save(GRANT, read_tokens(granted, self.machine_clock.now()), None)

    @property
    def store_file(self) -> Path:
        return self.folder / ".sagerecon" / "store.sqlite"

    def keep_store(self) -> Path:
        """Copy the store, as a backup does."""
        self.copies += 1
        copy = self.home / f"kept-{self.copies}.sqlite"
        shutil.copyfile(self.store_file, copy)
        self.kept.append(copy)
        self.machine_of[copy] = self.machines
        return copy

    def put_back(self, copy: Path) -> None:
        """Put a copy of the store in the place of the newest one."""
        shutil.copyfile(copy, self.store_file)
        for side in ("-wal", "-shm"):
            self.store_file.with_name(self.store_file.name + side).unlink(missing_ok=True)

    def change_machine(self) -> None:
        """Continue with the same project folder on a machine that has no witness of its store."""
        self.machines += 1
        os.environ["XDG_STATE_HOME"] = str(self.home / f"machine-{self.machines}")

    def failpoint(self, name: str) -> None:
        if isinstance(self.trouble, Kill) and self.trouble.name in ("", name):
            self.counted += 1
            if self.counted > self.trouble.point:
                self.trouble = None  # what runs on the way out is not killed again
                raise Crash

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Answer a request as Sage does, and note its arrival."""
        parts = urlsplit(url)
        version, _, path = parts.path.strip("/").partition("/")
        if not version.startswith("v3"):
            return RehearsalSage.request(self.sage, method, url, headers, body)
        arrived = self.clock.now()
        self.requests.arrivals.append(arrived)
        whole = False
        try:
            reply = RehearsalSage.request(self.sage, method, url, headers, body)
            whole = reply.status == 200 and not reply.is_cut and b"<html>" not in reply.body
            if method == "GET" and isinstance(self.trouble, ShortPages) and b'"$items"' in reply.body:
                self.counted += 1
                if self.counted >= self.trouble.nth:
                    reply, is_cut = _shortened(reply, self.trouble.items)
                    whole = whole and not is_cut
        except Dropped as dropped:
            if not dropped.sent:  # no connection was made, so that Sage knows of no request
                self.requests.arrivals.pop()
            raise
        finally:
            if method == "GET":
                query = dict(parse_qsl(parts.query))
                self.requests.listings.append(Listing(arrived, kind_of(f"/{path}"), query, whole))
        return reply


def _shortened(reply: Reply, items: int) -> tuple[Reply, bool]:
    """Return the page with its first `items` alone, and whether some were left out."""
    document = json.loads(reply.body)
    shown = document["$items"][:items]
    short = replace(json_reply(200, {**document, "$items": shown}), headers=reply.headers)
    return short, len(shown) < len(document["$items"])


def _is_paused(value: object) -> bool:
    return isinstance(value, RunOutcome) and value.ended is not Ended.FINISHED


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Yield a folder for worlds, in memory where there is one: commits are fast there."""
    memory = Path("/dev/shm")  # noqa: S108 - a place in memory
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder) / "world"


@contextmanager
def new_world(home: Path) -> Iterator[World]:
    """Yield a world whose project has not run yet, in an empty folder `home`."""
    shutil.rmtree(home, ignore_errors=True)
    for name, text in FILES.items():
        path = home / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (home / "project" / "data").mkdir()
    clock = VirtualClock()
    with _environment(home):
        project = projects.open_project(home / "project")
        sage = open_rehearsal(project.catalog, expected_business(project), clock, seed=7, latency=200)
        source = small_source()
        with _running(home, source, clock, sage) as world:
            write_business(project.state, world.books.id)
            world.sign_in()
            yield world


@contextmanager
def _running(home: Path, source: Source, clock: VirtualClock, sage: RehearsalSage) -> Iterator[World]:
    business = next(iter(sage.membership.businesses))
    inner = sage.business(business)
    assert isinstance(inner, Business)
    requests = Requests()
    books = Books(inner, source, requests)
    sage.membership.businesses[business] = books
    with open_session() as session, pytest.MonkeyPatch.context() as patch:
        world = World(home, source, clock, sage, books, session, requests)
        patch.setattr(sage, "request", world.answer)
        patch.setattr(opening, "open_store", partial(opening.open_store, failpoint=world.failpoint))
        patch.setattr(process, "_started", lambda _: str(world.processes))  # earlier ones have ended
        patch.setattr(process, "socket", SimpleNamespace(gethostname=lambda: f"machine-{world.machines}"))
        patch.setattr(
            vault, "time", SimpleNamespace(sleep=lambda seconds: clock.sleep(round(seconds * SECOND)))
        )
        patch.setattr(runs, "run", partial(runs.run, failpoint=world.failpoint))
        mount(session, sage)
        yield world


@contextmanager
def _environment(home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGERECON_CLIENT_ID", SANDBOX_APP)
        patch.setenv("SAGERECON_CLIENT_SECRET", SANDBOX_SECRET)
        patch.setenv("XDG_STATE_HOME", str(home / "machine-0"))
        patch.setattr(preparation, "check", _checked_once(preparation.check))
        yield


def _checked_once(check: Callable[[Project], Any]) -> Callable[[Project], Any]:
    """Return `check`, which compiles the mappings of a history only once: no history changes them."""
    return lambda project: _compiled(check, project.folder)


@cache
def _compiled(check: Callable[[Project], Any], folder: Path) -> Any:
    return check(projects.open_project(folder))
