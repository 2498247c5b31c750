"""A plan on disk."""

from dataclasses import replace
from pathlib import Path

import pytest
from runs import customer
from strategies import HOSTILE
from test_planning_planner import planned
from tiny import write_tiny

from sagerecon.commands import projects
from sagerecon.commands.plan_file import open_plan, read_plan_file
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.planning.plan import FORMAT, READ_ANEW, Purpose, plan_lines
from sagerecon.project.private_files import write_private


def test_texts_with_line_separators_are_read_back(tmp_path: Path) -> None:
    plan = planned(replace(customer(1, name=HOSTILE), label=HOSTILE))
    write_private(tmp_path / "plan.jsonl", plan_lines(plan))
    read = read_plan_file(tmp_path / "plan.jsonl", "plan.jsonl")
    assert (read, read.digest) == (plan, plan.hash)


def test_a_file_that_cannot_be_read_or_is_not_a_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"plan\.jsonl cannot be read: No such file"):
        read_plan_file(tmp_path / "plan.jsonl", "plan.jsonl")
    (tmp_path / "plan.jsonl").write_bytes(b"\xff\n")
    with pytest.raises(PlanStaleError, match=r"plan\.jsonl is not a complete plan file"):
        read_plan_file(tmp_path / "plan.jsonl", "plan.jsonl")


@pytest.mark.parametrize("purpose", [Purpose.READ_BACK, Purpose.CENSUS])
def test_a_plan_of_readings_is_refused_with_the_command_that_reads(tmp_path: Path, purpose: Purpose) -> None:
    project = projects.open_project(write_tiny(tmp_path))
    made = planned(customer(1))
    reading = replace(made, header=replace(made.header, purpose=purpose))
    project.plan_file.parent.mkdir()
    write_private(project.plan_file, plan_lines(reading))
    with pytest.raises(PlanStaleError, match="writes nothing to Sage") as error:
        open_plan(project)
    assert error.value.hint == READ_ANEW and "sagerecon reconcile" in READ_ANEW
    sealed = project.plan_file.read_text()
    for edited, why in (
        (sealed.replace("C1", "C2"), "was changed"),
        (sealed[:-9], "not a complete plan file"),
    ):
        project.plan_file.write_text(edited)
        with pytest.raises(PlanStaleError, match=why) as error:
            open_plan(project)
        assert error.value.hint == READ_ANEW
    text = sealed.replace(FORMAT, "plan/v0", 1)
    project.plan_file.write_text(text)
    with pytest.raises(PlanStaleError, match="has the format 'plan/v0'") as error:
        open_plan(project)
    assert error.value.hint == READ_ANEW
