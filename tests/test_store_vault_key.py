"""Where the key of the vault is kept, who can open the vault, and what a rotation leaves behind."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from sagerecon.model.clock import SECOND
from sagerecon.model.errors import AuthorizationError, DamagedStoreError, StoreError
from sagerecon.model.tokens import Tokens
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.store import os_keyring
from sagerecon.store.key_file import KeyFile
from sagerecon.store.opening import Store, open_store
from sagerecon.store.vault_key import KEY_VARIABLE, KeyHome, VaultKey

CLOCK = VirtualClock()
SAGE, SANDBOX = "https://api.accounting.sage.com", "http://127.0.0.1:8065"
TOKENS = Tokens("access-1", "refresh-1", 0, 300 * SECOND, 31 * 86_400 * SECOND, requested_by="u")


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)


class Keyring:
    """The keyring of an operating system, in memory."""

    viable = True

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, name: str) -> str | None:
        self._require_open()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, text: str) -> None:
        self._require_open()
        self.kept[service, name] = text

    def delete_password(self, service: str, name: str) -> None:
        self._require_open()
        del self.kept[service, name]

    def _require_open(self) -> None:
        if self.is_locked:
            raise RuntimeError("locked")


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    kept = Keyring()
    monkeypatch.setattr(os_keyring, "_find_backend", lambda: kept)
    return kept


def opened(
    folder: Path, issuer: str = SAGE, home: str = "home", failpoint: Callable[[str], None] = lambda _: None
) -> Store:
    folder.mkdir(exist_ok=True)
    keys = KeyHome(folder.parent / home / "keys", beside=folder / "vault.key")
    return open_store(f"sqlite:///{folder}/s.db", CLOCK, keys, failpoint, issuer=issuer)


def signed_in(folder: Path, issuer: str = SAGE) -> None:
    with opened(folder, issuer) as store:
        store.vault.save("g", TOKENS, None)


def access(folder: Path, issuer: str = SAGE, home: str = "home") -> str:
    with opened(folder, issuer, home) as store:
        held = store.vault.load("g")
    assert held is not None
    return held.access


def key_files(folder: Path, home: str = "home") -> list[Path]:
    return sorted((folder.parent / home / "keys").glob("*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project"


# where it is


def test_without_a_keyring_it_is_in_a_private_file_of_the_user_and_not_beside_the_store(folder: Path) -> None:
    signed_in(folder)
    (key,) = key_files(folder)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert not list(folder.glob("*key*"))
    for file in folder.iterdir():
        assert key.read_bytes().strip() not in file.read_bytes()
    assert access(folder) == "access-1"


def test_each_store_has_a_key_of_its_own(folder: Path) -> None:
    signed_in(folder)
    signed_in(folder.with_name("other"))
    one, two = key_files(folder)
    assert one.read_text() != two.read_text()


def test_the_keyring_is_preferred_to_a_file(folder: Path, keyring: Keyring) -> None:
    signed_in(folder)
    assert key_files(folder) == []
    assert [service for service, _ in keyring.kept] == ["sagerecon"]
    assert access(folder) == "access-1"


def test_a_locked_keyring_is_passed_over(folder: Path, keyring: Keyring) -> None:
    keyring.is_locked = True
    signed_in(folder)
    assert len(key_files(folder)) == 1
    keyring.is_locked = False
    assert access(folder) == "access-1"


def test_a_run_goes_on_when_the_keyring_is_locked_under_it(folder: Path, keyring: Keyring) -> None:
    with opened(folder) as store:
        store.vault.save("g", TOKENS, None)
        keyring.is_locked = True
        assert store.vault.load("g") is not None
        store.vault.save("g", TOKENS, 1)
    with pytest.raises(AuthorizationError, match="unlock the keyring"):
        access(folder)
    keyring.is_locked = False
    assert access(folder) == "access-1"


def test_the_environment_wins(folder: Path, monkeypatch: pytest.MonkeyPatch, keyring: Keyring) -> None:
    signed_in(folder)
    (held,) = keyring.kept.values()
    keyring.kept.clear()
    monkeypatch.setenv(KEY_VARIABLE, held)
    assert access(folder) == "access-1"
    monkeypatch.setenv(KEY_VARIABLE, Fernet.generate_key().decode())
    with pytest.raises(AuthorizationError, match="another key"):
        access(folder)


@pytest.mark.parametrize(
    "chosen",
    ["keyring.backends.null.Keyring", "keyrings.alt.file.PlaintextKeyring", "no.such.Backend", "nonsense"],
)
def test_a_backend_that_keeps_plain_text_or_nothing_is_not_used(
    chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", chosen)
    assert os_keyring._find_backend() is None


def test_a_machine_without_a_keyring_is_noticed_at_once_and_in_silence(tmp_path: Path) -> None:
    """Look for a keyring as on a server, where the bus is gone, and where it accepts but never answers."""
    program = (
        "import sys, time\n"
        "from sagerecon.store import os_keyring\n"
        "os_keyring.ANSWERS_WITHIN = 0.5\n"
        "before = time.monotonic()\n"
        "place = os_keyring.OsKeyring('x')\n"
        "assert (place.read(), place.write('k')) == ('', False)\n"
        "place.delete()\n"
        "assert time.monotonic() - before < 5\n"
        "print('keyring' in sys.modules)\n"
    )
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{short}/silent")
        silent.listen()
        gone, mute = f"unix:path={short}/gone", f"unix:path={short}/silent"
        for bus, is_imported in (("", "False"), (gone, "True"), (mute, "True")):
            environment = {**plain, **({"DBUS_SESSION_BUS_ADDRESS": bus} if bus else {})}
            words = [sys.executable, "-c", program]
            ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
            assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, is_imported, ""), bus


# who can open it


def test_a_copied_folder_does_not_carry_the_sign_in(folder: Path) -> None:
    signed_in(folder)
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    with pytest.raises(AuthorizationError, match="Not signed in on this machine") as error:
        access(copy, home="home-of-another-user")
    assert "auth login" in error.value.hint
    with opened(copy, home="home-of-another-user") as store:
        with pytest.raises(AuthorizationError, match="Not signed in on this machine"):
            store.vault.rotate_key()
        store.vault.save("g", TOKENS, None)  # they sign in themselves
    assert access(copy, home="home-of-another-user") == "access-1"
    with pytest.raises(AuthorizationError, match="another key"):
        access(copy)


def test_tokens_are_refused_where_another_address_issued_them(folder: Path) -> None:
    signed_in(folder, SAGE)
    with pytest.raises(
        AuthorizationError, match=r"is for https://api\.accounting\.sage\.com, and this"
    ) as error:
        access(folder, SANDBOX)
    assert error.value.exit_code == 4
    assert "auth login" in error.value.hint
    assert access(folder, SAGE) == "access-1"


def test_tokens_are_refused_in_another_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy the row of one store into another that has the same key."""
    monkeypatch.setenv(KEY_VARIABLE, Fernet.generate_key().decode())
    signed_in(folder)
    other = folder.with_name("other")
    signed_in(other)
    with opened(folder) as one, opened(other) as two:
        sealed = one._database.engine.connect().exec_driver_sql("SELECT sealed FROM grants").scalar()
        with two._database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE grants SET sealed = ?", (sealed,))
    with pytest.raises(AuthorizationError, match="copied from another store"):
        access(other)


def seal(folder: Path, text: object) -> None:
    """Put a text into the store in the place of its tokens, encrypted with its key."""
    with opened(folder) as store:
        sealed = store.vault._key.encrypt(text) if isinstance(text, str) else text
        with store._database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE grants SET sealed = ?", (sealed,))


@pytest.mark.parametrize(
    "text", ['{"access": "a", "refresh": "r", "obtained_at": 0}', "[]", "1", "", '{"issuer": 1, "store": 2}']
)
def test_tokens_of_an_earlier_version_ask_for_a_new_sign_in(folder: Path, text: str) -> None:
    signed_in(folder)
    seal(folder, text)
    with pytest.raises(AuthorizationError, match="did not record the address"):
        access(folder)
    signed_in(folder)
    assert access(folder) == "access-1"


@pytest.mark.parametrize("before", ["", "\n"])
def test_of_two_first_sign_ins_at_once_both_use_one_key(tmp_path: Path, before: str) -> None:
    """In PostgreSQL nothing keeps one from creating its key while the other does."""
    places = (KeyFile(tmp_path / "k.key"),)
    if before:
        places[0].write(before)
    one, other = VaultKey(places), VaultKey(places)
    one._create()
    other._create()
    assert other.decrypt(one.encrypt("token")) == one.decrypt(other.encrypt("token")) == "token"


@pytest.mark.parametrize("sealed", ["", "nonsense", "gAAAAA", "\u00e9", b"\xff\x00", 7])
def test_a_damaged_row_is_a_sentence(folder: Path, sealed: object) -> None:
    signed_in(folder)
    seal(folder, sealed if not isinstance(sealed, str) else sealed.encode())
    with pytest.raises((AuthorizationError, DamagedStoreError)):
        access(folder)


@pytest.mark.parametrize(
    "content", [b"not a key\n", b"\xff\xfe\x00", b"x" * 20_000, "\u0661" * 44, b"A" * 43 + b"="[:0]]
)
def test_a_damaged_key_is_a_sentence(folder: Path, content: bytes | str) -> None:
    signed_in(folder)
    (key,) = key_files(folder)
    key.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StoreError, match="key of the vault") as error:
        access(folder)
    assert error.value.hint


def test_a_key_that_other_users_may_read_is_refused(folder: Path) -> None:
    signed_in(folder)
    (key,) = key_files(folder)
    key.chmod(0o644)
    with pytest.raises(StoreError, match="Other users may read the key"):
        access(folder)


def test_a_pipe_in_place_of_the_key_does_not_hang(folder: Path) -> None:
    signed_in(folder)
    (key,) = key_files(folder)
    key.unlink()
    os.mkfifo(key, 0o600)
    with pytest.raises(StoreError, match="it is a pipe"):
        access(folder)


def test_a_key_beside_the_store_is_deleted_and_opens_nothing(folder: Path) -> None:
    """Whoever made the folder has that key, and could have made the sign-in with it."""
    signed_in(folder)
    (key,) = key_files(folder)
    beside = folder / "vault.key"
    key.rename(beside)
    with pytest.raises(AuthorizationError, match="earlier version") as error:
        access(folder)
    assert "auth login" in error.value.hint
    assert not beside.exists()
    with pytest.raises(AuthorizationError, match="Not signed in on this machine"):
        access(folder)
    signed_in(folder)
    assert access(folder) == "access-1"


# rotation


def test_a_rotation_leaves_one_new_key_that_opens_the_tokens(folder: Path) -> None:
    signed_in(folder)
    (key,) = key_files(folder)
    old = key.read_text()
    with opened(folder) as store:
        store.vault.rotate_key()
        assert store.vault.load("g") == store.vault.load("g") != None  # noqa: E711
        store.vault.save("g", TOKENS, 1)
    assert access(folder) == "access-1"
    assert len(key.read_text().split()) == 1
    assert key.read_text() != old
    key.write_text(old)
    with pytest.raises(AuthorizationError, match="another key"):
        access(folder)


def test_a_rotation_moves_the_key_into_a_keyring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(folder)
    kept = Keyring()
    monkeypatch.setattr(os_keyring, "_find_backend", lambda: kept)
    with opened(folder) as store:
        store.vault.rotate_key()
    assert key_files(folder) == []
    assert [len(text.split()) for text in kept.kept.values()] == [1]
    assert access(folder) == "access-1"


ROTATE_AND_DIE = """
import os, sys
from pathlib import Path
from test_store_vault_key import opened

def kill(where):
    if where == sys.argv[2]:
        os._exit(9)

with opened(Path(sys.argv[1]), failpoint=kill) as store:
    store.vault.rotate_key()
"""


@pytest.mark.parametrize("point", ["before commit", "after commit"])
def test_a_killed_rotation_leaves_tokens_that_can_be_opened(folder: Path, point: str) -> None:
    signed_in(folder)
    words = [sys.executable, "-c", ROTATE_AND_DIE, str(folder), point]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    assert subprocess.run(words, env=environment, check=False).returncode == 9
    (key,) = key_files(folder)
    assert len(key.read_text().split()) == 2
    assert access(folder) == "access-1"
    with opened(folder) as store:
        store.vault.rotate_key()
    assert len(key.read_text().split()) == 1
    assert access(folder) == "access-1"


class Killed(BaseException):
    pass


def test_a_rotation_that_moves_the_key_may_be_interrupted_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupt it before each change of a keyring, a file or the store; the tokens can always be opened."""
    for stop_at in range(20):
        folder = tmp_path / f"{stop_at}"
        folder.mkdir()
        folder = folder / "project"
        monkeypatch.setattr(os_keyring, "_find_backend", lambda: None)
        signed_in(folder)
        kept, steps = Keyring(), iter(range(100))
        monkeypatch.setattr(os_keyring, "_find_backend", lambda kept=kept: kept)

        def step(_: object = "", steps: Iterator[int] = steps, stop_at: int = stop_at) -> None:
            if next(steps) == stop_at:
                raise Killed

        with pytest.MonkeyPatch.context() as patch:
            for owner, name in ((kept, "set_password"), (KeyFile, "write"), (KeyFile, "delete")):
                patch.setattr(owner, name, stepping(getattr(owner, name), step))
            try:
                with opened(folder, failpoint=step) as store:
                    store.vault.rotate_key()
            except Killed:
                assert access(folder) == "access-1", stop_at
                signed_in(folder)  # and a refresh or a sign-in in between is no obstacle
                with opened(folder) as store:
                    store.vault.rotate_key()
            else:
                assert stop_at > 4
                return
        assert access(folder) == "access-1", stop_at
        assert [len(text.split()) for text in kept.kept.values()] == [1]
        assert key_files(folder) == []


def stepping(change: Callable[..., object], step: Callable[[], None]) -> Callable[..., object]:
    def changed(*arguments: object) -> object:
        step()
        return change(*arguments)

    return changed


def test_a_rotation_needs_a_sign_in(folder: Path) -> None:
    with opened(folder) as store, pytest.raises(AuthorizationError, match="Not signed in"):
        store.vault.rotate_key()
    assert key_files(folder) == []


def test_a_key_in_the_environment_is_rotated_by_naming_both(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    monkeypatch.setenv(KEY_VARIABLE, old)
    signed_in(folder)
    with opened(folder) as store, pytest.raises(StoreError, match="only you can change") as error:
        store.vault.rotate_key()
    assert "a comma" in error.value.hint
    monkeypatch.setenv(KEY_VARIABLE, f"{new},{old}")
    with opened(folder) as store:
        store.vault.rotate_key()
    monkeypatch.setenv(KEY_VARIABLE, new)
    assert access(folder) == "access-1"


def test_a_rotation_takes_the_key_of_the_environment_over_from_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(folder)
    monkeypatch.setenv(KEY_VARIABLE, Fernet.generate_key().decode())
    with opened(folder) as store:
        store.vault.rotate_key()
    assert key_files(folder) == []
    assert access(folder) == "access-1"
