"""The sandbox as a separate process: sign-in with other clients, signals, reproducible bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from consent_form import fields_of
from tiny import PROJECT, write_tiny
from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.project.sage import SANDBOX_APP, SANDBOX_SECRET
from sagerecon.rehearsal.switches import SWITCHES

DOCS = Path(__file__).resolve().parents[1] / "docs" / "sandbox.md"
HERE = Path(__file__).resolve().parents[1]
CALLBACK = "http://127.0.0.1/callback"


@dataclass
class Sandbox:
    url: str
    process: subprocess.Popen[str]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def sandbox(*options: str) -> Iterator[Sandbox]:
    """Run `sagerecon sandbox`; kill it at the end if it still runs."""
    command = [sys.executable, "-m", "sagerecon", "sandbox", "--port", "0", "--json", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                event = json.loads(line)
                assert event["event"] != "error", event
                if event["event"] == "result":
                    yield Sandbox(event["url"], process)
                    break
            else:
                raise AssertionError(process.stderr.read() if process.stderr else "it ended")
        finally:
            process.kill()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """Run one sandbox for all tests that need nothing special, with a fault and two switches set."""
    options = ("--idle", "2", "--switch", "retry_after=seconds", "--switch", "next_link=absent")
    with sandbox(*options, "--faults", "answer_lost DELETE /contacts 1") as served:
        yield served


class Visitor:
    """A client that signs in like a browser and calls the API like a program."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def page(self) -> str:
        return (
            f"{self.url}/oauth2/auth/central?filter=apiv3.1&response_type=code&client_id={SANDBOX_APP}"
            f"&redirect_uri={CALLBACK}&state=any"
        )

    def sign_in(self) -> Mapping[str, Any]:
        form = {**fields_of(self.session.get(self.page(), timeout=5).text), "answer": "allow"}
        back = self.session.post(self.page(), data=form, allow_redirects=False, timeout=5).headers["Location"]
        code = requests.utils.unquote(back.partition("code=")[2].partition("&")[0])
        exchange = {
            "grant_type": "authorization_code",
            "client_id": SANDBOX_APP,
            "client_secret": SANDBOX_SECRET,
            "redirect_uri": CALLBACK,
            "code": code,
        }
        granted: dict[str, Any] = self.session.post(f"{self.url}/token", data=exchange, timeout=5).json()
        self.session.headers["Authorization"] = f"Bearer {granted['access_token']}"
        self.session.headers["X-Business"] = form["choice"].removeprefix("owner ")
        return granted

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{self.url}/v3.1{path}", json=body, timeout=10)


def contact(name: str) -> dict[str, Any]:
    return {"contact": {"name": name, "contact_type_ids": ["CUSTOMER"]}}


def blocks(text: str) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not on this machine")
def test_the_documented_session_works_with_curl(running: Sandbox) -> None:
    script = "\n".join(blocks(DOCS.read_text(encoding="utf-8")))
    expected = re.findall(r"^# prints (.*)$", script, re.MULTILINE)
    assert len(expected) > 10
    script = script.replace("http://127.0.0.1:8065", running.url)
    environment = {"PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
    command = [str(shutil.which("bash")), "-e", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.stdout.splitlines() == expected, done.stderr


def test_the_documentation_names_every_switch_with_its_choices() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*?`) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == {each.name: ", ".join(f"`{choice}`" for choice in each.choices) for each in SWITCHES}


#: A third-party program: it uses requests-oauthlib, PKCE and the three addresses.
PROGRAM = """
import os, re, sys
from urllib.parse import parse_qsl, urlsplit
import requests
from requests_oauthlib import OAuth2Session

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
address, app, secret = sys.argv[1:]
redirect = "http://127.0.0.1:9123/callback"
oauth = OAuth2Session(app, redirect_uri=redirect, scope=["full_access"], pkce="S256")
oauth.trust_env = False
page, state = oauth.authorization_url(f"{address}/oauth2/auth/central?filter=apiv3.1", country="gb")
browser = requests.Session()
browser.trust_env = False
shown = browser.get(page, timeout=5).text
choice = re.search(r'value="(owner ([0-9a-f]+))"', shown)
token = re.search(r'name="token" value="([0-9a-f]+)"', shown)
form = {"answer": "allow", "choice": choice[1], "token": token[1]}
back = browser.post(page, data=form, allow_redirects=False, timeout=5).headers["Location"]
assert back.startswith(redirect) and dict(parse_qsl(urlsplit(back).query))["state"] == state
first = oauth.fetch_token(f"{address}/token", authorization_response=back, client_secret=secret)
business = {"X-Business": choice[2]}
made = oauth.post(f"{address}/v3.1/contacts", headers=business, timeout=5,
                  json={"contact": {"name": "Elm", "contact_type_ids": ["CUSTOMER"]}})
assert made.status_code == 201 and made.headers["X-Business"] == choice[2], made.text
second = oauth.refresh_token(f"{address}/token", client_id=app, client_secret=secret)
assert second["refresh_token"] != first["refresh_token"]
listed = oauth.get(f"{address}/v3.1/contacts?search=elm", headers=business, timeout=5).json()
gone = requests.post(f"{address}/revoke", timeout=5, data={
    "client_id": app, "client_secret": secret, "token": second["refresh_token"]})
assert gone.json() == {"success": "ok"}
print(listed["$items"][0]["displayed_as"], first["expires_in"])
"""


def test_a_program_with_requests_oauthlib_can_sign_in_and_call(running: Sandbox) -> None:
    arguments = [sys.executable, "-c", PROGRAM, running.url, SANDBOX_APP, SANDBOX_SECRET]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "Elm 300"


@contextmanager
def signing_in(project: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `auth login --no-browser` on a terminal of 80 columns, with pipes for its input and output."""
    command = [sys.executable, "-m", "sagerecon", "auth", "login", "--no-browser", *options]
    environment = {**os.environ, "COLUMNS": "80", "NO_PROXY": "*"}
    with subprocess.Popen(
        [*command, "--project", str(project)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=HERE,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def consent(page: str) -> str:
    """Allow access on the consent page in a browser, and return the address it is redirected to."""
    with requests.Session() as browser:
        browser.trust_env = False
        form = {**fields_of(browser.get(page, timeout=5).text), "answer": "allow"}
        return browser.post(page, data=form, allow_redirects=False, timeout=5).headers["Location"]


@pytest.fixture
def headless(running: Sandbox, tmp_path: Path) -> Path:
    folder = write_tiny(tmp_path / "project")
    (folder / "sagerecon.yaml").write_text(PROJECT.replace("http://127.0.0.1:9", running.url))
    return folder


def test_a_sign_in_on_another_machine_is_pasted(headless: Path) -> None:
    with signing_in(headless) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline().startswith("Sage: sandbox 127.0.0.1:")
        assert process.stdout.readline() == "Sign in here:\n"
        page = process.stdout.readline().strip()  # the whole link in one line
        assert len(page) > 80 and "redirect_uri=http%3A%2F%2F127.0.0.1%3A" in page
        redirected = consent(page)
        process.stdin.write("\n" + page + "\n" + redirected.replace("state=", "state=x") + "\n")
        process.stdin.write(f"  {redirected}\r\n")
        process.stdin.flush()
        output = " ".join(process.stdout.read().split())
        assert process.wait(20) == 0, output
    waiting, *refused, done = re.findall(r"(?:Waiting|This|Signed).*?(?=This|Signed|$)", output)
    assert "copy its address from the browser and paste it here." in waiting
    assert [text.split(":")[0].strip() for text in refused][:1] == [
        "This is not the address of the page after the sign-in"
    ]
    assert "This address belongs to another sign-in. Open the link above and sign in again." in output
    assert done.startswith("Signed in to ")


@pytest.mark.usefixtures("plain_signals")
@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_sign_in_that_is_ended_while_it_waits_has_used_no_call(
    headless: Path, ended_by: signal.Signals
) -> None:
    with signing_in(headless) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Sage: sandbox 127.0.0.1:")
        assert process.stdout.readline() == "Sign in here:\n"
        process.send_signal(ended_by)
        assert process.wait(20) == 128 + ended_by
        assert "Traceback" not in process.stdout.read()
    shown = CliRunner().invoke(app, ["status", "--project", str(headless), "--json"]).stdout
    result = json.loads(shown.splitlines()[-1])
    assert (result["event"], result["calls_last_day"]) == ("result", 0)
    assert "without an answer" not in CliRunner().invoke(app, ["status", "--project", str(headless)]).stdout


def test_a_sign_in_on_a_fixed_port_is_redirected_to_it_after_the_input_has_ended(headless: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with signing_in(headless, "--port", str(port), "--json") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        _, destination, event = (json.loads(process.stdout.readline()) for _ in range(3))
        assert destination["is_sandbox"] and destination["sage"].startswith("127.0.0.1:")
        assert event["redirect"] == f"http://127.0.0.1:{port}/callback"
        redirected = consent(event["url"])
        assert redirected.startswith(f"{event['redirect']}?")
        answered = requests.get(redirected, timeout=5, proxies={"http": ""})
        assert "You can close this window" in answered.text
        result = json.loads(process.stdout.read().splitlines()[-1])
        assert process.wait(20) == 0 and result["event"] == "result"


def test_a_port_in_use_cannot_be_signed_in_on(headless: Path) -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = str(used.getsockname()[1])
        with signing_in(headless, "--port", port) as process:
            assert process.stdout is not None
            output = " ".join(process.stdout.read().split())
            assert process.wait(20) == 2
    assert f"Port {port} cannot be used" in output and "choose another port" in output


def test_the_state_is_saved_on_a_signal(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.json"
    with sandbox("--state", str(state), "--faults", "error=503 GET /contacts 2") as running:
        visitor = Visitor(running.url)
        visitor.sign_in()
        assert visitor.call("POST", "/contacts", contact("Oak")).status_code == 201
        assert visitor.call("GET", "/contacts").status_code == 200
        assert running.stop(signal.SIGTERM) == 0
    assert state.stat().st_mode & 0o777 == 0o600
    with sandbox("--state", str(state)) as running:
        again = Visitor(running.url)
        again.sign_in()
        assert again.call("GET", "/contacts").status_code == 503  # the fault that had not occurred yet
        assert "Oak" in again.call("GET", "/contacts").text
        again.call("POST", "/contacts", contact("Elm"))
        assert running.stop(signal.SIGINT) == 0
    assert "Elm" in state.read_text(encoding="utf-8")


def conversation(folder: Path, seed: int) -> bytes:
    """Send a fixed series of requests and return all that came back, as bytes."""
    received = bytearray()
    with sandbox(
        "--seed", str(seed), "--virtual-clock", str(folder / f"{len(list(folder.iterdir()))}")
    ) as running:
        visitor = Visitor(running.url)
        received += json.dumps(visitor.sign_in()).encode()
        for method, path, body in (
            ("POST", "/contacts", contact("Oak")),
            ("POST", "/contacts", {"contact": {}}),
            ("GET", "/ledger_accounts?attributes=all", None),
            ("GET", "/contacts?items_per_page=1", None),
            ("GET", "/nothing", None),
        ):
            answered = visitor.call(method, path, body)
            headers = "\n".join(f"{name}: {value}" for name, value in answered.headers.items())
            received += f"{answered.status_code}\n{headers}\n".encode() + answered.content
        address = visitor.url.encode()
        received += visitor.session.get(f"{visitor.url}/openapi.json", timeout=5).content.replace(
            address, b""
        )
    return bytes(received)


def test_the_same_seed_and_the_same_requests_give_the_same_bytes(tmp_path: Path) -> None:
    first = conversation(tmp_path, 7)
    assert conversation(tmp_path, 7) == first
    assert len(first) > 50_000


def test_a_lost_answer_is_a_connection_reset(running: Sandbox) -> None:
    visitor = Visitor(running.url)
    visitor.sign_in()
    path = visitor.call("POST", "/contacts", contact("Ash")).json()["$path"]
    with pytest.raises(requests.ConnectionError):
        visitor.call("DELETE", path)
    assert visitor.call("GET", path).status_code == 404


def test_an_idle_connection_is_closed(running: Sandbox) -> None:
    port = int(running.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        connection.settimeout(20)
        began = time.monotonic()
        while connection.recv(65536):
            pass  # read the whole answer, until the connection is closed
        assert time.monotonic() - began > 1


def test_switches_are_set_on_the_command_line(running: Sandbox) -> None:
    visitor = Visitor(running.url)
    visitor.sign_in()
    assert "$next" not in visitor.call("GET", "/contacts").json()
    answers = [visitor.call("GET", "/user") for _ in range(100)]
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--switch", "retry_after=often"), "Choose one of: absent, seconds, date."),
        (("--switch", "no_such=1"), "There is no switch 'no_such'"),
        (("--faults", "nonsense"), "is not a valid fault"),
        (("--state", "/nowhere/at/all.json"), "/nowhere/at/all.json cannot be written"),
        (("--port", "99999"), "65535"),
        (("--country", "FR"), "Choose one of: GB, IE, CA."),
        (("--tax-scheme", "FLAT_CASH"), "Choose one of: STANDARD, CASH_ACCOUNTING, NOT_REGISTERED."),
    ],
)
def test_invalid_options_give_a_message_and_exit_code_2(options: tuple[str, ...], word: str) -> None:
    done = CliRunner().invoke(app, ["sandbox", "--port", "0", *options])
    assert done.exit_code == 2
    assert word in " ".join(done.stderr.split())
