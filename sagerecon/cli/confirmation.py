"""Ask the user before a command does what costs calls."""

from __future__ import annotations

import sys

import typer

from sagerecon.model.errors import ProjectError
from sagerecon.report.screen import Screen


def confirm(screen: Screen, price: str, is_accepted: bool) -> None:
    """Show what a command costs, and ask whether to continue unless that is accepted already.

    Raises:
        ProjectError: the user refuses, or the input is not a terminal.
    """
    screen.notice(price)
    if is_accepted:
        return
    if not sys.stdin.isatty():
        raise ProjectError(
            "The input is not a terminal, so the price cannot be confirmed.", "Accept the price with --yes."
        )
    if not typer.confirm("Continue?", err=True):
        raise ProjectError("Nothing was sent.", "")
