"""A place for hostile projects: the project, files outside that must stay as they are, and a trap server."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

#: What every command has to keep to, whatever it is given.
MOST_SECONDS = 10
MOST_MEGABYTES = 600

#: The address space of a command, so that one that fails a test does not take all memory of the machine.
MACHINE_KILOBYTES = 4 << 20

COMMANDS = (("check",), ("snapshot",), ("plan",), ("apply",), ("report",))


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it took."""

    code: int
    text: str
    seconds: float
    megabytes: float

    @property
    def words(self) -> str:
        """What it printed, in one line."""
        return " ".join(self.text.split())


class _Peak(threading.Thread):
    """Watches the most memory that a process has had; what `getrusage` says includes its parent's."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{process}/status")
        self.kilobytes = 0

    def run(self) -> None:
        while True:
            try:
                text = self._status.read_text()
            except OSError:
                return
            if (at := text.find("VmHWM:")) < 0:
                return  # it has ended
            self.kilobytes = max(self.kilobytes, int(text[at + 6 :].split()[0]))
            time.sleep(0.02)


class Trap(ThreadingHTTPServer):
    """Listens on this machine, answers nothing useful, and remembers every request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Caught)
        self.requests: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Caught(BaseHTTPRequestHandler):
    server: Trap

    def handle_one_request(self) -> None:
        self.server.requests.append(self.rfile.readline(1_000).decode("latin-1"))
        self.close_connection = True


@contextmanager
def trap() -> Iterator[Trap]:
    with Trap() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()


@dataclass
class Ground:
    """The folder of a project, and what lies outside it."""

    project: Path
    outside: Path
    trap: Trap
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def link(self, name: str, target: Path) -> None:
        """Put a link in the place of what is there; a folder is moved away."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            path.rename(self.project / "moved")
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def add(self, name: str, before: str, after: str) -> None:
        path = self.project / name
        text = path.read_text()
        assert before in text, (name, before)
        path.write_text(text.replace(before, after))

    def run(self, *words: str) -> Ran:
        """Run a command in a process of its own, and measure it."""
        command = [sys.executable, "-m", "sagerecon", *words, "--project", str(self.project)]
        command = ["sh", "-c", f'ulimit -v {MACHINE_KILOBYTES}; exec "$@"', "sh", *command]
        began = time.monotonic()
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.project.parent,
            env={**os.environ, **self.environment},
        ) as process:
            timer = threading.Timer(6 * MOST_SECONDS, process.kill)
            timer.start()
            peak = _Peak(process.pid)
            peak.start()
            assert process.stdout is not None
            output = process.stdout.read()
            process.wait()
            timer.cancel()
            peak.join()
        return Ran(
            code=process.returncode,
            text=output.decode("utf-8", "replace"),
            seconds=time.monotonic() - began,
            megabytes=peak.kilobytes / 1024,
        )

    def run_all(self, commands: Sequence[tuple[str, ...]] = COMMANDS) -> list[Ran]:
        """Run the commands one after another, and check of each what has to hold of every one."""
        return [self.checked(words) for words in commands]

    def checked(self, words: tuple[str, ...]) -> Ran:
        ran = self.run(*words)
        assert ran.code in (0, 1, 2, 3, 5), (words, ran)
        assert "Internal error" not in ran.text and "Traceback" not in ran.text, (words, ran.text[-3000:])
        assert ran.seconds <= MOST_SECONDS, (words, ran.seconds, ran.words[-500:])
        assert ran.megabytes <= MOST_MEGABYTES, (words, ran.megabytes, ran.words[-500:])
        assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in ran.text), (words, repr(ran.text))
        assert not any(sign in ran.text for sign in BIDI), (words, repr(ran.text))
        assert state_of(self.outside) == self.before, words
        assert self.trap.requests == [], words
        return ran


#: Signs that turn the direction of text.
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


def state_of(folder: Path) -> dict[str, str]:
    """Return what a folder holds: names, kinds, modes and contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(folder))] = f"{facts.st_mode:o} {facts.st_size} {content}"
    return found
