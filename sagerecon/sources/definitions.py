"""The values of a `sources.yaml`: files with typed columns, datasets in SQL, control totals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sagerecon.model.finding import Severity
from sagerecon.model.place import Place

#: Digits before the point. With 18, the common type of a 2-decimal and a 12-decimal column still fits
#: DuckDB's 38 digits; of DECIMAL(38,2) and DECIMAL(38,6) it takes DECIMAL(38,2) and rounds in silence.
MAX_INTEGER_DIGITS = 18

#: A name that SQL takes without quotes. Lower case only: SQL does not tell `Id` from `id`.
NAME = re.compile(r"[a-z][a-z0-9_]*")

#: Decimals a column may keep at most.
MAX_SCALE = 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: where its cell stands, and what sort of value it must be.

    `type` is one of text, integer, decimal, boolean, date, datetime, list. `path` leads to the value
    in a JSON record, and is empty for the item itself; in CSV and XLSX it is the column's heading.
    """

    name: str
    type: str
    path: tuple[str, ...]
    place: Place
    required: bool = False
    optional: bool = False  #: the file need not have it at all
    scale: int = 2  #: decimals kept; a finer number is a fault, never rounded
    formats: tuple[str, ...] = ()  #: of a date or datetime, as strptime; empty means ISO 8601
    words: Mapping[str, bool] = field(default_factory=dict)  #: of a boolean, in lower case
    columns: tuple[Column, ...] = ()  #: of a list's items


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One table of the snapshot, and the file or files it is read from."""

    name: str
    path: str  #: a file or a glob inside the data folder
    format: str  #: json, csv, xlsx
    columns: tuple[Column, ...]
    place: Place
    optional: bool = False  #: may be absent or empty
    records: tuple[str, ...] = ()  #: json: path to the list
    count: tuple[str, ...] = ()  #: json: path to the number of records the file says it holds
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    quote: str = '"'
    skip: int = 0  #: csv, xlsx: lines before the heading
    decimal: str = "."
    thousands: str = ""
    sheet: str = ""  #: xlsx: empty means the only sheet


@dataclass(frozen=True, slots=True)
class Query:
    """An SQL text and where it stands; `is_block` says that its lines are the lines below `place`."""

    sql: str
    place: Place
    is_block: bool = False


@dataclass(frozen=True, slots=True)
class Dataset:
    """Records shaped from the snapshot by SQL."""

    name: str
    about: str
    query: Query


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """One way of taking a control total: SQL giving `bucket` and `amount`."""

    name: str
    about: str
    query: Query


@dataclass(frozen=True, slots=True)
class ControlQuery:
    """Figures that ought to agree, and SQL for the records they are made of."""

    name: str
    about: str
    severity: Severity
    hint: str
    figures: tuple[FigureQuery, ...]
    items: Query | None
    place: Place


@dataclass(frozen=True, slots=True)
class CheckQuery:
    """A rule of the source itself: SQL giving `message` and `_origin` of each row that breaks it."""

    name: str
    severity: Severity
    hint: str
    query: Query


@dataclass(frozen=True, slots=True)
class Sources:
    """A whole `sources.yaml`."""

    file: str
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    controls: Mapping[str, ControlQuery] = field(default_factory=dict)
    checks: Mapping[str, CheckQuery] = field(default_factory=dict)
