"""The user's own app signs in at Sage alone; wherever else a project leads, the public sandbox app does."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tiny import PROJECT, write_tiny

from sagerecon.commands import projects
from sagerecon.commands.destination import Destination, destination
from sagerecon.model.errors import ProjectError, ProjectFileError
from sagerecon.project.hosts import sage_hosts, store_hosts
from sagerecon.project.project import Project
from sagerecon.project.sage import SANDBOX_APP, SANDBOX_SECRET, sage_access

OWN = PROJECT.partition("sage:")[0]


@pytest.fixture(autouse=True)
def own_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGERECON_CLIENT_ID", "own-id")
    monkeypatch.setenv("SAGERECON_CLIENT_SECRET", "own-secret")


def project(folder: Path, address: str, *allowed: str) -> Project:
    write_tiny(folder)
    (folder / "sagerecon.yaml").write_text(f"{OWN}sage: {{address: '{address}'}}\n" if address else OWN)
    return projects.open_project(folder, allowed)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8065", "https://sage.example.com", "https://sage.example.com/proxy/"]
)
def test_another_host_gets_the_sandbox_app(tmp_path: Path, address: str) -> None:
    access = sage_access(project(tmp_path, address, "sage.example.com"))
    assert (access.app.client_id, access.app.client_secret) == (SANDBOX_APP, SANDBOX_SECRET)
    app = access.app
    for url in (access.base_url, app.authorize_url, app.token_url, app.revoke_url):
        assert url.startswith(address.rstrip("/")), url


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://api.accounting.sage.com",
        "https://API.accounting.sage.com/",
        "http://api.accounting.sage.com",
        "https://oauth.accounting.sage.com:8443",
    ],
)
def test_sages_own_hosts_get_the_users_app_at_the_addresses_of_the_catalog(
    tmp_path: Path, address: str
) -> None:
    opened = project(tmp_path, address)
    access, api = sage_access(opened), opened.catalog.api
    assert (access.app.client_id, access.app.client_secret) == ("own-id", "own-secret")
    app = access.app
    assert (access.base_url, app.authorize_url, app.token_url, app.revoke_url) == (
        api.base_url,
        api.authorize_url,
        api.token_url,
        api.revoke_url,
    )
    assert {urlsplit(url).hostname for url in (api.base_url, app.token_url)} <= sage_hosts(api)
    assert destination(opened) == Destination("api.accounting.sage.com", False, ())


def test_without_a_secret_nothing_signs_in_at_sage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAGERECON_CLIENT_SECRET")
    with pytest.raises(ProjectError, match="id and secret"):
        sage_access(project(tmp_path, ""))


@pytest.mark.parametrize(
    "address",
    [
        r"https://evil.example\@api.accounting.sage.com",  # urllib and urllib3 read two different hosts
        r"https://evil.example\@127.0.0.1:9",
        "https://api.accounting.sage.com@evil.example",
        "https://127.0.0.1:9@evil.example",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:9?x=evil.example",
        "http://[::1",
        "http://[::1]evil.example",
        "http://127.0.0.1\\t.evil.example",
        "ftp://127.0.0.1",
        "127.0.0.1:9",
    ],
)
def test_an_address_that_two_libraries_may_read_differently_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ProjectFileError) as error:
        project(tmp_path, address)
    assert "does not name plainly" in error.value.findings[0].message


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("sqlite:////tmp/store.sqlite", ()),
        ("sqlite+pysqlite:////tmp/store.sqlite", ()),
        ("not an address", ()),
        ("postgresql:///books", ("localhost",)),
        ("postgresql://db.example.com/books", ("db.example.com",)),
        ("postgresql+psycopg://u:p@db.example.com:1/books", ("db.example.com",)),
        ("postgresql://127.0.0.1/books?hostaddr=192.0.2.1", ("127.0.0.1", "192.0.2.1")),
        ("postgresql://127.0.0.1/books?host=a.example,b.example", ("127.0.0.1", "a.example", "b.example")),
        ("postgresql:///books?host=/run/postgresql", ("localhost",)),
        ("mysql:///books?unix_socket=x", ("",)),
    ],
)
def test_every_host_of_a_store_is_known(url: str, hosts: tuple[str, ...]) -> None:
    assert store_hosts(url) == hosts
