"""Finding source files and checking their format before they are read."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from sagerecon.files.found import files_found
from sagerecon.files.reading import open_bounded, require_file
from sagerecon.model.code import Code
from sagerecon.model.count import counted
from sagerecon.model.errors import SourceError
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.formats import FORMATS
from sagerecon.sources.not_read import WAYS_OUT, archive_kind

#: The first bytes of a file of old Office programs.
_OLE = b"\xd0\xcf\x11\xe0"

#: The first bytes of a zip archive.
_ZIP = b"PK\x03\x04"

#: Formats recognised by the first bytes of a file. White space and a byte-order mark are skipped.
_SIGNATURES = (
    (re.compile(rb"<!doctype html|<html|<head|<body", re.IGNORECASE), "a web page"),
    (re.compile(rb"<\?xml|<[a-z][\w:.-]*[\s/>]", re.IGNORECASE), "XML"),
    (re.compile(rb"\x00\x01\x00\x00Standard (?:Jet|ACE) DB"), "an Access database"),
    (re.compile(re.escape(_OLE)), "a workbook in the old .xls format"),
    (re.compile(rb"%PDF"), "a PDF"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"""[{\[]\s*["{\[]"""), "JSON"),
    (re.compile(rb"#FLAGGA\b", re.IGNORECASE), "SIE"),
    (re.compile(rb"PAR1"), "Parquet"),
    (re.compile(rb"SQLite format 3\0"), "a SQLite database"),
    (re.compile(rb"![A-Z]{2,20}\t"), "IIF"),
)
_SECTOR_SHIFTS = (9, 12)  #: of the size of a sector, 512 or 4,096 bytes
_DIRECTORY = 4_096  #: the bytes that are searched of its directory


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the data folder, and its name in places and messages."""

    path: Path
    name: str


#: Bytes from which the encoding is recognised, and the share of zero bytes in it.
_FEWEST, _MOSTLY = 4, 0.6

#: Files named in a sentence.
_EXAMPLES = 3


def source_error(finding: Finding) -> SourceError:
    """Return the error for a finding that stops the reading of a file."""
    return SourceError(f"{finding.place}: {finding.message}", finding.hint, (finding,))


def find_files(folder: Path, file: SourceFile, trusted: Collection[Path] = ()) -> list[FoundFile]:
    """Return the files of a table in the order of their names, or none if the table is optional.

    Args:
        trusted: the folders into which a link may lead, besides `folder`.

    Raises:
        SourceError: there is no such file, the folder cannot be read, or a file may not be read.
    """
    with file_errors(Place(str(folder))):
        root = folder.resolve()
        is_folder = root.is_dir()
    if not is_folder:
        raise source_error(
            Finding(
                Code.NO_FOLDER,
                Place(str(folder)),
                "the data folder does not exist, or is not a folder.",
                "Put the source's files there, or set 'data' in sagerecon.yaml to their folder.",
            )
        )
    paths, findings = files_found(root, file.path, file.path_place, (root, *trusted), SOURCE_FILE)
    if findings:
        raise SourceError(f"{findings[0].place}: {findings[0].message}", findings[0].hint, findings)
    if not paths and not file.optional:
        with file_errors(Place(file.path)):
            names = _names(root)
        # Names with the same extension are always somewhat alike.
        hint = suggestion(file.path, names, similarity=0.8) or f"The data folder is {folder}."
        raise source_error(Finding(Code.NO_FILE, Place(file.path), "the file does not exist.", hint))
    return [FoundFile(path, path.relative_to(root).as_posix()) for path in paths]


def require_format(path: Path, name: str, file_format: str) -> None:
    """Check by its first bytes that a file can be of the format.

    Raises:
        SourceError: it has another format, such as a web page saved as data.
    """
    kind = FORMATS[file_format]
    if kind.is_binary:
        require_content(path, name)
    found = content_kind(path, name)
    if found and found not in kind.signatures:
        raise source_error(
            Finding(
                Code.WRONG_FORMAT,
                Place(name, 1, 1),
                f"the file is {found}, not {kind.title}.",
                WAYS_OUT.get(found, ""),
            )
        )


def require_content(path: Path, name: str) -> None:
    """Check that a file is not empty.

    Raises:
        SourceError: it has no bytes.
    """
    with file_errors(Place(name)):
        if not path.stat().st_size:
            raise source_error(Finding(Code.EMPTY_FILE, Place(name), "the file is empty."))


#: The marks with which a text may begin; that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def content_kind(path: Path, name: str) -> str:
    """Return what a file is by its first bytes, as signatures of formats name it; empty for plain text.

    Raises:
        SourceError: it cannot be read, or is a workbook that is protected by a password.
    """
    with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
        head = stream.read(1024)
        is_locked = head.startswith(_OLE) and _has_password(stream, head)
        archive = archive_kind(stream, head) if head.startswith(_ZIP) else ""
    if is_locked:
        message = "the file is a workbook that is protected by a password."
        hint = "Save it without the password."
        raise source_error(Finding(Code.WRONG_FORMAT, Place(name, 1, 1), message, hint))
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return archive or next((what for sign, what in _SIGNATURES if sign.match(start)), "")


def marked_encoding(head: bytes) -> str:
    """Return the encoding that the byte-order mark of a file states; empty without one."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")


def text_codec(head: bytes, declared: str, name: str) -> str:
    """Return the codec that decodes a text file, which passes over its byte-order mark.

    Args:
        head: the first bytes of the file.
        declared: the declared encoding.

    Raises:
        SourceError: the file is in another encoding than declared, by its mark or by its bytes.
    """
    marked = marked_encoding(head)
    codec = codecs.lookup(declared).name
    if marked and not codec.startswith(marked):
        message = f"the file starts with a byte-order mark of {marked}, not {declared}."
        raise source_error(
            Finding(Code.NOT_IN_ENCODING, Place(name, 1, 1), message, f"Set encoding: {marked}.")
        )
    if not marked and (wide := wide_encoding(head, declared)):
        raise source_error(wide_finding(name, wide, declared))
    return "utf-8-sig" if codec == "utf-8" else marked.replace("utf-8", "utf-8-sig") or declared


def wide_encoding(head: bytes, declared: str) -> str:
    """Return the encoding of two or four bytes in which a text without a mark seems to be; empty if in none.

    In such an encoding a text in Latin letters has a zero byte beside nearly every other one.

    Args:
        head: the first bytes of the file, which has no mark.
        declared: the declared encoding.
    """
    declared = declared.lower().replace("_", "-")
    if len(head) < _FEWEST or declared in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        return ""
    blank = [head[start::4].count(0) / len(head[start::4]) for start in range(4)]
    zero = [share > _MOSTLY for share in blank]
    if zero == [False, True, True, True]:
        return "utf-32-le"
    if zero == [True, True, True, False]:
        return "utf-32-be"
    if zero == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if zero == [True, False, True, False] else ""


def other_encoding_hint(encoding: str) -> str:
    """Return the hint for a file that has a byte which is not valid in an encoding."""
    codec = codecs.lookup(encoding).name
    if codec.startswith(("utf-16", "utf-32")):
        return "Set encoding: utf-8."
    return f"Set the encoding of the file, such as encoding: {'cp850' if codec == 'cp1252' else 'cp1252'}."


def wide_finding(name: str, found: str, declared: str) -> Finding:
    """Return the finding for a text in an encoding that `wide_encoding` recognised."""
    message = f"the file is text in {found} without a byte-order mark, not {declared}."
    return Finding(Code.NOT_IN_ENCODING, Place(name, 1, 1), message, f"Set encoding: {found}.")


def _has_password(stream: BufferedReader, head: bytes) -> bool:
    """Return whether a file in the format of old Office programs holds a document with a password.

    Its directory, which names what it holds, begins in the sector with the number at byte 48. [MS-CFB] 2.2
    """
    shift, sector = int.from_bytes(head[30:32], "little"), int.from_bytes(head[48:52], "little")
    if shift not in _SECTOR_SHIFTS:
        return False
    stream.seek((sector + 1) << shift)
    return "EncryptedPackage".encode("utf-16-le") in stream.read(_DIRECTORY)


def sha256_of(path: Path, name: str) -> str:
    """Return the SHA-256 of the file's bytes, as 64 hex characters."""
    with file_errors(Place(name)), open_bounded(path, SOURCE_FILE) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_changed(
    folder: Path, frozen: Iterable[tuple[str, str]], trusted: Collection[Path] = ()
) -> Iterator[Finding]:
    """Yield a warning about the files of a snapshot that have other bytes now, and about those that are gone.

    Where none of the files is there, the project was moved without its data, and there is no warning.

    Args:
        folder: the data folder.
        frozen: the name of each file, and the SHA-256 of the bytes of which the snapshot was taken. Addresses
            of databases among them are left out.
        trusted: the folders into which a link may lead, besides `folder`.
    """
    files = [(name, sha256, folder / name) for name, sha256 in frozen if "://" not in name]
    within = (folder, *trusted)
    there = [(name, sha256, path) for name, sha256, path in files if _may_be_read(path, within)]
    if not there:
        return
    changed = [name for name, sha256, path in there if sha256_of(path, name) != sha256]
    known = {name for name, _, _ in there}
    gone = [name for name, _, _ in files if name not in known]
    for names, became in ((changed, "changed"), (gone, "removed")):
        if names:
            first, *others = names
            listed = f" ({', '.join(others[:_EXAMPLES])}{', ...' if len(others) > _EXAMPLES else ''})"
            besides = f", and {counted(len(others), 'other file')}{listed}, were" if others else " was"
            yield Finding(
                code=Code.CHANGED_SINCE_SNAPSHOT,
                place=Place(first),
                message=f"the file{besides} {became} after the snapshot was taken."
                " The records are those of the snapshot.",
                hint="To use the files as they are now: sagerecon snapshot",
                severity=Severity.WARNING,
            )


def empty_source_finding(place: Place, file: SourceFile, message: str) -> Finding:
    """Return the finding for a file without records: a warning for an optional table, otherwise an error."""
    if file.optional:
        return Finding(Code.EMPTY_SOURCE, place, message, severity=Severity.WARNING)
    return Finding(Code.EMPTY_SOURCE, place, message, "Set optional: true if the file may be empty.")


@contextmanager
def file_errors(place: Place) -> Iterator[None]:
    """Raise a SourceError at `place` for any operating-system error in the block."""
    try:
        yield
    except PermissionError as error:
        raise source_error(
            Finding(Code.UNREADABLE, place, "permission denied.", "Check the permissions of the file.")
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise source_error(Finding(Code.UNREADABLE, place, f"the file cannot be read: {reason}.")) from error


def _may_be_read(path: Path, folders: Collection[Path]) -> bool:
    """Return whether a file of a snapshot, which another person may have written, is still a source file."""
    try:
        require_file(path, folders, SOURCE_FILE)
    except OSError:
        return False
    return True


def _names(root: Path) -> Iterable[str]:
    """Return up to 1,000 names of the folder, for suggestions."""
    names: list[str] = []
    for number, path in enumerate(root.iterdir()):
        if number >= 1_000:
            break
        names.append(path.name)
    return names
