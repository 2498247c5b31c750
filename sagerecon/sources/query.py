"""Compiling the SQL of a `sources.yaml`: one SELECT, with the datasets it reads in a WITH clause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import SQL_CHARACTERS
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import Columns, Type
from sagerecon.model.value import Scalar
from sagerecon.sources.bounded import Allowance, BoundedConnection, SqlError
from sagerecon.sources.database import quote_identifier, type_of
from sagerecon.sources.definitions import Query, Sources
from sagerecon.sources.sql_finding import sql_finding


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """One query, without the datasets it reads."""

    query: Query
    sql: str  #: without the closing semicolon
    parameters: frozenset[str]
    names: frozenset[str]  #: tables and datasets it reads, without the names of its own WITH clause


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query that can be run: its SQL begins with a WITH clause of the datasets it reads."""

    query: Query
    sql: str
    values: Mapping[str, Scalar]  #: the parameters that the SQL uses
    columns: Columns
    first_line: int  #: the line of `sql` on which the query's own text starts


class QueryCompiler:
    """Compiles queries against the empty tables of one connection; errors are collected in `findings`.

    After a query that passes a limit no other is compiled, so that a hundred take no longer than one.
    """

    def __init__(
        self,
        connection: BoundedConnection,
        sources: Sources,
        parameters: Mapping[str, Scalar],
        allowance: Allowance,
    ) -> None:
        self._connection = connection
        self._allowance = allowance
        self._is_stopped = False
        self._parameters = parameters
        self._tables = frozenset(sources.files)
        self._parsed: dict[str, ParsedQuery] = {}
        self._compiled: dict[str, CompiledQuery | None] = {}
        self.findings: list[Finding] = []
        self._broken = sources.broken
        for name, dataset in sources.datasets.items():
            if name not in self._broken and (parsed := self._parse(dataset.query)) is not None:
                self._parsed[name] = parsed
        #: Names that mean a dataset in SQL. A name that a file has too means the file.
        self._datasets = frozenset(sources.datasets) - self._tables
        self._report_cycles()

    def dataset(self, name: str) -> CompiledQuery | None:
        """Return the compiled dataset, or None if it has an error, which is in `findings` once."""
        if name not in self._compiled:
            parsed = self._parsed.get(name)
            self._compiled[name] = None if parsed is None else self._compile(parsed)
        return self._compiled[name]

    def query(self, query: Query) -> CompiledQuery | None:
        """Compile any other query, such as that of a control; return None if it has an error."""
        parsed = self._parse(query)
        return None if parsed is None else self._compile(parsed)

    def _parse(self, query: Query) -> ParsedQuery | None:
        if self._is_stopped:
            return None
        try:
            _require_length(query.sql)
            statements = self._connection.statements(query.sql, self._allowance)
            names = self._table_names(query.sql)
        except SqlError as error:
            self._add(query, error)
            return None
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            self.findings.append(
                Finding(Code.NOT_ONE_SELECT, query.place, "the SQL must be a single SELECT statement.")
            )
            return None
        unknown = sorted(set(statements[0].named_parameters) - set(self._parameters))
        for name in unknown:
            hint = suggestion(name, self._parameters) or (
                f"Known parameters: {', '.join('$' + known for known in self._parameters)}."
                if self._parameters
                else "Define it under 'parameters' in sagerecon.yaml."
            )
            self.findings.append(
                Finding(Code.UNKNOWN_PARAMETER, query.place, f"unknown parameter ${name}.", hint)
            )
        if unknown:
            return None
        return ParsedQuery(
            query, _without_semicolon(query.sql), frozenset(statements[0].named_parameters), names
        )

    def _table_names(self, sql: str) -> frozenset[str]:
        row = self._connection.row("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql})
        tables: set[str] = set()
        local: set[str] = set()
        try:
            _collect(json.loads(row[0]), tables, local)
        except RecursionError as error:
            raise SqlError("the query is nested too deeply") from error
        return frozenset(tables - local)

    def _add(self, query: Query, error: SqlError, first_line: int = 1) -> None:
        self.findings.append(sql_finding(query, error, first_line))
        self._is_stopped = error.limit is not None

    def _report_cycles(self) -> None:
        for name in sorted(self._datasets & set(self._parsed)):
            cycle = self._cycle(name)
            if cycle and name == min(cycle):  # report each cycle once
                place = self._parsed[name].query.place
                path = " -> ".join((*cycle, cycle[0]))
                self.findings.append(
                    Finding(Code.DATASET_CIRCLE, place, f"circular reference between datasets: {path}.")
                )
        cyclic = {name for name in self._datasets & set(self._parsed) if self._cycle(name)}
        for name in [name for name in self._parsed if name in cyclic]:
            del self._parsed[name]

    def _cycle(self, start: str) -> tuple[str, ...]:
        """Return a path of references from the dataset back to itself, or an empty tuple."""
        paths: list[tuple[str, ...]] = [(start,)]
        seen: set[str] = set()
        while paths:
            path = paths.pop()
            for name in sorted(self._dependencies(path[-1])):
                if name == start:
                    return path
                if name not in seen:
                    seen.add(name)
                    paths.append((*path, name))
        return ()

    def _dependencies(self, name: str) -> frozenset[str]:
        parsed = self._parsed.get(name)
        return parsed.names & self._datasets if parsed is not None else frozenset()

    def _order(self, names: Sequence[str], done: list[str]) -> list[str]:
        """Return the datasets in an order in which each follows those it reads."""
        for name in sorted(names):
            if name not in done:
                self._order(sorted(self._dependencies(name)), done)
                done.append(name)
        return done

    def _compile(self, parsed: ParsedQuery) -> CompiledQuery | None:
        if self._is_stopped:
            return None
        if parsed.names & self._broken:
            return None  # already reported where it is declared
        order = self._order(sorted(parsed.names & self._datasets), [])
        if any(self.dataset(name) is None for name in order):
            return None  # already reported at the place of that dataset
        parts = [self._parsed[name] for name in order]
        sql, line = _with_datasets(list(zip(order, parts, strict=True)), parsed.sql)
        names = parsed.parameters.union(*(part.parameters for part in parts))
        values = {name: self._parameters[name] for name in sorted(names)}
        try:
            described = self._describe(sql, values)
        except SqlError as error:
            self._add(parsed.query, error, line)
            return None
        columns, findings = _columns(parsed.query, described)
        self.findings += findings
        return (
            None
            if findings
            else CompiledQuery(query=parsed.query, sql=sql, values=values, columns=columns, first_line=line)
        )

    def _describe(self, sql: str, values: Mapping[str, Scalar]) -> list[tuple[str, Any]]:
        _require_length(sql)
        query = self._connection.query(sql, values, self._allowance)
        try:
            return query.description
        finally:
            query.close()


def _require_length(sql: str) -> None:
    if len(sql) > SQL_CHARACTERS.most:
        raise SqlError(f"the query and the datasets it reads have {len(sql):,} characters", SQL_CHARACTERS)


def _columns(query: Query, described: Sequence[tuple[str, Any]]) -> tuple[dict[str, Type], list[Finding]]:
    columns: dict[str, Type] = {}
    findings: list[Finding] = []
    for name, sql in described:
        found = type_of(sql)
        if name in columns:
            message = f"duplicate column '{name}'."
            findings.append(Finding(Code.COLUMN_TWICE, query.place, message, "Rename one of them: AS …."))
        if isinstance(found, Type):
            columns[name] = found
        elif found in ("DOUBLE", "FLOAT"):
            findings.append(
                Finding(
                    Code.INEXACT_COLUMN,
                    query.place,
                    f"column '{name}' has the inexact type {found}.",
                    f"Cast it: CAST({name} AS DECIMAL(20, 2)). Division and avg return DOUBLE.",
                )
            )
        else:
            message = f"column '{name}' has the unsupported type {found}."
            findings.append(
                Finding(Code.STRANGE_COLUMN, query.place, message, f"Cast it: CAST({name} AS TEXT).")
            )
    return columns, findings


def _with_datasets(parts: Sequence[tuple[str, ParsedQuery]], sql: str) -> tuple[str, int]:
    """Return the query with its datasets in a WITH clause, and the line on which its own text starts."""
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
    """Return the position after a leading WITH [RECURSIVE], or None, and whether it is recursive."""
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
    """Return the SQL without its closing semicolon, which a WITH clause does not allow."""
    for position, kind in reversed(duckdb.tokenize(sql)):
        if kind == duckdb.token_type.comment:
            continue
        if sql[position] == ";" and kind == duckdb.token_type.operator:
            sql = sql[:position]
        else:
            break
    return sql


def _collect(node: Any, tables: set[str], local: set[str]) -> None:
    for part in _nodes(node):
        if part.get("type") == "BASE_TABLE" and not part.get("schema_name"):
            tables.add(str(part["table_name"]).lower())
        if isinstance(part.get("cte_map"), dict):
            local.update(str(entry["key"]).lower() for entry in part["cte_map"].get("map", ()))


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            yield part
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
