"""Runs a revision behind a transaction that has read its tables and does nothing more, as a dump or a forgotten session does."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning

from pgharness.chain.deployment import run_deployment
from pgharness.databases import Database
from pgharness.experiments.experiment import Site
from pgharness.experiments.traffic.load import Traffic
from pgharness.experiments.traffic.statements import Job
from pgharness.records.steps import Failure
from pgharness.records.traffic import Queue
from pgharness.servers import Connection

WITHOUT_LIMIT_S = 3.0
# Whoever waits a minute for a migration takes it for an outage, whatever limit comes then.
MOST_S = 60.0
SLACK_S = 1.5
_INVALID = "SELECT indexrelid::regclass::text FROM pg_catalog.pg_index WHERE NOT indisvalid ORDER BY 1"
_BEHIND = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS waiting
               WHERE %s = ANY (pg_catalog.pg_blocking_pids(waiting.pid)) AND waiting.application_name <> 'pgharness traffic')
"""


def hold_s(lock_timeout_ms: int) -> float:
    """Return how long the reader stays: longer than a migration with this limit waits, and no longer than is needed to see that it has none."""
    return min(lock_timeout_ms / 1000 + SLACK_S, MOST_S) if lock_timeout_ms else WITHOUT_LIMIT_S


def try_queue(
    site: Site, database: Database, revision: str, tables: Sequence[str], *, jobs: Sequence[Job], held_s: float
) -> Queue:
    """Run the revision while a reader stays, then let the reader go and run it again if it gave up."""
    with database.connect() as observer, Traffic(database, jobs) as traffic, ThreadPoolExecutor(1) as executor:
        invalid = set(_invalid(observer))
        with database.connect(application_name="pgharness reader") as reader:
            _read(reader, tables)
            running = executor.submit(run_deployment, site.project, database, (revision,))
            went_on = not _ends_within(running, held_s) and _waits_behind(observer, reader)
        failure = running.result()
        load = traffic.load
        retry = run_deployment(site.project, database, (revision,)) if failure is not None else None
        left = tuple(name for name in _invalid(observer) if name not in invalid)
    return Queue(held_s, went_on, failure, load, retry, left)


def _read(reader: Connection, tables: Sequence[str]) -> None:
    """Read a row of each table and stay in the transaction; its snapshot stays too, as a dump's does."""
    reader.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    for table in tables:
        reader.execute(f"SELECT 1 FROM {table} LIMIT 1".encode())


def _ends_within(running: Future[Failure | None], seconds: float) -> bool:
    try:
        running.result(timeout=seconds)
    except StillRunning:
        return False
    return True


def _waits_behind(observer: Connection, reader: Connection) -> bool:
    row = observer.execute(_BEHIND, [reader.info.backend_pid]).fetchone()
    return row is not None and bool(row[0])


def _invalid(observer: Connection) -> list[str]:
    return [str(name) for (name,) in observer.execute(_INVALID).fetchall()]
