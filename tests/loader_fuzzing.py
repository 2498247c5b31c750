"""Fuzz the loaders with changed valid inputs: each ends in findings or in a sentence, and soon.

    python tests/loader_fuzzing.py --inputs 20000

The inputs follow from a seed, so that a failure is found again. A loader is added to `LOADERS` of
`loader_cases`: what it reads, and how.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, process_time

from mutations import mutated

from sagerecon.model.errors import ConservationError, SagereconError

#: The time in which a loader has to be done with a small file.
LONGEST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Loader:
    """One reader of files.

    `load` is given an input and an empty folder. It returns where the input was read, with or without
    findings, and raises a SagereconError where it was refused.
    """

    name: str
    seeds: Sequence[bytes]  #: valid inputs
    load: Callable[[bytes, Path], object]
    weight: int = 10  #: its share of the inputs; fewer for what takes long
    change: Callable[[bytes, Random], bytes] = mutated
    longest_seconds: float = LONGEST_SECONDS


@dataclass(slots=True)
class Fuzzed:
    """What came of the inputs."""

    inputs: Counter[str] = field(default_factory=Counter)  #: by loader
    read: Counter[str] = field(default_factory=Counter)  #: those that were not refused
    slowest: dict[str, float] = field(default_factory=dict)
    failures: dict[str, bytes] = field(default_factory=dict)  #: an input by what it did


def fuzz_loaders(loaders: Sequence[Loader], number: int, seed: int = 1) -> Fuzzed:
    """Give about `number` inputs to the loaders, by their weights."""
    fuzzed = Fuzzed()
    whole = sum(loader.weight for loader in loaders)
    with tempfile.TemporaryDirectory() as folder:
        for loader in loaders:
            random = Random(f"{seed}/{loader.name}")
            count = max(1, number * loader.weight // whole)
            for at in range(count):
                chosen = loader.seeds[at % len(loader.seeds)]
                # The valid input first, so that a loader that refuses everything is noticed.
                content = chosen if at < len(loader.seeds) else loader.change(chosen, random)
                _give(loader, content, Path(folder) / f"{loader.name}-{at}", fuzzed)
            if fuzzed.read[loader.name] == 0:
                fuzzed.failures[f"{loader.name}: refuses a valid input"] = loader.seeds[0]
    return fuzzed


def _give(loader: Loader, content: bytes, folder: Path, fuzzed: Fuzzed) -> None:
    folder.mkdir()
    began = process_time()
    fuzzed.inputs[loader.name] += 1
    try:
        loader.load(content, folder)
        fuzzed.read[loader.name] += 1
    except ConservationError as error:  # which is a fault of the program
        fuzzed.failures.setdefault(f"{loader.name}: {error}", content)
    except SagereconError as error:
        str(error).encode()  # as a terminal does
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = next((each for each in reversed(frames) if "/sagerecon/" in each.filename), frames[-1])
        place = f"{Path(where.filename).name}:{where.lineno}"
        fuzzed.failures.setdefault(
            f"{loader.name}: {type(error).__name__} at {place}: {error}"[:300], content
        )
    seconds = process_time() - began
    fuzzed.slowest[loader.name] = max(seconds, fuzzed.slowest.get(loader.name, 0))
    if seconds > loader.longest_seconds:
        fuzzed.failures.setdefault(f"{loader.name}: took {seconds:.1f} s", content)
    for path in sorted(folder.rglob("*"), reverse=True):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def main() -> int:
    """Run the fuzzer, and print what it found."""
    from loader_cases import LOADERS  # noqa: PLC0415 - it needs `Loader`

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the names of the loaders")
    options = parser.parse_args()
    began = monotonic()
    chosen = [loader for loader in LOADERS if options.only in loader.name]
    fuzzed = fuzz_loaders(chosen, options.inputs, options.seed)
    for name, count in fuzzed.inputs.items():
        sys.stdout.write(
            f"{name:16} {count:6,} inputs, {fuzzed.read[name]:6,} read,"
            f" the slowest in {fuzzed.slowest[name]:.2f} s\n"
        )
    for what, content in fuzzed.failures.items():
        sys.stdout.write(f"\n{what}\n  {content[:600]!r}\n")
    seconds = monotonic() - began
    sys.stdout.write(
        f"{sum(fuzzed.inputs.values()):,} inputs in {seconds:.0f} s: {len(fuzzed.failures)} failures\n"
    )
    return 1 if fuzzed.failures else 0


if __name__ == "__main__":
    sys.exit(main())
