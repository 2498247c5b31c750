"""A short run of changed inputs through every loader; `make fuzz` is the long one."""

from __future__ import annotations

import time
from pathlib import Path

from loader_cases import LOADERS
from loader_fuzzing import Loader, fuzz_loaders

from sagerecon.model.errors import ProjectError


def test_changed_inputs_end_in_findings_or_sentences() -> None:
    fuzzed = fuzz_loaders(LOADERS, 2_000)
    assert fuzzed.failures == {}
    assert sum(fuzzed.inputs.values()) > 1_900
    assert all(fuzzed.read[loader.name] for loader in LOADERS)


def test_another_exception_is_found() -> None:
    def fail(content: bytes, folder: Path) -> None:
        del folder
        if content != b"good":
            raise ZeroDivisionError

    fuzzed = fuzz_loaders([Loader("bad", (b"good",), fail)], 5)
    (found,) = fuzzed.failures
    assert found.startswith("bad: ZeroDivisionError at test_loader_fuzz.py:")


def test_a_loader_that_refuses_everything_or_takes_long_is_found() -> None:
    def refuse(content: bytes, folder: Path) -> None:
        raise ProjectError("No.")

    def work(content: bytes, folder: Path) -> None:
        began = time.process_time()
        while time.process_time() - began < 0.02:
            pass

    assert list(fuzz_loaders([Loader("strict", (b"good",), refuse)], 3).failures) == [
        "strict: refuses a valid input"
    ]
    slow = Loader("slow", (b"good",), work, longest_seconds=0.01)
    assert next(iter(fuzz_loaders([slow], 1).failures)).startswith("slow: took ")
