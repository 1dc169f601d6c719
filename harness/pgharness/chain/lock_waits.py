"""Ends a migration's wait for itself: a session that waits for a lock of another session that does nothing any more."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import psycopg

from pgharness.databases import Database
from pgharness.servers import Connection

# Both sessions are of the project, which is one thread: one that waits for a lock of an idle one waits for ever.
_WAITING = """
SELECT waiting.pid, waiting.query, coalesce(wanted.mode, ''), coalesce(wanted.relation::regclass::text, wanted.locktype),
       blocking.pid, blocking.query, blocking.state
FROM pg_catalog.pg_stat_activity AS waiting
CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocker (pid)
JOIN pg_catalog.pg_stat_activity AS blocking ON blocking.pid = blocker.pid
LEFT JOIN pg_catalog.pg_locks AS wanted ON wanted.pid = waiting.pid AND NOT wanted.granted
WHERE waiting.datname = pg_catalog.current_database()
  AND blocking.datname = waiting.datname
  AND blocking.state LIKE 'idle%'
ORDER BY waiting.pid, blocking.pid
"""
PATIENCE_S = 2.0


class LockWaits:
    """Looks for such waits in one database when asked to; `ended` says in words which one was ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session: Connection | None = None
        self._since: dict[tuple[object, ...], float] = {}
        self.ended = ""
        self.last_done = ""
        """The last statement of the migration that has come to its end, where somebody looks on, whose questions would stand for it."""

    def __enter__(self) -> Self:
        """Begin without a session: hardly any migration waits."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Close the session, if there is one."""
        if self._session is not None:
            self._session.close()

    def look(self) -> None:
        """Look for a wait, and end one that has lasted for some seconds: the statement that waits is cancelled."""
        try:
            if self._session is None:
                self._session = self._database.connect()
            found = self._session.execute(_WAITING).fetchall()
        except psycopg.OperationalError:  # no server any more, or no place for one more session: others will tell
            return
        now = time.monotonic()
        self._since = {self._key(row): self._since.get(self._key(row), now) for row in found}
        for row in found:
            if now - self._since[self._key(row)] >= PATIENCE_S:
                self._end(row)
                return

    @staticmethod
    def _key(row: tuple[object, ...]) -> tuple[object, ...]:
        return row[0], row[1], row[4], row[5]

    def _end(self, row: tuple[object, ...]) -> None:
        waiting, statement, mode, relation, _, other, state = row
        self.ended = (
            f"`{_in_one_line(statement)}` waited for {mode} on {relation}, which another session of this migration holds: "
            f"{state} since `{_in_one_line(self.last_done or other)}`"
        )
        assert self._session is not None
        self._session.execute("SELECT pg_catalog.pg_cancel_backend(%s)", [waiting])


def _in_one_line(statement: object, limit: int = 200) -> str:
    text = " ".join(str(statement).split())
    return text if len(text) <= limit else f"{text[:limit]}…"
