# ruff: noqa: E501 - one case per line reads as a table
"""Environments of a project, blocks that mappings share, and overlays that change them."""

from pathlib import Path

import pytest
from test_check_one_pass import write
from tiny import MAPPING, PROJECT
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands.mappings import check as compiled
from sagerecon.model.errors import ProjectError
from sagerecon.project.file import read_project

ENVIRONMENTS = """\
environments:
  uat:
    company: Tiny UAT
    business: {id: uat-1}
    parameters: {prefix: U}
"""
BLOCK = """\
sagerecon: block/v1
block: address
let:
  town: {value: Ely}
fields:
  main_address:
    fields: {city: {from: town}, country_id: {value: GB}}
  name: {value: from the block}
leave_out:
  - {name: nameless, when: is_blank(name), reason: it has no name}
"""
OVERLAY = """\
sagerecon: overlay/v1
overlay: pilot
mapping: customers
when: {env: uat}
source: {where: 'ref == "C1"'}
fields:
  notes: {value: a rehearsal}
  reference: null
"""


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, [arguments[0], "-p", str(folder), *arguments[1:]])


def parts(folder: Path, *, block: str = BLOCK, overlay: str = OVERLAY, mapping: str = "") -> Path:
    project = PROJECT + ENVIRONMENTS + "blocks: [blocks/*.yaml]\noverlays: [overlays/*.yaml]\n"
    write(
        folder, project=project, customers=mapping or MAPPING.replace("label:", "include: [address]\nlabel:")
    )
    for name, text in (("blocks/address.yaml", block), ("overlays/pilot.yaml", overlay)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_an_environment_has_settings_and_a_state_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, project=PROJECT + "parameters: {prefix: P, other: 1}\n" + ENVIRONMENTS)
    usual, uat = read_project(tmp_path), read_project(tmp_path, environment="uat")
    assert (usual.company, uat.company) == ("Tiny Ltd", "Tiny UAT")
    assert (usual.business.id, uat.business.id, uat.business.country) == ("", "uat-1", "GB")
    assert [each.parameters["prefix"] for each in (usual, uat)] == ["P", "U"]
    assert uat.parameters["other"] == 1
    assert (usual.state, uat.state) == (
        tmp_path / ".sagerecon",
        tmp_path / ".sagerecon" / "environments" / "uat",
    )
    assert usual.store_url != uat.store_url
    with pytest.raises(ProjectError, match="no environment 'uet'") as caught:
        read_project(tmp_path, environment="uet")
    assert caught.value.hint == "Did you mean 'uat'?"


def test_faults_of_an_environment_are_found_in_it(tmp_path: Path) -> None:
    write(tmp_path, project=PROJECT + ENVIRONMENTS.replace("company:", "compny:"))
    found = run(tmp_path, "check", "--env", "uat")
    assert (found.exit_code, "unknown key 'compny'" in found.stdout) == (2, True)


def test_commands_take_an_environment(tmp_path: Path) -> None:
    write(tmp_path, project=PROJECT + ENVIRONMENTS)
    assert run(tmp_path, "snapshot", "--env", "uat").exit_code == 0
    assert run(tmp_path, "plan", "--env", "uat").exit_code == 0
    assert (tmp_path / ".sagerecon" / "environments" / "uat" / "plan.jsonl").exists()
    assert not (tmp_path / ".sagerecon" / "plan.jsonl").exists()
    assert run(tmp_path, "plan").exit_code == 2
    assert run(tmp_path, "plan", "--env", "prod").exit_code == 2


def test_a_block_fills_in_what_the_mapping_does_not_state(tmp_path: Path) -> None:
    (customers,) = compiled(read_project(parts(tmp_path))).mappings
    fields = [name for name, *_ in customers.recipe.body.fields]
    assert sorted(fields) == ["contact_type_ids", "main_address", "name", "reference"]
    assert customers.recipe.readers["name"][1].file == "mappings/customers.yaml"
    assert customers.recipe.readers["main_address.city"][1].file == "blocks/address.yaml"
    assert [rule.name for rule in customers.recipe.leave_out] == ["nameless"]


def test_an_overlay_changes_a_mapping_in_its_environment_alone(tmp_path: Path) -> None:
    parts(tmp_path)
    (usual,) = compiled(read_project(tmp_path)).mappings
    (uat,) = compiled(read_project(tmp_path, environment="uat")).mappings
    assert usual.recipe.where is None
    assert uat.recipe.where is not None
    fields = [name for name, *_ in uat.recipe.body.fields]
    assert ("notes" in fields, "reference" in fields) == (True, False)


@pytest.mark.parametrize(("country", "applies"), [("GB", True), ("IE", False)])
def test_an_overlay_may_be_for_a_country(tmp_path: Path, country: str, applies: bool) -> None:
    parts(tmp_path, overlay=OVERLAY.replace("{env: uat}", f"{{country: {country}}}"))
    (customers,) = compiled(read_project(tmp_path)).mappings
    assert (customers.recipe.where is not None) is applies


def test_faults_of_parts_are_at_their_places(tmp_path: Path) -> None:
    block = BLOCK.replace("city:", "citi:").replace("is_blank(name)", "is_blank(nam)")
    found = run(parts(tmp_path, block=block), "check")
    assert found.exit_code == 1
    assert "blocks/address.yaml:7:14: main_address has no field 'citi'. Did you mean 'city'?" in found.stdout
    assert "blocks/address.yaml:10:37: there is no column or name 'nam'. Did you mean 'name'?" in found.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mapping": MAPPING.replace("label:", "include: [adress]\nlabel:")}, "there is no block 'adress'. Did you mean 'address'?"),
        ({"block": BLOCK.replace("block/v1", "mapping/v1")}, "the file is no block. Begin it with: sagerecon: block/v1"),
        ({"block": BLOCK.replace("block: address\n", "")}, "the block has no name."),
        ({"block": BLOCK + "source: {dataset: contacts}\n"}, "unknown key 'source'."),
        ({"overlay": OVERLAY.replace("when: {env: uat}\n", "")}, "the overlay does not say when it applies."),
        ({"overlay": OVERLAY.replace("{env: uat}", "{environ: uat}")}, "unknown key 'environ'."),
        ({"overlay": OVERLAY.replace("mapping: customers\n", "")}, "the overlay names no mapping."),
        ({"overlay": OVERLAY.replace("mapping: customers", "mapping: custmers").replace("env: uat", "country: GB")}, "there is no mapping 'custmers'. Did you mean 'customers'?"),
    ],
)  # fmt: skip
def test_parts_of_another_form_are_findings(tmp_path: Path, change: dict[str, str], message: str) -> None:
    found = run(parts(tmp_path, **change), "check")
    assert (found.exit_code, message in found.stdout) == (1, True), found.stdout


def test_blocks_that_mappings_include_again_and_again_are_bounded(tmp_path: Path) -> None:
    long = BLOCK.replace("from the block", "x" * 400_000)
    include = f"include: [{', '.join(['address'] * 20)}]"
    found = run(parts(tmp_path, block=long, mapping=MAPPING.replace("label:", f"{include}\nlabel:")), "check")
    assert (found.exit_code, "the mappings include too many blocks" in found.stdout) == (1, True)
