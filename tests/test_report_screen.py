"""What a command prints: text from outside is text, in any encoding; JSON stays exact."""

import io
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from tiny import CONTACTS, MAPPING, SOURCES, write_tiny

from sagerecon.cli.console import command
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.report.json_text import json_text
from sagerecon.report.screen import Screen
from sagerecon.report.terminal.shown import ShownTable, ShownText

EVIL = "[/][link=https://evil]\x1b[31m:smile:\u202eb\n\u200b\udcff[bold]"
SHOWN = r"[/][link=https://evil]\x1b[31m:smile:\u202eb\n\u200b\udcff[bold]"


def printed(*renderables: object) -> str:
    """Return what a terminal with colours gets."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system="truecolor", width=400)
    console.print(*renderables)
    return stream.getvalue()


def test_each_piece_of_a_text_and_each_cell_of_a_table_is_shown_as_it_is() -> None:
    text = ShownText(EVIL, "bold").append(EVIL, "red").append_line(EVIL)
    table = ShownTable()
    table.add_column(EVIL)
    table.add_row(EVIL, style="yellow")
    table.add_row(ShownText(EVIL))
    out = printed(text, ShownText.of((EVIL, "dim"), (EVIL, "")), table)
    assert "\x1b]8" not in out  # a hyperlink
    assert re.sub(r"\x1b\[[\d;]*m", "", out).count(SHOWN) == 8


def test_a_screen_prints_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    screen = Screen()
    screen.print(EVIL)
    screen.print_unbroken(EVIL)
    screen.notice(EVIL)
    screen.findings([Finding(Code.NO_FILE, Place(EVIL, 1), EVIL, EVIL)])
    screen.error(EVIL, EVIL)
    out, err = capsys.readouterr()
    assert out.count(SHOWN) == 6 and err.count(SHOWN) == 2
    assert len(out.splitlines()) == 4


def test_a_progress_bar_shows_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, stream = Screen(), io.StringIO()
    console = Console(file=stream, force_terminal=True, width=200)
    monkeypatch.setattr(screen, "_err", console)
    with screen.progress("reading") as meter:
        meter(1, 2, "[/]\x1b[2J\u202e")
    assert r"[/]\x1b[2J\u202e" in stream.getvalue()


def test_what_a_library_logs_is_visible(capsys: pytest.CaptureFixture[str]) -> None:
    with command(as_json=False):
        record = logging.LogRecord("urllib3", logging.WARNING, "", 0, "Failed: %s", (EVIL,), None)
        assert logging.lastResort is not None
        assert logging.lastResort.format(record) == f"Failed: {SHOWN}"


def test_a_traceback_is_visible(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGERECON_DEBUG", "1")
    with pytest.raises(BaseException) as caught, command(as_json=False):
        raise ValueError(EVIL.replace("\n", ""))
    assert getattr(caught.value, "exit_code", None) == 70
    assert f"ValueError: {SHOWN.replace(chr(92) + 'n', '')}" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_exact_in_any_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    text = f"{EVIL} Łódź 👩\u200d🚀 \u2028"
    Screen(as_json=True).event("result", name=text)
    stream.flush()
    line = stream.buffer.getvalue().decode(encoding).split("\n")[1]  # type: ignore[attr-defined]
    assert json.loads(line)["name"] == text


def test_the_json_of_a_report_is_exact_where_a_name_is_no_text() -> None:
    text = "".join(json_text({"name": EVIL, "other": "Łódź"}))
    assert json.loads(text.encode()) == {"name": EVIL, "other": "Łódź"}
    assert "Łódź" in text


NAME = "[link=https:evil]x[bold]\x1b[31ma\u202eb\nc\u200bd\u2028e"
NAME_SHOWN = r"[link=https:evil]x[bold]\x1b[31ma\u202eb\nc\u200bd\u2028e"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_of_a_file_breaks_no_command(tmp_path: Path, encoding: str) -> None:
    write_tiny(tmp_path)
    (tmp_path / "sources.yaml").write_text(SOURCES.replace("path: contacts.csv", 'path: "*.csv"'))
    data, mapping = tmp_path / "data" / f"{NAME}.csv", tmp_path / "mappings" / f"{NAME}.yaml"
    (tmp_path / "data/contacts.csv").rename(data)
    (tmp_path / "mappings/customers.yaml").rename(mapping)
    said = [run(tmp_path, encoding, *words) for words in (("check",), ("snapshot",), ("plan",))]
    assert [code for code, _ in said] == [0, 0, 0]
    data.write_text(f"{CONTACTS}C3,\n")
    said.append(run(tmp_path, encoding, "snapshot"))
    mapping.write_text(MAPPING.replace("from: name", "from: nam"))
    said.append(run(tmp_path, encoding, "check"))
    assert [code for code, _ in said[3:]] == [1, 1]
    assert f"{NAME_SHOWN}.csv:4:2: name: the cell is empty" in said[3][1]
    assert f"{NAME_SHOWN}.yaml:" in said[4][1]
    assert not any(re.search("[\x1b\u202e\u200b\u2028]", text) for _, text in said)


def test_a_project_in_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a\udcffb"
    folder.mkdir()
    write_tiny(folder)
    code, text = run(folder, "utf-8", "check")
    assert code == 2
    assert r"a\udcffb is not UTF-8. Rename the folder." in " ".join(text.split())


def run(folder: Path, encoding: str, *words: str) -> tuple[int, str]:
    """Run a command in a process of its own; return its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "sagerecon", *words, "--project", str(folder)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "300"},
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(encoding)
