"""Reads what tables hold, in one statement."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from psycopg import sql

from pgharness.records.held_rows import HeldRows, Row
from pgharness.servers import Connection

# A migration may fill a table of countries; what tells two runs apart shows in fewer rows too.
MOST_ROWS = 2000
# A moment that is as near as this was put there by the clock: it is another one each time.
NEAR = timedelta(hours=1)
_MOMENT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d:\d\d)?"')
_TABLES = """
SELECT pg_catalog.format('%I.%I', nspname, relname)
FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND objid = pg_class.oid AND deptype = 'e')
ORDER BY 1
"""


def read_held_rows(connection: Connection, leave_out: Collection[str] = ()) -> HeldRows:
    """Return the rows of all tables but those of extensions and the named ones; of a long table the first `MOST_ROWS`.

    Moments of now are told as such.
    """
    tables = [str(name) for (name,) in connection.execute(_TABLES) if name not in leave_out]
    found: defaultdict[str, list[Row]] = defaultdict(list)
    connection.execute("SET timezone = 'UTC'")  # in which a moment without a zone is told
    if tables:
        for table, row in connection.execute(sql.SQL(" UNION ALL ").join(map(_rows, tables))):
            found[table].append(
                {column: _without_now(json.dumps(value, sort_keys=True)) for column, value in row.items()}
            )
    return {table: tuple(found[table]) for table in tables}


def shift_sequences(connection: Connection) -> None:
    """Let all sequences go on some way behind where they are, so that what they number can be told from other values."""
    connection.execute(
        "SELECT pg_catalog.setval(pg_catalog.format('%I.%I', schemaname, sequencename)::regclass, "
        "coalesce(last_value, start_value) + 97 * increment_by) FROM pg_catalog.pg_sequences "
        "WHERE coalesce(last_value, start_value) + 97 * increment_by BETWEEN min_value AND max_value"
    )


def _without_now(text: str) -> str:
    def told(match: re.Match[str]) -> str:
        moment = datetime.fromisoformat(match[1] + (match[2] or "+00:00"))
        return '"now"' if abs(moment - datetime.now(tz=UTC)) < NEAR else match[0]

    return _MOMENT.sub(told, text)


def _rows(table: str) -> sql.Composed:
    statement = "(SELECT {}, pg_catalog.to_jsonb(held) FROM ONLY {} AS held LIMIT {})"
    return sql.SQL(statement).format(sql.Literal(table), sql.SQL(table), sql.Literal(MOST_ROWS))
