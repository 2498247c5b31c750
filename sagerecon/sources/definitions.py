"""The values of a `sources.yaml`: files with typed columns, datasets, controls and checks in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sagerecon.model.finding import Severity
from sagerecon.model.place import NOWHERE, Place
from sagerecon.sources.notation import PLAIN, Notation

#: Maximum number of digits before the decimal point. With 18, the common type of a column with 2 decimals
#: and one with 12 fits into DuckDB's 38 digits. For DECIMAL(38,2) and DECIMAL(38,6) DuckDB chooses
#: DECIMAL(38,2) and rounds without an error.
MAX_INTEGER_DIGITS = 18

#: A name that needs no quotes in SQL. Lower case only, because SQL does not distinguish `Id` from `id`.
NAME = re.compile(r"[a-z][a-z0-9_]*")

#: Maximum number of decimals of a column.
MAX_SCALE = 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: where its cells are, and the type of their values.

    `type` is one of text, integer, decimal, boolean, date, datetime, list. `path` holds the keys that
    lead to the value in a JSON record, and is empty for the item itself; for CSV and XLSX it holds the
    column's title in the header row.
    """

    name: str
    type: str
    path: tuple[str, ...]
    place: Place
    required: bool = False
    optional: bool = False  #: the column may be absent from the file
    scale: int = 2  #: number of decimals; a number with more is an error and is never rounded
    formats: tuple[str, ...] = ()  #: strptime formats of a date or datetime; empty means ISO 8601
    words: Mapping[str, bool] = field(default_factory=dict)  #: values of a boolean, in lower case
    number: int = 0  #: csv, xlsx: the position of the column from 1; 0: it is found by its title
    occurrence: int = 0  #: csv, xlsx: which of the columns of this title, from 1; 0: there is one
    fill_down: bool = False  #: csv, xlsx: whether a blank cell has the value of the one above it
    round: int | None = None  #: decimal: the decimals to which a longer number is rounded
    notation: Notation | None = None  #: None: as the file's
    columns: tuple[Column, ...] = ()  #: columns of the items of a list


@dataclass(frozen=True, slots=True)
class CellTest:
    """What must hold of one cell of a row, which is found by title, occurrence or number as in a `Column`."""

    title: str = ""
    number: int = 0
    occurrence: int = 0
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    is_blank: bool | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class RowRule:
    """A named condition for rows: all of its tests hold, or the row repeats the header row."""

    name: str
    tests: tuple[CellTest, ...] = ()
    is_header: bool = False
    is_blank: bool = False  #: `end`: the row is blank
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One table of the snapshot, and the file or files from which it is read."""

    name: str
    path: str  #: a path or a glob inside the data folder
    format: str  #: one of `FORMATS`
    columns: tuple[Column, ...]
    place: Place
    optional: bool = False  #: the file may be absent or empty
    records: tuple[str, ...] = ()  #: json: path to the list of records
    count: tuple[str, ...] = ()  #: json: path to the number of records that the file states
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    quote: str = '"'
    skip: int = 0  #: csv, xlsx: number of lines before the header row
    notation: Notation = PLAIN
    has_header: bool = True  #: csv, xlsx: whether a header row has the titles of the columns
    header: tuple[str, ...] = ()  #: csv, xlsx: titles by which the header row is found; empty: the first row
    start: RowRule | None = None  #: csv, xlsx: the row after which the table begins
    end: RowRule | None = None  #: csv, xlsx: the row before which the table ends
    keep: tuple[RowRule, ...] = ()  #: csv, xlsx: rows to read; empty: all
    pass_over: tuple[RowRule, ...] = ()  #: csv, xlsx: rows to leave unread
    short_rows: str = ""  #: csv: `pad`: cells that are missing at the end of a row are blank
    trailing_delimiter: bool = False  #: csv: rows may end in a delimiter
    merged: str = ""  #: xlsx: `fill`: merged cells all have the value of the first
    sheet: str = ""  #: xlsx: empty means the only sheet
    url: str = ""  #: of a database server; `path` is empty then
    password_env: str = ""  #: the environment variable that has its password
    table: str = ""  #: of a database; empty means that `query` is read
    query: str = ""  #: SQL for a database
    path_place: Place = NOWHERE  #: of `path` or `url`


@dataclass(frozen=True, slots=True)
class Query:
    """An SQL text and its place. With `is_block` the SQL starts on the line below `place`."""

    sql: str
    place: Place
    is_block: bool = False


@dataclass(frozen=True, slots=True)
class Dataset:
    """Records that SQL selects from the snapshot."""

    name: str
    about: str
    query: Query


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """One figure of a control: SQL that returns `bucket` and `amount`."""

    name: str
    about: str
    query: Query


@dataclass(frozen=True, slots=True)
class ControlQuery:
    """Figures that should agree, and SQL for the items that they are made of."""

    name: str
    about: str
    severity: Severity
    hint: str
    figures: tuple[FigureQuery, ...]
    items: Query | None
    place: Place


@dataclass(frozen=True, slots=True)
class CheckQuery:
    """A rule of the source data: SQL that returns `message` and `_origin` of each row that breaks it."""

    name: str
    severity: Severity
    hint: str
    query: Query


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that a `sources.yaml` defines."""

    file: str
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    controls: Mapping[str, ControlQuery] = field(default_factory=dict)
    checks: Mapping[str, CheckQuery] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()  #: the files and datasets that are declared with errors
    is_whole: bool = True  #: False where the file cannot be read, so that it may declare any other name
