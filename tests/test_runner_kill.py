"""A run in a process of its own, killed several times at random points."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest
from memory_sage import MemorySage
from runs import customer, desk, references

from sagerecon.model.call import Call
from sagerecon.model.clock import SystemClock
from sagerecon.planning.plan import plan_lines

#: The worker: it carries out a plan with a store, and calls the Sage of this test over HTTP.
WORKER = """
import json, sys, urllib.request
from pathlib import Path
from sagerecon.model.call import Answer, Call
from sagerecon.model.clock import SystemClock
from sagerecon.model.errors import NoAnswerError
from sagerecon.model.value import canonical
from sagerecon.documents.package import catalog
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import read_plan
from sagerecon.runner.run import run
from sagerecon.store.opening import open_store

class HttpSage:
    def ready(self, door):
        return clock.now() + 300_000
    def call(self, call):
        document = canonical([call.method, call.path, dict(call.query), call.body])
        try:
            with urllib.request.urlopen(sys.argv[3], document.encode(), timeout=5) as reply:
                status, body = json.loads(reply.read())
        except OSError:
            raise NoAnswerError("No answer.", sent=True)
        return Answer(status, body)

plan = read_plan(Path(sys.argv[2]).open("rb"), "plan")
clock = SystemClock()
with open_store(sys.argv[1], clock, None) as store:
    outcome = run(plan, HttpSage(), store.company("B").run_log, clock, Budget(None, None), catalog())
print(outcome.ended.value)
"""


@pytest.fixture
def served() -> Iterator[tuple[MemorySage, str]]:
    sage, lock = MemorySage(SystemClock(), latency=4), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            method, path, query, body = json.loads(self.rfile.read(size))
            with lock:
                answer = sage.call(Call(method, path, query, body))
            content = json.dumps([answer.status, answer.body]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # the worker was killed while we answered
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield sage, f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_repeated_kills_duplicate_and_lose_nothing(tmp_path: Path, served: tuple[MemorySage, str]) -> None:
    sage, url = served
    here = desk(tmp_path)
    plan = here.planned([customer(number) for number in range(80)])
    (tmp_path / "plan").write_text("".join(plan_lines(plan)))
    command = [sys.executable, "-c", WORKER, f"sqlite:///{tmp_path}/store.db", f"{tmp_path}/plan", url]
    chance, kills = Random(5), 0
    while kills < 3:
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        _wait_for_calls(sage, sum(sage.calls.values()) + chance.randrange(5, 20), worker)
        worker.kill()
        worker.communicate()
        kills += 1
    assert 0 < len(sage.bodies_of("contact")) < 80
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "finished\n"
    assert references(sage, "contact") == sorted(f"C{number}" for number in range(80))
    # At most one call is made twice for each death, and one proves that answers are replayed.
    assert sum(sage.calls.values()) <= 81 + kills + 1


def _wait_for_calls(sage: MemorySage, calls: int, worker: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while sum(sage.calls.values()) < calls and worker.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
