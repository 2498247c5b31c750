"""One move of one company: the values of `sagerecon.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sagerecon.documents import package
from sagerecon.model.catalog import Catalog
from sagerecon.model.finding import Finding
from sagerecon.model.limits import SQL_SECONDS
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.value import Scalar
from sagerecon.project.consent import Consent
from sagerecon.project.private_files import read_text

#: The name of the project file.
FILE = "sagerecon.yaml"

#: The name of the project's own folder: snapshot, store, plan.
STATE = ".sagerecon"


def state_folder(folder: Path, environment: str) -> Path:
    """Return the folder of what a project produces in an environment."""
    return folder / STATE / "environments" / environment if environment else folder / STATE


@dataclass(frozen=True, slots=True)
class Business:
    """The company at Sage, as the project expects it. `id` is empty before the first sign-in."""

    id: str
    country: str
    edition: str
    currency: str
    tax_registered: bool
    multi_currency: bool
    lockdown: date | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The project's call budget. Where a figure is None, the limit profile of the catalog decides."""

    profile: str = "standard"
    per_minute: int | None = None
    per_day: int | None = None
    reserve: int = 250  #: calls of 24 hours left to the company's other apps
    settle: int = 10  #: calls of 24 hours kept for calls in doubt


@dataclass(frozen=True, slots=True)
class TieOutSource:
    """The dataset with the source's figures of one tie-out, and the crosswalk of its account codes."""

    dataset: str
    crosswalk: str = ""
    place: Place = NOWHERE  #: where the project declares it


@dataclass(frozen=True, slots=True)
class Project:
    """The contents of `sagerecon.yaml`, with absolute paths."""

    folder: Path
    company: str
    data: Path
    data_folders: tuple[
        Path, ...
    ]  #: where a source file may lie, all links followed: `data`, and the trusted
    sources_file: Path
    mapping_files: tuple[Path, ...]
    crosswalk_files: tuple[Path, ...]
    test_files: tuple[Path, ...]  #: with tests of the mappings, besides those that mappings name
    block_files: tuple[Path, ...]  #: with blocks that mappings include
    overlay_files: tuple[Path, ...]  #: with changes of mappings for an environment or a country
    cut_over: date
    as_at: date
    parameters: Mapping[str, Scalar]
    business: Business
    limits: Limits
    address: str  #: of a sandbox; empty for Sage itself
    client_id: str
    store_url: str
    consent: Consent  #: of the user, to hosts and folders
    environment: str = ""  #: whose settings are in effect; empty for those of the file alone
    sql_seconds: int = SQL_SECONDS.most  #: what the user allows one query of the source
    stop_when_blocked: Decimal = Decimal(5)  #: the share of the writes, in per cent
    control_accounts: Mapping[str, int] = field(default_factory=dict)
    tie_outs: Mapping[str, TieOutSource] = field(default_factory=dict)
    warnings: tuple[Finding, ...] = ()  #: about the project file

    @property
    def state(self) -> Path:
        """The folder of what the project produces: snapshot, store, plan. Each environment has its own."""
        return state_folder(self.folder, self.environment)

    @property
    def snapshot_file(self) -> Path:
        """The file of the snapshot."""
        return self.state / "snapshot.duckdb"

    @property
    def plan_file(self) -> Path:
        """The plan that `plan` writes and `apply` reads when no file is named."""
        return self.state / "plan.jsonl"

    @property
    def accounts_start(self) -> date:
        """The first day of the books in Sage: the day after the cut-over."""
        return self.cut_over + timedelta(days=1)

    @property
    def catalog(self) -> Catalog:
        """The catalog of Sage's kinds; every stage is given this one."""
        return package.catalog()

    def name(self, path: Path) -> str:
        """Return `path` for messages: relative to the project folder if it is inside it."""
        return str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)

    def text(self, path: Path, *, follow: bool = True) -> str:
        """Return the text of a project file.

        Args:
            follow: the file was found by a pattern, so that a link was looked at; otherwise it is refused.

        Raises:
            ProjectError: the file cannot be read, is too large, or is not UTF-8.
        """
        return read_text(path, self.name(path), follow=follow)

    def texts(self, paths: Iterable[Path]) -> dict[str, str]:
        """Return the texts of project files by their names."""
        return {self.name(path): self.text(path) for path in paths}

    def expected_settings(self) -> dict[str, str]:
        """Return the financial settings that the business must have, by their paths in Sage's answer."""
        expected = {
            "base_currency.id": self.business.currency,
            "accounts_start_date": self.accounts_start.isoformat(),
        }
        return {**expected, "multi_currency_enabled": "True"} if self.business.multi_currency else expected
