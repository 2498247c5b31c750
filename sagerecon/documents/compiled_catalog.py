"""The documents of the catalog in compiled form: one JSON file in the user's cache folder.

Reading the YAML files of `specs/` and checking them takes half a second, too long for every command. The
compiled form is written only after they were found to have no errors. Its file is named after the hash of
all that it was made from, so that it is never out of date, and begins with the hash of its content, so that
damage is noticed. A file that is missing, damaged or may have been written by another user is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from sagerecon.documents.specs import SpecDocuments
from sagerecon.files.folders import UserFolder, make_private_folder, user_folder
from sagerecon.files.writing import write_bytes

#: Compiled forms that are kept: of the installed version and of a few states of a checkout.
MAX_KEPT = 5

#: A larger file is not one of ours; it has about 200,000 bytes.
MAX_BYTES = 10_000_000


def load_compiled(key: str) -> SpecDocuments | None:
    """Return the compiled documents, or None if there are none for this key that can be trusted."""
    try:
        content = _read_own(_path(key))
        digest, _, body = content.partition(b"\n")
        if digest.decode("ascii") != hashlib.sha256(body).hexdigest():
            return None
        document = json.loads(body)
        return SpecDocuments(document["api"], tuple(document["resources"]))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return None


def save_compiled(key: str, documents: SpecDocuments) -> None:
    """Write the compiled documents, if the cache folder can be written."""
    body = json.dumps({"api": documents.api, "resources": documents.resources}, ensure_ascii=False).encode()
    content = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
    with suppress(OSError, RuntimeError):
        path = _path(key)
        make_private_folder(path.parent)
        write_bytes(path, content)
        _delete_old(path.parent)


def cache_folder() -> Path:
    """Return the folder for files that can be made again, by the conventions of the operating system.

    Raises:
        RuntimeError: the user has no home folder.
    """
    return user_folder(UserFolder.CACHE)


def _path(key: str) -> Path:
    return cache_folder() / f"catalog-{key[:32]}.json"


def _read_own(path: Path) -> bytes:
    """Return the content of a regular file that only this user can have written.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, not a regular file, or other users may write it.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as stream:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_BYTES:
            raise ValueError("not a file of ours")
        if sys.platform != "win32" and (facts.st_uid != os.geteuid() or facts.st_mode & 0o022):
            raise ValueError("other users may have written it")
        return stream.read()


def _delete_old(folder: Path) -> None:
    found = sorted(folder.glob("catalog-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[MAX_KEPT:]:
        path.unlink(missing_ok=True)
