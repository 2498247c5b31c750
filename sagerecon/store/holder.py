"""Who holds a lease: a process of a machine, and whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process() -> str:
    """The name of this process, which no later one bears: host, number, and when it started."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_this_process(holder: str) -> bool:
    """Whether the holder is ourselves, perhaps before an interruption."""
    return holder == this_process()


def is_alive(holder: str) -> bool | None:
    """Whether the holder lives; None where it is on another machine, which we cannot see."""
    host, _, rest = holder.partition("/")
    number, _, started = rest.partition("/")
    if host != socket.gethostname() or not number.isdecimal():
        return None
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _started(int(number)) == started


def _started(process: int) -> str:
    """When the process started, in the kernel's ticks; numbers of processes are used again."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    # A killed process whose parent has not asked for it is a zombie: it writes nothing any more.
    return "" if fields[0] == "Z" else fields[19]
