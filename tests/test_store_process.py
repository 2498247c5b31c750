"""The name of a process says whether it still runs, whoever wrote the name."""

from __future__ import annotations

import os
import socket

import pytest

from sagerecon.store.process import is_alive, this_process

HOST = socket.gethostname()


def test_this_process_is_alive_and_a_later_one_of_its_number_is_not() -> None:
    assert is_alive(this_process()) is True
    assert is_alive(f"{HOST}/{os.getpid()}/1") is False


@pytest.mark.parametrize("number", ["4194305", "9" * 15, "9" * 20, "9" * 21, "9" * 5_000])
def test_no_process_has_a_number_that_large(number: str) -> None:
    assert is_alive(f"{HOST}/{number}/1") is False


@pytest.mark.parametrize("name", ["", HOST, f"{HOST}/x/1", f"{HOST}/-1/1", f"another{HOST}/1/1"])
def test_of_another_name_nothing_is_known(name: str) -> None:
    assert is_alive(name) is None
