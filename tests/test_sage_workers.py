"""Tests that several processes with one grant and one vault refresh it once at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from small_sage import ADA, APP, OAK, small_sage

from sagerecon.model.clock import SECOND
from sagerecon.rehearsal.authorization import REVOKE
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsal.server import serve
from sagerecon.sage.tokens import read_tokens
from sagerecon.store.opening import open_store

WORKERS, THREADS, REFRESHES = 3, 2, 3

#: A process whose threads send calls until the file `stop` exists; it prints how the calls ended.
WORKER = """
import collections, json, os, sys, threading
from pathlib import Path
from small_door import OpenDoor
from small_sage import APP, OAK, SECRET
from sagerecon.model.call import Call
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.sage.authorization import App, Authorization
from sagerecon.sage.client import SageClient
from sagerecon.sage.grant import GrantTokens
from sagerecon.sage.session import open_session
from sagerecon.store.opening import open_store

url, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
ended = collections.Counter()
with SharedClock(folder / "clock") as clock, open_store(f"sqlite:///{folder}/store.db", clock, None) as store:

    def work():
        with open_session() as session:
            app = App(APP, SECRET, f"{url}/oauth2/auth/central", f"{url}/token", f"{url}/revoke")
            tokens = GrantTokens("ada", store.vault, Authorization(app, session, clock), clock)
            client = SageClient(f"{url}/v3.1", OAK, tokens, session, clock)
            while not (folder / "stop").exists():
                try:
                    client.ready(OpenDoor())
                    ended[client.call(Call("GET", "/contacts")).status] += 1
                    (folder / f"works-{os.getpid()}").touch()
                except Exception as error:
                    ended[f"{type(error).__name__}: {error}"] += 1
                    return

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
print(json.dumps(ended))
"""


def test_processes_never_send_one_refresh_token_twice(tmp_path: Path) -> None:
    with SharedClock(tmp_path / "clock") as clock:
        sage = small_sage(clock, per_minute=None, per_day=None)
        sage.authorization.reuse = REVOKE
        with open_store(f"sqlite:///{tmp_path}/store.db", clock, None) as store, serve(sage) as server:
            store.vault.save("ada", read_tokens(sage.grant(APP, ADA, OAK), clock.now()), None)
            words = [sys.executable, "-c", WORKER, server.url, str(tmp_path), str(THREADS)]
            path = f"{Path(__file__).parent}:{Path(__file__).parent.parent}"
            environment = {**os.environ, "PYTHONPATH": path}
            workers = [
                subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
                for _ in range(WORKERS)
            ]
            _wait_until(lambda: len(list(tmp_path.glob("works-*"))) == WORKERS)
            for _ in range(REFRESHES):
                clock.sleep(250 * SECOND)
                goal = sage.calls + 40
                _wait_until(lambda goal=goal: sage.calls > goal)  # type: ignore[misc]
            (tmp_path / "stop").touch()
            ended = [json.loads(worker.communicate(timeout=20)[0]) for worker in workers]
            tokens = store.vault.load("ada")
    assert [set(each) for each in ended] == [{"200"}] * WORKERS  # no 401 and no error of the sign-in
    assert tokens is not None
    assert tokens.generation == 1 + REFRESHES
    assert tokens.refresh_sent_at == 0
    assert server.failures == []


def _wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until the condition is true; fail after `seconds`."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)
