"""Virtual time, in one process and in several."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from sagerecon.rehearsal.clock import SharedClock, VirtualClock


def test_time_passes_only_by_sleeping() -> None:
    clock = VirtualClock(1_000)
    assert clock.now() == clock.now() == 1_000
    clock.sleep(250)
    clock.sleep(-5)
    assert clock.now() == 1_250


def test_no_sleep_is_lost_between_threads(tmp_path: Path) -> None:
    with SharedClock(tmp_path / "clock", 0) as shared:
        for clock in (VirtualClock(0), shared):

            def nap(clock: VirtualClock | SharedClock = clock) -> None:
                for _ in range(200):
                    clock.sleep(1)

            threads = [threading.Thread(target=nap) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert clock.now() == 800


def test_two_processes_share_one_clock(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    program = (
        "import sys; from pathlib import Path; from sagerecon.rehearsal.clock import SharedClock\n"
        "with SharedClock(Path(sys.argv[1]), 5) as clock:\n"
        "    [clock.sleep(1) for _ in range(20_000)]"
    )
    with SharedClock(path, 1_000) as clock:
        other = subprocess.Popen([sys.executable, "-c", program, str(path)])
        while clock.now() == 1_000:  # until the other process has started
            assert other.poll() is None
        for _ in range(20_000):
            clock.sleep(1)
        assert other.wait(20) == 0
        assert clock.now() == 41_000
    with SharedClock(path, 7) as again:  # an existing file keeps its time
        assert again.now() == 41_000
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == 8
