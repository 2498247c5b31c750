"""Tell to which hosts a project sends data, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.address import host_and_port
from sagerecon.project.hosts import store_hosts
from sagerecon.project.project import Project


@dataclass(frozen=True, slots=True)
class Destination:
    """Sage or a sandbox, and the server of the store if it has one."""

    sage: str  #: host, with the port that the address names
    is_sandbox: bool
    store: tuple[str, ...]  #: empty for a store in a file


def destination(project: Project) -> Destination:
    """Return where the commands of a project send data."""
    address = project.address or project.catalog.api.base_url
    return Destination(host_and_port(address), bool(project.address), store_hosts(project.store_url))
