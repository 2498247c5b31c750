"""What every command does: open its screen, translate errors to exit codes, stop by signal."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import typer

from sagerecon.model.errors import FindingsError, SagereconError, SourceError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.visible import visible
from sagerecon.report.screen import Screen

#: The exit codes that are no error's own; see README.
NEEDS_REVIEW, PAUSED, INTERNAL_ERROR = 1, 3, 70

#: The signal of a closed terminal, where the system has one.
_HANG_UP = tuple(number for number in signal.Signals if number.name == "SIGHUP")


class _Ended(BaseException):
    """The command was asked to end by a signal."""


class _VisibleLog(logging.Formatter):
    """Makes visible what a library logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message in one line."""
        return visible(super().format(record))


@contextmanager
def command(as_json: bool) -> Iterator[Screen]:
    """Open a screen; turn an error into a message and an exit code, an unexpected one into 70.

    A request to end the process unwinds the command, so that nothing stays booked or locked for it. A library
    may turn that exception into one of its own, as DuckDB does: it is the request that counts.
    """
    screen = Screen(as_json=as_json)
    if logging.lastResort is not None:  # what a library warns of may hold what a server answered
        logging.lastResort.setFormatter(_VisibleLog())
    received: list[int] = []

    def end(number: int, _frame: object) -> None:
        received.append(number)
        raise _Ended

    try:
        with _handling((signal.SIGINT, signal.SIGTERM, *_HANG_UP), end):
            yield screen
    except _Ended:
        raise typer.Exit(128 + received[0]) from None
    except FindingsError as error:
        screen.findings(error.findings)
        screen.error(error.message)
        raise typer.Exit(error.exit_code) from None
    except SagereconError as error:
        if isinstance(error, SourceError) and error.findings:
            screen.findings(error.findings)
            screen.error("The source cannot be read; an older snapshot is unchanged.")
            raise typer.Exit(error.exit_code) from None
        screen.error(error.message, error.hint)
        raise typer.Exit(error.exit_code) from None
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        raise typer.Exit(128 + signal.SIGINT) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the exit does not fail again
        raise typer.Exit(128 + signal.SIGPIPE) from None
    except Exception as error:
        if received:
            raise typer.Exit(128 + received[0]) from None
        if os.environ.get("SAGERECON_DEBUG"):
            screen.traceback(error)
        screen.error(
            f"Internal error: {type(error).__name__}. Nothing more was sent; the store is intact.",
            "Please report it, with the traceback that SAGERECON_DEBUG=1 shows.",
        )
        raise typer.Exit(INTERNAL_ERROR) from None


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Yield whether a stop was requested. The first signal finishes the current call, the second kills.

    A terminal that is closed requests a stop, too; under `nohup` it does not.
    """
    received: list[int] = []

    def request_stop(number: int, _frame: object) -> None:
        received.append(number)
        signal.signal(number, signal.SIG_DFL)

    with _handling((signal.SIGINT, signal.SIGTERM, *_HANG_UP), request_stop):
        yield lambda: bool(received)


@contextmanager
def _handling(signals: Iterable[signal.Signals], handler: Callable[[int, object], None]) -> Iterator[None]:
    """Let `handler` handle these signals, but for one that `nohup` ignores; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in signals}
    ignored = {number for number in _HANG_UP if before.get(number) is signal.SIG_IGN}
    handled = [number for number in before if number not in ignored]
    for number in handled:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def exit_by_findings(findings: Sequence[Finding]) -> None:
    """Exit with 1 if a finding is an error."""
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(NEEDS_REVIEW)
