"""The sessions that make volumes: their limits, their functions, and the statements of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy.engine import URL, make_url

Connection = psycopg.Connection[TupleRow]

APPLICATION_NAME = "flowforge-seed"
# A volume takes as long as it takes; nobody waits long for a lock behind it; what a crash takes away is made again. Without statistics
# on a batch the planner sorts it for a merge join where a hash join costs a tenth less of the whole.
OPTIONS = (
    "-c statement_timeout=0 -c transaction_timeout=0 -c lock_timeout=10s -c synchronous_commit=off"
    " -c maintenance_work_mem=256MB -c enable_mergejoin=off -c TimeZone=UTC"
)


@contextmanager
def volume_session(url: str | URL) -> Iterator[Connection]:
    """Open a session in autocommit mode that has the functions of `functions.sql`."""
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True, application_name=APPLICATION_NAME, options=OPTIONS) as connection:
        connection.execute(statement("functions"))
        yield connection


def statement(name: str) -> str:
    """Read the statement of that name."""
    return (files(__package__) / f"{name}.sql").read_text(encoding="utf-8")
