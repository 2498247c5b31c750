"""One move of one company: what `sagerecon.yaml` says, and the edges it names, opened."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.package import catalog, schema
from sagerecon.documents.schema import check_schema
from sagerecon.model.catalog import Api, Catalog
from sagerecon.model.clock import Clock
from sagerecon.model.code import Code
from sagerecon.model.errors import MappingError, ProjectError, ValidationError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.type import Columns
from sagerecon.model.value import Scalar, fingerprint
from sagerecon.sage.authorization import App, Authorization
from sagerecon.sage.client import ReadingClient, SageClient
from sagerecon.sage.grant import GrantTokens
from sagerecon.sage.session import open_session
from sagerecon.sources.dataset import describe
from sagerecon.sources.definitions import Sources
from sagerecon.sources.snapshot import Snapshot, open_snapshot, take_snapshot
from sagerecon.sources.sources_yaml import read_sources
from sagerecon.store.opening import Store, open_store

FILE = "sagerecon.yaml"
STATE = ".sagerecon"

#: Which runs read Sage back.
READINGS = "readings.json"

#: The vault keeps tokens by grant; a project has one.
GRANT = "default"

#: The app that a sandbox knows from the start; its secret is none.
SANDBOX_APP = "sagerecon"
SANDBOX_SECRET = "sandbox"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Business:
    """The company at Sage, as the project expects it to be."""

    id: str
    country: str
    edition: str
    currency: str
    tax_registered: bool
    lockdown: date | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the project says of the call budget; None where the profile decides."""

    profile: str = "standard"
    per_minute: int | None = None
    per_day: int | None = None
    reserve: int = 250
    settle: int = 10


@dataclass(frozen=True, slots=True)
class TieOutSource:
    """The dataset that says what one side must come to, and the crosswalk of its account codes."""

    dataset: str
    crosswalk: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """What `sagerecon.yaml` says. Paths are absolute; nothing has been opened."""

    folder: Path
    company: str
    data: Path
    sources_file: Path
    mapping_files: tuple[Path, ...]
    crosswalk_files: tuple[Path, ...]
    cut_over: date
    as_at: date
    parameters: Mapping[str, Scalar]
    business: Business
    limits: Limits
    address: str
    client_id: str
    store_url: str
    control_accounts: Mapping[str, int] = field(default_factory=dict)
    tie_outs: Mapping[str, TieOutSource] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """Where the project keeps what it makes: snapshot, store, plan."""
        return self.folder / STATE

    @property
    def snapshot_file(self) -> Path:
        """The frozen source."""
        return self.state / "snapshot.duckdb"

    @property
    def plan_file(self) -> Path:
        """Where `plan` writes and `apply` reads when no file is named."""
        return self.state / "plan.jsonl"

    @property
    def accounts_start(self) -> date:
        """The first day of the books in Sage."""
        return self.cut_over + timedelta(days=1)

    @property
    def catalog(self) -> Catalog:
        """Sage as data."""
        return catalog()

    def expected_settings(self) -> dict[str, str]:
        """What must stand in the business's financial settings, by the path of each."""
        return {
            "base_currency.id": self.business.currency,
            "accounts_start_date": self.accounts_start.isoformat(),
        }

    def name(self, path: Path) -> str:
        """`path` as people read it: relative to the project where it lies inside."""
        return str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)

    def text(self, path: Path) -> str:
        """The text of a project file.

        Raises:
            ProjectError: it cannot be read or is not UTF-8.
        """
        return read_text(path, self.name(path))

    def texts(self, paths: tuple[Path, ...]) -> dict[str, str]:
        """The texts of project files by their names."""
        return {self.name(path): self.text(path) for path in paths}

    def sources(self) -> Sources:
        """The declaration of the source.

        Raises:
            MappingError: it has faults; all of them.
        """
        text = self.text(self.sources_file)
        sources, findings = read_sources(text, self.name(self.sources_file), schema("sources"))
        if any(finding.severity is Severity.ERROR for finding in findings):
            raise MappingError(findings)
        return sources

    def describe_source(self) -> tuple[Mapping[str, Columns], list[Finding]]:
        """The columns of each dataset without a row of data, and what is wrong with any SQL."""
        return describe(self.sources(), self.parameters)

    def take_snapshot(self, clock: Clock, progress: Callable[[str, int], None]) -> str:
        """Freeze the source; its fingerprint. An older snapshot stays where this one has faults.

        Raises:
            SourceError: a file cannot be read at all.
            ValidationError: rows have faults; all of them.
        """
        make_private_folder(self.state)
        name, findings = take_snapshot(self.sources(), self.data, self.snapshot_file, clock.now(), progress)
        if any(finding.severity is Severity.ERROR for finding in findings):
            raise ValidationError(findings)
        return name

    def content(self) -> str:
        """The fingerprint of all that shapes the drafts: mappings, crosswalks, datasets, parameters."""
        texts = self.texts((self.sources_file, *self.mapping_files, *self.crosswalk_files))
        return fingerprint({"files": texts, "parameters": dict(self.parameters)})

    @contextmanager
    def open_snapshot(self) -> Iterator[Snapshot]:
        """The frozen source.

        Raises:
            ProjectError: none was taken yet.
        """
        if not self.snapshot_file.exists():
            raise ProjectError("No snapshot of the source was taken yet.", "Take one: sagerecon snapshot.")
        with open_snapshot(self.snapshot_file, self.sources(), self.parameters) as snapshot:
            yield snapshot

    @contextmanager
    def open_store(self, clock: Clock) -> Iterator[Store]:
        """What runs have left: run log, id map, call ledger, tokens."""
        make_private_folder(self.state)
        with open_store(self.store_url, clock, self.state / "vault.key") as store:
            yield store

    @property
    def base_url(self) -> str:
        """Where the API answers: Sage's own address, or the sandbox the project names."""
        api = catalog().api
        return f"{self.address}{urlsplit(api.base_url).path}" if self.address else api.base_url

    def app(self) -> App:
        """The app at Sage whose consent is used.

        Raises:
            ProjectError: the app's id or its secret is nowhere to be found.
        """
        api = catalog().api
        client_id = self.client_id or os.environ.get("SAGERECON_CLIENT_ID", "")
        secret = os.environ.get("SAGERECON_CLIENT_SECRET", "")
        if self.address:
            here = (f"{self.address}{urlsplit(url).path}" for url in _sign_in(api))
            return App(client_id or SANDBOX_APP, secret or SANDBOX_SECRET, *here)
        if not client_id or not secret:
            raise ProjectError(
                "The app's id and secret at Sage are not set.",
                "Put sage.client_id into sagerecon.yaml and the secret into SAGERECON_CLIENT_SECRET, "
                "or name a sandbox: sage.address.",
            )
        return App(client_id, secret, *_sign_in(api))

    def open_session(self) -> requests.Session:
        """Connections to the API's hosts, with the environment's proxies and certificates."""
        app = self.app()
        return open_session(self.base_url, app.token_url, app.revoke_url)

    def open_sage(self, store: Store, session: requests.Session, clock: Clock) -> SageClient:
        """The one door to the API, for one business, with the tokens of the vault."""
        tokens = GrantTokens(GRANT, store.vault, Authorization(self.app(), session, clock), clock)
        return SageClient(self.base_url, self.business.id, tokens, session, clock)

    def open_reader(self, store: Store, session: requests.Session, clock: Clock) -> ReadingClient:
        """A door through which nothing can be changed."""
        return ReadingClient(self.open_sage(store, session, clock))

    def choose_business(self, business: str) -> Project:
        """The project once the sign-in has shown which business it moves into; kept for later commands."""
        make_private_folder(self.state)
        write_private(self.state / "business", [business])
        return replace(self, business=replace(self.business, id=business))

    def remember_readings(self, runs: Sequence[str]) -> None:
        """Keep which runs read Sage back for the last reconciliation, and which one came before it."""
        document = {"readings": list(runs), "before": next(iter(self.readings()), "")}
        write_private(self.state / READINGS, [json.dumps(document)])

    def readings(self) -> tuple[str, ...]:
        """The runs that read Sage back for the last reconciliation; none where there was none."""
        return tuple(self._readings().get("readings", ()))

    def reading_before(self) -> str:
        """The run that read Sage back for the reconciliation before the last; empty where there was none."""
        return str(self._readings().get("before", ""))

    def _readings(self) -> dict[str, Any]:
        path = self.state / READINGS
        return dict(json.loads(read_text(path, self.name(path)))) if path.exists() else {}


def read_project(folder: Path) -> Project:
    """The project in `folder`.

    Raises:
        ProjectError: there is none, or it cannot be read.
        MappingError: its file has faults; all of them.
    """
    folder = folder.resolve()
    path = folder / FILE
    if not path.exists():
        raise ProjectError(
            f"There is no {FILE} in {folder}.", "Make a project: sagerecon init DIR --from quickbooks."
        )
    root, findings = read_document(read_text(path, FILE), FILE)
    findings = findings or check_schema(root, schema("project"))
    if not findings:
        project = _project(root, folder)
        findings = list(_faults(project, root))
    if findings:
        raise MappingError(findings)
    return project


def _project(root: Node, folder: Path) -> Project:
    get = root.plain().get
    cut_over = _day(get("cut_over"))
    business = get("business")
    sage = get("sage", {})
    parameters: dict[str, Scalar] = {**get("parameters", {}), "cut_over": cut_over}
    return Project(
        folder=folder,
        company=get("company"),
        data=(folder / get("data")).resolve(),
        sources_file=_inside(folder, get("sources", "sources.yaml")),
        mapping_files=_matching(folder, get("mappings")),
        crosswalk_files=_matching(folder, get("crosswalks", [])),
        cut_over=cut_over,
        as_at=_day(get("as_at", str(cut_over))),
        parameters={**parameters, "as_at": _day(get("as_at", str(cut_over)))},
        business=Business(
            id=business.get("id") or _chosen_business(folder),
            country=business["country"],
            edition=business.get("edition", "plus"),
            currency=business["currency"],
            tax_registered=business.get("tax_registered", True),
            lockdown=_day(business["lockdown"]) if "lockdown" in business else None,
        ),
        limits=Limits(**get("budget", {})),
        address=sage.get("address", "").rstrip("/"),
        client_id=sage.get("client_id", ""),
        store_url=get("store", f"sqlite:///{folder / STATE / 'store.sqlite'}"),
        control_accounts=get("control_accounts", {}),
        tie_outs={name: TieOutSource(**facts) for name, facts in get("tie_outs", {}).items()},
    )


def _chosen_business(folder: Path) -> str:
    """The business that the sign-in chose; empty before one."""
    path = folder / STATE / "business"
    return read_text(path, path.name).strip() if path.exists() else ""


def _sign_in(api: Api) -> tuple[str, str, str]:
    return api.authorize_url, api.token_url, api.revoke_url


def _faults(project: Project, root: Node) -> Iterator[Finding]:
    for key, files in (("mappings", project.mapping_files), ("crosswalks", project.crosswalk_files)):
        for pattern in root[key].items() if key in root else ():
            if not any(path.match(pattern.text) for path in files):
                yield Finding(
                    Code.NO_SUCH_FILE, pattern.place, f"no file matches '{pattern.text}'.", "Check the path."
                )
    if project.as_at < project.cut_over:
        yield Finding(
            Code.AS_AT_TOO_EARLY,
            root["as_at"].place,
            f"as_at {project.as_at} lies before the cut-over {project.cut_over}.",
            "Compare the books at the cut-over or later.",
        )


def _matching(folder: Path, patterns: list[str]) -> tuple[Path, ...]:
    """The files that match, in the order of the patterns and by name, each once, all inside the project."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        _inside(folder, pattern)
        found.update(dict.fromkeys(sorted(folder.glob(pattern))))
    return tuple(found)


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise ProjectError(f"'{name}' leads out of the project {folder}.", "Keep the file in the project.")
    return path


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        finding = Finding(Code.NOT_A_DATE, Place(FILE), f"'{text}' is not a day.", "Write it as 2027-03-31.")
        raise MappingError([finding]) from None


def read_text(path: Path, name: str) -> str:
    """The UTF-8 text of a file.

    Raises:
        ProjectError: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{name} is not UTF-8 at byte {error.start}.", "Save it as UTF-8.") from error
    except OSError as error:
        raise ProjectError(f"{name} cannot be read: {error.strerror or error}.") from error


def make_private_folder(path: Path) -> None:
    """A folder that only its owner may enter.

    Raises:
        ProjectError: it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"{path} cannot be made: {error.strerror or error}.") from error


def write_private(path: Path, lines: Iterable[str]) -> None:
    """Put `lines` into a file of the owner's alone; a reader sees the old content or the new, never half.

    Raises:
        ProjectError: it cannot be written; what stood there stays.
    """
    beside = path.with_name(path.name + ".new")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ProjectError(f"{path} cannot be written: {error.strerror or error}.") from error
