"""docs/sources.md: its YAML examples are valid, its tables list every key."""

import re
from datetime import date
from pathlib import Path

import pytest
from source_cases import parse_sources

from sagerecon.documents import package
from sagerecon.sources.dataset import compile_queries

TEXT = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_page_has_yaml_examples() -> None:
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("block", BLOCKS)
def test_each_yaml_example_is_valid(block: str) -> None:
    assert [
        str(finding) for finding in compile_queries(parse_sources(block), {"cut_over": date(2017, 3, 31)})[1]
    ] == []


@pytest.mark.parametrize(("section", "part"), [("Files", "file"), ("Columns", "column")])
def test_each_key_has_a_table_row(section: str, part: str) -> None:
    table = TEXT.split(f"## {section}\n\n")[1].split("\n\n")[0]
    told = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines())))
    assert told == set(package.schema("sources")["$defs"][part]["properties"]) - {"about"}
