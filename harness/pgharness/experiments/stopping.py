"""Stops a migration at a place of its own accord: a watch that ends its sessions before a statement, or within one that it has parked."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from psycopg import sql

from pgharness.chain.watch import Ask, Moment
from pgharness.databases import Database
from pgharness.records.statements import Statement
from pgharness.records.steps import Step
from pgharness.records.stops import Place, Torn
from pgharness.servers import Connection

POLL_S = 0.001
END_LIMIT_S = 10.0
# A transaction that has written to a table holds a build and all that comes after it; one that has read it holds what nobody may
# still be reading: the end of a REINDEX (manual, "Explicit Locking").
_LOCK_MODES = {"writer": "ROW EXCLUSIVE", "reader": "ACCESS SHARE"}
_TABLES = """
SELECT pg_catalog.format('%I.%I', nspname, relname)
FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname !~ '^pg_'
ORDER BY 1
"""
_OTHERS = """
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND backend_type = 'client backend' AND pid <> ALL (%s)
"""


class Stopper:
    """A watch that stops one step in one database at a place; a context manager.

    A statement that does not wait where it should is stopped behind its end, and `is_within` says no.
    """

    wants: frozenset[Moment] = frozenset({"before_statement", "after_statement"})

    def __init__(self, database: Database, place: Place, torn: Torn) -> None:
        self._place = place
        self._path = torn.revision.path
        self._total = torn.total
        self._sent = 0
        self._is_over = threading.Event()
        self._parking: threading.Thread | None = None
        self._observer = database.connect()
        self._holder = database.connect() if place.park else None
        self._ours = [one.info.backend_pid for one in (self._observer, self._holder) if one is not None]
        self.has_stopped = False
        self.is_within = False

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Let go of everything."""
        self._await_parking()
        for session in (self._observer, self._holder):
            if session is not None:
                session.close()

    def before_statement(self, statement: Statement, _ask: Ask) -> None:
        """Stop here, or see to it that the statement is stopped where it waits."""
        is_own = statement.file == self._path
        is_here = self._sent == self._place.number and (is_own or self._sent == self._total)
        self._sent += is_own
        if is_here and not self.has_stopped and self._parking is None:
            if self._holder is None:
                self._end_sessions()
            else:
                self._park(self._holder)

    def after_statement(self, _statement: Statement, _ask: Ask) -> None:
        """Stop behind a statement that has come to its end."""
        if self._parking is not None and not self.has_stopped:
            self._await_parking()
            self._end_sessions()

    def after_commit(self, _ask: Ask) -> None:
        """Look away."""

    def after_step(self, _step: Step, _ask: Ask) -> None:
        """Look away."""

    def _await_parking(self) -> None:
        self._is_over.set()
        if self._parking is not None:
            self._parking.join()

    def _park(self, holder: Connection) -> None:
        tables = [sql.SQL(name) for (name,) in holder.execute(_TABLES)]
        mode = sql.SQL(_LOCK_MODES[self._place.park])
        holder.execute("BEGIN")
        holder.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(sql.SQL(", ").join(tables), mode))
        self._parking = threading.Thread(target=self._end_the_waiting, args=(holder.info.backend_pid,))
        self._parking.start()

    def _end_the_waiting(self, holder: int) -> None:
        """End the migration's sessions once one of them waits for the holder."""
        waits = f"SELECT count(*) {_OTHERS} AND %s = ANY (pg_catalog.pg_blocking_pids(pid))"
        while not self._is_over.wait(POLL_S):
            if self._count(waits, holder):
                self.is_within = True
                self._end_sessions()
                return

    def _end_sessions(self) -> None:
        self._observer.execute(f"SELECT pg_catalog.pg_terminate_backend(pid) {_OTHERS}", [self._ours])
        give_up_at = time.monotonic() + END_LIMIT_S
        while self._count(f"SELECT count(*) {_OTHERS}") and time.monotonic() < give_up_at:
            time.sleep(POLL_S)
        self.has_stopped = True

    def _count(self, query: str, *values: object) -> int:
        row = self._observer.execute(query, [self._ours, *values]).fetchone()
        assert row is not None
        return int(row[0])
