"""Detect the encoding of a text file that declares none."""

from __future__ import annotations

import codecs
import re
from itertools import islice
from pathlib import Path

from sagerecon.files.reading import open_bounded
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import SOURCE_FILE
from sagerecon.model.place import Place
from sagerecon.sources.detected import warning
from sagerecon.sources.files import file_errors

#: Bytes that are checked at a time.
_PIECE = 1 << 20

#: Encodings of files without a byte-order mark that are not UTF-8, the most usual first.
_LEGACY = ("cp1252", "cp850", "mac_roman")


def detect_encoding(path: Path) -> tuple[str, list[Finding]]:
    """Return the encoding of a text file, and a warning where the bytes alone do not tell it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    place = Place(path.name)
    with file_errors(place), open_bounded(path, SOURCE_FILE) as stream:
        head = stream.read(4096)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig", []
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", []
        if (wide := _wide_encoding(head)) is not None:
            return wide, []
        stream.seek(0)
        try:
            while piece := stream.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8", []
        stream.seek(0)
        sample = b"".join(line for line in islice(stream, 200_000) if not line.isascii())[:_PIECE]
    readings = {name: words for name in _LEGACY if (words := _words(sample, name))}
    if not readings:
        return "cp1252", []
    first, *others = readings
    shown = "; ".join(f"{name} reads {', '.join(words)}" for name, words in readings.items())
    message = f"the bytes are not UTF-8, and do not tell the encoding: {shown}. {first} is used."
    hint = f"Check the letters. If they are wrong, set encoding: {others[0]}." if others else ""
    return first, [warning(Code.AMBIGUOUS_FORM, place, message, hint)]


def _wide_encoding(head: bytes) -> str | None:
    """Return the form of UTF-16 in which every other byte of a text without a mark is zero, or None."""
    half = len(head) // 2
    if half and head[1::2].count(0) > half * 0.4:
        return "utf-16-le"
    return "utf-16-be" if half and head[0::2].count(0) > half * 0.4 else None


def _words(sample: bytes, encoding: str) -> list[str]:
    """Return words with other than ASCII letters as an encoding reads them; none where it cannot."""
    try:
        text = sample.decode(encoding)
    except UnicodeError:
        return []
    words = re.findall(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", text)
    return [f"'{word[:20]}'" for word in dict.fromkeys(words)][:3]
