"""Names a process of a machine, and checks whether it is still running."""

from __future__ import annotations

import os
import socket
from pathlib import Path

#: Digits of a process id; another person may have written the name.
_MOST_DIGITS = 20


def this_process() -> str:
    """Return the name of this process, `host/pid/start time`, which no later process can have."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_alive(process: str) -> bool | None:
    """Return whether the named process is running; None where it is on another machine."""
    host, _, rest = process.partition("/")
    number, _, started = rest.partition("/")
    if host != socket.gethostname() or not number.isdecimal():
        return None
    if len(number) > _MOST_DIGITS:
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):  # there is none, or none can have such a number
        return False
    except PermissionError:
        pass
    return _started(int(number)) == started


def _started(pid: int) -> str:
    """Return the start time of a process in kernel ticks, because process ids are reused."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    # A killed process whose parent has not waited for it is a zombie: it writes nothing any more.
    return "" if fields[0] == "Z" else fields[19]
