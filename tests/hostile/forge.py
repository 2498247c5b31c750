"""Run commands of the program, one for each line of the input, each in a process forked from this one.

A line is a JSON object: the `words` of the command, the `folder` and the `environment` it runs in, the
`bytes` of its address space, and the `seconds` after which it is killed. The answer is a line too: the
command's exit code, what it printed, the seconds it took and the most megabytes it had.
"""

from __future__ import annotations

import json
import os
import pkgutil
import resource
import signal
import sys
import tempfile
import time
import traceback
from importlib import import_module
from typing import Any, NoReturn

import sagerecon


def import_all() -> None:
    """Import every module of the program."""
    for module in pkgutil.walk_packages(sagerecon.__path__, "sagerecon."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def carry_out(order: dict[str, Any], output: int) -> NoReturn:
    """Become the command."""
    resource.setrlimit(resource.RLIMIT_AS, (order["bytes"], order["bytes"]))
    signal.alarm(order["seconds"])
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["sagerecon", *order["words"]]
    code = 1
    try:
        import_module("sagerecon.cli.main").main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # without what this process would do at its end


def main() -> None:
    import_all()
    for line in sys.stdin:
        with tempfile.TemporaryFile() as output:
            began = time.monotonic()
            child = os.fork()
            if child == 0:
                carry_out(json.loads(line), output.fileno())
            _, status, usage = os.wait4(child, 0)
            seconds = time.monotonic() - began
            output.seek(0)
            ran = {
                "code": os.waitstatus_to_exitcode(status),
                "text": output.read().decode("utf-8", "replace"),
                "seconds": seconds,
                "megabytes": usage.ru_maxrss / 1024,
            }
        sys.stdout.write(json.dumps(ran) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
