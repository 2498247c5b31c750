"""Transforms of installed packages."""

import os
import subprocess
import sys
from pathlib import Path

from test_check_one_pass import write
from tiny import MAPPING

PLUGIN = """\
from sagerecon.mapping.transform import Example, Group, Transform, without_options
from sagerecon.model.type import TEXT

def org(value):
    if value == "Elm Ltd":
        raise KeyError("no Elm here")
    return value.replace("Ltd", "Limited")

ORG = Transform(
    name="org", about="Writes Ltd in full.", input_types=("text",), build=without_options(org, TEXT),
    example=Example("org", "Oak Ltd", "Oak Limited"), group=Group.TEXT, reports_change=True,
)
TRIM = Transform(
    name="trim", about="Trims.", input_types=("text",), build=without_options(str.strip, TEXT),
    example=Example("trim", "a", "a"), group=Group.TEXT,
)
"""
POINTS = """\
[sagerecon.transforms]
org = oak_plugin:ORG
clash = oak_plugin:TRIM
broken = oak_plugin:NONE
other = oak_plugin:org
"""


def install(folder: Path, version: str = "1.2") -> Path:
    folder.mkdir()
    (folder / "oak_plugin.py").write_text(PLUGIN)
    info = folder / f"oak_plugin-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: oak-plugin\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(POINTS)
    return folder


def run(packages: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(packages), "COLUMNS": "300"}
    command = [sys.executable, "-m", "sagerecon", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_package_adds_a_transform_that_is_checked_and_run_as_others(tmp_path: Path) -> None:
    packages = install(tmp_path / "packages")
    project = write(tmp_path / "move", customers=MAPPING.replace("[squeeze]", "[squeeze, org]"))
    checked = run(packages, "check", "-p", str(project))
    assert checked.returncode == 0, checked.stdout
    lines = [line for line in checked.stdout.splitlines() if line.startswith("warning")]
    assert [line.partition(" Install")[0] for line in lines] == [
        "warning the plugin broken of oak-plugin 1.2 cannot be loaded:"
        " AttributeError: module 'oak_plugin' has no attribute 'NONE'.",
        "warning the plugin clash of oak-plugin 1.2 has a transform 'trim', which exists.",
        "warning the plugin other of oak-plugin 1.2 cannot be loaded:"
        " TypeError: oak_plugin:org is no Transform and no tuple of them.",
    ]
    taken = run(packages, "snapshot", "-p", str(project))
    assert "name: org of org of oak-plugin 1.2 fails: KeyError: 'no Elm here'." in taken.stdout, taken.stdout
    shown = run(packages, "explain", "-p", str(project), "customers/C1.name")
    assert "name: 'Oak Ltd' -> 'Oak Limited' (org, mappings/customers.yaml:8:36)" in shown.stdout


def test_the_version_of_a_plugin_is_part_of_what_a_plan_was_made_from(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sagerecon.project.file import read_project;"
        "from sagerecon.project.source import mappings_fingerprint;"
        "print(mappings_fingerprint(read_project(Path(sys.argv[1]))))"
    )
    project = write(tmp_path / "move")
    prints = set()
    for folder, version in (("one", "1.2"), ("two", "1.3")):
        environment = {**os.environ, "PYTHONPATH": str(install(tmp_path / folder, version))}
        command = [sys.executable, "-c", code, str(project)]
        prints.add(
            subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        )
    assert len(prints) == 2
