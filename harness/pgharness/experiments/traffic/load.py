"""Sends the traffic, one session for each job, and sees for whom it waits: another session asks the server all the time who blocks whom."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psycopg

from pgharness.databases import Database
from pgharness.experiments.traffic.statements import Job
from pgharness.records.traffic import ENDED, Load, TrafficError, Waited
from pgharness.servers import Connection

APPLICATION = "pgharness traffic"
PACE_S = 0.005
LOOK_S = 0.01
WARM_UP_S = 0.3
# More sessions than this tell nothing more, and take the processor from the migration.
MOST_JOBS = 24
_SHOWN = 200
_BLOCKED = f"""
SELECT waiting.pid, coalesce(nullif(blocking.query, ''), 'BEGIN')
FROM pg_catalog.pg_stat_activity AS waiting
CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) AS blocker (pid)
JOIN pg_catalog.pg_stat_activity AS blocking ON blocking.pid = blocker.pid
WHERE waiting.datname = pg_catalog.current_database() AND waiting.application_name = '{APPLICATION}' AND waiting.wait_event_type = 'Lock'
  AND blocking.application_name NOT IN ('{APPLICATION}', 'pgharness reader')
"""
# A value, a constraint, a column or a table, a trigger: so rows are refused that were taken before.
REFUSED = ("22", "23", "42", "P0")


class Traffic:
    """The sessions of the traffic and the one that looks on; a context manager, after which `load` tells what was met."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = jobs[:MOST_JOBS]
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sessions: list[Connection] = []
        self._blocked: dict[int, Counter[str]] = {}
        self._waits: dict[tuple[Job, str], float] = {}
        self._errors: dict[tuple[Job, str], TrafficError] = {}
        self._sent = itertools.count()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Begin, and come back when all sessions are at work."""
        for job in self._jobs:
            session = self._connect()
            self._threads.append(threading.Thread(target=self._send, args=(job, session), daemon=True))
        self._threads.append(
            threading.Thread(target=self._look, args=(self._connect("pgharness observer"),), daemon=True)
        )
        for thread in self._threads:
            thread.start()
        time.sleep(WARM_UP_S)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End all sessions."""
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=30)
        for session in self._sessions:
            session.close()

    @property
    def load(self) -> Load:
        """What was met."""
        with self._lock:
            waits = [
                Waited(job.act, job.relation, job.shown, seconds, culprit)
                for (job, culprit), seconds in self._waits.items()
            ]
            waits.sort(key=lambda one: -one.waited_s)
            return Load(next(self._sent), tuple(waits), tuple(self._errors.values()))

    def _connect(self, name: str = APPLICATION) -> Connection:
        session = self._database.connect(application_name=name)
        self._sessions.append(session)
        return session

    def _send(self, job: Job, session: Connection) -> None:
        backend = session.info.backend_pid
        has_worked = False
        for statements in itertools.cycle(job.rounds):
            if self._ended.is_set():
                return
            started = time.perf_counter()
            try:
                with session.transaction(force_rollback=job.is_undone):
                    for statement in statements:
                        session.execute(statement.encode(), prepare=False)
            except psycopg.Error as error:
                if session.closed:
                    return
                self._note_error(job, error, has_worked=has_worked)
            else:
                has_worked = True
            self._note_wait(job, backend, time.perf_counter() - started)
            time.sleep(PACE_S)

    def _note_error(self, job: Job, error: psycopg.Error, *, has_worked: bool) -> None:
        """Note what a limit has ended, and rows that are refused though such were taken; what else fails is the business of `compat`."""
        state = error.sqlstate or ""
        if state in ENDED or (job.is_undone and has_worked and state.startswith(REFUSED)):
            message = str(error).splitlines()[0]
            with self._lock:
                self._errors.setdefault((job, state), TrafficError(job.act, job.relation, job.shown, state, message))

    def _note_wait(self, job: Job, backend: int, seconds: float) -> None:
        next(self._sent)
        seen = self._blocked.pop(backend, None)
        if seen:
            # A wait may last over several statements of the migration: the one that was seen most often has taken most of it.
            ((culprit, _),) = seen.most_common(1)
            with self._lock:
                self._waits[job, culprit] = max(self._waits.get((job, culprit), 0.0), seconds)

    def _look(self, session: Connection) -> None:
        while not self._ended.is_set():
            try:
                for backend, query in session.execute(_BLOCKED).fetchall():
                    self._blocked.setdefault(int(backend), Counter())[_in_one_line(str(query))] += 1
            except psycopg.OperationalError:
                return
            time.sleep(LOOK_S)


def _in_one_line(statement: str) -> str:
    text = " ".join(statement.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
