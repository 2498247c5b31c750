"""SQL of a project sees the declared tables and nothing else: no file, no network, no setting, no process."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagerecon.model.finding import Severity
from sagerecon.sources.dataset import compile_queries
from tests.source_cases import parse_sources, snapshot

FILES = """
sagerecon: sources/v1
files:
  t: {path: t.csv, columns: {id: {type: integer}}}
datasets:
  d:
    sql: |
"""

#: Each is tried with SECRET, a file of the user, in the place of {secret}, and a new file in that of {new}.
ESCAPES = (
    # reading files
    "SELECT * FROM '{secret}'",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_json_auto('{secret}')",
    "SELECT * FROM read_ndjson('{secret}')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM parquet_scan('{secret}')",
    "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT * FROM parquet_schema('{secret}')",
    "SELECT * FROM read_csv('/proc/self/environ')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('{secret}*')",
    "SELECT (SELECT content FROM read_text('{secret}')) AS x FROM t",
    "WITH x AS (SELECT * FROM read_text('{secret}')) SELECT * FROM x",
    "SELECT * FROM t, read_text('{secret}')",
    "FROM '{secret}'",
    "TABLE '{secret}'",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "SELECT * FROM query_table(['{secret}'])",
    # the network, other databases and extensions
    "SELECT * FROM 'https://example.com/x.csv'",
    "SELECT * FROM read_csv('s3://bucket/x.csv')",
    "SELECT * FROM sqlite_scan('{secret}', 'x')",
    "SELECT * FROM postgres_scan('host=example.com', 'public', 'x')",
    "ATTACH '{secret}' AS other",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL spatial",
    # writing
    "COPY t TO '{new}'",
    "COPY (SELECT 1) TO '{new}'",
    "EXPORT DATABASE '{new}'",
    "CREATE TABLE x AS SELECT 1",
    "CREATE MACRO f(x) AS x",
    "INSERT INTO t VALUES (1)",
    "DELETE FROM t",
    "DROP TABLE t",
    # settings and secrets
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "PRAGMA enable_external_access = true",
    "SET memory_limit = '100GB'",
    "SET temp_directory = '{new}'",
    "CREATE SECRET x (TYPE S3, KEY_ID 'a', SECRET 'b')",
    "SELECT getenv('HOME') AS x, '' AS _origin",
    "CALL pragma_version()",
    "SELECT 1 AS a; COPY t TO '{new}'",
    "PREPARE x AS SELECT 1",
)


@pytest.mark.parametrize("sql", ESCAPES)
def test_an_escape_is_refused(tmp_path: Path, sql: str) -> None:
    secret, new = tmp_path / "secret.csv", tmp_path / "new"
    secret.write_text("secret\nof the user\n")
    text = f"{FILES}      {sql.format(secret=secret, new=new)}\n"
    shape, findings = compile_queries(parse_sources(text), {})
    assert any(finding.severity is Severity.ERROR for finding in findings), findings
    assert not any("of the user" in str(finding) for finding in findings)
    assert not shape.datasets
    assert not new.exists()


def test_sql_of_the_declared_tables_is_not(tmp_path: Path) -> None:
    """The escapes above would be refused too if nothing worked at all."""
    text = f"{FILES}      SELECT id, _origin FROM t\n"
    with snapshot(tmp_path, text, {"t.csv": "id\n1\n"}) as opened:
        assert [row["id"] for row in opened.rows("d")] == [1]
