"""A plan on disk."""

from dataclasses import replace
from pathlib import Path

import pytest
from runs import customer
from strategies import HOSTILE
from test_planning_planner import planned

from sagerecon.commands.plan_file import read_plan_file
from sagerecon.model.errors import PlanStaleError, ProjectError
from sagerecon.planning.plan import plan_lines
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
