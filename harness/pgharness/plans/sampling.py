"""Takes the parameters of statements from the data."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from pgharness.findings import CannotRun
from pgharness.plans.statement import Statement
from pgharness.plans.statement_file import StatementText


def with_samples(connection: psycopg.Connection[TupleRow], texts: Sequence[StatementText]) -> tuple[Statement, ...]:
    """Return the statements with the parameters that their samples pick from this database. Raises CannotRun."""
    return tuple(_with_samples(connection, text) for text in texts)


def _with_samples(connection: psycopg.Connection[TupleRow], text: StatementText) -> Statement:
    if not text.samples_sql:
        return Statement(text.name, text.sql, ((),), text.expectation)
    try:
        rows = connection.execute(sql.SQL(text.samples_sql)).fetchall()
    except psycopg.Error as error:
        raise CannotRun(
            f"The samples of statement {text.name} cannot be taken.",
            seen=str(error).splitlines()[0],
            mend=f"correct the comment before line {text.line}",
        ) from error
    if not rows:
        raise CannotRun(
            f"Statement {text.name} has no samples.",
            seen=f"no row from {text.samples_sql}",
            mend="explain it on a database that holds such rows",
        )
    return Statement(text.name, text.sql, tuple(tuple(row) for row in rows), text.expectation)
