"""The README's commands, run in its order as a newcomer types them, against a rehearsal Sage."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from consent_form import fields_of
from small_quickbooks import write_export

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHARED = ROOT.parent / "shared" / "data" / "qbo-sandbox"


def section(title: str) -> str:
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


def commands(title: str) -> list[list[str]]:
    """Return the commands of a section as word lists; what follows two spaces is their description."""
    lines = re.findall(r"^    (sagerecon \S.*)$", section(title), flags=re.MULTILINE)
    return [shlex.split(re.split(r"\s{2,}", line)[0]) for line in lines]


@contextmanager
def sandbox(folder: Path, words: list[str], port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "sagerecon", *words[1:], "--port", str(port), "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while "url" not in (line := process.stdout.readline()):
                assert line, "the sandbox ended"
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def consent(url: str) -> None:
    """Do what a user does in the browser: allow the access on the page at `url`."""
    with requests.Session() as browser:
        browser.trust_env = False
        form = {**fields_of(browser.get(url, timeout=20).text), "answer": "allow"}
        answer = browser.post(url, data=form, allow_redirects=False, timeout=20)
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["code"]
        browser.get(answer.headers["Location"], timeout=20)


def run(folder: Path, words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run one command and return its exit code and its output; sign in where it asks for a browser."""
    command = [sys.executable, "-m", "sagerecon", *words[1:]]
    output = ""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if "login" in words and (address := re.search(r'"(https?://[^"]+/oauth2/[^"]+)"', line)):
                consent(json.loads(f'"{address[1]}"'))
        return process.wait(60), output


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def walk(folder: Path, export: Path, settings: str) -> dict[str, str]:
    """Run the commands of the README in their order and return their outputs by command."""
    port = free_port()
    environment = {
        **os.environ,
        "SAGERECON_REHEARSAL_CLOCK": str(folder / "clock"),
        "NO_PROXY": "*",
        "COLUMNS": "110",
    }
    first, *rest = commands("A move")
    assert first[1] == "init"
    code, output = run(folder, [word.replace("EXPORT_FOLDER", str(export)) for word in first], environment)
    assert code == 0, output
    (served,) = (words for words in commands("Without a Sage account") if words[1] == "sandbox")
    project = folder / "mymove" / "sagerecon.yaml"
    text = project.read_text()
    assert "result_account: null" in text
    address = f"sage: {{address: http://127.0.0.1:{port}}}\n"
    assert f"echo '{address.strip()}' >> mymove/sagerecon.yaml".replace(str(port), "8065") in README
    project.write_text(text.replace("result_account: null", settings) + address)
    outputs = {}
    with sandbox(folder, served, port):
        for words in rest:
            if words[1] in ("sandbox", "demo"):
                continue  # the sandbox is running; the demo has a test of its own
            asked = [word.replace("KEY", "customers/1") for word in words]
            if asked[1:3] == ["auth", "login"]:
                asked += ["--no-browser", "--json"]
            code, output = run(folder / "mymove", asked, environment)
            assert code == 0, f"{shlex.join(asked)}: {output}"
            outputs[asked[1]] = output
    return outputs


def check(folder: Path, outputs: dict[str, str]) -> None:
    """Check what each command of a move by the README has printed and written."""
    assert "customers/1" in outputs["explain"]
    assert outputs["reconcile"].count("ties out") >= 5
    assert len(list((folder / "mymove" / "reports").glob("*.html"))) == 1


@pytest.mark.skipif(SHARED.is_dir(), reason="the move of the sample company is walked instead")
def test_the_readmes_move_works_in_its_order(tmp_path: Path) -> None:
    check(tmp_path, walk(tmp_path, write_export(tmp_path / "export"), "result_account: null"))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the QuickBooks sample company is not on this machine")
def test_the_readmes_move_and_its_figures_are_those_of_the_sample_company(tmp_path: Path) -> None:
    outputs = walk(tmp_path, SHARED, "result_account: Retained Earnings")
    check(tmp_path, outputs)
    shown = section("A move")
    for block in re.findall(r"(?:^    (?:mapping|tie-out) .*\n)((?:    .*\n)+)", shown, flags=re.MULTILINE):
        for line in block.splitlines():
            figures = " ".join(re.sub(r"[^\w.,%-]+", " ", line).split())
            there = " ".join(re.sub(r"[^\w.,%-]+", " ", outputs["plan"] + outputs["reconcile"]).split())
            assert figures in there, line
