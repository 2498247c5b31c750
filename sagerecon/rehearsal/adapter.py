"""The rehearsal Sage in process: a `requests` adapter in place of the network."""

from __future__ import annotations

import requests

from sagerecon.rehearsal.sage import RehearsalSage


def mount(session: requests.Session, sage: RehearsalSage, *base_urls: str) -> None:
    """Answer the session's requests to the API's real hosts, and to `base_urls`, from `sage`."""
    raise NotImplementedError
