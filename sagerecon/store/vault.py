"""Tokens, encrypted at rest; one refresh at a time over all processes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import bindparam, delete, select, update

from sagerecon.model.clock import SECOND, Clock
from sagerecon.model.errors import StoreError
from sagerecon.model.tokens import Tokens
from sagerecon.store.database import Database, DiskFullError, Transaction, Values, prepared, upsert
from sagerecon.store.disk import Disk
from sagerecon.store.process import is_alive, this_process
from sagerecon.store.tables import GRANTS

#: Where the key of the vault may stand instead of in its file.
KEY_VARIABLE = "SAGERECON_VAULT_KEY"

#: A holder that has not sent its refresh by then has died; once it has, its answer may take this much longer.
LEASE = 10 * SECOND
LEASE_WHEN_SENT = 75 * SECOND

#: How often a waiting worker looks. Real seconds: it waits for another process, not for time to pass, and
#: a virtual clock would run past the other's lease in an instant.
LOOK_AGAIN_SECONDS = 0.02

_GET = prepared("get_grant", select(GRANTS).where(GRANTS.c.name == bindparam("name")).with_for_update())
_KEEP = upsert("keep_grant", GRANTS)
_LEASE = prepared(
    "lease_grant",
    update(GRANTS)
    .where(GRANTS.c.name == bindparam("grant"), GRANTS.c.generation == bindparam("ours"))
    .values(lease_holder=bindparam("holder"), lease_until=bindparam("until")),
)
_RELEASE = prepared(
    "release_grant",
    update(GRANTS)
    .where(GRANTS.c.name == bindparam("grant"), GRANTS.c.lease_holder == bindparam("holder"))
    .values(lease_holder="", lease_until=0),
)
_SENT = prepared(
    "refresh_sent",
    update(GRANTS)
    .where(GRANTS.c.name == bindparam("grant"), GRANTS.c.generation == bindparam("ours"))
    .values(refresh_sent_at=bindparam("moment"), lease_until=bindparam("until")),
)
_FORGET = prepared("forget_grant", delete(GRANTS).where(GRANTS.c.name == bindparam("grant")))

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (_KEEP,)


class SealedVault:
    """Keeps the tokens of each grant; satisfies `sage.tokens.Vault` without knowing it."""

    def __init__(self, database: Database, disk: Disk | None, key_file: Path | None, clock: Clock) -> None:
        self._database = database
        self._disk = disk
        self._key_file = key_file
        self._clock = clock
        self._leases = 0

    def load(self, grant: str) -> Tokens | None:
        """The newest tokens with their generation, or None where nobody has signed in.

        Raises:
            StoreError: the key of the vault is not the one they were sealed with.
        """
        with self._database.reading() as transaction:
            row = transaction.one(_GET, {"name": grant})
        if row is None:
            return None
        try:
            document = json.loads(self._seal(may_make=False).decrypt(row.sealed.encode()))
        except InvalidToken:
            raise StoreError(
                "The tokens in the store were sealed with another key.",
                f"Put the key back ({self._key_file or KEY_VARIABLE}), or sign in again.",
            ) from None
        return replace(Tokens(**document), generation=row.generation, refresh_sent_at=row.refresh_sent_at)

    @contextmanager
    def refresh_lease(self, grant: str, generation: int) -> Iterator[bool]:
        """A lease on refreshing the grant; waits while another worker holds it.

        Gives True where `generation` is still the newest, so that it is for us to refresh, else False.
        """
        self._leases += 1
        # Two threads of one process are two holders.
        holder = f"{this_process()}/{id(self)}.{self._leases}"
        while (ours := self._try_lease(grant, generation, holder)) is None:
            time.sleep(LOOK_AGAIN_SECONDS)
        try:
            yield ours
        finally:
            if ours:
                with self._database.writing() as transaction:
                    transaction.run(_RELEASE, {"grant": grant, "holder": holder})

    def mark_refresh_sent(self, grant: str, generation: int) -> None:
        """Note durably, before the bytes leave, that this generation's refresh token is being used."""
        now = self._clock.now()
        values: Values = {"grant": grant, "ours": generation, "moment": now, "until": now + LEASE_WHEN_SENT}
        with self._database.writing() as transaction:
            transaction.run(_SENT, values)

    def save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        """Store `tokens` durably in place of `generation` and give them with their own, one higher.

        None for a new sign-in, which replaces whatever stands.

        Raises:
            StoreError: another generation stands there by now and nothing was changed; or no room was left
                even for this, neither in the store nor beside it.
        """
        try:
            return self._save(grant, tokens, generation)
        except DiskFullError:
            if self._disk is None:
                raise
        if self._disk.drop_ballast():
            with suppress(DiskFullError):
                return self._save(grant, tokens, generation)
        saved = replace(tokens, generation=(generation or 0) + 1, refresh_sent_at=0)
        if not self._disk.save_aside([(_KEEP.name, self._values(grant, saved))]):
            raise DiskFullError(
                "New tokens could not be kept: the disk is full.", "Make room, then sign in again."
            )
        return saved

    def forget(self, grant: str) -> None:
        """Drop the grant: it was revoked, or Sage has refused its refresh token."""
        with self._database.writing() as transaction:
            transaction.run(_FORGET, {"grant": grant})

    def _save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        with self._database.writing() as transaction:
            stands = self._generation(transaction, grant)
            if generation is not None and stands != generation:
                raise StoreError("Another worker has stored newer tokens.")
            saved = replace(tokens, generation=(stands or 0) + 1, refresh_sent_at=0)
            transaction.run(_KEEP, self._values(grant, saved))
        return saved

    def _values(self, grant: str, tokens: Tokens) -> dict[str, str | int]:
        sealed = self._seal(may_make=True).encrypt(json.dumps(asdict(tokens)).encode()).decode()
        values: dict[str, str | int] = {"name": grant, "generation": tokens.generation, "sealed": sealed}
        return {**values, "refresh_sent_at": 0, "lease_holder": "", "lease_until": 0}

    def _generation(self, transaction: Transaction, grant: str) -> int | None:
        row = transaction.one(_GET, {"name": grant})
        return None if row is None else int(row.generation)

    def _try_lease(self, grant: str, generation: int, holder: str) -> bool | None:
        """True with the lease, False where the tokens are newer, None while another holds it."""
        now = self._clock.now()
        with self._database.writing() as transaction:
            row = transaction.one(_GET, {"name": grant})
            if row is None or row.generation != generation:
                return False
            if (
                row.lease_holder
                and row.lease_until > now
                and is_alive(_process(row.lease_holder)) is not False
            ):
                return None
            values: Values = {"grant": grant, "ours": generation, "holder": holder, "until": now + LEASE}
            transaction.run(_LEASE, values)
        return True

    def _seal(self, *, may_make: bool) -> Fernet:
        key = os.environ.get(KEY_VARIABLE, "")
        if not key and self._key_file is not None:
            key = read_key(self._key_file, may_make=may_make)
        if not key:
            raise StoreError("The vault has no key.", f"Set {KEY_VARIABLE}, or name a key file.")
        try:
            return Fernet(key)
        except ValueError:
            raise StoreError("The key of the vault is not a Fernet key.", "Put the right one back.") from None


def read_key(path: Path, *, may_make: bool) -> str:
    """The key in the file, made where there is none and one may be made.

    Raises:
        StoreError: there is none, it cannot be read, or others may read it.
    """
    try:
        if not path.exists():
            if not may_make:
                raise StoreError(f"The key of the vault is gone: {path}.", "Put it back, or sign in again.")
            _make_key(path)
        if path.stat().st_mode & 0o077:
            raise StoreError(f"Others may read the key of the vault: {path}.", f"chmod 600 {path}")
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise StoreError(f"The key of the vault cannot be read: {path}: {error.strerror}.") from error


def _make_key(path: Path) -> None:
    """Write a key that is whole or not there; of two that make one at once, the first wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, Fernet.generate_key() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _process(holder: str) -> str:
    return holder.rpartition("/")[0]
