"""docs/sources.md is true: its YAML is accepted, its tables name every key there is."""

import re
from datetime import date
from pathlib import Path

import pytest
from source_cases import declared

from sagerecon.documents import package
from sagerecon.sources.dataset import describe

TEXT = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_there_is_yaml_to_prove() -> None:
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("block", BLOCKS)
def test_each_block_is_accepted_and_its_sql_fits(block: str) -> None:
    assert [str(finding) for finding in describe(declared(block), {"cut_over": date(2017, 3, 31)})[1]] == []


@pytest.mark.parametrize(("section", "part"), [("Files", "file"), ("Columns", "column")])
def test_each_key_has_its_line(section: str, part: str) -> None:
    table = TEXT.split(f"## {section}\n\n")[1].split("\n\n")[0]
    told = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines())))
    assert told == set(package.schema("sources")["$defs"][part]["properties"]) - {"about"}
