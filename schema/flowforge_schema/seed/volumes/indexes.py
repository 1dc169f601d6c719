"""Sets the secondary indexes of the large tables aside while very many rows come in, and builds them again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Index
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from flowforge_schema.models import metadata
from flowforge_schema.seed.volumes.sessions import Connection

LARGE_TABLES = ("workflow_runs", "run_step_logs", "outbox_events")
# Below this many new runs, building the indexes anew gains nothing.
RUNS_WORTH_IT = 50_000


@contextmanager
def indexes_set_aside(connection: Connection, new_runs: int) -> Iterator[None]:
    """Drop the indexes where the new runs outnumber those that are there, and in any case leave all of the models' behind.

    An index row costs a third of the whole work when it is made with its row, and a twentieth when the index is built at
    the end. Somebody who kills the process finds the indexes missing; the next call builds them.
    """
    if new_runs >= max(RUNS_WORTH_IT, known_runs(connection)):
        for index in _secondary_indexes():
            connection.execute(psycopg.sql.SQL("DROP INDEX IF EXISTS public.{}").format(_identifier(index)))
    try:
        yield
    finally:
        build_missing_indexes(connection)


def build_missing_indexes(connection: Connection) -> None:
    """Build what the models declare and the database lacks."""
    there = {name for (name,) in connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")}
    for index in _secondary_indexes():
        if index.name not in there:
            connection.execute(str(CreateIndex(index).compile(dialect=postgresql.dialect())))


def _secondary_indexes() -> list[Index]:
    """Return the indexes that hold nothing true: neither primary keys nor unique ones."""
    indexes = [index for table in LARGE_TABLES for index in metadata.tables[table].indexes if not index.unique]
    return sorted(indexes, key=lambda index: str(index.name))


def _identifier(index: Index) -> psycopg.sql.Identifier:
    return psycopg.sql.Identifier(str(index.name))


def known_runs(connection: Connection) -> int:
    """Return the planner's number of runs, which is -1 where nobody has looked yet."""
    row = connection.execute(
        "SELECT reltuples::bigint FROM pg_class WHERE oid = 'public.workflow_runs'::regclass"
    ).fetchone()
    assert row is not None
    return int(row[0])
