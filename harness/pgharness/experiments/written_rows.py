"""Reads what the revisions themselves have written into tables, in short: the number of rows, and a digest of each column."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from psycopg import errors, sql

from pgharness.servers import Connection

Written = Mapping[tuple[str, str | None], str]
"""By table, as PostgreSQL prints it, and column (None: the number of rows); tables without rows are not there."""

_TABLES = """
SELECT relation.oid::regclass::text, array_agg(quote_ident(attname) ORDER BY attnum)
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relnamespace
JOIN pg_catalog.pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
GROUP BY relation.oid
ORDER BY 1
"""


def read_written(connection: Connection, leave_out: str) -> Written:
    """Read all tables but the one that is left out, the version table, whose name comes as PostgreSQL prints it with its schema."""
    connection.execute("SET search_path = ''")
    found: dict[tuple[str, str | None], str] = {}
    for table, columns in connection.execute(_TABLES).fetchall():
        if table != leave_out:
            with contextlib.suppress(errors.InsufficientPrivilege):  # another role's, on a given server
                found |= _read(connection, str(table), list(columns))
    return found


def _read(connection: Connection, table: str, columns: list[str]) -> dict[tuple[str, str | None], str]:
    digest = "md5(string_agg({0}::text, ',' ORDER BY {0}::text COLLATE \"C\"))"
    selected = ", ".join(["count(*)", *(digest.format(column) for column in columns)])
    row = connection.execute(sql.SQL("SELECT {} FROM {}").format(sql.SQL(selected), sql.SQL(table))).fetchone()
    assert row is not None
    if not row[0]:
        return {}
    return {(table, column): str(value) for column, value in zip((None, *columns), row, strict=True)}
