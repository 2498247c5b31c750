"""The address of a source database, such as `postgresql://reader@db.example.com/books`."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: User, host, port and database, and no more: of other options some name another server, or a file that the
#: driver writes. A password would stand in a file of the project.
_ADDRESS = re.compile(
    r"postgresql://(?:(?P<user>[\w.-]+)@)?"
    r"(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])?(?::(?P<port>[0-9]{1,5}))?"
    r"/(?P<database>[\w.-]+)"
    r"(?:\?sslmode=(?P<sslmode>disable|prefer|require|verify-ca|verify-full)|\?host=(?P<folder>/[\w./-]+))?",
    re.ASCII,
)

_LARGEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a PostgreSQL database is."""

    host: str  #: of a server; empty for a socket in `folder`
    folder: str
    port: int | None
    user: str
    database: str
    sslmode: str

    @property
    def shown(self) -> str:
        """The address in places and messages: without user and options."""
        port = f":{self.port}" if self.port else ""
        return f"postgresql://{self.host or 'localhost'}{port}/{self.database}"


def database_name(url: str) -> str:
    """Return the address of a database for places and messages; unlike a file's name it holds `://`."""
    address = database_address(url)
    return url if address is None else address.shown


def database_address(text: str) -> DatabaseAddress | None:
    """Return the address that a text is, or None."""
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"] or 1) not in range(1, _LARGEST_PORT + 1):
        return None
    if bool(found["host"]) == bool(found["folder"]):
        return None
    return DatabaseAddress(
        host=(found["host"] or "").strip("[]"),
        folder=found["folder"] or "",
        port=int(found["port"]) if found["port"] else None,
        user=found["user"] or "",
        database=found["database"],
        sslmode=found["sslmode"] or "",
    )
