"""A place for hostile projects: the project, files outside that must stay as they are, and a trap server."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

#: What every command has to keep to, whatever it is given.
MOST_SECONDS = 10
MOST_MEGABYTES = 600

#: The address space of a command, so that one that fails a test does not take all memory of the machine.
MACHINE_BYTES = 4 << 30

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


class Commands:
    """Runs commands, each in a process of its own, forked from one that has imported the program.

    Importing it takes longer than most commands, and there are a hundred.
    """

    def __init__(self) -> None:
        command = [sys.executable, Path(__file__).with_name("forge.py")]
        self._forge = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ran:
        """Run a command in a folder, killed after `6 * MOST_SECONDS`."""
        assert self._forge.stdin is not None and self._forge.stdout is not None
        order = {
            "words": words,
            "folder": str(folder),
            "environment": {**os.environ, **environment},
            "bytes": MACHINE_BYTES,
            "seconds": 6 * MOST_SECONDS,
        }
        self._forge.stdin.write(json.dumps(order) + "\n")
        self._forge.stdin.flush()
        return Ran(**json.loads(self._forge.stdout.readline()))

    def close(self) -> None:
        assert self._forge.stdin is not None and self._forge.stdout is not None
        self._forge.stdin.close()
        self._forge.stdout.close()
        assert self._forge.wait() == 0


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
    commands: Commands
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

    def run_all(self, commands: Sequence[tuple[str, ...]] = COMMANDS) -> list[Ran]:
        """Run the commands one after another, and check of each what has to hold of every one."""
        return [self.checked(words) for words in commands]

    def checked(self, words: tuple[str, ...]) -> Ran:
        project = ("--project", str(self.project))
        ran = self.commands.run((*words, *project), self.project.parent, self.environment)
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
