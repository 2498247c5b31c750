"""The values of a `sources.yaml`: files with typed columns, datasets, controls and checks in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sagerecon.model.finding import Severity
from sagerecon.model.place import NOWHERE, Place

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
    columns: tuple[Column, ...] = ()  #: columns of the items of a list


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
    decimal: str = "."
    thousands: str = ""
    sheet: str = ""  #: xlsx: empty means the only sheet
    path_place: Place = NOWHERE  #: of `path`


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
