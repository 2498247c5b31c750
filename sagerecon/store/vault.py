"""Keeps tokens encrypted, and lets one process at a time refresh them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace

from sqlalchemy import bindparam, delete, select, update

from sagerecon.model.clock import SECOND, Clock
from sagerecon.model.errors import AuthorizationError, StoreError
from sagerecon.model.tokens import Tokens
from sagerecon.store.database import Database, DiskFullError, Transaction, Values, prepared, upsert
from sagerecon.store.disk import Disk
from sagerecon.store.process import is_alive, this_process
from sagerecon.store.tables import GRANTS
from sagerecon.store.vault_key import SIGN_IN, VaultKey

#: How long a lease is valid before its holder has sent the refresh, and after it has sent it.
LEASE = 10 * SECOND
LEASE_WHEN_SENT = 75 * SECOND

#: By how much the clock of a holder on another machine may be ahead. A lease that ends later is nobody's.
_CLOCKS_APART = 60 * SECOND

#: The pause between two attempts to get the lease. It is in real seconds, because a virtual clock would run
#: past the lease of the other process at once.
RETRY_SECONDS = 0.02

_GET = prepared("get_grant", select(GRANTS).where(GRANTS.c.name == bindparam("name")).with_for_update())
_GET_ALL = prepared("get_grants", select(GRANTS).order_by(GRANTS.c.name).with_for_update())
_KEEP = upsert("keep_grant", GRANTS)
_RESEAL = prepared(
    "reseal_grant",
    update(GRANTS).where(GRANTS.c.name == bindparam("grant")).values(sealed=bindparam("again")),
)
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
_FORGET = prepared(
    "forget_grant",
    delete(GRANTS).where(GRANTS.c.name == bindparam("grant"), GRANTS.c.generation == bindparam("ours")),
)

#: Statements that can be replayed from the file of unsaved statements.
REPLAYABLE = (_KEEP,)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where tokens belong. It is encrypted with them, so that they are used nowhere else."""

    issuer: str  #: the address of Sage, or of the sandbox, that issued them
    store: str  #: the identity of the store that they were saved in


class SealedVault:
    """Keeps the tokens of each grant; satisfies `sage.tokens.Vault`, which documents its methods."""

    def __init__(
        self, database: Database, disk: Disk | None, key: VaultKey, clock: Clock, origin: Origin
    ) -> None:
        self._database = database
        self._disk = disk
        self._key = key
        self._clock = clock
        self._origin = origin
        self._leases = 0

    def load(self, grant: str) -> Tokens | None:
        """Return the newest tokens, or None.

        Raises:
            AuthorizationError: the key of the vault is missing, or is not the one they were encrypted with;
                or another address issued them.
            StoreError: the key of the vault cannot be read.
        """
        with self._database.reading() as transaction:
            row = transaction.one(_GET, {"name": grant})
        if row is None:
            return None
        tokens = _read(self._key.decrypt(str(row.sealed)), self._origin)
        return replace(tokens, generation=row.generation, refresh_sent_at=row.refresh_sent_at)

    def require_key(self) -> None:
        """Check the key before a sign-in, whose tokens would be lost if they could not be encrypted.

        Raises:
            StoreError: the key is damaged or cannot be read, or other users may read it.
        """
        self._key.require_usable()

    @contextmanager
    def refresh_lease(self, grant: str, generation: int) -> Iterator[bool]:
        self._leases += 1
        # Two threads of one process are two holders.
        holder = f"{this_process()}/{id(self)}.{self._leases}"
        while (ours := self._try_lease(grant, generation, holder)) is None:
            time.sleep(RETRY_SECONDS)
        try:
            yield ours
        finally:
            if ours:
                with self._database.writing() as transaction:
                    transaction.run(_RELEASE, {"grant": grant, "holder": holder})

    def mark_refresh_sent(self, grant: str, generation: int) -> bool:
        now = self._clock.now()
        values: Values = {"grant": grant, "ours": generation, "moment": now, "until": now + LEASE_WHEN_SENT}
        with self._database.writing() as transaction:
            return transaction.run(_SENT, values) == 1

    def save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        """Replace the tokens; on a full disk, with the help of the ballast or of a file beside the store.

        Raises:
            StoreError: another generation replaced `generation` before; nothing was changed.
            DiskFullError: no space was left, neither in the store nor beside it.
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
                "The new tokens could not be saved: the disk is full.",
                "Free some space, then sign in: sagerecon auth login",
            )
        return saved

    def forget(self, grant: str, generation: int) -> bool:
        with self._database.writing() as transaction:
            return transaction.run(_FORGET, {"grant": grant, "ours": generation}) == 1

    def rotate_key(self) -> str:
        """Encrypt the tokens with a new key, and return where it is kept.

        Interrupted anywhere, it leaves tokens that can be decrypted.

        Raises:
            AuthorizationError: there is no sign-in, or its key is missing.
            StoreError: the new key cannot be kept, or is in the environment, which only the user can change.
        """
        with self._database.writing() as transaction:
            rows = transaction.rows(_GET_ALL, {})
            if not rows:
                raise AuthorizationError("Not signed in.", "Run: sagerecon auth login")
            plain = {row.name: self._key.decrypt_any(str(row.sealed)) for row in rows}
            self._key.add_new()
            for name, text in plain.items():
                transaction.run(_RESEAL, {"grant": name, "again": self._key.encrypt(text)})
        self._key.drop_old()
        return self._key.where()

    def _save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        with self._database.writing() as transaction:
            newest = self._generation(transaction, grant)
            if generation is not None and newest != generation:
                raise StoreError(
                    "Another process has saved newer tokens in the meantime.", "Run the same command again."
                )
            saved = replace(tokens, generation=(newest or 0) + 1, refresh_sent_at=0)
            transaction.run(_KEEP, self._values(grant, saved))
        return saved

    def _values(self, grant: str, tokens: Tokens) -> dict[str, str | int]:
        sealed = self._key.encrypt(json.dumps({**asdict(self._origin), "tokens": asdict(tokens)}))
        values: dict[str, str | int] = {"name": grant, "generation": tokens.generation, "sealed": sealed}
        return {**values, "refresh_sent_at": 0, "lease_holder": "", "lease_until": 0}

    def _generation(self, transaction: Transaction, grant: str) -> int | None:
        row = transaction.one(_GET, {"name": grant})
        return None if row is None else int(row.generation)

    def _try_lease(self, grant: str, generation: int, holder: str) -> bool | None:
        """Return True with the lease, False where the tokens are newer, None while another holder has it."""
        now = self._clock.now()
        with self._database.writing() as transaction:
            row = transaction.one(_GET, {"name": grant})
            if row is None or row.generation != generation:
                return False
            if (
                row.lease_holder
                and now < row.lease_until <= now + LEASE_WHEN_SENT + _CLOCKS_APART
                and is_alive(_process(row.lease_holder)) is not False
            ):
                return None
            values: Values = {"grant": grant, "ours": generation, "holder": holder, "until": now + LEASE}
            transaction.run(_LEASE, values)
        return True


def _read(text: str, origin: Origin) -> Tokens:
    """Return the tokens in a decrypted text.

    Raises:
        AuthorizationError: another address issued them, they were saved in another store, or an earlier
            version saved them, which did not record the address.
    """
    try:
        document = json.loads(text)
        issuer, store = document["issuer"], document["store"]
        tokens = Tokens(**document["tokens"])
    except (ValueError, TypeError, KeyError):
        raise AuthorizationError(
            "The sign-in was saved by another version of sagerecon, which did not record the address of its"
            " Sage. Nothing was sent.",
            SIGN_IN,
        ) from None
    if issuer != origin.issuer:
        raise AuthorizationError(
            f"The sign-in is for {issuer}, and this project's Sage is {origin.issuer}. Nothing was sent.",
            f"{SIGN_IN}. Or correct sage.address in sagerecon.yaml.",
        )
    if store != origin.store:
        raise AuthorizationError("The sign-in was copied from another store. Nothing was sent.", SIGN_IN)
    return tokens


def _process(holder: str) -> str:
    return holder.rpartition("/")[0]
