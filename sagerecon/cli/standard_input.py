"""Lines that a user pastes while a command waits for something else."""

from __future__ import annotations

import io
import os
import select
import sys
import time

from sagerecon.report.screen import Screen


class StandardInput:
    """The lines of standard input, one at a time; satisfies `sage.loopback.PastedLines`.

    It is read in pieces and without a thread: a thread that waits for input at the end of the program would
    keep the interpreter from closing.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._text = b""
        self._is_open = sys.stdin is not None

    def line(self, seconds: float) -> str | None:
        """Return the next line that arrives within `seconds`, or None after that time."""
        if b"\n" not in self._text and self._is_open:
            self._read(seconds)
        elif not self._text:
            time.sleep(seconds)
        line, end, rest = self._text.partition(b"\n")
        if not end and self._is_open:
            return None
        self._text = rest
        return line.decode(errors="replace") if line or end else None

    def refuse(self, reason: str) -> None:
        """Show the user why the last line was not accepted."""
        self._screen.notice(reason)

    def _read(self, seconds: float) -> None:
        """Read what is there, waiting for it at most `seconds`."""
        try:
            file = sys.stdin.fileno()
        except (io.UnsupportedOperation, ValueError):  # not a file of the system: it does not block
            read = sys.stdin.readline().encode()
        else:
            if not select.select([file], [], [], seconds)[0]:
                return
            read = os.read(file, 65_536)
        self._text += read
        self._is_open = bool(read)
