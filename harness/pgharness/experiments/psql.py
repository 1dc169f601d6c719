"""Runs a script as psql does: a statement at a time, each by itself where no BEGIN stands before it, until the first that fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg

from pgharness.plans.statement_file import split_statements
from pgharness.records.steps import Failure
from pgharness.servers import Connection

# A routine whose body is SQL has semicolons inside (manual, CREATE FUNCTION, "sql_body").
_BODY_BEGINS = re.compile(r"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
_BODY_ENDS = re.compile(r"\bEND\s*$", re.IGNORECASE)


def run_as_psql(connection: Connection, script: str) -> Failure | None:
    """Run a part of a script in a session in autocommit mode; give what stopped it."""
    for statement in statements_of(script):
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return Failure(type(error).__name__, str(error).strip(), statement, getattr(error, "sqlstate", None))
    return None


def statements_of(script: str) -> Iterator[str]:
    """Yield the statements of a script, without the comments before them."""
    body = ""
    for statement in split_statements(script):
        body = f"{body};\n{statement}" if body else statement
        if not _BODY_BEGINS.search(body) or _BODY_ENDS.search(body):
            yield body
            body = ""
    if body:
        yield body
