"""The hosts to which a project sends data."""

from __future__ import annotations

from collections.abc import Iterable

from sagerecon.model.address import host_of, named_host
from sagerecon.model.catalog import Api
from sagerecon.model.errors import ProjectError

#: What libpq connects to besides the host of an address.
_HOSTS = ("host", "hostaddr")


def sage_hosts(api: Api) -> frozenset[str]:
    """Return Sage's own hosts: the only ones to which the app's id and secret are sent."""
    urls = (api.base_url, api.authorize_url, api.token_url, api.revoke_url)
    return frozenset(host for url in urls if (host := host_of(url)))


def allowed_host(text: str) -> str:
    """Return the host that a user allows, which may be named with its port or in a whole address.

    Raises:
        ProjectError: the text names no host.
    """
    if not (host := named_host(text)):
        raise ProjectError(f"'{text}' is not the name of a host.", "Write it as db.example.com.")
    return host


def store_hosts(url: str) -> tuple[str, ...]:
    """Return the hosts to which the driver of a store may connect; none where it is a file or not an address.

    A host is "" where the address does not tell it.
    """
    if url.startswith("sqlite:"):
        return ()
    from sqlalchemy import make_url  # noqa: PLC0415 - few projects name a store
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return ()  # whoever opens it says so
    if address.get_backend_name() == "sqlite":
        return ()
    if address.get_backend_name() != "postgresql":
        return ("",)
    named = [address.host or "", *(host for key in _HOSTS for host in _values(address.query.get(key, ())))]
    hosts = [host for text in named for host in text.split(",") if host]
    here = "localhost"  # without a host, or with a socket in a folder, it is this machine
    return tuple(dict.fromkeys(here if host.startswith("/") else host for host in hosts)) or (here,)


def _values(value: str | Iterable[str]) -> Iterable[str]:
    return (value,) if isinstance(value, str) else value
