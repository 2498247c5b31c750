"""The keyring of the operating system: macOS Keychain, Windows Credential Manager, Secret Service on Linux.

Only these three are used, whatever other backends are installed: some keep secrets as plain text, or not at
all. A machine without one, or whose keyring is locked, is noticed without a prompt or a wait.

`keyring` is imported when a key is needed, because most commands need no token.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from threading import Thread
from typing import Any

#: Under which the keyring lists the keys; each has the name of its store.
SERVICE = "sagerecon"

#: How long the Secret Service may take to say whether it is unlocked, in seconds. It takes milliseconds.
ANSWERS_WITHIN = 3

_BACKENDS = {"darwin": "keyring.backends.macOS", "win32": "keyring.backends.Windows"}
_SECRET_SERVICE = "keyring.backends.SecretService"  # noqa: S105 - a module


class OsKeyring:
    """The key of one store in the keyring of the operating system."""

    name = "the keyring of the operating system"

    def __init__(self, store: str) -> None:
        self._store = store

    def read(self) -> str:
        """Return the text kept for the store, or "" where there is none, or no keyring that is unlocked."""
        backend = _find_backend()
        try:
            return (backend.get_password(SERVICE, self._store) or "") if backend else ""
        except Exception:  # the operating system's own, of many types
            return ""

    def write(self, text: str) -> bool:
        """Keep a text and return True, or return False where no keyring keeps it."""
        backend = _find_backend()
        if backend is None:
            return False
        try:
            backend.set_password(SERVICE, self._store, text)
            return bool(backend.get_password(SERVICE, self._store) == text)
        except Exception:  # as in `read`
            return False

    def create(self, text: str) -> bool:
        """Keep a text unless one is kept already; otherwise as `write`. No keyring does that in one step."""
        return bool(self.read()) or self.write(text)

    def delete(self) -> None:
        """Delete what is kept for the store, if anything is."""
        if self.read():
            _find_backend().delete_password(SERVICE, self._store)


def _find_backend() -> Any:
    """Return the keyring of the operating system, or None."""
    name = _BACKENDS.get(sys.platform, _SECRET_SERVICE)
    if name == _SECRET_SERVICE and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return None  # as on a server; nothing is imported for it
    try:
        chosen = _chosen_by_user()
        if chosen is not None and type(chosen).__module__ != name:
            return None
        if name == _SECRET_SERVICE and not _is_unlocked():
            return None
        backends = vars(import_module(name))
        backend = backends["WinVaultKeyring" if name.endswith("Windows") else "Keyring"]
        return backend() if backend.viable else None
    except Exception:  # a library that is absent, or the operating system's own errors
        return None


def _chosen_by_user() -> Any:
    """Return the backend that the user has chosen for all programs, such as the null one, or None."""
    core = import_module("keyring.core")
    return core.load_env() or core.load_config()


def _is_unlocked() -> bool:
    """Return whether the Secret Service has a default collection that is open: a locked one would prompt."""
    found: list[bool] = []

    def look() -> None:
        try:
            secretstorage = import_module("secretstorage")
            bus = secretstorage.dbus_init()
            try:
                found.append(not secretstorage.Collection(bus).is_locked())
            finally:
                bus.close()
        except Exception:  # no bus, no service, no collection
            found.append(False)

    thread = Thread(target=look, daemon=True)  # a service that hangs must not hang the command
    thread.start()
    thread.join(ANSWERS_WITHIN)
    return found == [True]
