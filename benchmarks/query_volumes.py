"""Databases of any number of runs, and the query patterns as the harness explains them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from flowforge_schema.queries import PATTERNS, Pattern
from flowforge_schema.queries.text import prepared_text
from flowforge_schema.seed.volumes.making import make_volume
from flowforge_schema.seed.volumes.scale import Scale
from pgharness.databases import Database, Databases
from pgharness.plans import Expectation, Statement

STRUCTURE = Path(__file__).parents[1] / "schema" / "structure.sql"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@contextmanager
def volume(databases: Databases, runs: int) -> Iterator[Database]:
    """Yield a database at the chain's head with so many runs, vacuumed and analyzed; it is dropped afterwards."""
    database = databases.create_empty(f"runs_{runs}")
    with database.connect() as connection:
        connection.execute(STRUCTURE.read_bytes())
        make_volume(database.url, Scale(runs=runs), now=NOW)
        connection.execute("VACUUM (FREEZE, ANALYZE)")
    yield database
    databases.drop(database)


def pattern_statements(connection: psycopg.Connection) -> list[Statement]:
    """Return all patterns with arguments from this database."""
    return [_statement(connection, pattern) for pattern in PATTERNS]


def _statement(connection: psycopg.Connection, pattern: Pattern) -> Statement:
    rows = connection.cursor(row_factory=dict_row).execute(pattern.samples.encode()).fetchall()
    texts = [prepared_text(pattern.make(**row)) for row in rows]
    expectation = Expectation(
        indexes=pattern.indexes, sort="counted" if pattern.sorts else "", read_per_row=pattern.read_per_row
    )
    return Statement(pattern.name, texts[0][0], tuple(values for _, values in texts), expectation)
