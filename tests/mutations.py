"""Change valid inputs at random: their bytes, their lines, and the values of their JSON or YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import yaml

#: What readers have stumbled over somewhere: numbers, encodings, ends of lines, markup, ways out.
TOKENS: tuple[bytes, ...] = (
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"\r",
    b"\n",
    b"\n\n",
    b"\t",
    b'"',
    b"'",
    b"\\",
    b",",
    b";",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"- ",
    b"#",
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!python/object:os.system ",
    b"---\n",
    b"|",
    b">",
    b"%",
    b"@",
    b"`",
    b"=",
    b"=1+1",
    b"$",
    b"~",
    b"null",
    b"true",
    b"NaN",
    b"Infinity",
    b"-0",
    b"1e999999",
    b"1e-999999",
    b"1e99999999999999999999",
    b"9" * 40,
    b"9" * 5_000,
    b"0x10",
    b"\\ud800",
    b"\\u0000",
    b"../",
    b"**",
    b"/etc/passwd",
    "\u0661\u0662".encode(),
    "\u202e".encode(),
    "\u2028".encode(),
    b"\x1b[31m",
    b"[bold]",
    b"[/x]",
    b"[" * 200,
    b"{" * 200,
    b'{"a":' * 150,
    b"2026-02-30",
    b"0000-00-00",
    b"9999-12-31",
    b"10000-01-01",
    b"'); DROP TABLE x; --",
    b"%s%n",
    b"{{ x }}",
    b"a" * 5_000,
)

#: Values that take the place of others.
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**40,
    10**400,
    0.5,
    -0.0,
    "",
    " ",
    "x",
    "0",
    "-1",
    "\0",
    "\n",
    "\ud800",
    "\u0661",
    "\u202e",
    "1e999999",
    "NaN",
    "Infinity",
    "9" * 100,
    "a" * 3_000,
    "2026-02-30",
    "9999-12-31",
    "../x",
    "/etc/passwd",
    "**",
    "**x",
    "*",
    "[",
    "(",
    "[x]",
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    {"a": 1},
    ["a", "b"],
    [None],
    {"$decimal": "x"},
    {"$date": 1},
    {"$ref": "a"},
    {"$map": [[1]]},
    {"$tuple": 1},
    {"$nothing": 1},
)

_Change = Callable[[bytes, Random], bytes]


def mutated(seed: bytes, random: Random) -> bytes:
    """Return an input with one to four changes."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        seed = random.choice(_CHANGES)(seed, random)
    return seed


def with_other_value(document: Any, random: Random) -> Any:
    """Return a JSON value in which one part is another, is missing, or is there twice."""
    if isinstance(document, dict) and document and random.random() < _DESCEND:
        name = random.choice(list(document))
        changed = dict(document)
        what = random.random()
        if what < _REMOVE:
            del changed[name]
        elif what < 2 * _REMOVE:
            changed[random.choice(_NAMES)] = changed.pop(name)
        else:
            changed[name] = with_other_value(document[name], random)
        return changed
    if isinstance(document, list) and document and random.random() < _DESCEND:
        at = random.randrange(len(document))
        if random.random() < _REMOVE:
            return [*document[:at], *document[at + 1 :]]
        if random.random() < _REMOVE:
            return [*document[: at + 1], *document[at:]]
        return [*document[:at], with_other_value(document[at], random), *document[at + 1 :]]
    return random.choice(VALUES)


_DESCEND = 0.93
_REMOVE = 0.08
_NAMES = ("", "x", "$ref", "\ud800", "a" * 300, "__class__", "path", "sql")


def _cut(seed: bytes, random: Random) -> bytes:
    return seed[: random.randrange(len(seed) + 1)]


def _remove(seed: bytes, random: Random) -> bytes:
    at = random.randrange(len(seed) + 1)
    return seed[:at] + seed[at + random.choice((1, 1, 2, 8, 64)) :]


def _repeat(seed: bytes, random: Random) -> bytes:
    at = random.randrange(len(seed) + 1)
    part = seed[at : at + random.choice((1, 4, 16, 256))]
    return seed[:at] + part * random.choice((2, 2, 3, 100)) + seed[at + len(part) :]


def _insert(seed: bytes, random: Random) -> bytes:
    at = random.randrange(len(seed) + 1)
    return seed[:at] + random.choice(TOKENS) + seed[at:]


def _replace(seed: bytes, random: Random) -> bytes:
    at = random.randrange(len(seed) + 1)
    return seed[:at] + random.choice(TOKENS) + seed[at + random.choice((1, 2, 4, 16)) :]


def _flip(seed: bytes, random: Random) -> bytes:
    if not seed:
        return seed
    at = random.randrange(len(seed))
    return seed[:at] + bytes((seed[at] ^ (1 << random.randrange(8)),)) + seed[at + 1 :]


def _move_line(seed: bytes, random: Random) -> bytes:
    lines = seed.splitlines(keepends=True)
    random.shuffle(lines) if random.random() < _REMOVE else None
    if len(lines) > 1:
        lines.insert(random.randrange(len(lines)), lines.pop(random.randrange(len(lines))))
    return b"".join(lines)


def _as_json(seed: bytes, random: Random) -> bytes:
    try:
        document = json.loads(seed)
    except (ValueError, RecursionError):
        return _replace(seed, random)
    return json.dumps(with_other_value(document, random)).encode()


def _as_yaml(seed: bytes, random: Random) -> bytes:
    """Change a value of a YAML text; the names of a mapping stay text."""
    if not seed.startswith((b"sagerecon:", b"allow_hosts:")):
        return _as_json(seed, random)
    try:
        document = yaml.load(seed, Loader=yaml.BaseLoader)  # noqa: S506 - which makes nothing but text
        changed = with_other_value(document, random)
        return yaml.dump(changed, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, ValueError, RecursionError):
        return _insert(seed, random)


_CHANGES: Sequence[_Change] = (
    _cut,
    _remove,
    _repeat,
    _insert,
    _insert,
    _replace,
    _replace,
    _flip,
    _move_line,
    _as_yaml,
    _as_yaml,
    _as_yaml,
)
