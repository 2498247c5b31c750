"""What a project may use outside its own folder: the user consents, for one command or for this machine."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sagerecon.model.address import LOOPBACK
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.project.hosts import store_hosts
from sagerecon.project.user_settings import UserSettings


@dataclass(frozen=True, slots=True)
class Consent:
    """The hosts and folders that the user allows, and the project's own folder."""

    settings: UserSettings
    hosts: Collection[str]  #: allowed for this command, in lower case
    project: Path

    def host_findings(self, host: str, place: Place, what: str) -> Iterator[Finding]:
        """Yield a finding where the user has not consented to a host.

        Args:
            what: what would be sent there.
        """
        host = host.lower()
        if host in LOOPBACK or host in self.settings.allow_hosts or host in self.hosts:
            return
        if host:
            named = f"{host}, which you have not allowed"
            hint = (
                f"If you trust it: --allow-host {host}, or for every project: sagerecon trust --host {host}"
            )
        else:
            named = "a host that the address does not name plainly"
            hint = "Write the address as scheme://host:port, without a user name, a query or a service."
        yield Finding(Code.UNTRUSTED_HOST, place, f"{what} would be sent to {named}.", hint)

    def folder_findings(self, path: Path, place: Place, what: str) -> Iterator[Finding]:
        """Yield a finding where a path leads out of the project and of the folders that the user trusts.

        A folder that does not exist needs no consent, so that a project works without the source it was sent
        without; what reads or writes there says that it is missing.

        Args:
            path: with all links followed.
            what: what the path is.
        """
        allowed = (self.project, *self.settings.data_folders)
        if any(path.is_relative_to(folder) for folder in allowed) or not _is_there(path):
            return
        yield Finding(
            Code.UNTRUSTED_FOLDER,
            place,
            f"{what} {path} is outside the project, in a folder that you have not allowed.",
            f"If you trust this project with it: sagerecon trust {path}",
        )

    def store_findings(self, url: str, file: Path | None, place: Place) -> Iterator[Finding]:
        """Yield a finding where a store is on a host, or in a folder, to which the user has not consented.

        Args:
            url: the address of the store, which is one.
            file: the file of the store, with all links followed; None for a server.
        """
        for host in store_hosts(url):
            yield from self.host_findings(host, place, "The store's data")
        if file is not None:
            yield from self.folder_findings(file.parent, place, "The store's folder")


def _is_there(path: Path) -> bool:
    """Return whether a path exists and is not behind a folder that the user may not enter."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises an error for that one
