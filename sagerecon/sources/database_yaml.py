"""Checking where a `sources.yaml` says that a table comes from: a file, or a database."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagerecon.documents.document import Node
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.sources.database_url import database_address
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.formats import FORMATS

#: Formats of which a table or the result of a query is read.
DATABASES = ("sqlite", "postgresql")

#: Variables of this program, such as the one with the secret of its app; they are no passwords of databases.
_OWN_VARIABLES = "SAGERECON_"

_PASSWORD = re.compile(r"^[a-z0-9+]*://[^/@]*:[^/@]*@")


def check_origin(file: SourceFile, node: Node) -> Iterator[Finding]:
    """Yield a finding for each error in what says from which file or database a table is read."""
    if ("path" in node) == ("url" in node):
        what = "has both" if "path" in node else "needs"
        message = (
            f"files.{file.name} {what} the key 'path' {'and' if 'path' in node else 'or'} the key 'url'."
        )
        yield Finding(Code.MISSING_KEY, file.place, message)
    elif "url" not in node and file.format == "postgresql":
        yield Finding(Code.MISSING_KEY, file.place, "a PostgreSQL database needs the key 'url', not 'path'.")
    if "url" in node and database_address(file.url) is None:
        yield _bad_address(file, node)
    if file.password_env.startswith(_OWN_VARIABLES):
        message = f"{file.password_env} is a variable of this program, not the password of a database."
        yield Finding(Code.NOT_ALLOWED, node["password_env"].place, message, "Name another variable.")
    if file.format in DATABASES and bool(file.table) == bool(file.query):
        message = f"{FORMATS[file.format].title} needs either the key 'table' or the key 'query'."
        yield Finding(Code.MISSING_KEY, file.place, message)


def _bad_address(file: SourceFile, node: Node) -> Finding:
    place = node["url"].place
    if _PASSWORD.match(file.url):
        message = "the address holds a password, which may not stand in a file of the project."
        hint = "Leave it out, and name the environment variable that has it: password_env: BOOKS_PASSWORD."
        return Finding(Code.NOT_AN_ADDRESS, place, message, hint)
    message = f"'{file.url}' is not the address of a database."
    hint = "Write it as postgresql://user@host/database. For a SQLite file, set path:."
    return Finding(Code.NOT_AN_ADDRESS, place, message, hint)
