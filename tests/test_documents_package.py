"""The files installed with the program, in a checkout and in a wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from sagerecon.documents import package
from sagerecon.model.errors import MappingError, ProjectError

ROOT = Path(__file__).resolve().parents[1]

NEEDED = (
    "contact", "address", "contact_person", "ledger_account", "bank_account", "tax_rate", "product",
    "service", "sales_invoice", "sales_credit_note", "purchase_invoice", "purchase_credit_note",
    "contact_payment", "contact_allocation", "journal", "other_payment", "bank_transfer",
    "contact_opening_balance", "bank_opening_balance", "ledger_account_opening_balance",
    "opening_balance_journal", "business", "user", "financial_settings", "trial_balance", "transaction",
    "ledger_entry", "unallocated_artefact",
)  # fmt: skip


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield another root with a copy of the catalog, which the package reads instead of ours."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    monkeypatch.setattr(package, "_root", lambda: tmp_path)
    _forget()
    yield tmp_path
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for cached in (package.catalog, package.catalog_fingerprint, package.schema, package._spec_texts):
        cached.cache_clear()


def test_the_catalog_is_read_once_and_has_what_a_move_needs() -> None:
    catalog = package.catalog()
    assert package.catalog() is catalog
    for kind in NEEDED:
        assert kind in catalog, kind


def test_the_facts_that_a_plan_needs_are_present() -> None:
    catalog = package.catalog()
    assert catalog["contact"].fields["name"].max_length == 100
    assert catalog["contact"].fields["reference"].max_length == 10
    assert [key.field for key in catalog["contact"].natural_keys if key.is_unique] == ["reference"]
    assert catalog["contact_payment"].yields["payment_on_account"] == "payment_on_account.id"
    assert catalog["sales_invoice"].operations["delete"].status == 200
    assert not catalog["ledger_account"].can("delete")
    assert not catalog["journal"].can("update")
    assert not catalog["contact_opening_balance"].operations["create"].is_available("GB", "start")
    limits = catalog.api.limit_profiles
    assert (limits["standard"].per_minute, limits["standard"].per_day) == (100, 2500)
    assert (limits["published"].per_minute, limits["published"].per_day) == (None, None)
    assert {profile.app_per_day for profile in limits.values()} == {1_296_000}
    assert (catalog.api.access_token_seconds, catalog.api.refresh_token_seconds) == (300, 31 * 86_400)


def test_each_file_of_the_catalog_is_in_the_folder_of_its_section() -> None:
    for kind in package.catalog():
        assert (ROOT / "specs" / kind.section / f"{kind.resource}.yaml").is_file(), kind.name


def test_every_schema_is_valid() -> None:
    names = [
        path.name.removesuffix(".schema.json") for path in (ROOT / "specs/schemas").glob("*.schema.json")
    ]
    assert {"api", "resource"} <= set(names)
    for name in names:
        jsonschema.Draft202012Validator.check_schema(package.schema(name))


def test_a_missing_schema_pack_or_extract_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(ProjectError, match=r"There is no schema 'resourc'. Did you mean 'resource'\?"):
        package.schema("resourc")
    with pytest.raises(ProjectError, match="There is no ready mapping 'oracle'"):
        package.pack("oracle")
    with pytest.raises(ProjectError, match="There is no extract"):
        package.fixture("../specs")


def test_packs_and_extracts_are_folders() -> None:
    assert "quickbooks" in package.packs()
    assert package.pack("quickbooks").is_dir()
    assert all(package.fixture(name).is_dir() for name in package.fixtures())


def test_the_fingerprint_follows_the_content(elsewhere: Path) -> None:
    before = package.catalog_fingerprint()
    _forget()
    assert package.catalog_fingerprint() == before
    _forget()
    file = elsewhere / "specs" / "contacts" / "contacts.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("max_length: 100", "max_length: 99"), encoding="utf-8"
    )
    assert package.catalog_fingerprint() != before


def test_a_faulty_catalog_is_an_error_with_every_place(elsewhere: Path) -> None:
    (elsewhere / "specs" / "contacts" / "contacts.yaml").write_text("kind: [contact\n", encoding="utf-8")
    file = elsewhere / "specs" / "ledger" / "journals.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("section: ledger", "section: leger"), encoding="utf-8"
    )
    with pytest.raises(MappingError) as caught:
        package.catalog()
    assert [str(finding).partition(": ")[0] for finding in caught.value.findings] == [
        "specs/contacts/contacts.yaml:2:1",
        "specs/ledger/journals.yaml:5:10",
    ]


def test_a_file_that_cannot_be_read_is_an_error_with_a_message(elsewhere: Path) -> None:
    (elsewhere / "specs" / "schemas" / "api.schema.json").write_text("{", encoding="utf-8")
    with pytest.raises(ProjectError, match=r"api\.schema\.json is not JSON"):
        package.schema("api")
    (elsewhere / "specs" / "contacts" / "contacts.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProjectError, match=r"contacts\.yaml cannot be read"):
        package.catalog()
    shutil.rmtree(elsewhere / "specs")
    _forget()
    with pytest.raises(ProjectError, match="There is no catalog in"):
        package.catalog()


def test_an_installed_package_carries_its_files(tmp_path: Path) -> None:
    """Run a layout like that of the wheel from a folder outside the checkout."""
    shutil.copytree(
        ROOT / "sagerecon",
        tmp_path / "site" / "sagerecon",
        ignore=shutil.ignore_patterns("__pycache__", "_data"),
    )
    for part in ("specs", "mappings"):
        shutil.copytree(ROOT / part, tmp_path / "site" / "sagerecon" / "_data" / part)
    program = (
        "from sagerecon.documents import package; "
        "print(len(package.catalog().kinds), package.catalog_fingerprint(), package.pack('quickbooks'))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    kinds, name, pack = ran.stdout.split()
    assert kinds == str(len(package.catalog().kinds))
    assert name == package.catalog_fingerprint()
    assert Path(pack) == tmp_path / "site" / "sagerecon" / "_data" / "mappings" / "quickbooks"


def test_reading_and_checking_the_whole_catalog_is_quick() -> None:
    """Read the catalog in less than ten times the usual 0.4 s; every command waits for it."""
    _forget()
    before = time.perf_counter_ns()
    package.catalog()
    assert time.perf_counter_ns() - before < 4_000_000_000
