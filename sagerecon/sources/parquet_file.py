"""Reading Parquet files into typed rows, with DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import DATABASE_SECONDS, WORKBOOK_COLUMNS
from sagerecon.model.place import Place
from sagerecon.sources.bounded import BoundedConnection, SqlError
from sagerecon.sources.database import error_summary, open_for_file, quote_identifier
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.files import require_format, source_error
from sagerecon.sources.flat_table import FlatFormat, RawRow, flat_rows
from sagerecon.sources.rows import ReadItem
from sagerecon.sources.typed_cells import typed_converter, with_singles

_FORMAT = FlatFormat(typed_converter, "the file", are_short_rows_padded=False, are_blank_rows_read=True)

#: Rows that are fetched at a time.
_ROWS = 1_000

#: A column with a zone, whose values DuckDB's Python binding gives only with the help of another package.
_ZONED = "TIMESTAMP WITH TIME ZONE"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: A column of floats of 32 bits.
_SINGLE = "FLOAT"


class ParquetReader:
    """Reads the Parquet files of one table."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def rows(self, path: Path, name: str) -> Iterator[ReadItem]:
        """Yield the rows of one file in its order, and a finding for each error in them.

        Raises:
            SourceError: the file cannot be read, or is not Parquet.
        """
        require_format(path, name, "parquet")
        with _parquet_errors(name), closing(open_for_file(path, DATABASE_SECONDS.most)) as connection:
            declared = {column.path[0] for column in self._file.columns if column.path}
            rows = _raw_rows(connection, path, name, declared)
            yield from flat_rows(rows, self._file, name, _FORMAT)

    def finish(self) -> Iterator[Finding]:
        """Yield nothing: the columns of the file have already shown which are missing."""
        return iter(())


def parquet_sample(path: Path, name: str, rows: int) -> tuple[tuple[str, ...], list[Sequence[object]]]:
    """Return the names of the columns, and the cells of the first rows.

    Raises:
        SourceError: the file cannot be read, or is not Parquet.
    """
    with _parquet_errors(name), closing(open_for_file(path, DATABASE_SECONDS.most)) as connection:
        found = _raw_rows(connection, path, name, None)
        titles = tuple(str(title) for title in next(found)[1])
        return titles, [cells for _, cells in islice(found, rows)]


def _raw_rows(
    connection: BoundedConnection, path: Path, name: str, declared: Collection[str] | None
) -> Iterator[RawRow]:
    """Yield the names of the columns, then the rows, numbered from 1; of undeclared columns no value.

    Args:
        declared: the names of the columns that are read; None for all.
    """
    source = {"path": str(path)}
    with closing(connection.query("SELECT * FROM read_parquet($path) LIMIT 0", source)) as query:
        columns = {title: str(kind) for title, kind in query.description}
    if len(columns) > WORKBOOK_COLUMNS.most:
        message = f"the file has {len(columns):,} columns; {WORKBOOK_COLUMNS.sentence}."
        raise source_error(Finding(Code.TOO_LONG, Place(name), message))
    yield 0, tuple(columns)
    picked = [
        _value_of(title, kind) if declared is None or title in declared else "NULL"
        for title, kind in columns.items()
    ]
    zoned = [number for number, kind in enumerate(columns.values()) if kind == _ZONED]
    singles = {number for number, kind in enumerate(columns.values()) if kind == _SINGLE}
    sql = f"SELECT {', '.join(picked)} FROM read_parquet($path)"  # noqa: S608 - quoted identifiers
    with closing(connection.query(sql, source)) as query:
        line = 0
        while rows := query.fetch(_ROWS):
            for line, cells in enumerate(rows, start=line + 1):  # noqa: B020 - the numbers go on
                zoned_cells = _with_zones(cells, zoned) if zoned else cells
                yield line, with_singles(zoned_cells, singles) if singles else zoned_cells


def _value_of(title: str, kind: str) -> str:
    """Return the SQL of a cell. An endless time, which has no count, gets one that is out of range."""
    name = quote_identifier(title)
    if kind != _ZONED:
        return name
    return f"CASE WHEN isinf({name}) THEN {2**63 - 1} ELSE epoch_us({name}) END"


def _with_zones(cells: tuple[object, ...], zoned: list[int]) -> tuple[object, ...]:
    """Return the cells of a row with its times in UTC, which are counted in microseconds."""
    values = list(cells)
    for number in zoned:
        if isinstance(micros := values[number], int):
            values[number] = _EPOCH + timedelta(microseconds=micros)
    return tuple(values)


@contextmanager
def _parquet_errors(name: str) -> Iterator[None]:
    """Raise a SourceError for whatever DuckDB finds wrong in the block."""
    try:
        yield
    except (SqlError, OverflowError) as error:
        text = error_summary(error) if isinstance(error, SqlError) else "a time is out of range"
        message = f"the Parquet file cannot be read: {text}."
        raise source_error(Finding(Code.DATABASE_ERROR, Place(name), message)) from error
