"""`init --from blank`, `look --declare` and `draft`: a project from files that nobody has described."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.documents.package import packs
from sagerecon.sources.detected import column_names

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
    (project / "../data/bills.csv").write_text("Zeichen,Betrag\nR1,1.00\nR2,2.00\n")
    assert run("look", "../data/bills.csv", "--declare").exit_code == 0
    assert run("snapshot").exit_code == 0
    assert run("draft", "bills", "sales_invoice").exit_code == 0
    assert "fields: {}  # REVIEW" in (project / "mappings/bills.yaml").read_text()
    checked = run("check").output
    assert "lacks the field 'contact_id'" in checked and "keys with values" not in checked


def test_a_project_without_its_last_mapping_can_be_drafted_again(project: Path) -> None:
    assert run("draft", "customers", "contact").exit_code == 0
    (project / "mappings/customers.yaml").unlink()
    said = "no file matches 'mappings/*.yaml', so the project has no mapping. Check the path, or write"
    checked = run("check")
    assert checked.exit_code == 2 and f"error sagerecon.yaml:7:12: {said}" in checked.output
    for words in (("look", "customers"), ("snapshot",), ("draft", "customers", "contact")):
        assert "error" not in (done := run(*words)).output and "Traceback" not in done.output, done.output
    assert (project / "mappings/customers.yaml").is_file()


def test_a_mapping_that_is_named_and_missing_is_an_error(project: Path) -> None:
    file = project / "sagerecon.yaml"
    for named in ("[mappings/none.yaml]", "[mappings/*.yaml, mappings/none.yaml]"):
        file.write_text(file.read_text().replace("mappings: []", f"mappings: {named}"))
        checked = run("check")
        assert checked.exit_code == 2 and "no file matches 'mappings/none.yaml'. Check" in checked.output


GERMAN = """Kundennr;Belegnr;Datum;Fällig;Betrag
70001;R1;28.11.2025;15.12.2025;1.200,50
70002;R2;29.11.2025;;80,00
"""


@pytest.fixture
def drafted(project: Path) -> Callable[..., str]:
    """Return a function that declares a file, freezes it, and returns what is drafted of it."""

    def draft(name: str, content: str, kind: str) -> str:
        (project / f"../data/{name}.csv").write_text(content)
        assert run("look", f"../data/{name}.csv", "--declare").exit_code == 0
        run("snapshot")
        done = run("draft", name, kind)
        assert done.exit_code == 0, done.output
        return (project / f"mappings/{name}.yaml").read_text()

    return draft


def test_a_draft_reads_titles_in_german(drafted: Callable[..., str]) -> None:
    text = drafted("kunden", "Kundennr;Name;Straße;PLZ;Ort\n70001;Eiche;Weg 1;01067;Ulm\n", "contact")
    assert "key: [kundennr]" in text and "identity: {reference: kundennr}" in text
    assert "  name: {from: name," in text and "      address_line_1: {from: strasse," in text
    assert "      postal_code: {from: plz," in text and "      city: {from: ort," in text
    text = drafted("posten", GERMAN, "contact_opening_balance")
    assert "key: [belegnr]}\n" in text and "reference: {from: belegnr," in text
    assert "contact_id: {ref: {mapping: kunden, by: kundennr, on_missing: quarantine}}" in text
    assert "  date: {from: datum}" in text and "total_amount: {from: betrag}" in text


@pytest.mark.parametrize(
    "titles",
    [
        "Customer No,Invoice No,Invoice Date,Outstanding",
        "Code client,N° facture,Date facture,Montant TTC",
        "Klantnummer,Factuurnummer,Factuurdatum,Openstaand bedrag",
        "Código cliente,Número factura,Fecha,Importe",
        "Kundnr,Fakturanr,Fakturadatum,Restbelopp",
    ],
)
def test_a_draft_reads_titles_in_several_languages(drafted: Callable[..., str], titles: str) -> None:
    assert run("draft", "customers", "contact").exit_code == 0
    text = drafted("open", f"{titles}\n101,F1,2025-12-01,10.50\n102,F2,2025-12-02,7.25\n", "sales_invoice")
    contact, document, day, _ = column_names(titles.split(","))
    assert f"key: [{document}]}}\n" in text and f"reference: {{from: {document}," in text
    assert f"by: {contact}, on_missing" in text and f"  date: {{from: {day}}}" in text


def test_negative_amounts_are_drafted_as_credit_notes(drafted: Callable[..., str]) -> None:
    assert run("draft", "customers", "contact").exit_code == 0
    items = (
        "Customer No,Invoice No,Date,Outstanding\n0001,I1,2017-04-02,£5.00 DR\n0002,C1,2017-04-03,£2.00 CR\n"
    )
    text = drafted("items", items, "contact_opening_balance")
    assert "\namount: outstanding\n" in text and "  total_amount: {expr: 'abs(outstanding)'}\n" in text
    assert """_type_id: {expr: '"INVOICE" if outstanding >= 0 else "CREDIT_NOTE"'}  # REVIEW""" in text
    checked = run("check").output
    assert "items.yaml" not in checked, checked


def test_a_document_of_one_line_has_its_total(drafted: Callable[..., str]) -> None:
    items = "Number,Date,Total\nI1,2017-04-02,5.00\nC1,2017-04-03,-2.00\n"
    text = drafted("sold", items, "sales_quick_entry")
    assert "\namount: total\n" in text and "  total_amount: {expr: 'abs(total)'}\n" in text
    assert 'quick_entry_type_id: {expr: \'"INVOICE" if total >= 0' in text
    assert "total_amount" not in drafted("invoiced", items, "sales_invoice")


def test_the_amount_of_what_is_owed_is_negative(drafted: Callable[..., str]) -> None:
    bills = "Lieferantennr,Beleg,Datum,Saldo\n70001,R1,2025-12-01,1.50\n"
    assert "\namount: '-saldo'\n" in drafted("bills", bills, "contact_opening_balance")


def test_the_account_number_of_a_customer_is_their_number(drafted: Callable[..., str]) -> None:
    text = drafted("accounts", "Account No,Customer Name,Town\n00101,Oak,Leeds\n00102,Oak,York\n", "contact")
    assert "key: [account_no]}\n" in text and "identity: {reference: account_no}" in text
    assert "  name: {from: customer_name," in text and "      city: {from: town," in text


def test_the_number_of_another_thing_is_a_key_for_review_alone(drafted: Callable[..., str]) -> None:
    text = drafted("posten", "Kundennr,Zeichen\n70001,x\n70002,x\n", "contact_opening_balance")
    assert "key: [kundennr]}  # REVIEW: is it the number of the record?\n" in text
    text = drafted("more", "Kundennr,Zeichen\n70001,x\n70002,y\n", "contact_opening_balance")
    assert "key: [zeichen]}\n" in text


def test_a_draft_of_bills_refers_to_the_suppliers(drafted: Callable[..., str]) -> None:
    assert run("draft", "customers", "contact").exit_code == 0
    text = drafted("lieferanten", "Nr,Name\n70001,Eiche\n", "contact")
    assert 'contact_type_ids: {value: ["VENDOR"]}' in text
    bills = "Lieferantennr,Beleg,Datum,Saldo\n70001,R1,2025-12-01,1.50\n"
    assert "contact_id: {ref: {mapping: lieferanten, by: lieferantennr," in drafted(
        "bills", bills, "contact_opening_balance"
    )
    unsaid = "Contact,Beleg,Datum,Saldo\n70001,R1,2025-12-01,1.50\n"
    text = drafted("more", unsaid, "contact_opening_balance")
    assert "REVIEW: is it the mapping customers or lieferanten?" in text
