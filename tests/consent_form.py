"""Fill in the consent page of the rehearsal Sage as a user does in a browser."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

from sagerecon.rehearsal.reply import Reply
from sagerecon.rehearsal.sage import RehearsalSage

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def fields_of(page: str) -> dict[str, str]:
    """Return the token of the page, and its first choice."""
    found = re.findall(r'name="(token|choice)" value="([^"]+)"', page)
    return {name: unescape(value) for name, value in reversed(found)}


def submit(sage: RehearsalSage, url: str, **form: str) -> Reply:
    """Open the page at `url`, and post its form with these values."""
    page = sage.request("GET", url, {}).body.decode()
    return sage.request("POST", url, FORM, urlencode({**fields_of(page), **form}).encode())
