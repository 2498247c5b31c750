"""`sagerecon fmt`: the form of a YAML file, with its comments and its meaning."""

import re
import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.commands.projects import init
from sagerecon.documents.document import read_document
from sagerecon.documents.formatting import format_text
from sagerecon.documents.package import packs, schema

MAPPINGS = Path(__file__).parents[1] / "mappings"
KEYS = tuple(schema("mapping")["properties"])
RUNNER = CliRunner(env={"COLUMNS": "200"})

UNTIDY = """\


# People and firms.
sagerecon:   mapping/v1
source: { dataset: customers , key: [ account ] }
mapping: "people"   # the name
fields:

    name: {from:  name}
    # the code
    reference:
      from: code
      do:
      - trim
      -   {max_length: 10,on_overflow: 'cut'}
    notes: {value: '0010'}
    tax_number: {value: "yes"}
    #   none of these is needed
label: '"customer " ~ name'


target: {kind: contact,
   identity: [reference]}
let:
      text:
          value: |
                one
                  two

      long: {expr: 'a
        b'}
"""

TIDY = """\
# People and firms.
sagerecon: mapping/v1
mapping: people   # the name
source: {dataset: customers, key: [account]}

target: {kind: contact,
  identity: [reference]}
label: '"customer " ~ name'
let:
  text:
    value: |
      one
        two

  long: {expr: 'a
      b'}
fields:
  name: {from: name}
  # the code
  reference:
    from: code
    do:
      - trim
      - {max_length: 10, on_overflow: cut}
  notes: {value: '0010'}
  tax_number: {value: "yes"}
  #   none of these is needed
"""


def test_a_file_is_put_in_order() -> None:
    assert format_text(UNTIDY, "people.yaml", KEYS) == TIDY
    assert format_text(TIDY, "people.yaml", KEYS) == TIDY


@pytest.mark.parametrize("name", packs())
def test_the_files_of_a_pack_are_in_the_format(name: str) -> None:
    done = RUNNER.invoke(app, ["fmt", "--check", str(MAPPINGS / name)])
    assert (done.exit_code, done.output.partition(" file")[0]) == (0, "0")


@pytest.mark.parametrize(
    "text",
    [
        "a: |\n    one  \n\n     two\nb: 1\n",  # spaces at the end of a line of text count
        "a: |2\n   one\nb: >+\n  two\n\n\n# c\n",
        "a: |-\n  one\n# c\n  # d\n",
        'a: "one \\\n  two"\n',
        "a:\n- b:\n  - c\n  - - d\n    - e: 1\n      f: 2\n# g\n",
        "a: &x {b: 1}\nc: *x\n",
        "a: {b: , c: }\n",
        "- {a: 1,\n  # c\n  b: 2,\n }\n- [\n1\n]\n",
        "a:\n  # c\n  b: 1\n  # d\n# e\nf: 1\n",
        "---\na: 1\n",
        "a: 'it''s'\nb: 'null'\nc: '1e3'\nd: 'a: b'\ne: 'x #y'\nf: ' g'\n",
        "a: one\n   two\n\n   three\n",
        "a:\n  'one'\nb:\n  [c]\n",
        "a: one \\\n    two\n",
        'a: "b\\ \n  c"\n',
    ],
)
def test_meaning_and_comments_stay_and_twice_is_once(text: str) -> None:
    made = format_text(text, "a.yaml")
    assert made is not None
    assert read_document(made, "a.yaml")[0].plain() == read_document(text, "a.yaml")[0].plain()
    assert re.findall(r"# \w", made) == re.findall(r"# \w", text)
    assert format_text(made, "a.yaml") == made


def test_windows_line_ends_become_those_of_other_files() -> None:
    assert format_text("a: 1\r\nb:\r\n    c: 2\r\n", "a.yaml") == "a: 1\nb:\n  c: 2\n"


@pytest.mark.parametrize(
    "text",
    [
        "? a\n: b\n",
        "%YAML 1.1\n---\na: 1\n",
        "a: 1\n...\n",
        "a: 1\t# a tab\n",
        "a: |\n  no line end",  # one would be added to the text
        "a: 'one\u2028two'\n",
        "a: |+\n  b\n\n",  # blank lines at the end count
        "label: |+\n  x\n\nmapping: a\n",  # in order, the text would lose a line
    ],
)
def test_what_is_foreign_or_would_change_is_refused(text: str) -> None:
    assert read_document(text, "a.yaml")[1] == []
    assert format_text(text, "a.yaml", KEYS) is None


TEXT = st.text(st.sampled_from("ab1 :#-'\"{}[],&*>%@`?\n\\é.~"), max_size=12)
LEAF = st.none() | st.booleans() | st.integers(-5, 2000) | TEXT
DATA = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
LINES = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["", "# c", "   # d", "  "])), max_size=3)


@given(
    DATA, st.sampled_from([None, True, False]), st.integers(2, 5), st.sampled_from([None, '"', "'"]), LINES
)
def test_any_file_keeps_its_meaning(
    data: object, flow: bool | None, indent: int, style: str | None, lines: list[tuple[int, str]]
) -> None:
    dumped = yaml.safe_dump(data, default_flow_style=flow, indent=indent, default_style=style, width=30)
    written = dumped.split("\n")
    for at, line in lines:
        written.insert(min(at, len(written) - 1), line)
    text = "\n".join(written)
    root, findings = read_document(text, "a.yaml")
    if findings:
        return
    made = format_text(text, "a.yaml")
    if made is None:
        assert re.search(r"(?m)^[ -]*[?]|[ {\[]!|^!|[ {\[][?]|^[.]{3}", text)
        return
    after = read_document(made, "a.yaml")[0]
    assert repr(after.plain()) == repr(root.plain())
    assert format_text(made, "a.yaml") == made


def project(folder: Path) -> Path:
    """Return the folder of a project with one untidy mapping and a test of it."""
    init(folder, "sage50", None)
    (folder / "mappings/people.yaml").write_text(UNTIDY + "tests: people.tests.yaml\n")
    (folder / "mappings/people.tests.yaml").write_text("sagerecon: tests/v1\ntests:   []\n")
    return folder


def test_check_lists_the_files_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path / "project"))
    done = RUNNER.invoke(app, ["fmt", "--check"])
    assert done.exit_code == 1
    assert [line for line in done.output.splitlines() if "format" in line] == [
        "mappings/people.yaml is not in the format.",
        "mappings/people.tests.yaml is not in the format.",
        "2 files of 22 to format.",
    ]
    assert Path("mappings/people.yaml").read_text() == UNTIDY + "tests: people.tests.yaml\n"


def test_files_are_written_once_and_stay_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project(tmp_path / "project"))
    path = Path("mappings/people.yaml")
    path.chmod(0o644)
    assert RUNNER.invoke(app, ["fmt", "mappings"]).exit_code == 0
    assert path.read_text() == TIDY + "tests: people.tests.yaml\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    before = path.stat().st_mtime_ns
    assert "0 files of 20 formatted." in RUNNER.invoke(app, ["fmt", "mappings"]).output
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("name", "text", "shown", "code"),
    [
        ("bad.yaml", "a: [1\n", "not YAML", 1),
        ("key.yaml", "? a\n: b\n", "cannot be formatted without changing what it says", 1),
        ("none.yaml", "", "the file is empty", 1),
        ("bytes.yaml", "\udcff", "is not UTF-8", 2),
    ],
)
def test_a_file_that_cannot_be_formatted_is_named_and_left(
    tmp_path: Path, name: str, text: str, shown: str, code: int
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(errors="surrogateescape"))
    done = RUNNER.invoke(app, ["fmt", str(path)])
    assert (done.exit_code, shown in done.output) == (code, True)
    assert path.read_bytes() == text.encode(errors="surrogateescape")


def test_a_link_is_not_replaced_and_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("a:   1\n")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "real.yaml")
    assert RUNNER.invoke(app, ["fmt", str(tmp_path / "link.yaml")]).exit_code == 2
    assert (tmp_path / "link.yaml").is_symlink()
    assert "There is no file" in RUNNER.invoke(app, ["fmt", str(tmp_path / "other.yaml")]).output
