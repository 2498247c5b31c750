"""The key that encrypts the vault, from a file or from the environment.

`cryptography` is imported when something is encrypted or decrypted: most commands open the store and need
no token.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from sagerecon.files.writing import write_first
from sagerecon.model.errors import StoreError

#: The environment variable that may hold the key instead of its file.
KEY_VARIABLE = "SAGERECON_VAULT_KEY"


class _Cipher(Protocol):
    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, token: bytes) -> bytes: ...


class VaultKey:
    """The key in `SAGERECON_VAULT_KEY`, or otherwise in `file` if one is named."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @property
    def source(self) -> str:
        """The name of the variable or the path of the file."""
        if os.environ.get(KEY_VARIABLE) or self._file is None:
            return KEY_VARIABLE
        return str(self._file)

    def encrypt(self, plain: str) -> str:
        """Encrypt a text. The key is created if there is none.

        Raises:
            StoreError: the key cannot be created or read, or other users may read it.
        """
        return self._cipher(may_create=True).encrypt(plain.encode()).decode()

    def decrypt(self, sealed: str) -> str:
        """Decrypt a text that `encrypt` returned.

        Raises:
            StoreError: the key is missing or cannot be read, other users may read it, or the text was
                encrypted with another key.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see the module

        try:
            return self._cipher(may_create=False).decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise StoreError(
                "The tokens in the store were encrypted with another key.",
                f"Restore the key in {self.source}, or sign in: sagerecon auth login",
            ) from None

    def _cipher(self, *, may_create: bool) -> _Cipher:
        from cryptography.fernet import Fernet  # noqa: PLC0415 - see the module

        key = os.environ.get(KEY_VARIABLE, "")
        if not key and self._file is not None:
            key = _read_key(self._file, may_create=may_create)
        if not key:
            raise StoreError("The vault has no key.", f"Set the environment variable {KEY_VARIABLE}.")
        try:
            return Fernet(key)
        except ValueError:
            raise StoreError(
                f"The key of the vault in {self.source} is not a Fernet key.",
                "Restore the right key, or remove this one and sign in: sagerecon auth login",
            ) from None


def _read_key(path: Path, *, may_create: bool) -> str:
    """Return the key in the file, which is created where it is absent and `may_create` is true.

    Raises:
        StoreError: the file is absent, cannot be read, or other users may read it.
    """
    try:
        if not path.exists():
            if not may_create:
                raise StoreError(
                    f"The key of the vault is missing: {path}.",
                    "Restore the file, or sign in: sagerecon auth login",
                )
            _create_key(path)
        if path.stat().st_mode & 0o077:
            raise StoreError(f"Other users may read the key of the vault: {path}.", f"Run: chmod 600 {path}")
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise StoreError(
            f"The key of the vault cannot be read: {path}: {error.strerror}.",
            "Check the permissions of the file and its folder.",
        ) from error


def _create_key(path: Path) -> None:
    """Write a new key in one step; of two processes that do so at once, the first wins."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 - see the module

    write_first(path, Fernet.generate_key() + b"\n")
