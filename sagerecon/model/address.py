"""Web addresses that a project may name, and the host that each leads to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

#: The names of this machine.
LOOPBACK = ("127.0.0.1", "localhost", "::1")

#: Scheme, host, port and path, and no more: of a user name, a backslash or a control character before the
#: host, one library makes another host than the next one.
_PLAIN = re.compile(
    r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[\w.~%/-]*)?",
    re.ASCII | re.IGNORECASE,
)

#: A host as a user names it: alone, with a port, or in an address that was copied whole.
_NAMED = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?"
    r"(?:(?P<name>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)|\[?(?P<number>[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)\]?)"
    r"(?::[0-9]{1,5})?(?:/[\w.~%/-]*)?",
    re.ASCII | re.IGNORECASE,
)


def host_of(address: str) -> str:
    """Return the host of a web address in lower case, or "" where the address is not a plain one."""
    found = _PLAIN.fullmatch(address)
    if found is None or int(found["port"] or 0) > 65_535:
        return ""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # brackets around what is no IPv6 address
        return ""


def named_host(text: str) -> str:
    """Return the host that a user names, in lower case, or "" where the text is none.

    A port, scheme and path are left out: what is allowed is a host.
    """
    found = _NAMED.fullmatch(text)
    return (found["name"] or found["number"]).lower() if found else ""


def host_and_port(address: str) -> str:
    """Return the host of a plain web address with the port that it names, if any, for messages."""
    return urlsplit(address).netloc.lower()


def web_origin(address: str) -> str:
    """Return scheme, host and port of a plain web address, in the one form in which two can be compared."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()
