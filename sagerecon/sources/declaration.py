"""What `sources.yaml` declares: files with typed columns, datasets in SQL, control totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: where its cell stands, and what sort of value it must be.

    `type` is one of text, integer, decimal, boolean, date, datetime, list. `path` leads to the value
    in a JSON record; in CSV and XLSX it is the one heading of the column.
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
class Sources:
    """A whole `sources.yaml`."""

    file: str
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    controls: Mapping[str, ControlQuery] = field(default_factory=dict)


def read_sources(text: str, file: str, schema: Mapping[str, Any]) -> tuple[Sources, list[Finding]]:
    """What a `sources.yaml` declares, and everything that is wrong with it.

    `schema` is `specs/schemas/sources.schema.json`. With findings of severity error the value is empty.
    """
    raise NotImplementedError
