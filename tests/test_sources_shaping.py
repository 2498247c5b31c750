# ruff: noqa: E501 - one case per line reads as a table
"""What the SQL of a dataset changes: the source cell and the dataset's value."""

from pathlib import Path

import pytest
from source_cases import snapshot

SOURCES = """\
sagerecon: sources/v1
files:
  t:
    path: t.csv
    columns: {code: {type: text}, name: {type: text}, net: {type: decimal, scale: 3}, day: {type: date}}
  c: {path: c.csv, columns: {id: {type: text}, name: {type: text}}}
datasets:
  base: {sql: "SELECT upper(trim(code)) AS code, name, net, day, _origin FROM t"}
  d: {sql: "{}"}
"""
FILES = {
    "t.csv": "code,name,net,day\na1 ,Oak,1.005,2017-03-31\nB2,Elm,2,2017-04-01\n",
    "c.csv": "id,name\nB2,Other\n",
}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT * FROM t", []),
        ("SELECT code AS key, name, _origin FROM t", []),
        ("SELECT trim(code) AS code, _origin FROM t", ["t.csv:2 t.code 'a1 ' 'a1'"]),
        ("SELECT * REPLACE (trim(code) AS code) FROM t", ["t.csv:2 t.code 'a1 ' 'a1'"]),
        ("SELECT upper(code) AS key, _origin FROM t", ["t.csv:2 t.code 'a1 ' 'A1 '"]),
        ("SELECT code, upper(code) AS key, _origin FROM t", []),
        ("SELECT CAST(round(net, 2) AS DECIMAL(20, 2)) AS net, _origin FROM t", ["t.csv:2 t.net '1.005' '1.01'"]),
        ("SELECT CAST(net AS DECIMAL(20, 6)) AS net, _origin FROM t", []),
        ("SELECT coalesce(name, '?') AS name, _origin FROM t", []),
        ("SELECT day > '2017-03-31' AS late, _origin FROM t", []),
        ("SELECT last_day(day + 1) AS day, _origin FROM t WHERE code = 'B2'", ["t.csv:3 t.day '2017-04-01' '2017-04-30'"]),
        ("SELECT code || name AS code, _origin FROM t", []),
        ("SELECT sum(net) OVER (ORDER BY code) AS net, _origin FROM t", []),
        ("SELECT code, list(_origin) AS _origin FROM t GROUP BY code", []),
        ("SELECT * FROM base", ["t.csv:2 t.code 'a1 ' 'A1'"]),
        ("WITH x AS (SELECT lower(name) AS name, _origin FROM t) SELECT name, _origin FROM x WHERE name = 'elm'", ["t.csv:3 t.name 'Elm' 'elm'"]),
        ("SELECT x.* FROM (SELECT lower(code) AS code, _origin FROM t) AS x", ["t.csv:3 t.code 'B2' 'b2'"]),
        ("SELECT upper(c.name) AS name, t._origin FROM t LEFT JOIN c ON c.id = t.code", []),
        ("SELECT upper(t.name) AS name, t._origin FROM t JOIN c ON c.id = t.code", ["t.csv:3 t.name 'Elm' 'ELM'"]),
        ("SELECT lower(code) AS code, _origin FROM t UNION ALL SELECT id, _origin FROM c", []),
    ],
)  # fmt: skip
def test_a_cell_that_sql_gives_another_value_is_a_change(tmp_path: Path, sql: str, found: list[str]) -> None:
    with snapshot(tmp_path, SOURCES.replace("{}", sql), FILES) as opened:
        changes = [(each.origin, each.change) for each in opened.shaped("d")]
        assert [f"{place} {one.field} {one.before!r} {one.after!r}" for place, one in changes] == found
        assert {(one.rule, one.place.file) for _, one in changes} <= {("SQL of d", "sources.yaml")}
