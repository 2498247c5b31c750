"""What CI systems run: the hooks, the action and docs/ci.md, as far as it goes without the systems."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sagerecon.commands.projects import init

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / ".github/actions/check/action.yml").read_text())
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return init(tmp_path / "mymove", "sage50", None).folder


def step(name: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the action beside a project as GitHub does: in bash, which stops at the first error."""
    inputs = {key: str(each["default"]) for key, each in ACTION["inputs"].items()}
    inputs |= {"project": folder.name} | {key.replace("_", "-"): value for key, value in given.items()}
    (found,) = (each for each in ACTION["runs"]["steps"] if each["name"] == name)
    env = {
        key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: inputs[match[1]], value)
        for key, value in found["env"].items()
    }
    assert "${{" not in found["run"]  # a value in the text of a script could be a command
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    summary = folder.parent / "step-summary.md"
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"]],
        cwd=folder.parent,
        env={**os.environ, **env, "PATH": path, "GITHUB_STEP_SUMMARY": str(summary)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_steps_of_the_action_pass_a_good_project(project: Path) -> None:
    for name in ("Check", "Format", "Test"):
        done = step(name, project)
        assert (name, done.returncode, done.stderr) == (name, 0, "")
    beside = project.parent
    assert {path.name for path in beside.iterdir() if path.is_file()} == {
        "sagerecon.sarif",
        "sagerecon-summary.md",
        "sagerecon-tests.xml",
        "step-summary.md",
    }


def test_the_check_of_the_action_annotates_a_fault_and_fails(project: Path) -> None:
    mapping = project / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text().replace("from: city", "from: citty"))
    done = step("Check", project)
    assert done.returncode == 1
    assert "::error file=mappings/customers.yaml,line=27" in done.stdout
    assert "citty" in (project.parent / "step-summary.md").read_text()
    assert step("Check", project, fail_level="never").returncode == 0


def test_a_project_without_tests_passes(tmp_path: Path) -> None:
    done = step("Test", init(tmp_path / "mymove", "blank", None).folder)
    assert (done.returncode, done.stdout.partition("::The")[0]) == (0, "::notice")


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("mappings/customers.yaml", ["sagerecon-check", "sagerecon-fmt"]),
        ("mymove/mappings/customers.yml", ["sagerecon-check", "sagerecon-fmt"]),
        ("mappings/customers.tests.yaml", ["sagerecon-fmt"]),
        ("docker-compose.yaml", []),
        ("mappings/README.md", []),
        ("old_mappings/customers.yaml", []),
    ],
)
def test_the_hooks_look_at_mapping_files_only(path: str, ids: list[str]) -> None:
    assert [
        hook["id"]
        for hook in HOOKS
        if re.search(hook["files"], path) and not re.search(hook.get("exclude", "^$"), path)
    ] == ids


def test_the_examples_of_the_docs_are_those_of_the_project() -> None:
    blocks = [
        yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)
    ]
    released, local, workflow, pipeline = blocks
    assert [hook["id"] for hook in released["repos"][0]["hooks"]] == [hook["id"] for hook in HOOKS]
    (hook,) = local["repos"][0]["hooks"]
    assert hook == {key: value for key, value in HOOKS[0].items() if key != "description"} | {
        "language": "system"
    }
    steps = workflow["jobs"]["check"]["steps"]
    (used,) = (each for each in steps if "/.github/actions/check@" in each["uses"])
    assert set(used["with"]) <= set(ACTION["inputs"])
    assert set(re.findall(r"^\| `(\S+?)`", DOCS, re.MULTILINE)) | {"junit"} == set(ACTION["inputs"])
    assert pipeline["mappings"]["artifacts"]["reports"]["codequality"] == "codequality.json"
