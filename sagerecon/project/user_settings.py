"""What the user of this machine allows, whatever a project says: hosts, folders outside it, seconds of SQL.

It is kept in `config.yaml` in the user's configuration folder, which no project can write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.package import schema
from sagerecon.documents.schema import check_schema
from sagerecon.files.folders import UserFolder, make_private_folder, user_folder
from sagerecon.files.reading import read_bounded
from sagerecon.files.writing import write_text
from sagerecon.model.address import named_host
from sagerecon.model.code import Code
from sagerecon.model.errors import ProjectError, ProjectFileError
from sagerecon.model.finding import Finding
from sagerecon.model.limits import PROJECT_FILE, SQL_SECONDS
from sagerecon.project.hosts import allowed_host

_HEAD = "# What projects on this machine may use. Written by: sagerecon trust\n"


@dataclass(frozen=True, slots=True)
class UserSettings:
    """The hosts and folders that the user allows to every project."""

    allow_hosts: tuple[str, ...] = ()  #: in lower case
    data_folders: tuple[Path, ...] = ()  #: absolute, all links followed
    sql_seconds: int = SQL_SECONDS.most  #: of execution, for one query

    def with_host(self, host: str) -> UserSettings:
        """Return the settings with one host more.

        Raises:
            ProjectError: it is no name of a host.
        """
        return replace(self, allow_hosts=tuple(dict.fromkeys((*self.allow_hosts, allowed_host(host)))))

    def with_folder(self, folder: Path) -> UserSettings:
        """Return the settings with one folder more.

        Raises:
            ProjectError: the folder holds everything that the user has.
        """
        if _home().is_relative_to(folder.resolve()):
            raise ProjectError(
                f"{folder.resolve()} holds all files of this user, which no project needs.",
                "Name the folder of the exported files alone.",
            )
        return replace(self, data_folders=tuple(dict.fromkeys((*self.data_folders, folder.resolve()))))

    def without(self, name: str) -> UserSettings:
        """Return the settings without a host or folder of this name."""
        folder, named = Path(name).resolve(), named_host(name)
        return replace(
            self,
            allow_hosts=tuple(host for host in self.allow_hosts if host != named),
            data_folders=tuple(each for each in self.data_folders if each != folder),
        )


def _home() -> Path:
    """Return the user's home folder, or the root of the file system where there is none."""
    try:
        return Path.home().resolve()
    except RuntimeError:
        return Path("/").resolve()


def configuration_folder() -> Path:
    """Return the user's folder for settings and keys, by the conventions of the operating system.

    Raises:
        ProjectError: the user has no home folder.
    """
    try:
        return user_folder(UserFolder.SETTINGS)
    except RuntimeError as error:
        raise ProjectError(
            "This user has no home folder for settings.", "Set XDG_CONFIG_HOME to a folder of the user's own."
        ) from error


def read_user_settings() -> UserSettings:
    """Return what the user allows; nothing where there are no settings.

    Raises:
        ProjectError: the file cannot be read, or another user may have written it.
        ProjectFileError: it has errors; every finding is attached.
    """
    path = _file()
    try:
        if not path.exists():
            return UserSettings()
        facts = path.stat()
        if hasattr(os, "geteuid") and (facts.st_uid != os.geteuid() or facts.st_mode & 0o022):
            raise ProjectError(f"Another user may have written {path}.", f"Run: chmod 600 {path}")
        text = read_bounded(path, PROJECT_FILE).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ProjectError(f"{path} cannot be read: {reason}.", "Correct it, or delete it.") from error
    root, findings = read_document(text, str(path))
    if findings := findings or list(check_schema(root, schema("user"))) or list(_check(root)):
        raise ProjectFileError(findings)
    get = root.plain().get
    return UserSettings(
        allow_hosts=tuple(map(allowed_host, get("allow_hosts", ()))),
        data_folders=tuple(Path(folder).expanduser().resolve() for folder in get("data_folders", ())),
        sql_seconds=get("sql_seconds", SQL_SECONDS.most),
    )


def _check(root: Node) -> Iterator[Finding]:
    """Yield what the schema cannot see: a host that is none, and a folder relative to the working folder."""
    for host in root["allow_hosts"].items() if "allow_hosts" in root else ():
        if not named_host(host.text):
            message = f"'{host.text}' is not the name of a host."
            yield Finding(Code.NOT_AN_ADDRESS, host.place, message, "Write it as db.example.com.")
    for folder in root["data_folders"].items() if "data_folders" in root else ():
        if not folder.text.startswith("~/") and not Path(folder.text).is_absolute():
            message = f"'{folder.text}' is not the full path of a folder."
            yield Finding(Code.NOT_AN_ADDRESS, folder.place, message, "Begin it with / or ~/.")


def write_user_settings(settings: UserSettings) -> Path:
    """Write what the user allows, and return the file.

    Raises:
        ProjectError: it cannot be written.
    """
    path = _file()
    try:
        make_private_folder(path.parent)
        hosts, folders = settings.allow_hosts, map(str, settings.data_folders)
        seconds = settings.sql_seconds
        spent = f"sql_seconds: {seconds}\n" if seconds != SQL_SECONDS.most else ""
        write_text(path, [_HEAD, _list("allow_hosts", hosts), _list("data_folders", folders), spent])
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def _file() -> Path:
    return configuration_folder() / "config.yaml"


def _list(name: str, values: Iterable[str]) -> str:
    listed = "".join(f"\n  - {json.dumps(value, ensure_ascii=False)}" for value in values)
    return f"{name}:{listed or ' []'}\n"
