"""Lets sessions of one database meet: each waits at its first change of the schema or of rows until all have come there."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from psycopg import errors, sql

from pgharness.databases import Database

KEY = 6_034_873_120_448_817
POLL_S = 0.005
# Where nobody has come for so long, who is missing does something else first; to meet it would be luck.
MEETING_LIMIT_S = 3.0
_MAKES = f"""
CREATE SCHEMA pgharness_barrier;
GRANT USAGE ON SCHEMA pgharness_barrier TO PUBLIC;
CREATE FUNCTION pgharness_barrier.wait_at_definition() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_advisory_lock_shared({KEY});
  PERFORM pg_catalog.pg_advisory_unlock_shared({KEY});
END $$;
CREATE FUNCTION pgharness_barrier.wait_at_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_advisory_lock_shared({KEY});
  PERFORM pg_catalog.pg_advisory_unlock_shared({KEY});
  RETURN NULL;
END $$;
"""
_TABLES = """
SELECT pg_catalog.format('%I.%I', nspname, relname)
FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relpersistence <> 't'
  AND nspname <> 'information_schema' AND nspname !~ '^pg_'
ORDER BY 1
"""
# One that waits for a lock, or sleeps before it asks for one again, has met the others in its own way.
_SESSIONS = """
SELECT count(*), count(*) FILTER (WHERE wait_event_type = 'Lock' OR wait_event = 'PgSleep')
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()
"""


class Barrier:
    """A closed barrier in a database; a context manager that takes away all that it is made of."""

    def __init__(self, database: Database) -> None:
        self._session = database.connect()
        self.backend = self._session.info.backend_pid
        """The process of its own session at the server."""

    def __enter__(self) -> Self:
        """Make it and close it. Raises psycopg's InsufficientPrivilege where our role may make no event triggers."""
        try:
            self._make()
        except errors.InsufficientPrivilege:
            self._session.execute("ROLLBACK")
            self._session.close()
            raise
        self._session.execute("SELECT pg_catalog.pg_advisory_lock(%s)", [KEY])
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Take it away, once nobody works on the database any more."""
        self._session.execute("DROP SCHEMA IF EXISTS pgharness_barrier CASCADE")
        self._session.close()

    def open_when_met(self, count: int) -> None:
        """Wait until so many sessions wait, at the barrier or for a lock of their own, and let all go."""
        seen, since = None, time.monotonic()
        while time.monotonic() - since < MEETING_LIMIT_S:
            row = self._session.execute(_SESSIONS).fetchone()
            if row is not None and row[1] >= count:
                break
            if row != seen:
                seen, since = row, time.monotonic()
            time.sleep(POLL_S)
        self._session.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", [KEY])

    def _make(self) -> None:
        self._session.execute("BEGIN")
        self._session.execute(_MAKES)
        for (table,) in self._session.execute(_TABLES).fetchall():
            self._session.execute(
                sql.SQL(
                    "CREATE TRIGGER pgharness_barrier BEFORE INSERT OR UPDATE OR DELETE ON {} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION pgharness_barrier.wait_at_rows()"
                ).format(sql.SQL(table))
            )
        self._session.execute(
            "CREATE EVENT TRIGGER pgharness_barrier ON ddl_command_start EXECUTE FUNCTION pgharness_barrier.wait_at_definition()"
        )
        self._session.execute("COMMIT")
