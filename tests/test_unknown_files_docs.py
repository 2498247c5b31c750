"""docs/unknown-files.md, walked as it is written: from files that nobody has described to tie-outs."""

import re
import shlex
from pathlib import Path

import pytest
from served import SANDBOX, serving
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app

TEXT = (Path(__file__).parents[1] / "docs" / "unknown-files.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def run(line: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, shlex.split(line.removeprefix("sagerecon ")))


def test_the_page_leads_to_tie_outs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (export,) = blocks("csv")
    datasets, customers, invoices, settings = blocks("yaml")
    commands = re.findall(r"^    (sagerecon .*)$", TEXT, flags=re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    heading, *rows = export.splitlines(keepends=True)
    for day in ("2026-12-01", "2026-12-02"):
        Path(f"data/{day}.csv").write_text(heading + "".join(row for row in rows if day in row))
    look, init, declare, snapshot, *drafts = commands[: commands.index("sagerecon check") + 1]
    for line in (look, init):
        assert run(line).exit_code == 0, line
    monkeypatch.chdir("mymove")
    for line in (declare, snapshot):
        result = run(line)
        assert result.exit_code == 0, f"{line}: {result.output}"
    sources = Path("sources.yaml")
    sources.write_text(sources.read_text() + datasets)
    shown = run("sagerecon snapshot")
    assert shown.exit_code == 0, shown.output
    assert "total 37.50" in run("sagerecon look invoices").stdout
    for line in drafts[:-1]:
        result = run(line)
        assert result.exit_code == 0, f"{line}: {result.output}"
    assert run(drafts[-1]).exit_code == 1  # check names what is open
    Path("mappings/customers.yaml").write_text(customers)
    Path("mappings/invoices.yaml").write_text(invoices)
    project = Path("sagerecon.yaml")
    (as_at,) = re.findall(r"`(as_at: \S+)`", TEXT)
    text = re.sub(r"^as_at: \S+", as_at, project.read_text(), flags=re.MULTILINE)
    project.write_text(text + settings.replace("http://127.0.0.1:8065", SANDBOX))
    checked = run(drafts[-1])
    assert checked.exit_code == 0, checked.output
    with serving(Path.cwd()) as served:
        for word in ("snapshot", "plan", "apply", "reconcile"):
            result = served.run(word)
            assert result.exit_code == 0, f"{word}: {result.output}"
        shown = " ".join(result.stdout.split())
        assert "Debtors per customer 2 37.50 37.50 0.00 ties out" in shown, result.stdout
