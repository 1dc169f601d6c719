"""Makes the text of statements that insert further rows into a table, each a row that the table takes as it is now."""

from __future__ import annotations

import itertools

import psycopg
from psycopg import sql

from pgharness.rows.growing import choices_of, insert_of, shape_of
from pgharness.rows.reading import Connection

# Each looks for the shortest of what may be a million rows, and the first that fits a table filled so fits further rows too.
ATTEMPTS = 8


def further_inserts(connection: Connection, table: str, count: int) -> tuple[str, ...]:
    """Return up to `count` statements that each insert one row, copies of those that are there but for what has to be unique.

    None where the table has no row, or takes no copy. The connection is in autocommit mode, and nothing stays inserted.
    """
    columns, keys = shape_of(connection, table)
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    first = (int(row[0]) if row is not None else 0) + 1
    names = ", ".join(one.name for one in columns)
    head = sql.Literal(f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES (").as_string(connection)
    values = ", ".join(f"pg_catalog.quote_nullable(made.{one.name}::text)" for one in columns)
    for varied in itertools.islice(choices_of(columns, keys), ATTEMPTS):
        made = (
            f"{insert_of(table, columns, varied, f'generate_series({first}, {first + count - 1})')} RETURNING {names}"
        )
        asked = f"WITH made AS ({made}) SELECT {head} || pg_catalog.concat_ws(', ', {values}) || ')' FROM made"
        try:
            with connection.transaction(force_rollback=True):
                found = tuple(str(text) for (text,) in connection.execute(asked.encode()).fetchall())
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.Error:
            continue
        if found:
            return found
    return ()
