"""The prepared outcomes are kept beside the snapshot: what is read there is what mapping anew gives."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_quickbooks import write_export
from strategies import HOSTILE, wide_amounts
from tiny import write_tiny

from sagerecon.commands import explanations, projects, sources
from sagerecon.commands.expectations import TieOutRows
from sagerecon.commands.mappings import check
from sagerecon.commands.preparation import prepare
from sagerecon.documents.package import fixture
from sagerecon.model.code import Code
from sagerecon.model.draft import Change, Draft, LeftOut, OnExisting, Outcome, Quarantined, Reference
from sagerecon.model.errors import ProjectError
from sagerecon.model.exact_json import exact_json, read_exact
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.key import NaturalKey
from sagerecon.model.outcome_document import outcome_document, read_outcome, read_record, record_document
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.record import Record
from sagerecon.project import outcome_file
from sagerecon.project.outcome_file import OutcomeWriter
from sagerecon.project.project import Project
from sagerecon.project.snapshots import open_snapshot
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.validation.rule import BusinessSettings
from sagerecon.validation.screening import screen

#: The packs with an extract to try them on.
PACKS = ("quickbooks", "brook")


def files_of(project: Project) -> list[Path]:
    return sorted(project.state.glob("*prepared-*"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Create a small project with a snapshot."""
    projects.init(tmp_path / "move", "quickbooks", write_export(tmp_path / "data"), "Oak Ltd")
    project = projects.open_project(tmp_path / "move")
    sources.snapshot(project, VirtualClock(), lambda _file, _rows: None)
    return project


def mapped_anew(project: Project) -> list[tuple[Outcome, Record]]:
    """Map and screen the snapshot in memory."""
    compiled, business = check(project), project.business
    rules = BusinessSettings(
        accounts_start=project.accounts_start,
        lockdown=business.lockdown,
        country=business.country,
        edition=business.edition,
        is_tax_registered=business.tax_registered,
    )
    with open_snapshot(project, compiled.sources) as snapshot:
        made = [
            (outcome, record)
            for mapping in compiled.mappings
            for record in snapshot.records(mapping.dataset, mapping.key)
            for outcome in mapping.outcomes(record)
        ]
    screened = screen([outcome for outcome, _ in made], project.catalog, rules)
    return list(zip(screened, (record for _, record in made), strict=True))


@pytest.mark.parametrize("pack", PACKS)
def test_what_is_read_from_the_file_is_what_mapping_anew_gives(tmp_path: Path, pack: str) -> None:
    data = fixture("wholesaler") / "extracts" if pack == "brook" else write_export(tmp_path / "data")
    project = projects.init(tmp_path / "move", pack, data, "Oak Ltd")
    first = sources.snapshot(project, VirtualClock(), lambda _file, _rows: None)
    (made,) = files_of(project)
    before = made.stat()
    read = prepare(project)
    assert (made.stat().st_ino, made.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    anew = mapped_anew(project)
    assert len(anew) == len(read.outcomes) == len(first.outcomes)
    for position, (outcome, record, (wanted, row)) in enumerate(
        zip(read.outcomes, map(read.outcomes.record, range(len(anew))), anew, strict=True)
    ):
        assert exact_json(outcome_document(outcome)) == exact_json(outcome_document(wanted))
        assert (outcome, record) == (wanted, row)
        assert read.outcomes[position] == wanted
    assert (read.findings, read.files, read.snapshot) == (first.findings, first.files, first.snapshot)
    with open_snapshot(project, read.compiled.sources) as snapshot:
        expected = TieOutRows(project.tie_outs, snapshot, read.compiled.crosswalks).expectations()
    assert read.expectations == first.expectations == expected


def test_the_file_is_private(project: Project) -> None:
    (path,) = files_of(project)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_other_inputs_have_another_file_and_the_old_one_is_removed(project: Project) -> None:
    (old,) = files_of(project)
    settings_file = project.folder / "sagerecon.yaml"
    text = settings_file.read_text()
    mapping = next(path for path in project.mapping_files if path.stem == "customers")
    for change in (
        lambda: settings_file.write_text(text.replace("tax_registered: true", "tax_registered: false")),
        lambda: (
            settings_file.write_text(text + "\nparameters: {result_account: '3200'}\n")
            if "\nparameters:" not in text
            else settings_file.write_text(text.replace("\nparameters:", "\n# another text\nparameters:"))
        ),
        lambda: mapping.write_text(mapping.read_text() + "# another text\n"),
        lambda: project.crosswalk_files[0].write_text(project.crosswalk_files[0].read_text() + "\n"),
    ):
        change()
        opened = projects.open_project(project.folder)
        prepare(opened)
        files = files_of(project)
        assert len(files) == 1
        old = files[0]
    assert old.exists()


def changed_source(project: Project) -> None:
    data = project.data / "customers.json"
    data.write_text(data.read_text().replace("Oakham Stores", "Oakham Shops"))


def test_a_new_snapshot_is_prepared_anew(project: Project) -> None:
    before, (old,) = prepare(project), files_of(project)
    changed_source(project)
    after = sources.snapshot(project, VirtualClock(), lambda _file, _rows: None)
    assert files_of(project) != [old] and not old.exists()
    assert "Oakham Shops" in str(list(after.outcomes))
    assert "Oakham Shops" not in str(list(before.outcomes))


def test_a_reader_keeps_what_it_opened_while_another_is_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sagerecon.commands.prepared_outcomes.KEPT_IN_MEMORY", 0)
    reader = prepare(project)
    expected = [outcome for outcome, _ in mapped_anew(project)]
    reading = iter(reader.outcomes)
    begun = [next(reading)]
    changed_source(project)
    sources.snapshot(project, VirtualClock(), lambda _file, _rows: None)
    assert [*begun, *reading] == expected
    assert list(reader.outcomes) == expected


@pytest.fixture
def anew(project: Project) -> list[tuple[Outcome, Record]]:
    """Return what mapping anew gives, once for all examples of a test."""
    return mapped_anew(project)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_made_anew(
    project: Project, anew: list[tuple[Outcome, Record]], data: st.DataObject
) -> None:
    (path,) = files_of(project)
    sound = path.read_bytes()
    damaged = bytearray(sound)
    match data.draw(st.sampled_from(("byte", "page", "cut", "empty", "text"))):
        case "byte":
            damaged[data.draw(st.integers(0, len(sound) - 1))] ^= data.draw(st.integers(1, 255))
        case "page":
            begin = data.draw(st.integers(0, len(sound) // 4096 - 1)) * 4096
            damaged[begin : begin + 4096] = bytes(4096)
        case "cut":
            del damaged[data.draw(st.integers(0, len(sound) - 1)) :]
        case "empty":
            damaged.clear()
        case "text":
            damaged[:] = b"not a database, but some text that is longer than a header" * 100
    path.write_bytes(damaged)
    read = prepare(project)
    assert list(read.outcomes) == [outcome for outcome, _ in anew]
    assert [read.outcomes.record(at) for at in range(len(read.outcomes))] == [record for _, record in anew]
    assert read.expectations == prepare(project).expectations
    path.write_bytes(sound)


def test_damage_that_begins_while_it_is_read_is_made_good(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sagerecon.commands.prepared_outcomes.KEPT_IN_MEMORY", 0)
    read, expected = prepare(project), [outcome for outcome, _ in mapped_anew(project)]
    (path,) = files_of(project)
    reading = iter(read.outcomes)
    found = [next(reading), next(reading)]
    with path.open("r+b") as stream:
        stream.seek(8192)
        stream.write(b"\xff" * (path.stat().st_size - 8192))
    assert [*found, *reading] == expected
    assert list(prepare(project).outcomes) == expected


def test_damage_is_not_made_good_where_the_inputs_have_changed_since(project: Project) -> None:
    read = prepare(project)
    (path,) = files_of(project)
    with path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * (path.stat().st_size - 4096))
    changed_source(project)
    sources.snapshot(project, VirtualClock(), lambda _file, _rows: None)
    with pytest.raises(ProjectError, match="were changed while they were read"):
        list(read.outcomes)


def test_mappings_edited_while_they_are_read_leave_no_file(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = files_of(project)
    path.unlink()
    fingerprints = iter(["a", "a", "b"])
    monkeypatch.setattr("sagerecon.commands.preparation.mappings_fingerprint", lambda _: next(fingerprints))
    with pytest.raises(ProjectError, match="were changed while they were read"):
        prepare(project)
    assert files_of(project) == []


def test_a_full_disk_is_named_and_leaves_no_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files_of(project)
    path.unlink()

    def fail(_self: OutcomeWriter, _fingerprint: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(OutcomeWriter, "finish", fail)
    with pytest.raises(ProjectError, match="cannot be written: No space left on device"):
        prepare(project)
    assert files_of(project) == []


def test_unfinished_files_are_removed_when_no_process_writes_them_any_more(project: Project) -> None:
    (path,) = files_of(project)
    abandoned, current = (project.state / f".prepared-{name}.part" for name in ("old", "new"))
    for file in (abandoned, current):
        file.touch()
    old = path.stat().st_mtime - outcome_file.ABANDONED - 60
    os.utime(abandoned, (old, old))
    path.unlink()
    prepare(project)
    assert files_of(project) == sorted([current, path])


def test_explain_reads_the_file_alone(project: Project) -> None:
    found = explanations.explain(project, VirtualClock(), "customers/1.name")
    outcome, record = next(each for each in mapped_anew(project) if each[0].key == "customers/1")
    assert (found.outcome, found.record) == (outcome, record)
    by_label = explanations.explain(project, VirtualClock(), outcome.label)
    assert by_label.outcome == outcome
    with pytest.raises(ProjectError, match="No record has the key 'custommers/1'") as caught:
        explanations.explain(project, VirtualClock(), "custommers/1")
    assert "customers/1" in caught.value.hint


texts = st.text(st.sampled_from(HOSTILE + "ab01é"), max_size=6)

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        texts,
        wide_amounts(),
        st.dates(),
        st.datetimes(),
        st.builds(Reference, texts, texts, texts),
        st.builds(Reference, texts, st.builds(NaturalKey, texts, texts)),
    ),
    lambda part: st.one_of(
        st.lists(part, max_size=3),
        st.lists(part, max_size=3).map(tuple),
        st.dictionaries(st.one_of(texts, st.sampled_from(("$date", "$map", "$"))), part, max_size=3),
    ),
    max_leaves=8,
)


def shape(value: Any) -> Any:
    """Return a value with the type of each part, because 1 equals True and 1.0 equals 1.00."""
    match value:
        case dict():
            return [dict, [(name, shape(part)) for name, part in value.items()]]
        case list() | tuple():
            return [type(value), [shape(part) for part in value]]
        case Reference():
            return [Reference, value.kind, value.part, shape(value.key)]
        case _:
            return [type(value), str(value)]


@given(value=values)
def test_exact_json_keeps_every_value_and_its_type(value: Any) -> None:
    assert shape(read_exact(exact_json(value))) == shape(value)


places = st.one_of(
    st.just(NOWHERE),
    st.builds(Place, st.text("ab:./1", min_size=1), st.integers(0, 9**9), st.integers(0, 9**9)),
)
every = {
    "kind": texts,
    "key": texts,
    "origins": st.lists(places, max_size=3).map(tuple),
    "amount": st.one_of(st.none(), wide_amounts()),
    "label": texts,
}
findings = st.builds(Finding, st.sampled_from(list(Code)), places, texts, texts)
outcomes = st.one_of(
    st.builds(
        Draft,
        **every,
        body=st.dictionaries(texts, values, max_size=3),
        identity=st.dictionaries(texts, texts, max_size=2),
        place=places,
        on_existing=st.sampled_from(OnExisting),
        changes=st.lists(
            st.builds(Change, *[texts] * 4, places),
            max_size=2,
        ).map(tuple),
        priority=st.integers(0, 99),
    ),
    st.builds(Quarantined, **every, findings=st.lists(findings, max_size=2).map(tuple)),
    st.builds(LeftOut, **every, rule=texts, reason=texts, merged_into=texts),
)


@given(outcome=outcomes)
def test_an_outcome_is_read_as_it_was(outcome: Outcome) -> None:
    assert read_outcome(read_exact(exact_json(outcome_document(outcome)))) == outcome


@given(record=st.builds(Record, *[texts] * 2, st.dictionaries(texts, values), every["origins"]))
def test_a_record_is_read_as_it_was(record: Record) -> None:
    assert read_record(read_exact(exact_json(record_document(record)))) == record


def test_what_has_no_exact_json_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes has no exact JSON"):
        exact_json([b"x"])


def test_what_was_changed_on_reading_and_by_sql_is_among_the_changes_of_a_draft(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    text = (tmp_path / "sources.yaml").read_text()
    text = text.replace("SELECT * FROM", "SELECT * REPLACE (upper(name) AS name) FROM")
    (tmp_path / "sources.yaml").write_text(
        text.replace("contacts.csv\n", "contacts.csv\n    controls: remove\n")
    )
    (tmp_path / "data/contacts.csv").write_text("ref,name\nC1,OAK\nc1,Elm\x07  Ltd\n")
    project = projects.open_project(tmp_path)
    prepared = sources.snapshot(project, VirtualClock(), lambda _file, _rows: None)
    unchanged, changed = prepared.outcomes
    assert isinstance(unchanged, Draft)
    assert unchanged.changes == ()
    assert isinstance(changed, Draft)
    assert [(one.field, one.before, one.after, one.rule, one.place.file) for one in changed.changes] == [
        ("contacts.name", "Elm\\x07  Ltd", "Elm  Ltd", "controls: remove", "sources.yaml"),
        ("contacts.name", "Elm  Ltd", "ELM  LTD", "SQL of contacts", "sources.yaml"),
        ("name", "ELM  LTD", "ELM LTD", "squeeze", "mappings/customers.yaml"),
    ]
    assert [found.code for found in prepared.findings if found.severity is not Severity.INFO] == [
        "look_alike_keys"
    ]
