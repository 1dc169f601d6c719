"""Runs the SQL that a chain starts from, where it does not start from an empty database."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import psycopg
from psycopg import sql

from pgharness.chain.course import listed, nearest_revisions
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
    """Return how many revisions, from the first, a baseline has that was taken of a database of the chain's: zero where it says none.

    Raises CannotRun where it says that it has revisions which the chain does not have, or lacks such as come before them.
    """
    try:
        rows = observer.execute(sql.SQL("SELECT version_num FROM {}").format(sql.SQL(version_table))).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return 0
    except psycopg.errors.UndefinedColumn as error:
        raise CannotRun(
            f"The baseline makes a table {version_table} that is not Alembic's.",
            seen=" ".join(str(error).split()),
            mend=f"make it as Alembic does: CREATE TABLE {version_table} (version_num varchar(32) NOT NULL PRIMARY KEY);",
        ) from error
    known = {one.revision for one in chain.revisions}
    said = sorted(str(one) for (one,) in rows)
    if (unknown := [one for one in said if one not in known]) and not chain.left_out:
        raise _not_of_the_chain(version_table, unknown, chain)
    given = frozenset().union(*(chain.ancestors(one) for one in said if one in known))
    first = {one.revision for one in chain.revisions[: len(given)]}
    if given != first:
        raise _not_the_first(version_table, given, first, chain)
    return len(given)


def _not_of_the_chain(version_table: str, unknown: Sequence[str], chain: Chain) -> CannotRun:
    near = [item.revision for one in unknown for item in nearest_revisions(chain.revisions, one)]
    return CannotRun(
        "The baseline is at a revision that the chain does not have.",
        seen=f"{version_table} holds {', '.join(unknown)}; the chain has {listed(chain.revisions)}",
        mend=f"let it hold the id of the last revision that the baseline has, INSERT INTO {version_table} VALUES ('<revision>'), or no row where it "
        "stands before the first; or put the file of that revision back"
        + (f"; did you mean {' or '.join(map(repr, near))}?" if near else ""),
    )


def _not_the_first(version_table: str, given: Collection[str], first: Collection[str], chain: Chain) -> CannotRun:
    lacking = [item for item in chain.revisions if item.revision in set(first) - set(given)]
    return CannotRun(
        "The baseline lacks revisions that come before those that it has.",
        seen=f"in the order of an upgrade, {listed(lacking)} come{'s' if len(lacking) == 1 else ''} earlier than the last one that {version_table} holds",
        mend="upgrade the database that it is taken of by these too, or take one that is further back: "
        f"pgharness snapshot --format sql postgresql://… > before.sql, with its rows of {version_table}",
    )
