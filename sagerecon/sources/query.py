"""SQL of a `sources.yaml`, proven to be one SELECT and joined with the datasets it names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from sagerecon.model.code import Code
from sagerecon.model.document import suggestion
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.type import Columns, Type
from sagerecon.model.value import Scalar
from sagerecon.sources.database import error_summary, quote_identifier, type_of
from sagerecon.sources.definitions import Query, Sources

_LINE = re.compile(r"^LINE (\d+): (.*)\n( *)\^", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """One query by itself."""

    query: Query
    sql: str  #: without a closing semicolon
    parameters: frozenset[str]
    names: frozenset[str]  #: tables it reads, its own WITH names left out


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query that can be run: the SQL of the datasets it names stands before it in a WITH."""

    query: Query
    sql: str
    values: Mapping[str, Scalar]  #: only the parameters that the SQL names
    columns: Columns
    first_line: int  #: the line of `sql` on which the query's own text starts


class QueryCompiler:
    """Compiles queries against the tables of one connection, which are empty: only shapes matter."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, sources: Sources, parameters: Mapping[str, Scalar]
    ) -> None:
        self._connection = connection
        self._parameters = parameters
        self._tables = frozenset(sources.files)
        self._parsed: dict[str, ParsedQuery] = {}
        self._compiled: dict[str, CompiledQuery | None] = {}
        self.findings: list[Finding] = []
        for name, dataset in sources.datasets.items():
            if (parsed := self._parse(dataset.query)) is not None:
                self._parsed[name] = parsed
        #: Names that mean a dataset in SQL; where a file has the same name, the file is meant.
        self._datasets = frozenset(sources.datasets) - self._tables
        self._report_cycles()

    def dataset(self, name: str) -> CompiledQuery | None:
        """The dataset, or None with the reason among the findings, where it is told once."""
        if name not in self._compiled:
            parsed = self._parsed.get(name)
            self._compiled[name] = None if parsed is None else self._compile(parsed)
        return self._compiled[name]

    def query(self, query: Query) -> CompiledQuery | None:
        """Any other query, such as a control's."""
        parsed = self._parse(query)
        return None if parsed is None else self._compile(parsed)

    def _parse(self, query: Query) -> ParsedQuery | None:
        try:
            statements = self._connection.extract_statements(query.sql)
        except duckdb.Error as error:
            self.findings.append(sql_finding(query, error))
            return None
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            self.findings.append(
                Finding(Code.NOT_ONE_SELECT, query.place, "the SQL must be one SELECT and nothing else.")
            )
            return None
        names = self._table_names(query.sql)
        unknown = sorted(set(statements[0].named_parameters) - set(self._parameters))
        for name in unknown:
            hint = suggestion(name, self._parameters) or (
                f"There are: {', '.join('$' + known for known in self._parameters)}."
                if self._parameters
                else "Write it under parameters: in sagerecon.yaml."
            )
            self.findings.append(
                Finding(Code.UNKNOWN_PARAMETER, query.place, f"the project has no parameter ${name}.", hint)
            )
        if unknown:
            return None
        return ParsedQuery(
            query, _without_semicolon(query.sql), frozenset(statements[0].named_parameters), names
        )

    def _table_names(self, sql: str) -> frozenset[str]:
        row = self._connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchone()
        tables: set[str] = set()
        own: set[str] = set()
        _collect(json.loads(row[0]) if row else {}, tables, own)
        return frozenset(tables - own)

    def _report_cycles(self) -> None:
        for name in sorted(self._datasets & set(self._parsed)):
            circle = self._cycle(name)
            if circle and name == min(circle):  # each circle once
                place = self._parsed[name].query.place
                path = " -> ".join((*circle, circle[0]))
                self.findings.append(
                    Finding(Code.DATASET_CIRCLE, place, f"datasets read each other in a circle: {path}.")
                )
        broken = {name for name in self._datasets & set(self._parsed) if self._cycle(name)}
        for name in [name for name in self._parsed if name in broken]:
            del self._parsed[name]

    def _cycle(self, start: str) -> tuple[str, ...]:
        """A way from the dataset back to itself, or nothing."""
        ways: list[tuple[str, ...]] = [(start,)]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            for name in sorted(self._dependencies(way[-1])):
                if name == start:
                    return way
                if name not in seen:
                    seen.add(name)
                    ways.append((*way, name))
        return ()

    def _dependencies(self, name: str) -> frozenset[str]:
        parsed = self._parsed.get(name)
        return parsed.names & self._datasets if parsed is not None else frozenset()

    def _order(self, names: Sequence[str], done: list[str]) -> list[str]:
        """The datasets to be defined, each after those it reads."""
        for name in sorted(names):
            if name not in done:
                self._order(sorted(self._dependencies(name)), done)
                done.append(name)
        return done

    def _compile(self, parsed: ParsedQuery) -> CompiledQuery | None:
        order = self._order(sorted(parsed.names & self._datasets), [])
        if any(self.dataset(name) is None for name in order):
            return None  # told where the broken dataset stands
        parts = [self._parsed[name] for name in order]
        sql, line = _with_datasets(list(zip(order, parts, strict=True)), parsed.sql)
        names = parsed.parameters.union(*(part.parameters for part in parts))
        values = {name: self._parameters[name] for name in sorted(names)}
        try:
            described = self._connection.execute(sql, values).description or ()
        except duckdb.Error as error:
            self.findings.append(sql_finding(parsed.query, error, line))
            return None
        columns, findings = _columns(parsed.query, [(str(part[0]), part[1]) for part in described])
        self.findings += findings
        return None if findings else CompiledQuery(parsed.query, sql, values, columns, line)


def sql_finding(query: Query, error: duckdb.Error, first: int = 1) -> Finding:
    """What DuckDB says of the SQL, at the line and column of the YAML where it can be told.

    `first` is the line of the text DuckDB saw on which the query's own text starts.
    """
    place = query.place
    found = _LINE.search(str(error))
    if found is not None and query.is_block:
        line = int(found[1]) - first + 1
        if 1 <= line <= query.sql.count("\n") + 1:
            place = Place(place.file, place.line + line)
    return Finding(Code.SQL_FAULT, place, f"in the SQL: {error_summary(error)}.", _candidates(error))


def _candidates(error: duckdb.Error) -> str:
    """DuckDB's own suggestion, if it makes one."""
    for line in str(error).splitlines()[1:]:
        if line.startswith(("Candidate", "Did you mean")):
            return line.rstrip(".") + ("" if line.endswith("?") else ".")
    return ""


def _columns(query: Query, described: Sequence[tuple[str, Any]]) -> tuple[dict[str, Type], list[Finding]]:
    columns: dict[str, Type] = {}
    findings: list[Finding] = []
    for name, sql in described:
        found = type_of(sql)
        if name in columns:
            message = f"two columns are called '{name}'."
            findings.append(Finding(Code.COLUMN_TWICE, query.place, message, "Rename one of them: AS …."))
        if isinstance(found, Type):
            columns[name] = found
        elif found in ("DOUBLE", "FLOAT"):
            findings.append(
                Finding(
                    Code.INEXACT_COLUMN,
                    query.place,
                    f"column '{name}' is {found}, which is not exact.",
                    f"Cast it: CAST({name} AS DECIMAL(20, 2)). Division and avg give DOUBLE.",
                )
            )
        else:
            message = f"column '{name}' is {found}, which is no type of a record."
            findings.append(
                Finding(Code.STRANGE_COLUMN, query.place, message, f"Cast it: CAST({name} AS TEXT).")
            )
    return columns, findings


def _with_datasets(parts: Sequence[tuple[str, ParsedQuery]], sql: str) -> tuple[str, int]:
    """The query with the datasets it reads before it, and the line on which its own text starts."""
    if not parts:
        return sql, 1
    head = ",\n".join(f"{quote_identifier(name)} AS (\n{part.sql}\n)" for name, part in parts)
    position, recursive = _with_position(sql)
    if position is None:
        head = f"WITH {head}\n"
        return head + sql, head.count("\n") + 1
    head = f"WITH {'RECURSIVE ' if recursive else ''}{head},\n"
    line = head.count("\n") + 1 - sql.count("\n", 0, position)
    return head + sql[position:], line


def _with_position(sql: str) -> tuple[int | None, bool]:
    """Where the text goes on after a leading WITH [RECURSIVE], or None where there is none."""
    tokens = [token for token in duckdb.tokenize(sql) if token[1] != duckdb.token_type.comment]
    words = [_word(sql, token[0]) for token in tokens[:2]]
    if not words or words[0] != "with":
        return None, False
    recursive = len(words) > 1 and words[1] == "recursive"
    last = tokens[1 if recursive else 0][0]
    return last + len("recursive" if recursive else "with"), recursive


def _word(sql: str, position: int) -> str:
    match = re.compile(r"\w+").match(sql, position)
    return match.group().lower() if match else ""


def _without_semicolon(sql: str) -> str:
    """The SQL up to its closing semicolon: inside a WITH there must be none."""
    for position, kind in reversed(duckdb.tokenize(sql)):
        if kind == duckdb.token_type.comment:
            continue
        if sql[position] == ";" and kind == duckdb.token_type.operator:
            sql = sql[:position]
        else:
            break
    return sql


def _collect(node: Any, tables: set[str], own: set[str]) -> None:
    for part in _nodes(node):
        if part.get("type") == "BASE_TABLE" and not part.get("schema_name"):
            tables.add(str(part["table_name"]).lower())
        if isinstance(part.get("cte_map"), dict):
            own.update(str(entry["key"]).lower() for entry in part["cte_map"].get("map", ()))


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            yield part
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
