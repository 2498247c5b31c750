"""What sagerecon keeps for itself is checked when it is read, because somebody may have changed it since."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from runs import customer
from test_planning_planner import planned
from tiny import write_tiny

from sagerecon.commands.plan_file import open_plan
from sagerecon.model.clock import LAST_INSTANT
from sagerecon.model.code import Code
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.planning.plan import plan_lines
from sagerecon.project.file import read_project
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.sources.files import files_changed
from sagerecon.store.call_witness import CallWitness, WitnessedCall
from sagerecon.store.witness import Extent, StoreName, Witness, WitnessError, WitnessFolder

CLOCK = VirtualClock()


def resealed(lines: list[dict[str, Any]]) -> bytes:
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return content + b'{"seal":"' + sha256(content).hexdigest().encode() + b'"}\n'


def change_header(lines: list[dict[str, Any]]) -> None:
    lines[0]["reserve"] = "many"


def change_key(lines: list[dict[str, Any]]) -> None:
    lines[1]["key"] = ["a"]


def change_number(lines: list[dict[str, Any]]) -> None:
    lines[1]["number"] = 10**30


def change_amount(lines: list[dict[str, Any]]) -> None:
    lines[-1]["amount"] = "1e999999999"


def change_body(lines: list[dict[str, Any]]) -> None:
    lines[-1]["body"] = {"name": "\ud800"}


@pytest.mark.parametrize("change", [change_header, change_key, change_number, change_amount, change_body])
def test_a_plan_of_wrong_types_is_refused_though_it_is_sealed(
    tmp_path: Path, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    project = read_project(write_tiny(tmp_path))
    project.state.mkdir()
    text = "".join(plan_lines(planned(customer(1), customer(2))))
    lines = [json.loads(line) for line in text.splitlines()[:-1]]
    project.plan_file.write_bytes(resealed(lines))
    assert len(open_plan(project).steps) == len(lines) - 1
    change(lines)
    project.plan_file.write_bytes(resealed(lines))
    with pytest.raises(PlanStaleError):
        open_plan(project)


def test_a_plan_may_be_a_link_where_the_user_names_it(tmp_path: Path) -> None:
    project = read_project(write_tiny(tmp_path))
    project.state.mkdir()
    elsewhere = tmp_path / "plan"
    elsewhere.write_text("".join(plan_lines(planned(customer(1)))))
    project.plan_file.symlink_to(elsewhere)
    assert open_plan(project, project.plan_file).steps
    with pytest.raises(ProjectError, match="it is a link"):
        open_plan(project)
    with pytest.raises(ProjectError, match=r"it is a device|not a file"):
        open_plan(project, Path("/dev/zero"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("version", {}), ("generation", "1"), ("writes", -1), ("written_at", 10**20), ("began_at", 1e400)],
)
def test_a_witness_of_wrong_types_is_refused(tmp_path: Path, name: str, value: object) -> None:
    witness = Witness(WitnessFolder(tmp_path, "p"), StoreName("one", "s.db"), "business", CLOCK)
    witness.write(Extent(1, 2), 0)
    (path,) = tmp_path.iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(WitnessError, match="is not the witness of a store"):
        witness.began_at()


def test_a_line_of_calls_that_no_clock_gave_is_left_out(tmp_path: Path) -> None:
    calls = CallWitness(WitnessFolder(tmp_path, "p"), "business")
    calls.add(WitnessedCall("good", CLOCK.now(), CLOCK.now()), CLOCK.now())
    (path,) = tmp_path.iterdir()
    with path.open("a") as stream:
        stream.write(f"a {'9' * 5_000} 1\nb {LAST_INSTANT + 1} 1\nc -1 1\nclosed {'9' * 16} 1\n")
    assert [call.call for call in calls.read().calls] == ["good"]
    assert calls.read().closed_until == 0


def test_a_snapshot_cannot_name_files_outside_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("")
    (tmp_path / "data/link.csv").symlink_to("/dev/zero")
    frozen = [("a.csv", "other"), ("link.csv", "x"), ("/dev/zero", "x"), ("../x", "x")]
    changed, gone = files_changed(tmp_path / "data", frozen)
    assert changed.place.file == "a.csv" and "changed" in changed.message
    assert gone.place.file == "link.csv" and "and 2 other files" in gone.message


def test_half_a_character_in_a_finding_is_written_out() -> None:
    finding = Finding(Code.NOT_JSON, Place("\udcff.json", 1), "key '\ud800'", "\udfff")
    assert str(finding) == "\\udcff.json:1: key '\\ud800' \\udfff"
    assert str(ProjectError("\ud800")) == "\\ud800"
    assert Place.parse(f"a:{'9' * 5_000}").line == 0
