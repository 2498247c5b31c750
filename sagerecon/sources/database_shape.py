"""Detect the columns of Parquet files and of the tables of SQLite databases, whose cells have types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.detected import Detected, Part, longest, no_part, which_part
from sagerecon.sources.files import source_error
from sagerecon.sources.headings import SAMPLE_ROWS, titled_columns


def detect_parquet(path: Path, file: SourceFile, _part: str) -> Detected:
    """Return how a Parquet file can be declared.

    Raises:
        SourceError: it cannot be read.
    """
    from sagerecon.sources.parquet_file import parquet_sample  # noqa: PLC0415 - few read Parquet

    titles, rows = parquet_sample(path, path.name, SAMPLE_ROWS)
    return Detected(replace(file, columns=titled_columns(titles, rows, Place(path.name))))


def detect_sqlite(path: Path, file: SourceFile, table: str) -> Detected:
    """Return how a table of a SQLite database can be declared: the named one, or that with most rows.

    Raises:
        SourceError: it cannot be read, or has no such table.
    """
    from sagerecon.sources.sqlite_file import sqlite_sample, sqlite_tables  # noqa: PLC0415 - few read databases

    place = Place(path.name)
    counts = sqlite_tables(path, path.name)
    if not counts:
        raise source_error(Finding(Code.EMPTY_FILE, place, "the database has no tables."))
    if table and table not in counts:
        raise no_part(Code.RECORDS_NOT_THERE, place, "the file is a database", table, list(counts))
    parts = [Part(name, rows) for name, rows in counts.items()]
    chosen = table or longest(parts).name
    titles, rows = sqlite_sample(path, path.name, chosen, SAMPLE_ROWS)
    several = () if table else which_part(place, "the database", parts, chosen)
    declared = replace(file, table=chosen, columns=titled_columns(titles, rows, place))
    return Detected(declared, tuple(counts), several)
