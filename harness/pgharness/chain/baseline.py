"""Runs the SQL that a chain starts from, where it does not start from an empty database."""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.records.revisions import Chain
from pgharness.servers import Connection
from pgharness.settings import Settings

# pg_dump writes these two lines for psql; everything else in its plain format is SQL.
_FOR_PSQL = re.compile(rb"^\\(un)?restrict .*$", re.MULTILINE)


def run_baseline(database: Database, settings: Settings) -> None:
    """Run the baseline, if there is one. Raises CannotRun."""
    if settings.baseline is None:
        return
    try:
        with database.connect() as connection:
            connection.execute(_FOR_PSQL.sub(b"", settings.baseline.read_bytes()))
    except psycopg.Error as error:
        raise CannotRun(
            f"The baseline {settings.baseline} fails on an empty database.",
            seen=" ".join(str(error).split()),
            mend="make it plain SQL, as written by pg_dump --schema-only --no-owner",
        ) from error


def given_revisions(observer: Connection, version_table: str, chain: Chain) -> int:
    """Return how many revisions, from the first, a baseline has that was taken of a database of the chain's: zero where it says none, or others."""
    try:
        rows = observer.execute(sql.SQL("SELECT version_num FROM {}").format(sql.SQL(version_table))).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return 0
    known = {one.revision for one in chain.revisions}
    given = frozenset().union(*(chain.ancestors(str(one)) for (one,) in rows if one in known))
    first = {one.revision for one in chain.revisions[: len(given)]}
    return len(given) if given == first else 0
