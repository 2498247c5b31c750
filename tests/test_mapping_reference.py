"""docs/mapping.md: each YAML block compiles, and its tables match the program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

import jsonschema
import pytest
from mapping_cases import DATASETS, HEAD, PARAMETERS, ROOT, crosswalks

from sagerecon.commands.transforms import transform_entries
from sagerecon.documents.document import read_document
from sagerecon.documents.package import catalog, schema
from sagerecon.documents.schema import check_schema
from sagerecon.mapping.compiler import compile_mappings
from sagerecon.mapping.crosswalk import read_crosswalk
from sagerecon.mapping.functions import FUNCTIONS, LIST_FUNCTIONS
from sagerecon.mapping.parts import read_block, read_overlay

REFERENCE = ROOT / "docs/mapping.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)

#: The mapping that the blocks refer to, unless the block is that mapping.
CUSTOMERS = HEAD + "fields: {name: {from: name}}\n"


@pytest.mark.parametrize("name", ["mapping", "crosswalk"])
def test_the_schemas_are_valid(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_each_block_compiles(block: str) -> None:
    if "crosswalk/v1" in block:
        assert read_crosswalk("it", block, "it.yaml")[1] == []
        assert check_schema(read_document(block, "it.yaml")[0], schema("crosswalk")) == []
        return
    text = block if "sagerecon: mapping/v1" in block else HEAD + block
    for sort, read in (("block/v1", read_block), ("overlay/v1", read_overlay)):
        if sort in block:
            part, findings = read(block, "it.yaml")
            assert part is not None, findings
            return
    files = {"block.yaml": text}
    if "mapping: customers\n" not in text:
        files["customers.yaml"] = CUSTOMERS
    compiled, findings = compile_mappings(
        files, DATASETS, catalog(), crosswalks(), PARAMETERS, schema("mapping")
    )
    assert [str(finding) for finding in findings] == []
    assert len(compiled) == len(files)


def _transforms() -> Iterator[str]:
    for group, members in groupby(transform_entries(), key=lambda entry: entry.group):
        yield f"\n**{group.capitalize()}**\n"
        yield "| transform | input | output | options | effect | example |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for entry in members:
            name = f"`{entry.name}`" + (" *change*" if entry.reports_change else "")
            cells = (name, entry.takes, entry.output, entry.shown_options, entry.effect, entry.shown_example)
            yield f"| {' | '.join(cells)} |"
    yield ""


def _functions() -> Iterator[str]:
    yield "| function | result | example |"
    yield "| --- | --- | --- |"
    for function in (*FUNCTIONS.values(), *LIST_FUNCTIONS.values()):
        text, gives = function.example
        yield f"| `{function.signature}` | {function.about} | `{text}` → `{gives}` |"


@pytest.mark.parametrize(("name", "rows"), [("transforms", _transforms), ("functions", _functions)])
def test_its_tables_match_the_program(name: str, rows: object, request: pytest.FixtureRequest) -> None:
    assert callable(rows)
    table = f"<!-- {name} -->\n{chr(10).join(rows())}\n<!-- end -->"
    text = REFERENCE.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        text = re.sub(rf"<!-- {name} -->\n.*?<!-- end -->", lambda _: table, text, flags=re.DOTALL)
        REFERENCE.write_text(text, encoding="utf-8")
    assert table in text


def test_every_key_of_the_schema_is_explained() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    definitions = schema("mapping")["$defs"]
    keys = {*schema("mapping")["properties"], *definitions["value"]["properties"]}
    keys |= {*definitions["reference"]["properties"], *definitions["pick"]["properties"]}
    assert {key for key in keys if key not in text} == set()
