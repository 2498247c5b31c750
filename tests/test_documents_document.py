"""Strict YAML, each value with its place, and schema faults with the line they are about."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sagerecon.documents import document
from sagerecon.documents.document import Node, read_document
from sagerecon.documents.schema import check_schema
from sagerecon.model.limits import YAML_VALUES
from sagerecon.model.suggestion import suggestion


def read(text: str) -> Node:
    """Return the root of a text without findings."""
    node, findings = read_document(text, "m.yaml")
    assert findings == []
    return node


def faults(text: str) -> list[str]:
    """Return the findings of a text as messages."""
    return [str(finding) for finding in read_document(text, "m.yaml")[1]]


def test_every_node_knows_its_line_and_column() -> None:
    node = read("fields:\n  name: {from: CustName}\n  tags:\n    - first\n")
    assert str(node["fields"]["name"].place) == "m.yaml:2:9"
    assert str(node["fields"]["name"].named_at) == "m.yaml:2:3"
    assert str(node["fields"]["name"]["from"].place) == "m.yaml:2:16"
    assert str(node["fields"]["tags"].items()[0].place) == "m.yaml:4:7"
    assert str(node.at(["fields", "tags", 7, "x"]).named_at) == "m.yaml:3:3"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        ("0010", "0010"),
        ("12.10", "12.10"),
        ("1e3", "1e3"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        ("-0", 0),
        ("2017-03-31", "2017-03-31"),
        ("12:30:45", "12:30:45"),
        (".inf", ".inf"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("10", 10),
        ("-7", -7),
        ("123456789012345678", 123456789012345678),
        ("1234567890123456789", "1234567890123456789"),
        ("9" * 5000, "9" * 5000),
        ("'true'", "true"),
        ('"10"', "10"),
        ("'null'", "null"),
        ("|\n  10\n", "10\n"),
    ],
)
def test_only_plain_words_of_the_core_schema_are_typed(text: str, value: object) -> None:
    found = read(f"key: {text}\n")["key"].value
    assert (type(found), found) == (type(value), value)


def test_keys_are_text() -> None:
    assert read("true: 1\n1: 2\nnull: 3\nNO: 4\n").plain() == {"true": 1, "1": 2, "null": 3, "NO": 4}


def test_a_duplicate_key_is_named_with_both_lines_and_the_first_one_counts() -> None:
    node, findings = read_document("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", "m.yaml")
    assert [str(finding) for finding in findings] == [
        "m.yaml:4:3: duplicate key 'c'; the first is on line 3.",
        "m.yaml:5:1: duplicate key 'a'; the first is on line 1.",
    ]
    assert node.plain() == {"a": 1, "b": {"c": 1}}


def test_a_tab_in_the_indentation_is_a_finding() -> None:
    assert faults("a:\n  b: 1\n \tc: 2\n") == ["m.yaml:3:2: a tab in the indentation. Use spaces."]


def test_tags_are_findings_even_those_that_name_a_plain_type() -> None:
    assert faults("a: !!str 12\nb: !!python/object:os.system x\nc: !own 1\nd: wow!\n") == [
        "m.yaml:1:4: the tag tag:yaml.org,2002:str is not allowed. Remove it.",
        "m.yaml:2:4: the tag tag:yaml.org,2002:python/object:os.system is not allowed. Remove it.",
        "m.yaml:3:4: the tag !own is not allowed. Remove it.",
    ]


def test_an_alias_repeats_what_it_names() -> None:
    assert read("a: &x {b: 1}\nc: *x\n").plain() == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_alias_that_contains_itself_is_a_finding() -> None:
    assert faults("a: &x\n  b: *x\n") == ["m.yaml:1:4: an alias that contains itself."]


def test_aliases_that_would_expand_to_billions_are_a_quick_finding() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    [fault] = faults("\n".join(lines))
    assert fault.endswith("the aliases expand to more than 10,000 values. Write out the values.")


@pytest.mark.parametrize(
    "text", ["[" * 3000, "[" * 900 + "]" * 900, "- " * 400 + "x", "{a: " * 300 + "}" * 300]
)
def test_too_deep_nesting_is_a_finding(text: str) -> None:
    assert len(faults(text)) == 1


def test_text_that_is_not_yaml_is_a_finding_with_its_place() -> None:
    assert faults("a: 1\nb: 'open\n")[0].startswith("m.yaml:3:1: not YAML: while scanning a quoted scalar")
    assert faults("a: b: c\n") == ["m.yaml:1:5: not YAML: mapping values are not allowed in this context."]
    assert faults("---\na: 1\n---\nb: 2\n")[0].startswith("m.yaml:3:1: not YAML: expected a single document")
    assert faults("a: \x00\n")[0].startswith("m.yaml: not YAML: ")
    assert faults("a: \ud800\n")[0].startswith("m.yaml: not YAML: ")
    assert faults("? [1]\n: 2\n") == ["m.yaml:1:3: a key must be text."]


def test_an_empty_and_an_enormous_file_are_findings() -> None:
    assert faults("# nothing\n") == ["m.yaml: the file is empty."]
    assert faults("a: " + "x" * 5_000_000) == [
        "m.yaml: the file has 5,000,003 characters; a YAML file may have at most 5,000,000 characters. "
        "Split it."
    ]


def test_a_byte_order_mark_and_windows_line_ends_make_no_difference() -> None:
    node = read("\ufeffa: 1\r\nb:\r\n  c: 2\r\n")
    assert node.plain() == {"a": 1, "b": {"c": 2}}
    assert str(node["b"]["c"].place) == "m.yaml:3:6"


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdé", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_written_values_are_read_back(value: Any) -> None:
    text = yaml.safe_dump({"value": value}, allow_unicode=True, default_style='"' if value == "" else None)
    assert read(text).plain() == {"value": value}


@given(plain)
def test_both_loaders_of_pyyaml_compose_the_same_nodes(value: Any) -> None:
    text = yaml.safe_dump({"value": value}, allow_unicode=True)
    fast = read_document(text, "m.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_LOADER", yaml.SafeLoader)
        assert read_document(text, "m.yaml") == fast


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["mapping"],
    "properties": {
        "mapping": {"type": "string"},
        "unmapped": {"enum": ["error", "warn", "ignore"]},
        "priority": {"type": "integer", "minimum": 1},
        "fields": {
            "type": "object",
            "additionalProperties": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["from"],
                        "additionalProperties": False,
                        "properties": {"from": {"type": "string"}, "do": {"type": "array"}},
                    },
                    {"type": "string"},
                ]
            },
        },
    },
}


def explained(text: str) -> list[str]:
    return [str(finding) for finding in check_schema(read(text), SCHEMA)]


def test_a_schema_is_explained_at_the_place_with_a_suggestion() -> None:
    assert explained("mapping: customers\nunmaped: error\nunmapped: eror\npriority: '1'\n") == [
        "m.yaml:2:1: unknown key 'unmaped'. Did you mean 'unmapped'?",
        "m.yaml:3:11: unmapped cannot be 'eror'. Did you mean 'error'?",
        "m.yaml:4:11: priority must be a whole number. Write it without quotes.",
    ]


def test_missing_keys_and_unknown_values_are_findings() -> None:
    assert explained("unmapped: zzz\nqqqq: 1\npriority: 0\n") == [
        "m.yaml:1:1: the file needs the key 'mapping'.",
        "m.yaml:1:11: unmapped cannot be 'zzz'. Allowed: error, warn, ignore.",
        "m.yaml:2:1: unknown key 'qqqq'. Allowed here: fields, mapping, priority, unmapped.",
        "m.yaml:3:11: priority: 0 is less than the minimum of 1.",
    ]


def test_the_best_fitting_branch_is_explained() -> None:
    assert explained("mapping: m\nfields:\n  name: {frm: x}\n  town: 3\n") == [
        "m.yaml:3:3: fields.name needs the key 'from'.",
        "m.yaml:3:10: unknown key 'frm'. Did you mean 'from'?",
        "m.yaml:4:9: fields.town must be keys with values or text.",
    ]


def test_a_suggestion_is_made_only_for_similar_words() -> None:
    assert suggestion("nmae", ["name", "reference"]) == "Did you mean 'name'?"
    assert suggestion("xyz", ["name", "reference"]) == ""


def test_a_key_without_its_mapping_is_suggested_before_a_similar_one() -> None:
    keys = ["sc/SC003", "customers/C003", "customers/C0031"]
    assert suggestion("C003", keys) == "Did you mean 'customers/C003'?"
    assert suggestion("sc/SC03", keys) == "Did you mean 'sc/SC003'?"
    assert suggestion("C003", ["C003"]) == "Did you mean 'C003'?"


@pytest.mark.parametrize(
    "text",
    [
        "[" + "1," * 2_400_000 + "]",
        "[" + "[]," * 1_600_000 + "]",
        "\n".join(f"k{number}: 1" for number in range(350_000)),
        "a: &x [1]\nb: [" + "*x," * 1_500_000 + "]",
        "[" + "!a 1," * 900_000 + "]",
        "- - 1\n" * 700_000,
        "a:\n" + " ? b\n" * 800_000,
    ],
    ids=["list", "lists", "mapping", "aliases", "tags", "dashes", "keys"],
)
def test_too_many_values_are_one_finding_before_they_take_memory(text: str) -> None:
    started = time.monotonic()
    (found,) = faults(text)
    assert "values; a YAML file may have at most 200,000 values. Split it." in found
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "[" + "1, " * (YAML_VALUES.most - 1) + "]",
        "\n".join(f"key{number}: {number}" for number in range(YAML_VALUES.most // 2 - 1)),
        "a: '" + "x" * 4_900_000 + "'",
        "a: |\n" + "  x\n" * 1_200_000,
        "'" + "x" * 1_000 + "': 1",
        "#\n" * 2_400_000 + "a: 1",
        "a: 1\n" + "\n" * 4_900_000,
    ],
    ids=["list", "mapping", "scalar", "block", "key", "comments", "lines"],
)
def test_the_largest_files_are_read_in_seconds(text: str) -> None:
    started = time.monotonic()
    assert faults(text) == []
    assert time.monotonic() - started < 6  # two on a machine that does nothing else


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nesting depth"),
        ("{a: " * 100_000, "nesting depth"),
        ("- " * 100_000, "nesting depth"),
        ("[" * 60 + "]" * 60, "nested more than 50 levels deep"),
        ("--- 1\n" * 800_000, "200,000 values"),
        ("--- 1\n" * 1_000, "another document"),
        ("x" * 4_900_000 + ": 1", "not YAML"),
    ],
    ids=["lists", "mappings", "dashes", "ours", "many_documents", "documents", "key"],
)
def test_depth_keys_and_documents_are_bounded(text: str, words: str) -> None:
    started = time.monotonic()
    (found,) = faults(text)
    assert words in found
    assert time.monotonic() - started < 5
