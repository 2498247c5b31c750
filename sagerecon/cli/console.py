"""What every command shares: its screen, and the way from an error to a sentence and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from sagerecon.model.errors import FindingsError, SagereconError, SourceError
from sagerecon.report.screen import Screen

#: The same in every format: a person must look, a fault of ours.
LOOK, OURS = 1, 70

Json = Annotated[bool, typer.Option("--json", help="Events for programs, one JSON object a line.")]


@contextmanager
def command(as_json: bool) -> Iterator[Screen]:
    """A screen; what we foresaw becomes a sentence and an exit code, what we did not becomes 70."""
    screen = Screen(as_json=as_json)
    try:
        yield screen
    except FindingsError as error:
        screen.findings(error.findings)
        screen.error(error.message)
        raise typer.Exit(error.exit_code) from None
    except SagereconError as error:
        if isinstance(error, SourceError) and error.findings:
            screen.findings(error.findings)
            screen.error("The source cannot be read; an older snapshot stays as it was.")
            raise typer.Exit(error.exit_code) from None
        screen.error(error.message, error.hint)
        raise typer.Exit(error.exit_code) from None
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        raise typer.Exit(128 + signal.SIGINT) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; nor does the exit
        raise typer.Exit(128 + signal.SIGPIPE) from None
    except Exception as error:
        if os.environ.get("SAGERECON_DEBUG"):
            raise
        screen.error(
            f"A fault of sagerecon: {type(error).__name__}. Nothing more was sent; the store is whole.",
            "Set SAGERECON_DEBUG=1 to see where, and tell us.",
        )
        raise typer.Exit(OURS) from None
