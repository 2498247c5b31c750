"""A hostile project reads, writes and sends nothing that its user did not allow, nor uses up the machine.

Each command ends within seconds and a bounded memory, in findings or in a sentence; what lies outside the
project stays as it is, and a server that listens for what leaves the machine hears nothing.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hostile.ground import Commands, Ground, state_of, trap
from hostile.projects import ARMS, Arm
from served import SANDBOX, Served, serving
from tiny import FILES


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve a company for a good project, and sign it in."""
    project = tmp_path / "project"
    for name, text in {
        **FILES,
        "sagerecon.yaml": FILES["sagerecon.yaml"].replace("127.0.0.1:9", SANDBOX[7:]),
    }.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(project) as found:
        yield found


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with closing(Commands()) as found:
        yield found


@pytest.fixture
def ground(served: Served, commands: Commands, tmp_path: Path) -> Iterator[Ground]:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("a: secret of the user\n")
    (outside / "victim").write_text("precious")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with trap() as server:
        proxy = f"http://127.0.0.1:{server.port}"
        environment = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy)
        environment |= {name.lower(): proxy for name in environment} | {"NO_PROXY": "127.0.0.1,localhost"}
        yield Ground(served.folder, outside, server, commands, environment)


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.__name__)
def test_a_hostile_project_ends_in_findings(ground: Ground, arm: Arm) -> None:
    expected = arm(ground)
    ground.before = state_of(ground.outside)
    said = " ".join(ran.words for ran in ground.run_all())
    assert [case for case, words in expected.items() if words not in said] == [], said


def test_a_good_project_is_carried_out_on_the_same_ground(ground: Ground) -> None:
    """The checks above would pass if nothing worked at all."""
    ground.before = state_of(ground.outside)
    assert [ran.code for ran in ground.run_all()] == [0, 0, 0, 0, 0]
    written = [path for path in ground.project.rglob("*") if path.is_file() and "reports" in path.parts]
    assert written
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
