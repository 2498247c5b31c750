"""The catalog's files to values: short forms, links, what is sent, and faults with their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from sagerecon.documents import package
from sagerecon.documents.specs import read_catalog, read_documents
from sagerecon.model.catalog import Catalog, Field
from sagerecon.model.finding import Finding

API = Path(__file__).resolve().parents[1] / "specs" / "api.yaml"

THING = """
    sagerecon: resource/v1
    kind: thing
    resource: things
    path: /things
    section: products
    about: A thing for these tests.
    editions: {start: [GB], plus: [CA, GB]}
    areas: {any: [Sales, Bank]}
    operations:
      list: {role: read_only}
      create: {reversibility: reversible, role: restricted}
      read: {role: read_only}
      update: {reversibility: reversible, role: full, areas: {all: [Sales, Settings]}, editions: {plus: [GB]}}
      delete: {reversibility: irreversible}
      release: {path: '/things/{key}/release', reversibility: irreversible}
    filters: [updated_or_created_since, search]
    natural_keys:
      - {field: code, filter: search, unique: true}
      - {field: owner.code}
    label: [code, displayed_as]
    amount: price
    yields: {rest: rest.id}
    fields:
      code: {type: text, required: true, max_length: 10}
      price: money
      weight: {type: decimal, decimals: 3}
      owner_id: {refers_to: thing}
      part_ids: {refers_to: thing}
      settles_id: {refers_to: [thing, sort]}
      sort_id: {refers_to: sort}
      locked: {type: boolean, sent: create}
      lines:
        type: list
        sent: create
        fields:
          quantity: decimal
          note: {type: text, sent: both}
        answers: {id: text}
    answers:
      balance: money
      rest: {type: object, answers: {id: text, sort: {refers_to: sort}}}
      sorts: {refers_to: sort, type: list}
"""

SORT = """
    sagerecon: resource/v1
    kind: sort
    resource: sorts
    path: /sorts
    section: products
    about: A fixed list for these tests.
    editions: {start: [GB]}
    fixed_list: true
    operations: {list: {}, read: {}}
    values: {BIG: Big, SMALL: Small}
"""


def read(*texts: str) -> tuple[Catalog | None, list[Finding]]:
    """Read these resource files into a catalog and the findings about them."""
    api = (package._root() / "specs" / "api.yaml").read_text(encoding="utf-8")
    files = {f"specs/{number}.yaml": dedent(text).lstrip() for number, text in enumerate(texts, start=1)}
    schemas = package.schema("api"), package.schema("resource")
    documents, findings = read_documents(("specs/api.yaml", api), files, *schemas)
    return (read_catalog(documents) if documents else None), findings


def catalog() -> Catalog:
    found, findings = read(THING, SORT)
    assert findings == []
    assert found is not None
    return found


def faults(text: str, *others: str) -> list[str]:
    return [str(finding) for finding in read(text, *others)[1]]


def test_short_forms_and_links_get_their_types() -> None:
    fields = catalog()["thing"].fields
    types = {name: field.type for name, field in fields.items()}
    assert types == {
        "code": "text",
        "price": "decimal",
        "weight": "decimal",
        "owner_id": "text",
        "part_ids": "list",
        "settles_id": "text",
        "sort_id": "text",
        "locked": "boolean",
        "lines": "list",
        "balance": "decimal",
        "rest": "object",
        "sorts": "list",
    }
    assert (fields["price"].decimals, fields["weight"].decimals, fields["balance"].decimals) == (2, 3, 2)
    assert fields["lines"].items == "object"
    assert fields["rest"].fields["sort"].type == "object"


def test_a_link_is_answered_under_the_name_of_what_it_names() -> None:
    fields = catalog()["thing"].fields
    assert fields["owner_id"].answered_as == "owner"
    assert fields["part_ids"].answered_as == "parts"
    assert fields["sorts"].answered_as == "sorts"
    assert Field("account_id", "text").answered_as == "account_id"


def test_a_link_may_take_several_kinds() -> None:
    settles = catalog()["thing"].fields["settles_id"]
    assert (settles.refers_to, settles.targets) == ("thing", ("thing", "sort"))
    assert settles.accepts("sort")
    assert not settles.accepts("contact")


def test_what_is_sent_follows_from_the_operations_unless_told() -> None:
    fields = catalog()["thing"].fields
    sent = {name: (field.create, field.update, field.read_only) for name, field in fields.items()}
    assert sent["code"] == (True, True, False)
    assert sent["locked"] == (True, False, False)
    assert sent["balance"] == (False, False, True)
    lines = fields["lines"].fields
    assert (lines["quantity"].create, lines["quantity"].update) == (True, False)
    assert (lines["note"].create, lines["note"].update) == (True, True)
    assert lines["id"].read_only
    assert package.catalog()["opening_balance_journal"].fields["date"].update is False


def test_operations_get_methods_paths_success_editions_and_roles() -> None:
    operations = catalog()["thing"].operations
    assert {name: (one.method, one.path, one.status) for name, one in operations.items()} == {
        "list": ("GET", "/things", 200),
        "create": ("POST", "/things", 201),
        "read": ("GET", "/things/{key}", 200),
        "update": ("PUT", "/things/{key}", 200),
        "delete": ("DELETE", "/things/{key}", 204),
        "release": ("POST", "/things/{key}/release", 201),
    }
    assert operations["create"].is_available("CA", "plus")
    assert not operations["create"].is_available("CA", "start")
    assert not operations["update"].is_available("CA", "plus")
    assert (operations["create"].needs, operations["create"].needs_every_area) == (
        {"Sales": "restricted", "Bank": "restricted"},
        False,
    )
    assert (operations["update"].needs, operations["update"].needs_every_area) == (
        {"Sales": "full", "Settings": "full"},
        True,
    )
    assert operations["delete"].needs == {}


def test_a_path_is_followed_through_objects_and_links() -> None:
    found = catalog()
    assert found.field_at("thing", "lines.quantity") is found["thing"].fields["lines"].fields["quantity"]
    assert found.field_at("thing", "owner.owner_id.code") is found["thing"].fields["code"]
    assert found.field_at("thing", "owner.nothing") is None
    assert found.field_at("nothing", "code") is None


def test_choices_are_the_enum_or_the_whole_fixed_list() -> None:
    found = catalog()
    field = found["thing"].fields["sort_id"]
    assert found.choices(field) == ("BIG", "SMALL")
    assert found.choices(replace(field, enum=("BIG",))) == ("BIG",)
    assert found.choices(found["thing"].fields["owner_id"]) == ()
    assert package.catalog().choices(package.catalog()["address"].fields["country_id"]) == ()


def test_a_change_filter_is_known_from_the_filters() -> None:
    kind = catalog()["thing"]
    assert (kind.changed_since, kind.deleted_since) == ("updated_or_created_since", "")


def test_kinds_are_found_by_resource_and_suggested_by_name() -> None:
    found = catalog()
    assert found.by_resource("things") is found["thing"]
    assert found.by_resource("nothings") is None
    assert found.suggest("thingy") == "Did you mean 'thing'?"


@pytest.mark.parametrize(
    ("was", "now", "at", "sentence"),
    [
        ("price: money", "price: mony", "mony", "fields.price cannot be 'mony'. Did you mean 'money'?"),
        (
            "true, max_length: 10",
            "true, max_lenght: 10",
            "max_lenght",
            "unknown key 'max_lenght'. Did you mean 'max_length'?",
        ),
        ("about: A thing for these tests.\n", "\n", "sagerecon", "the file needs the key 'about'."),
        ("[thing, sort]", "[thing, sorte]", "sorte", "there is no kind 'sorte'. Did you mean 'sort'?"),
        ("amount: price", "amount: prise", "prise", "thing has no field 'prise'. Did you mean 'price'?"),
        (
            "rest: rest.id",
            "rest: wrest.id",
            "wrest.id",
            "thing has no field 'wrest.id'. Did you mean 'rest'?",
        ),
        (
            "[updated_or_created_since,",
            "[updated_since,",
            "updated_since,",
            "api.yaml has no filter 'updated_since'. Did you mean 'deleted_since'?",
        ),
        (
            "answers:\n      balance: money",
            "answers:\n      weight: money",
            "weight: money",
            "fields already declares it, and what is sent is also answered. Remove it from answers.",
        ),
        (
            "resource: things",
            "resource: things\n    kind: thing",
            "kind: thing\npath",
            "duplicate key 'kind'; the first is on line 2.",
        ),
    ],
)
def test_a_faulty_file_is_told_with_its_place(was: str, now: str, at: str, sentence: str) -> None:
    assert was in THING
    text = THING.replace(was, now, 1)
    before = dedent(text).lstrip().partition(at)[0]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert faults(text, SORT) == [f"specs/1.yaml:{place}: {sentence}"]


def test_all_faults_of_all_files_are_told_in_one_pass() -> None:
    assert len(faults(THING.replace("money", "mony"), SORT.replace("true", "perhaps"))) == 3
