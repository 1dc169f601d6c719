"""Leaves out numbers of the sequences that a table's rows are numbered by, as production does, where rows were deleted or refused.

Rows of several tables have some numbers in common then, and others not, and none are numbered without gaps: what takes one table's
numbers for another's, or numbers rows anew, changes something.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from contextlib import suppress

import psycopg
from psycopg import sql

from pgharness.rows.reading import Connection
from pgharness.rows.tables import Table

BEGINNINGS = 3
"""Tables begin at one of so many numbers, by their names, which leaves any two some in common."""
LATER = 3
"""Before one of so many later rows a number is left out, by the name too."""


def sequences_of(connection: Connection, table: Table) -> tuple[str, ...]:
    """Return the sequences that number the table's rows and belong to it, ready for SQL."""
    numbered = [column.name for column in table.columns if column.default == "sequence"]
    if not numbered:
        return ()
    query = sql.SQL("SELECT {}").format(
        sql.SQL(", ").join(
            sql.SQL("pg_catalog.pg_get_serial_sequence({}, {})").format(
                sql.Literal(table.name), sql.Literal(_unquoted(name))
            )
            for name in numbered
        )
    )
    row = connection.execute(query, prepare=False).fetchone()
    return tuple(name for name in row or () if name is not None)


def leave_gap(connection: Connection, table: Table, sequences: Sequence[str], number: int) -> None:
    """Leave out what is to be missing before the row of a number."""
    later, beginning = divmod(zlib.crc32(table.name.encode()) % (BEGINNINGS * LATER), BEGINNINGS)
    count = int(number == later + 1) if number else beginning
    for name in sequences if count else ():
        with suppress(psycopg.DataError):  # one that gives no more numbers
            query = "SELECT pg_catalog.nextval(%s) FROM pg_catalog.generate_series(1, %s)"
            connection.execute(query, (name, count), prepare=False)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
