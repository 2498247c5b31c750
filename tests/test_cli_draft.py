"""`init --from blank`, `look --declare` and `draft`: a project from files that nobody has described."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.documents.package import packs

CUSTOMERS = "Cust No,Name,VAT No,Fax\n0001,Oak Ltd,GB1,x\n0002,Elm Ltd,,\n"
INVOICES = "number,contact,date,total,due date\nI1,0001,2017-04-02,1.00,2017-05-02\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a blank project whose two files are declared and frozen."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/customers.csv").write_text(CUSTOMERS)
    Path("data/invoices.csv").write_text(INVOICES)
    assert run("init", "move", "--from", "blank", "--data", "data").exit_code == 0
    monkeypatch.chdir(tmp_path / "move")
    for name in ("customers", "invoices"):
        assert run("look", f"../data/{name}.csv", "--declare").exit_code == 0
    taken = run("snapshot")
    assert taken.exit_code == 0, taken.output
    return tmp_path / "move"


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words])


def test_init_lists_the_packs() -> None:
    listed = run("init")
    assert listed.exit_code == 0
    assert [line.partition(":")[0] for line in listed.stdout.splitlines()] == packs()
    assert "blank: An empty project for files that no pack describes" in listed.stdout
    assert all(len(line) < 200 for line in listed.stdout.splitlines())


def test_init_without_a_pack_creates_nothing(tmp_path: Path) -> None:
    result = run("init", str(tmp_path / "new"))
    assert result.exit_code == 2 and "--from PACK" in result.stderr and not (tmp_path / "new").exists()


def test_a_blank_project_is_valid(project: Path) -> None:
    assert run("check").exit_code == 0


def test_a_draft_maps_what_it_finds_and_marks_the_rest(project: Path) -> None:
    made = run("draft", "customers", "contact")
    assert made.exit_code == 0, made.output
    text = (project / "mappings/customers.yaml").read_text()
    assert "source: {dataset: customers, key: [cust_no]}" in text
    assert "  name: {from: name, do: [{max_length: 100, on_overflow: quarantine}]}\n" in text
    assert "tax_number: {from: vat_no, do: [{max_length: 255, on_overflow: quarantine}]}  # REVIEW" in text
    assert '  fax: {reason: "REVIEW: map it, or say why not"}' in text
    assert "# REVIEW: contact_type_ids is required" in text
    assert "mappings: [mappings/*.yaml]" in (project / "sagerecon.yaml").read_text()
    checked = run("check")
    assert checked.exit_code == 1 and "contact lacks the field 'contact_type_ids'" in checked.output
    fixed = text.replace("fields:\n", 'fields:\n  contact_type_ids: {value: ["CUSTOMER"]}\n')
    (project / "mappings/customers.yaml").write_text(fixed)
    assert run("check").exit_code == 0, run("check").output
    assert run("plan").exit_code == 0, run("plan").output


def test_a_draft_refers_to_the_mapping_of_the_kind(project: Path) -> None:
    assert run("draft", "customers", "contact").exit_code == 0
    made = run("draft", "invoices", "contact_opening_balance", "--name", "open_items", "--json")
    facts = json.loads(made.stdout.splitlines()[-1])
    text = Path(facts["file"]).read_text()
    assert facts["to_review"] == text.count("REVIEW: ")
    assert "contact_id: {ref: {mapping: customers, by: contact, on_missing: quarantine}}" in text
    assert "total_amount: {from: total}" in text and "  date: {from: date}\n" in text
    assert "reference: {from: number" in text and "key: [number]" in text


def test_a_draft_leaves_an_existing_mapping_alone(project: Path) -> None:
    run("draft", "customers", "contact")
    before = (project / "mappings/customers.yaml").read_text()
    again = run("draft", "customers", "contact")
    assert again.exit_code == 2 and "mappings/customers.yaml exists already" in again.stderr
    assert (project / "mappings/customers.yaml").read_text() == before
    assert run("draft", "customers", "contact", "--name", "second").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("customers", "contcat"), "Did you mean 'contact'?"),
        (("custmers", "contact"), "Did you mean 'customers'?"),
        (("customers", "contact", "--name", "My Name"), "is not a valid name"),
        (
            ("../data/customers.csv", "contact", "--name", "x"),
            "sagerecon look ../data/customers.csv --declare",
        ),
        (
            ("undated", "contact"),
            'Add one to sources.yaml, below datasets: undated: {sql: SELECT * FROM "undated"}',
        ),
    ],
)
def test_what_cannot_be_drafted_is_said(project: Path, words: tuple[str, ...], message: str) -> None:
    text = Path("sources.yaml").read_text()
    undated = "  undated:\n    path: invoices.csv\n    columns: {number: {type: text}}\n"
    Path("sources.yaml").write_text(text.replace("files:\n", f"files:\n{undated}"))
    result = run("draft", *words)
    assert not Path("mappings/x.yaml").exists()
    assert result.exit_code == 2 and message in " ".join((result.stdout + result.stderr).split())


def test_a_draft_of_repeated_keys_names_their_column(project: Path) -> None:
    (project / "../data/repeated.csv").write_text("Kundennr,Name\n0001,Oak\n0001,Oak\n0002,Elm\n")
    assert run("look", "../data/repeated.csv", "--declare").exit_code == 0
    assert run("snapshot").exit_code == 0
    assert run("draft", "repeated", "contact").exit_code == 0
    text = (project / "mappings/repeated.yaml").read_text()
    assert (
        "source: {dataset: repeated, key: [kundennr]}  # REVIEW: no column has a different value in each row"
        in text
    )
    assert "there is no column" not in run("check").output


def test_a_draft_without_any_field_is_checked_for_its_gaps_alone(project: Path) -> None:
    (project / "../data/bills.csv").write_text("Belegnr,Betrag\nR1,1.00\nR2,2.00\n")
    assert run("look", "../data/bills.csv", "--declare").exit_code == 0
    assert run("snapshot").exit_code == 0
    assert run("draft", "bills", "sales_invoice").exit_code == 0
    assert "fields: {}  # REVIEW" in (project / "mappings/bills.yaml").read_text()
    checked = run("check").output
    assert "lacks the field 'contact_id'" in checked and "keys with values" not in checked
