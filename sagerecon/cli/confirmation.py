"""Ask the user before a command does what costs calls."""

from __future__ import annotations

import sys

import typer

from sagerecon.model.errors import ProjectError
from sagerecon.report.screen import Screen


def confirm(screen: Screen, price: str, is_accepted: bool) -> None:
    """Show what a command costs, and ask whether to go on unless that is accepted already.

    Raises:
        ProjectError: the user refuses, or nobody can be asked.
    """
    screen.notice(price)
    if is_accepted:
        return
    if not sys.stdin.isatty():
        raise ProjectError("Nobody can be asked whether to go on.", "Accept the price with --yes.")
    if not typer.confirm("Go on?", err=True):
        raise ProjectError("Nothing was sent.", "")
