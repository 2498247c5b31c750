"""The address of a store, such as `sqlite:///path/store.db`."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

#: The databases that a store may be in, with the drivers that speak to them.
_SQLITE = frozenset({"sqlite", "sqlite+pysqlite"})
_POSTGRESQL = frozenset({"postgresql", "postgresql+psycopg", "postgresql+psycopg2"})

_LARGEST_PORT = 65_535

#: What an address of PostgreSQL may say after its `?`. Of the rest, some name another server (`conninfo`,
#: `service`), some a file that libpq reads or writes (`sslkeylogfile`), and some load a plugin.
_OPTIONS = frozenset(
    {
        "application_name",
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "host",
        "hostaddr",
        "options",
        "port",
        "require_auth",
        "sslmode",
        "target_session_attrs",
    }
)


class StoreAddressError(ValueError):
    """A text is not the address of a store."""


def store_address(text: str) -> URL:
    """Return the address of a store.

    Raises:
        StoreAddressError: the text is none, or names another database than SQLite and PostgreSQL.
    """
    try:
        address = make_url(text)
    except ArgumentError as error:
        raise StoreAddressError("it is not of the form sqlite:///path or postgresql://host/name") from error
    except Exception as error:  # of any step of SQLAlchemy's reading, such as int() for the port
        raise StoreAddressError("it cannot be read; a port, for one, must be a number") from error
    if not text.isprintable():
        raise StoreAddressError("it holds a character that cannot be seen")
    if address.drivername in _SQLITE:
        _require_file(address)
    elif address.drivername not in _POSTGRESQL:
        raise StoreAddressError(f"'{address.drivername}' is neither sqlite nor postgresql")
    elif address.port is not None and not 0 < address.port <= _LARGEST_PORT:
        raise StoreAddressError(f"{address.port} is no port")
    elif set(address.host or "") & set("[]@/ "):
        raise StoreAddressError(f"'{address.host}' is no host")
    elif others := sorted(address.query.keys() - _OPTIONS):
        raise StoreAddressError(f"'{others[0]}' cannot be set in it; libpq reads its environment variables")
    return address


def _require_file(address: URL) -> None:
    """Check that an address of SQLite names a file, and nothing besides.

    Raises:
        StoreAddressError: it does not. With `uri=true` SQLite reads the path as another address.
    """
    if address.host or address.port or address.username or address.password:
        raise StoreAddressError("SQLite has no host; the path begins after three slashes")
    if address.database in (None, "", ":memory:"):
        raise StoreAddressError("it names no file")
    if address.query or str(address.database).startswith("file:"):
        raise StoreAddressError("an address of SQLite is a path and no more")
