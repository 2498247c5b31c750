"""Finding and opening a source file: what it is, before anybody reads it as what its name says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.document import suggestion
from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile

#: What the first bytes of a file say it really is. White space and a byte-order mark are passed over.
_SIGNATURES = (
    (re.compile(rb"<!doctype html|<html|<head|<body", re.IGNORECASE), "a web page"),
    (re.compile(rb"<\?xml|<[a-z][\w:.-]*[\s/>]", re.IGNORECASE), "XML"),
    (re.compile(rb"PK\x03\x04"), "a workbook or another zip archive"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "a workbook of the old .xls format"),
    (re.compile(rb"%PDF"), "a PDF"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"""[{\[]\s*["{\[]"""), "JSON"),
)
_WORDS = {"json": "JSON", "csv": "CSV", "xlsx": "an XLSX workbook"}
_OWN_SIGNATURE = {"json": "JSON", "csv": "", "xlsx": "a workbook or another zip archive"}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the data folder, under the name that places use."""

    path: Path
    name: str


def source_error(finding: Finding) -> SourceError:
    """The error for a file that cannot be read at all."""
    return SourceError(f"{finding.place}: {finding.message}", finding.hint, (finding,))


def find_files(folder: Path, file: SourceFile) -> list[FoundFile]:
    """The files of a table in the order of their names; none only where the table is optional.

    Raises:
        SourceError: there is no such file, the folder cannot be read, or a link leads out of it.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise source_error(
            Finding(Code.NO_FOLDER, Place(str(folder)), "there is no such folder.", "Check the data folder.")
        )
    with file_errors(Place(file.path)):
        names = _names(root)
        if any(mark in file.path for mark in "*?["):
            paths = sorted(path for path in root.glob(file.path) if path.is_file())
        else:
            paths = [root / file.path] if (root / file.path).is_file() else []
    if not paths and not file.optional:
        hint = suggestion(file.path, names) or f"The data folder is {folder}."
        raise source_error(Finding(Code.NO_FILE, Place(file.path), "there is no such file.", hint))
    for path in paths:
        if not path.resolve().is_relative_to(root):
            place = Place(path.relative_to(root).as_posix())
            raise source_error(Finding(Code.OUTSIDE_FOLDER, place, "the link leads out of the data folder."))
    return [FoundFile(path, path.relative_to(root).as_posix()) for path in paths]


def require_format(path: Path, name: str, form: str) -> None:
    """Return only if the file may be of `form` by its first bytes.

    Raises:
        SourceError: it is something else, such as a web page saved as data.
    """
    with file_errors(Place(name)), path.open("rb") as stream:
        head = stream.read(1024)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = next((what for sign, what in _SIGNATURES if sign.match(start)), "")
    if found and found != _OWN_SIGNATURE[form]:
        raise source_error(
            Finding(
                Code.WRONG_FORMAT,
                Place(name, 1, 1),
                f"this is {found}, not {_WORDS[form]}.",
                "Was an error page saved in place of the export?" if found in ("a web page", "XML") else "",
            )
        )


def sha256_of(path: Path, name: str) -> str:
    """The SHA-256 of the file's bytes, as 64 hex characters."""
    with file_errors(Place(name)), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def empty_source_finding(place: Place, file: SourceFile, message: str) -> Finding:
    """A file without records: worth a look where the table may be empty, else an error."""
    if file.optional:
        return Finding(Code.EMPTY_SOURCE, place, message, severity=Severity.WARNING)
    return Finding(Code.EMPTY_SOURCE, place, message, "Say optional: true if that can be.")


@contextmanager
def file_errors(place: Place) -> Iterator[None]:
    """Turns what the system says about a file into a SourceError, once, here."""
    try:
        yield
    except PermissionError as error:
        raise source_error(
            Finding(Code.UNREADABLE, place, "we are not allowed to read it.", "Check its permissions.")
        ) from error
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise source_error(Finding(Code.UNREADABLE, place, f"it cannot be read: {words}.")) from error


def _names(root: Path) -> Iterable[str]:
    """Some names to suggest; a huge folder is not listed whole."""
    names: list[str] = []
    for number, path in enumerate(root.iterdir()):
        if number >= 1_000:
            break
        names.append(path.name)
    return names
