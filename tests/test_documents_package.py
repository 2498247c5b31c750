"""The files installed with the program, in a checkout and in a wheel."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

from sagerecon.documents import package
from sagerecon.documents.compiled_catalog import MAX_KEPT, load_compiled, save_compiled
from sagerecon.documents.specs import read_catalog
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
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
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
    with pytest.raises(ProjectError, match="There is no mapping pack 'oracle'"):
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
        env={"PYTHONPATH": str(tmp_path / "site"), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    kinds, name, pack = ran.stdout.split()
    assert kinds == str(len(package.catalog().kinds))
    assert name == package.catalog_fingerprint()
    assert Path(pack) == tmp_path / "site" / "sagerecon" / "_data" / "mappings" / "quickbooks"


def test_our_catalog_has_no_errors() -> None:
    """Read from its files, whatever compiled form the cache has."""
    assert read_catalog(package.check_catalog()) == package.catalog()


def compiled_files(root: Path) -> list[Path]:
    return sorted((root / "cache" / "sagerecon").glob("*"))


def test_the_compiled_catalog_is_read_instead_of_the_yaml_files(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = package.catalog()
    (file,) = compiled_files(elsewhere)
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    package.catalog.cache_clear()

    def refuse() -> None:
        raise AssertionError("the YAML files were read")

    monkeypatch.setattr(package, "check_catalog", refuse)
    assert package.catalog() == first


def test_a_changed_catalog_is_checked_again(elsewhere: Path) -> None:
    package.catalog()
    file = elsewhere / "specs" / "contacts" / "contacts.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("max_length: 100", "max_length: 99"))
    _forget()
    assert package.catalog()["contact"].fields["name"].max_length == 99
    assert len(compiled_files(elsewhere)) == 2
    file.write_text("kind: [contact\n")
    _forget()
    with pytest.raises(MappingError):
        package.catalog()
    assert len(compiled_files(elsewhere)) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes().replace(b"Sage", b"Sega", 1)),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_text(f"{hashlib.sha256(b'[]').hexdigest()}\n[]"),
        lambda file: file.chmod(0o666),
        lambda file: file.rename(file.with_name("real")) and file.symlink_to(file.with_name("real")),
        lambda file: file.unlink() or os.mkfifo(file),
    ],
    ids=["empty", "changed", "cut short", "other content", "writable by others", "link", "pipe"],
)
def test_a_compiled_catalog_that_cannot_be_trusted_is_replaced(
    elsewhere: Path, damage: Callable[[Path], object]
) -> None:
    first = package.catalog()
    file = compiled_files(elsewhere)[0]
    damage(file)
    package.catalog.cache_clear()
    assert package.catalog() == first
    assert file.is_file() and not file.is_symlink() and file.stat().st_mode & 0o777 == 0o600


def test_without_a_cache_folder_the_yaml_files_are_read(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "cache").write_text("a file where the folder should be")
    assert "contact" in package.catalog()


def test_few_compiled_catalogs_are_kept(elsewhere: Path) -> None:
    documents = package.check_catalog()
    for number in range(8):
        save_compiled(f"{number}" * 32, documents)
    assert len(compiled_files(elsewhere)) == MAX_KEPT
    assert load_compiled("7" * 32) == documents
