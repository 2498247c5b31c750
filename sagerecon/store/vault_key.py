"""The key that encrypts the vault, which is never kept beside the store that it opens.

It is in `SAGERECON_VAULT_KEY` where that is set, else in the keyring of the operating system, else in a file
in the user's configuration folder. Each place may hold several keys: the first encrypts, all decrypt, so that
a rotation that is interrupted anywhere leaves tokens that can be decrypted.

`cryptography` is imported when something is encrypted or decrypted: most commands open the store and need
no token.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sagerecon.model.errors import AuthorizationError, StoreError
from sagerecon.model.value import fingerprint
from sagerecon.store.key_file import KeyFile
from sagerecon.store.os_keyring import OsKeyring

#: The environment variable that may hold the key, or a new key, a comma and the old one.
KEY_VARIABLE = "SAGERECON_VAULT_KEY"

SIGN_IN = "Sign in again: sagerecon auth login"


class KeyPlace(Protocol):
    """Where a key may be kept."""

    @property
    def name(self) -> str:
        """The place in messages."""
        ...

    def read(self) -> str:
        """Return the text kept, or "".

        Raises:
            StoreError: it cannot be read.
        """
        ...

    def write(self, text: str) -> bool:
        """Keep a text in one step; return False where this machine has no such place.

        Raises:
            StoreError: it cannot be written.
        """
        ...

    def create(self, text: str) -> bool:
        """Keep a text unless one is kept already; otherwise as `write`."""
        ...

    def delete(self) -> None:
        """Delete the text, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class KeyHome:
    """Where the keys of this user are kept."""

    folder: Path  #: one file per store
    beside: Path | None = None  #: the file in the project's folder that earlier versions kept the key in

    def places(self, store: str) -> tuple[KeyPlace, ...]:
        """Return the places for the key of the store with this identity, the best one first."""
        # By a hash, because the identity comes from the store, which another person may have made.
        name = fingerprint(store)[:32]
        return OsKeyring(name), KeyFile(self.folder / f"{name}.key")


class _Cipher(Protocol):
    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, token: bytes) -> bytes: ...


class VaultKey:
    """The key of one store."""

    def __init__(self, places: Sequence[KeyPlace], beside: Path | None = None) -> None:
        self._places = places
        self._beside = beside
        self._last: list[str] = []  #: the keys when they were last readable

    def require_usable(self) -> None:
        """Check that `encrypt` will find a key that it can use, or none; create nothing.

        Raises:
            StoreError: the key is damaged or cannot be read, or other users may read it.
        """
        self._keys()

    def encrypt(self, plain: str) -> str:
        """Encrypt a text. The key is created if there is none.

        Raises:
            StoreError: the key cannot be created or read, or other users may read it.
        """
        self._remove_key_beside_store()
        return _cipher(self._keys() or self._create()).encrypt(plain.encode()).decode()

    def decrypt(self, sealed: str) -> str:
        """Decrypt a text that `encrypt` returned.

        Raises:
            AuthorizationError: there is no key, or the text was encrypted with another one.
            StoreError: the key is damaged or cannot be read, or other users may read it.
        """
        was_beside = self._remove_key_beside_store()
        keys = self._keys()
        if not keys and was_beside:
            raise AuthorizationError(
                "The sign-in was saved by an earlier version of sagerecon, whose key was in the project's"
                " folder. The key was deleted there.",
                SIGN_IN,
            )
        return self._decrypt(sealed, keys)

    def decrypt_any(self, sealed: str) -> str:
        """Decrypt a text with the keys of every place, for a rotation; errors as `decrypt`."""
        return self._decrypt(sealed, [*_from_environment(), *self._kept()])

    def add_new(self) -> None:
        """Put a new key before the old ones, so that it encrypts and all decrypt.

        Raises:
            StoreError: the key is in the environment, and no new one stands before it; or the new key cannot
                be kept.
        """
        kept = self._kept()
        if given := _from_environment():
            if len(given) == 1 and set(kept) <= set(given):
                raise StoreError(
                    f"The key is in {KEY_VARIABLE}, which only you can change.",
                    f"Set {KEY_VARIABLE} to a new key, a comma and the old key, and run the command again."
                    " See docs/security.md.",
                )
            return
        new = _new_key()
        self._write([new, *kept])
        if self._kept()[:1] != [new]:
            raise StoreError("The new key could not be kept; the old one is unchanged.", "Try again later.")

    def drop_old(self) -> None:
        """Drop all keys but the first, with which everything is encrypted by now."""
        if _from_environment():
            for place in self._places:
                place.delete()
            return
        self._write(self._kept()[:1])

    def where(self) -> str:
        """Return where the key is, for messages."""
        if _from_environment():
            return KEY_VARIABLE
        return next((place.name for place in self._places if place.read()), "")

    def _decrypt(self, sealed: str, keys: Sequence[str]) -> str:
        if not keys:
            raise AuthorizationError(
                "Not signed in on this machine: the store has tokens, and their key is not here.",
                f"{SIGN_IN}. Or unlock the keyring that has their key, or set {KEY_VARIABLE} to it.",
            )
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see the module

        try:
            return _cipher(keys).decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError):
            raise AuthorizationError(
                "The tokens in the store were encrypted with another key than the one on this machine.",
                f"{SIGN_IN}. Or restore their key in {self.where() or KEY_VARIABLE}.",
            ) from None

    def _keys(self) -> list[str]:
        """Return the keys; where a keyring has been locked since, as at a log-out, those of the last time.

        They are read each time, because another process may have rotated them.
        """
        self._last = _from_environment() or self._kept() or self._last
        return self._last

    def _kept(self) -> list[str]:
        """Return the keys in all places but the environment."""
        return [key for place in self._places for key in _split(place.read(), place.name)]

    def _create(self) -> list[str]:
        """Return the new keys, or those that another process has created in the meantime."""
        new = f"{_new_key()}\n"
        any(place.create(new) for place in self._places)  # up to the first that can
        if not (keys := self._keys()):
            raise StoreError("The vault has no key.", f"Set the environment variable {KEY_VARIABLE}.")
        return keys

    def _write(self, keys: Sequence[str]) -> None:
        """Keep the keys in the first place that can, and only there."""
        others = list(self._places)
        for place in self._places:
            others.remove(place)
            if place.write("\n".join(keys) + "\n"):
                break
        for place in others:
            place.delete()

    def _remove_key_beside_store(self) -> bool:
        """Delete a key in the project's folder; return whether there was one.

        It is not used: whoever has made or copied the folder has it, and with it could make a sign-in.
        """
        if self._beside is None or not os.path.lexists(self._beside):
            return False
        with suppress(OSError):
            self._beside.unlink()
        return True


def _from_environment() -> list[str]:
    return _split(os.environ.get(KEY_VARIABLE, "").replace(",", " "), KEY_VARIABLE)


def _split(text: str, name: str) -> list[str]:
    """Return the keys in a text.

    Raises:
        StoreError: one of them is not a key.
    """
    keys = text.split()
    if keys:
        _require_keys(keys, name)
    return keys


def _require_keys(keys: Sequence[str], name: str) -> None:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - see the module

    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        raise StoreError(
            f"The key of the vault in {name} is not a Fernet key.",
            "Restore the right key, or remove this one and sign in: sagerecon auth login",
        ) from None


def _cipher(keys: Sequence[str]) -> _Cipher:
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - see the module

    return MultiFernet([Fernet(key) for key in keys])


def _new_key() -> str:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - see the module

    return Fernet.generate_key().decode()
