"""The command line: exit codes, messages, events; wrong input never shows a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import CONTACTS, write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands import checking
from sagerecon.commands.plan_file import read_plan_file
from sagerecon.planning.plan import Plan, plan_lines


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    write_tiny(tmp_path)
    before = dict(os.environ)
    os.environ["COLUMNS"] = "80"
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--project", str(folder)])


def output_text(result: Result) -> str:
    return " ".join((result.stdout + result.stderr).split())


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_project_without_errors_is_checked_frozen_and_planned(tiny: Path) -> None:
    assert run(tiny, "check").exit_code == 0
    taken = run(tiny, "snapshot")
    assert taken.exit_code == 0 and "contacts.csv" in taken.stdout
    planned = run(tiny, "plan")
    assert planned.exit_code == 0, planned.output
    assert "4 calls; the minimum is 4 (100.0 %)" in output_text(planned)
    assert max(map(len, planned.stdout.splitlines())) <= 80


def test_what_is_written_to_a_file_or_a_pipe_is_not_wrapped(tiny: Path) -> None:
    del os.environ["COLUMNS"]
    run(tiny, "snapshot")
    target = tiny / ("long" * 30) / "plan.jsonl"
    target.parent.mkdir()
    planned = run(tiny, "plan", "--output", str(target))
    assert planned.exit_code == 0 and f" written to {target}." in planned.stdout
    absent = tiny / ("far" * 30)
    assert f"{absent}" in run(absent, "plan").stderr


def test_a_plan_that_was_made_before_the_sign_in_says_that_apply_refuses_it(tiny: Path) -> None:
    run(tiny, "snapshot")
    text = output_text(run(tiny, "plan"))
    assert "Not signed in: apply refuses this plan" in text and "Sign in first: sagerecon auth login." in text
    events = [json.loads(line) for line in run(tiny, "plan", "--json").stdout.splitlines()]
    assert [event["message"][:14] for event in events if event["event"] == "notice"] == ["Not signed in:"]


def test_only_the_owner_can_read_the_state(tiny: Path) -> None:
    run(tiny, "snapshot")
    run(tiny, "plan")
    state = tiny / ".sagerecon"
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o077 for path in state.iterdir()} == {
        path.name: 0 for path in state.iterdir()
    }
    assert {"snapshot.duckdb", "plan.jsonl", "store.sqlite"} <= {path.name for path in state.iterdir()}


def test_events_begin_with_the_format_and_end_with_the_result(tiny: Path) -> None:
    run(tiny, "snapshot")
    lines = [json.loads(line) for line in run(tiny, "plan", "--json").stdout.splitlines()]
    assert lines[0] == {"event": "start", "format_version": 1}
    assert lines[-1]["event"] == "result"
    assert (lines[-1]["calls"], lines[-1]["lower_bound"]) == (4, 4)


def test_a_typo_in_a_mapping_has_its_place_and_a_suggestion(tiny: Path) -> None:
    edit(tiny / "mappings/customers.yaml", "  reference: {from", "  refrence: {from")
    result = run(tiny, "check")
    assert result.exit_code == 1
    assert "mappings/customers.yaml:7:3" in output_text(result)
    assert "Did you mean 'reference'?" in output_text(result)


def test_a_typo_in_the_project_file_has_its_place_and_a_suggestion(tiny: Path) -> None:
    edit(tiny / "sagerecon.yaml", "cut_over:", "cutover:")
    result = run(tiny, "check")
    assert result.exit_code == 2
    assert "sagerecon.yaml:5:1" in output_text(result) and "Did you mean 'cut_over'?" in output_text(result)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", 2, "web page"),
        (b"ref,title\nC1,Oak Ltd\n", 1, "no column 'name'"),
        (b"ref,name\nC1,Oak Ltd,more\n", 1, "contacts.csv:2"),
        (b"ref,name\n,Oak Ltd\n", 1, "contacts.csv:2"),
        (b"", 2, "contacts.csv"),
        (b"ref,name\nC1,\xff\xfe\n", 2, "contacts.csv"),
    ],
)
def test_wrong_data_is_refused_with_a_message_and_the_old_snapshot_is_kept(
    tiny: Path, content: bytes, code: int, words: str
) -> None:
    run(tiny, "snapshot")
    before = (tiny / ".sagerecon/snapshot.duckdb").read_bytes()
    (tiny / "data/contacts.csv").write_bytes(content)
    result = run(tiny, "snapshot")
    assert words in output_text(result), output_text(result)
    assert result.exit_code == code, output_text(result)
    assert "Traceback" not in output_text(result)
    assert (tiny / ".sagerecon/snapshot.duckdb").read_bytes() == before


def test_a_missing_file_or_sign_in_is_named_with_the_command_that_creates_it(tiny: Path) -> None:
    for words, code, command in (
        (("plan",), 2, "sagerecon snapshot"),
        (("apply",), 2, "sagerecon plan"),
        (("report",), 2, "sagerecon snapshot"),
        (("auth", "status"), 4, "sagerecon auth login"),
    ):
        result = run(tiny, *words)
        assert (result.exit_code, command in output_text(result)) == (code, True), output_text(result)
    result = run(tiny / "nowhere", "check")
    assert result.exit_code == 2 and "sagerecon init" in output_text(result)
    (tiny / "data/contacts.csv").unlink()
    result = run(tiny, "snapshot")
    assert result.exit_code == 2 and "contacts.csv" in output_text(result)


def test_a_plan_of_another_source_is_stale(tiny: Path) -> None:
    run(tiny, "snapshot")
    run(tiny, "plan")
    (tiny / "data/contacts.csv").write_text(CONTACTS + "C3,Ash Ltd\n")
    run(tiny, "snapshot")
    result = run(tiny, "apply")
    assert result.exit_code == 5 and "another snapshot" in output_text(result)
    run(tiny, "plan")
    plan = tiny / ".sagerecon/plan.jsonl"
    plan.write_text("".join(plan.read_text().splitlines(keepends=True)[:-1]))
    result = run(tiny, "apply")
    assert result.exit_code == 5 and "is not a complete plan file" in output_text(result)


@pytest.mark.parametrize(
    ("pinned", "words"),
    [
        ("business", "another business"),
        ("snapshot", "another snapshot"),
        ("mappings", "other mappings"),
        ("catalog", "another catalog"),
    ],
)
def test_a_plan_made_from_anything_else_is_stale(tiny: Path, pinned: str, words: str) -> None:
    run(tiny, "snapshot")
    run(tiny, "plan")
    file = tiny / ".sagerecon/plan.jsonl"
    made = read_plan_file(file, "plan.jsonl")
    header = replace(made.header, **{pinned: "0" * 32})  # type: ignore[arg-type]  # each pin is a text
    file.write_text("".join(plan_lines(Plan(header, made.steps))))
    result = run(tiny, "apply")
    assert result.exit_code == 5 and f"The plan was made from {words}" in output_text(result)


def test_a_plan_edited_by_hand_is_refused_and_one_that_was_copied_is_not(tiny: Path) -> None:
    run(tiny, "snapshot")
    run(tiny, "plan")
    plan = tiny / ".sagerecon/plan.jsonl"
    copy = tiny / "copied.jsonl"
    copy.write_bytes(plan.read_bytes())
    assert run(tiny, "apply", str(copy)).exit_code == 4  # it would be carried out, and no sign-in exists
    edit(plan, "Oak Ltd", "Ash Ltd")
    result = run(tiny, "apply")
    assert result.exit_code == 5 and "plan.jsonl was changed after it was written" in output_text(result)
    assert "create a new plan: sagerecon plan" in output_text(result)


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("mappings/customers.yaml", "label: name", "label: ref"),
        ("sources.yaml", "ORDER BY ref", "ORDER BY name"),
        ("crosswalks/terms.csv", "S,1200", "S,1210"),
        ("sagerecon.yaml", "cut_over: 2017-03-31", "cut_over: 2017-03-30"),
        ("sagerecon.yaml", "parameters: {home: GB}", "parameters: {home: IE}"),
    ],
)
def test_a_plan_of_other_mappings_is_stale_until_they_are_restored(
    tiny: Path, file: str, before: str, after: str
) -> None:
    (tiny / "crosswalks").mkdir()
    (tiny / "crosswalks/terms.csv").write_text("source,target\nS,1200\n")
    more = "crosswalks: [crosswalks/*.csv]\nparameters: {home: GB}\n"
    edit(tiny / "sagerecon.yaml", "cut_over:", f"{more}cut_over:")
    run(tiny, "snapshot")
    assert run(tiny, "plan").exit_code == 0
    edit(tiny / file, before, after)
    assert run(tiny, "apply").exit_code == 5
    edit(tiny / file, after, before)
    assert run(tiny, "apply").exit_code == 4  # it would be carried out, and no sign-in exists


def test_a_sandbox_that_does_not_run_is_reported_before_the_sign_in(tiny: Path) -> None:
    result = run(tiny, "auth", "login", "--no-browser")
    assert result.exit_code == 2 and "sagerecon sandbox" in output_text(result)
    assert "Sign in here" not in output_text(result)


def test_a_date_in_another_form_is_reported_with_an_example(tiny: Path) -> None:
    edit(tiny / "sagerecon.yaml", "cut_over: 2017-03-31", "cut_over: 31.03.2017")
    result = run(tiny, "check")
    assert result.exit_code == 2
    assert "cut_over cannot be '31.03.2017'. Write it as 2026-12-31." in output_text(result)


def test_status_without_a_run_names_the_command_that_starts_one(tiny: Path) -> None:
    result = run(tiny, "status")
    assert result.exit_code == 0 and "There is no run yet. Start one: sagerecon apply" in output_text(result)


def test_without_a_sign_in_nothing_is_sent(tiny: Path) -> None:
    run(tiny, "snapshot")
    run(tiny, "plan")
    result = run(tiny, "apply")
    assert result.exit_code == 4 and "sagerecon auth login" in output_text(result)


def test_an_unreadable_project_file_is_reported(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sagerecon.project.private_files.read_bounded", refuse)
    result = run(tiny, "check")
    assert result.exit_code == 2 and "cannot be read: Permission denied" in output_text(result)


def test_a_full_disk_keeps_the_old_plan(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tiny, "snapshot")
    run(tiny, "plan")
    plan = tiny / ".sagerecon/plan.jsonl"
    before = plan.read_text()
    edit(tiny / "mappings/customers.yaml", "label: name", "label: ref")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = run(tiny, "plan")
    assert result.exit_code == 2 and "No space left on device" in output_text(result)
    assert plan.read_text() == before
    assert not list(plan.parent.glob("*.new"))


def test_an_internal_error_exits_with_70_and_no_traceback(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret-token")

    monkeypatch.setattr(checking, "check", fail)
    result = run(tiny, "check")
    assert result.exit_code == 70
    assert "Internal error: RuntimeError" in output_text(result)
    assert "Traceback" not in output_text(result) and "secret-token" not in output_text(result)


def test_files_outside_the_project_are_refused(tiny: Path) -> None:
    edit(tiny / "sagerecon.yaml", "mappings: [mappings/*.yaml]", "mappings: [../*.yaml]")
    result = run(tiny, "check")
    assert result.exit_code == 2
    assert "sagerecon.yaml:4:12: '../*.yaml' names no files: it does not lead to files in the folder" in (
        output_text(result)
    )


def test_explain_shows_one_record_from_row_to_step(tiny: Path) -> None:
    run(tiny, "snapshot")
    run(tiny, "plan")
    result = run(tiny, "explain", "customers/C2")
    assert result.exit_code == 0, result.output
    for words in ("contacts.csv:3", "'Elm Ltd' -> 'Elm Ltd'", "step 4, create"):
        assert words in output_text(result)
    result = run(tiny, "explain", "customers/C9")
    assert result.exit_code == 2 and "Did you mean 'customers/C" in output_text(result)


def test_explain_shows_one_field_on_every_side(tiny: Path) -> None:
    run(tiny, "snapshot")
    shown = run(tiny, "explain", "customers/C2.name")
    assert shown.exit_code == 0, shown.output
    for words in (
        "contact customers/C2: name",
        "contacts.csv:3: name: Elm Ltd",
        "mapping mappings/customers.yaml:8:3",
        "change name: 'Elm Ltd' -> 'Elm Ltd' (squeeze,",
        "draft Elm Ltd",
        "sent nothing yet",
        "Sage holds not read yet: sagerecon reconcile",
    ):
        assert words in output_text(shown)
    event = json.loads(run(tiny, "explain", "customers/C2.name", "--json").stdout.splitlines()[-1])
    assert (event["field"], event["source"]) == ("name", {"name": "Elm  Ltd"})
    assert event["values"] == [{"field": "name", "draft": "Elm Ltd", "sent": None, "sage": None}]
    refused = run(tiny, "explain", "customers/C2.nmae")
    assert refused.exit_code == 2 and "Did you mean 'name'?" in output_text(refused)
    unmapped = output_text(run(tiny, "explain", "customers/C2.email"))
    assert "no column is read for this field" in unmapped and "the field is not mapped" in unmapped


def test_init_creates_a_project_and_never_overwrites_one(tmp_path: Path) -> None:
    words = [
        "init",
        str(tmp_path / "new"),
        "--from",
        "brook",
        "--data",
        str(tmp_path),
        "--company",
        "Wye & Co",
        "--cut-over",
        "2012-06-30",
    ]
    made = CliRunner().invoke(app, words)
    assert made.exit_code == 0, made.output
    text = (tmp_path / "new" / "sagerecon.yaml").read_text()
    assert 'company: "Wye & Co"' in text and 'data: ".."' in text
    assert "cut_over: 2012-06-30 " in text and "as_at: 2012-06-30 " in text
    mapping = (tmp_path / "new/mappings/customers.yaml").read_text()
    assert mapping.startswith("# yaml-language-server: $schema=../.sagerecon/mapping.schema.json")
    assert (tmp_path / "new/.sagerecon/mapping.schema.json").exists()
    assert CliRunner().invoke(app, words).exit_code == 2
    nowhere = CliRunner().invoke(
        app, ["init", str(tmp_path / "third"), "--from", "brook", "--data", str(tmp_path / "exprot")]
    )
    assert nowhere.exit_code == 2 and "There is no folder" in output_text(nowhere)
    assert not (tmp_path / "third").exists()
    unknown = CliRunner().invoke(app, ["init", str(tmp_path / "other"), "--from", "quickboks"])
    assert unknown.exit_code == 2 and "Did you mean 'quickbooks'?" in output_text(unknown)


COMMANDS: Mapping[str, str] = {
    "demo": "demo company",
    "init": "Create a project",
    "auth": "Sign in",
    "snapshot": "freeze",
    "check": "Check the project",
    "plan": "Plan what to send",
    "apply": "resumes",
    "status": "budget",
    "reconcile": "with the source",
    "report": "sign",
    "explain": "source row",
    "sandbox": "Serve the rehearsal",
    "catalog": "what Sage accepts",
}


def test_help_and_the_readme_name_every_command() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for name, words in COMMANDS.items():
        assert name in text and words in text
        assert f"sagerecon {name}" in readme, name
