"""The commands about the catalog: what a consultant reads, what a program reads, and exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.documents import package
from sagerecon.report import catalog as pages

SAGE = Path(__file__).resolve().parents[2] / "shared" / "sage"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["catalog", *arguments], env={"COLUMNS": "80"})


def result(*arguments: str) -> dict[str, Any]:
    answered = run(*arguments, "--json")
    events = [json.loads(line) for line in answered.stdout.splitlines()]
    found: dict[str, Any] = next(event for event in events if event["event"] == "result")
    return found


def test_the_list_names_every_kind_with_its_operations() -> None:
    answered = run("list")
    assert answered.exit_code == 0
    assert "90 kinds, 300 operations." in answered.stdout
    line = next(line for line in answered.stdout.splitlines() if line.startswith("  sales_invoice "))
    assert line.split() == ["sales_invoice", "LCRUD", "release", "yes", "compensable"]
    assert max(map(len, answered.stdout.splitlines())) <= 80


def test_country_and_edition_narrow_the_list() -> None:
    assert len(result("list")["kinds"]) == 90
    in_start = {kind["kind"]: kind["operations"] for kind in result("list", "--edition", "start")["kinds"]}
    assert "stock_item" not in in_start and "contact" in in_start
    assert result("list", "--country", "ca", "--edition", "standard")["kinds"][0]["kind"] == "business"


def test_a_kind_is_shown_at_80_columns() -> None:
    answered = run("show", "sales_invoices")
    assert answered.exit_code == 0
    lines = answered.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    text = " ".join(answered.stdout.split())
    assert "notes text 2,000 Internal; can hold" in text
    assert "contact_id id yes contact" in text
    assert "POST /sales_invoices Restricted or Full in compensable Sales" in text
    assert "base_currency_cis_applicable_amount" in text
    assert "Available in CA, GB, IE (Start, Plus); GB, IE (Standard)." in text
    assert "Natural key reference, found with search." in text
    assert "Books to debtors, income, tax." in text
    assert "- The contact must be a customer and the accounts visible in sales." in text


def test_every_kind_can_be_shown() -> None:
    catalog = package.catalog()
    for kind in catalog:
        console = Console(width=80, file=StringIO())
        console.print(*pages.kind(kind, catalog.api), sep="\n")
        text = console.file.getvalue()  # type: ignore[attr-defined]
        assert text.startswith(f"{kind.name}  {kind.path}\n")
        assert max(map(len, text.splitlines())) <= 80
        assert all(quirk.split()[0] in text for quirk in kind.quirks)


def test_a_field_of_another_country_is_left_out() -> None:
    def names(*arguments: str) -> set[str]:
        return {field["name"] for field in result("show", "sales_invoice", *arguments)["kind"]["fields"]}

    assert "vat_reverse_charge" in names() & names("--country", "GB")
    assert "vat_reverse_charge" not in names("--country", "CA")
    assert "credit_limit" in run("show", "contact").stdout
    assert "credit_limit" not in run("show", "contact", "--edition", "start").stdout


def test_a_kind_as_json_has_its_facts() -> None:
    kind = result("show", "contact")["kind"]
    reference = next(field for field in kind["fields"] if field["name"] == "reference")
    assert (reference["max_length"], reference["required"]) == (10, False)
    assert kind["natural_keys"][0] == {
        "field": "reference",
        "filter": "search",
        "unique": True,
        "same_as": "",
    }
    assert kind["path"] == "/contacts" and kind["quirks"] and kind["filters"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("show", "sales_invoce"), "Did you mean 'sales_invoice'?"),
        (("show", "stock_item", "--edition", "start"), "Leave out --country or --edition"),
        (("list", "--country", "FR"), "Choose one of: GB, IE, CA."),
        (("list", "--edition", "gold"), "no edition 'gold'"),
        (("diff", "nowhere.json"), "cannot be read"),
    ],
)
def test_an_unknown_name_exits_with_2_and_a_message(arguments: tuple[str, ...], word: str) -> None:
    answered = run(*arguments)
    assert answered.exit_code == 2
    assert word in " ".join((answered.stdout + answered.stderr).split())


def test_the_percentages_of_a_tax_rate_are_shown() -> None:
    shown = [line.split() for line in run("show", "tax_rate").stdout.splitlines()]
    assert ["GB_STANDARD", "2011-01-04", "20.00"] in shown
    assert result("show", "tax_rate")["kind"]["percentages"]["GB_STANDARD"]["2010-01-01"] == "17.50"


def test_a_file_that_is_not_json_is_reported_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    path.write_text('{"swagger": "2.0",\n  "paths": oops}')
    answered = run("diff", str(path))
    assert answered.exit_code == 2
    assert "new.json:2:12" in "".join(answered.stderr.split())


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an installation with an error in its catalog."""
    for name in ("mappings", "fixtures"):
        (tmp_path / name).symlink_to(package._root() / name)
    shutil.copytree(package._root() / "specs", tmp_path / "specs")
    path = tmp_path / "specs" / "contacts" / "contacts.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines) if line.startswith("  reference: "))
    lines[number] = "  reference: {type: texx, max_length: 10}"
    path.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(package, "_root", lambda: tmp_path)
    cached = (package.catalog, package.catalog_fingerprint, package.schema, package._spec_texts)
    for function in cached:
        function.cache_clear()
    yield tmp_path
    for function in cached:
        function.cache_clear()


def test_an_error_in_the_catalog_is_reported_with_its_place(broken: Path) -> None:
    line = (broken / "specs/contacts/contacts.yaml").read_text().splitlines()
    place = f"specs/contacts/contacts.yaml:{line.index('  reference: {type: texx, max_length: 10}') + 1}:21"
    project = broken / "project"
    arguments = ["init", str(project), "--from", "quickbooks", "--data", str(broken)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    checked = CliRunner().invoke(app, ["check", "--project", str(project), "--json"])
    findings = [json.loads(each) for each in checked.stdout.splitlines() if '"finding"' in each]
    assert [f"{each['file']}:{each['line']}:{each['column']}" for each in findings] == [place]
    assert "texx" in findings[0]["message"]
    assert checked.exit_code == 1
    listed = run("list")
    assert listed.exit_code == 1
    assert place in "".join(listed.stdout.split())


def test_a_document_is_compared_with_the_catalog() -> None:
    path = SAGE / "openapi.json"
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    answered = run("diff", str(path))
    assert answered.exit_code == 1
    assert "12 differences" in answered.stdout
    assert "list filter_foreign_currencies" in answered.stdout
    assert max(map(len, answered.stdout.splitlines())) <= 80
    assert {"resource": "user", "aspect": "resource removed", "subject": "", "catalog": "2 operations",
            "document": ""} in result("diff", str(path))["changes"]  # fmt: skip


def test_a_document_without_differences_exits_with_0(tmp_path: Path) -> None:
    path = SAGE / "openapi-2025-11-merged.json"
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    older = json.loads((SAGE / "openapi.json").read_text(encoding="utf-8"))
    document = json.loads(path.read_text(encoding="utf-8"))
    for part in ("paths", "definitions"):  # together the two hold all that the catalog was made of
        document[part] = {**older[part], **document[part]}
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(document))
    answered = run("diff", str(whole), "--country", "GB")
    assert answered.stdout.startswith("0 differences;")
    assert answered.exit_code == 0


@pytest.mark.parametrize("kind", ["contact_payment", "sales_invoice", "contact", "journal"])
def test_notes_are_complete_at_80_columns(kind: str) -> None:
    """Join the lines of the last column and look for each field's note in them."""
    lines = run("show", kind).stdout.splitlines()
    heading = next(line for line in lines if "refers to, notes" in line)
    shown = "".join("".join(line[heading.index("refers to") :].split()) for line in lines)
    fields = package.catalog()[kind].fields.values()
    notes = ["".join(field.about.split()) for field in fields if field.about and not field.read_only]
    assert notes
    assert [note for note in notes if note.rstrip(".") not in shown] == []
