"""Detect the lists of an IIF file, and the columns of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.detected import Detected, Part, longest, no_part, which_part
from sagerecon.sources.files import source_error
from sagerecon.sources.headings import SAMPLE_ROWS, titled_columns
from sagerecon.sources.iif_file import TRANSACTION_LISTS, IifReader, count_lists
from sagerecon.sources.text_encoding import detect_encoding


def detect_iif(path: Path, file: SourceFile, part: str) -> Detected:
    """Return how a list of an IIF file can be declared: the named one, or that with most rows.

    Raises:
        SourceError: it cannot be read, or has no such list.
    """
    place = Place(path.name)
    encoding, findings = detect_encoding(path)
    file = replace(file, encoding=encoding)
    parts = [Part(name, rows) for name, rows in count_lists(path, path.name, encoding).items()]
    names = [each.name for each in parts]
    if not parts:
        raise source_error(Finding(Code.EMPTY_FILE, place, "the file has no list with columns."))
    if part and part.upper() not in names:
        raise no_part(Code.RECORDS_NOT_THERE, place, "the file has lists", part, names)
    chosen = part.upper() or longest(parts).name
    file = replace(file, records=(chosen,), encoding=encoding.removesuffix("-sig"))
    several = () if part else which_part(place, "the file", parts, chosen)
    rows: list[Sequence[object]] = []
    with IifReader(file).raw_rows(path, path.name) as found:
        rows = [cells for _, cells in islice(found, SAMPLE_ROWS + 1)]
    columns = titled_columns(rows[0] if rows else (), rows[1:], place)
    if chosen not in TRANSACTION_LISTS:
        columns = columns[1:]
    return Detected(replace(file, columns=columns), tuple(names), (*several, *findings))
