"""The JSON Schemas that `sagerecon schema` writes, validated as an editor does, and asked through one."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from language_server import VARIABLE, LanguageServer, found
from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.commands.projects import init
from sagerecon.commands.schemas import write_schemas
from sagerecon.documents.document import read_document
from sagerecon.documents.package import packs, schema
from sagerecon.mapping.transforms import TRANSFORMS

DOCS = (Path(__file__).parents[1] / "docs/editors.md").read_text(encoding="utf-8")
RUNNER = CliRunner(env={"COLUMNS": "200"})
MAPPING = """\
# yaml-language-server: $schema=../.sagerecon/mapping.schema.json
sagerecon: mapping/v1
mapping: people
source: {dataset: customers, key: [account]}
target: {kind: contact, identity: {reference: reference}}
ignore: {balance: {reason: carried by the open documents}}
let:
  reference: {expr: '"C-" ~ account'}
fields:
  name: {from: name, do: [squeeze, {max_length: 100, on_overflow: cut}]}
  reference: {from: reference}
  contact_type_ids: {value: [CUSTOMER]}
  default_sales_ledger_account_id: {ref: {mapping: ledger_accounts, by: account, do: [{crosswalk: accounts}]}}
  main_address:
    fields:
      city: {from: city}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the pack Sage 50 with its schemas."""
    made = tmp_path_factory.mktemp("schemas") / "project"
    write_schemas(init(made, "sage50", None))
    return made


@pytest.fixture(scope="module")
def validator(folder: Path) -> jsonschema.Draft202012Validator:
    document = json.loads((folder / ".sagerecon/mapping.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def faults(validator: jsonschema.Draft202012Validator, text: str) -> list[str]:
    root, findings = read_document(text, "people.yaml")
    assert findings == []
    return [".".join(map(str, error.absolute_path)) for error in validator.iter_errors(root.plain())]


@pytest.mark.parametrize("name", packs())
def test_every_mapping_of_a_pack_meets_the_schema_of_its_project(name: str, tmp_path: Path) -> None:
    project = init(tmp_path / "project", name, None)
    started = time.monotonic()
    written = {path.name: path for path in write_schemas(project)}
    assert time.monotonic() - started < 3
    assert written["mapping.schema.json"].stat().st_size < 2_000_000
    own = jsonschema.Draft202012Validator(json.loads(written["mapping.schema.json"].read_text()))
    assert {path.name: faults(own, path.read_text()) for path in project.mapping_files} == {
        path.name: [] for path in project.mapping_files
    }


def test_the_schemas_of_all_files_lie_where_their_first_lines_point(folder: Path) -> None:
    sorts = {"project", "sources", "mapping", "crosswalk", "tests", "decisions"}
    assert {path.name for path in (folder / ".sagerecon").glob("*.json")} == {
        f"{sort}.schema.json" for sort in sorts
    }
    for path in (folder / "sagerecon.yaml", folder / "sources.yaml", folder / "mappings/customers.yaml"):
        first = path.read_text().partition("\n")[0]
        assert (path.parent / first.partition("$schema=")[2]).is_file()


def test_a_mapping_meets_the_schema(validator: jsonschema.Draft202012Validator) -> None:
    assert faults(validator, MAPPING) == []


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("dataset: customers", "dataset: custmers", "source.dataset"),
        ("key: [account]", "key: [acount]", "source.key.0"),
        ("kind: contact", "kind: contcat", "target.kind"),
        ("ignore: {balance", "ignore: {balanse", "ignore"),
        ("{from: name,", "{from: nmae,", "fields.name.from"),
        ("city: {from: city}", "city: {from: citty}", "fields.main_address.fields.city.from"),
        ("{from: reference}", "{from: refrence}", "fields.reference.from"),
        ("  name: {from", "  nmae: {from", "fields"),
        ("      city:", "      ctiy:", "fields.main_address.fields"),
        ("[CUSTOMER]", "[CUSTOMERS]", "fields.contact_type_ids.value"),
        (
            "mapping: ledger_accounts",
            "mapping: accounts",
            "fields.default_sales_ledger_account_id.ref.mapping",
        ),
        ("by: account", "by: acount", "fields.default_sales_ledger_account_id.ref.by"),
        (
            "crosswalk: accounts",
            "crosswalk: acounts",
            "fields.default_sales_ledger_account_id.ref.do.0",
        ),
        ("[squeeze", "[squeze", "fields.name.do.0"),
        ("on_overflow: cut", "on_overflow: cuts", "fields.name.do.1"),
        ("max_length: 100", "max_length: long", "fields.name.do.1"),
    ],
)
def test_a_name_that_does_not_exist_does_not_meet_the_schema(
    validator: jsonschema.Draft202012Validator, before: str, after: str, place: str
) -> None:
    assert before in MAPPING
    assert faults(validator, MAPPING.replace(before, after)) == [place]


def test_every_example_of_a_transform_meets_the_schema(validator: jsonschema.Draft202012Validator) -> None:
    for transform in TRANSFORMS.values():
        written = transform.example.do.replace("crosswalk: tax", "crosswalk: accounts")
        steps = written if written.startswith("[") else f"[{written}]"
        text = re.sub(r"do: \[squeeze.*\]\}", lambda _, steps=steps: f"do: {steps}}}", MAPPING)
        assert faults(validator, text) == [], transform.name


def test_items_and_parts_of_objects_are_names(tmp_path: Path) -> None:
    """`from` in a list names its item; `line.x` is left to check, for a list may have any items."""
    project = init(tmp_path / "project", "brook", None)
    write_schemas(project, tmp_path / "schemas")
    own = jsonschema.Draft202012Validator(
        json.loads((tmp_path / "schemas" / "mapping.schema.json").read_text())
    )
    text = (project.folder / "mappings/sales_invoices.yaml").read_text()
    assert "from: item." in text
    assert faults(own, text) == []
    assert faults(own, text.replace("from: item.", "from: itme.", 1)) != []


def test_a_broken_source_offers_what_is_left_of_it(tmp_path: Path) -> None:
    project = init(tmp_path / "project", "blank", None)
    project.sources_file.write_text("sagerecon: sources/v1\nfiles: [\n")
    written = RUNNER.invoke(app, ["schema", "-p", str(project.folder)])
    assert (written.exit_code, written.output.partition(" to ")[0]) == (0, "Wrote 6 schemas")
    own = json.loads((project.folder / ".sagerecon/mapping.schema.json").read_text())
    assert "enum" not in own["properties"]["source"]["properties"]["dataset"]


def test_numbers_that_sagerecon_reads_as_text_are_no_faults_in_an_editor(folder: Path) -> None:
    language = json.loads((folder / ".sagerecon/mapping.schema.json").read_text())
    tolerance = language["properties"]["reconcile"]["additionalProperties"]["properties"]["tolerance"]
    assert tolerance["type"] == ["string", "integer", "number"]
    assert "'number'" not in str(schema("mapping"))


def test_the_examples_of_the_docs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path / "project", tmp_path / "project/mymove"):
        init(folder, "sage50", None)
    monkeypatch.chdir(tmp_path / "project")
    commands = re.findall(r"^    sagerecon (.*?)(?:\s+#.*)?$", DOCS, re.MULTILINE)
    assert [RUNNER.invoke(app, command.split()).exit_code for command in commands] == [0] * 5
    (settings,) = re.findall(r"^    (\{\n.*?^    \})$", DOCS, re.DOTALL | re.MULTILINE)
    assert [Path(path).is_file() for path in json.loads(settings)["yaml.schemas"]] == [True]


# In an editor


@pytest.fixture(scope="module")
def editor(folder: Path) -> Iterator[LanguageServer]:
    program = found()
    if program is None:
        pytest.skip(f"yaml-language-server is not there: install node and it, or name it in {VARIABLE}")
    server = LanguageServer(program, folder)
    yield server
    server.close()


def test_an_editor_finds_nothing_in_a_good_mapping(editor: LanguageServer) -> None:
    assert editor.opened("mappings/people.yaml", MAPPING) == []


def test_an_editor_completes_columns_fields_and_values(editor: LanguageServer) -> None:
    column = MAPPING.replace("name: {from: name,", "name: {from: ^,")
    assert editor.completed("mappings/column.yaml", column)["postal_code"] == "text"
    field = MAPPING.replace("      city: {from: city}", "      ^")
    assert editor.completed("mappings/field.yaml", field)["city"] == "Text, at most 50 characters."
    value = MAPPING.replace("[CUSTOMER]", "[^]")
    assert editor.completed("mappings/value.yaml", value) == {"CUSTOMER": "Customer", "VENDOR": "Supplier"}
    kind = MAPPING.replace("kind: contact,", "kind: ^,")
    assert editor.completed("mappings/kind.yaml", kind)["contact"] == "A customer or a supplier."


def test_an_editor_shows_what_a_transform_and_a_field_are(editor: LanguageServer) -> None:
    transform = MAPPING.replace("max_length", "max^_length")
    assert "a longer text is cut" in editor.explained("mappings/transform.yaml", transform)
    field = MAPPING.replace("  contact_type_ids:", "  contact^_type_ids:")
    assert "Exactly one." in editor.explained("mappings/hovered.yaml", field)


def test_an_editor_marks_what_does_not_exist(editor: LanguageServer) -> None:
    column = MAPPING.replace("from: city", "from: citty")
    ((under, message),) = editor.opened("mappings/wrong_column.yaml", column)
    assert (under, message.partition(".")[0]) == ("citty", "Value is not accepted")
    field = MAPPING.replace("  name: {from", "  nmae: {from")
    assert editor.opened("mappings/wrong_field.yaml", field) == [("nmae", "Property nmae is not allowed.")]
