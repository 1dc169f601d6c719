"""Makes a volume: people and workflows first, then runs with their logs and events, batch by batch, on several connections."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy.engine import URL, make_url

from flowforge_schema.seed.volumes.scale import Plan, Scale

Connection = psycopg.Connection[TupleRow]
Advance = Callable[[int], None]

# A batch is one transaction: about 55,000 rows, so that an interruption loses less than a second of work.
BATCH_RUNS = 10_000
WORKERS = 2
# Any number, so long as every maker of volumes asks for the same.
ADVISORY_LOCK_KEY = 7_304_231_991_024_882
# A volume takes as long as it takes; nobody waits long for a lock behind it.
SESSION_OPTIONS = "-c statement_timeout=0 -c lock_timeout=10s -c TimeZone=UTC"
TABLES = ("users", "api_keys", "workflows", "workflow_steps", "workflow_runs", "run_step_logs", "outbox_events")
BASE_STATEMENTS = ("users", "api_keys", "workflows", "steps")
BATCH_STATEMENTS = ("runs", "logs", "events")


@dataclass(frozen=True, slots=True)
class Volume:
    """What a call made: rows of all tables together (0 where all was there), in how long, and up to which moment."""

    rows: int
    duration_s: float
    analyze_s: float
    anchor: datetime

    @property
    def rows_per_second(self) -> float:
        """Give the pace of the inserts, without ANALYZE."""
        return self.rows / self.duration_s if self.duration_s else 0.0


def make_volume(
    url: str | URL, scale: Scale, *, now: datetime, workers: int = WORKERS, advance: Advance = lambda _runs: None
) -> Volume:
    """Bring the volume in a migrated database up to `scale`; `advance` is called with the number of runs just made.

    The newest run lies just before `now`. A volume that is there keeps its moment and grows by older runs, so a call that
    was interrupted goes on where it was, and one that has nothing to do changes nothing. Each batch is a transaction of
    its own. Ends with VACUUM (ANALYZE), so that the planner knows the tables. Raises ValueError where the volume that is
    there was begun with other numbers of users or workflows.
    """
    started = time.perf_counter()
    with _session(url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK_KEY])
        plan, base_rows = _lay_base(connection, Plan(scale, now))
        batches = _pending_batches(connection, plan)
        advance(scale.runs - sum(last - first + 1 for first, last in batches))
        rows = base_rows + _make_batches(url, plan, batches, workers, advance)
        made = time.perf_counter()
        _analyze(connection)
    return Volume(rows, made - started, time.perf_counter() - made, plan.anchor)


def _lay_base(connection: Connection, plan: Plan) -> tuple[Plan, int]:
    """Make users, keys, workflows and steps where there are none; give the plan of the volume that is there, and the rows made."""
    with connection.transaction():
        begun = _begun(connection, plan.scale)
        if begun is not None:
            return begun, 0
        marker = json.dumps({**plan.scale.people, "anchor": plan.anchor.isoformat()})
        parameters = {**plan.parameters, "marker": marker}
        return plan, sum(connection.execute(_sql(name), parameters).rowcount for name in BASE_STATEMENTS)


def _begun(connection: Connection, scale: Scale) -> Plan | None:
    """Read what the volume in this database was begun with; None where there is none."""
    row = connection.execute(_sql("marker")).fetchone()
    if row is None:
        return None
    marker: dict[str, Any] = row[0]
    anchor = datetime.fromisoformat(marker.pop("anchor"))
    if marker != scale.people:
        raise ValueError(f"the volume here was begun with {marker}, and cannot go on with {scale.people}")
    return Plan(scale, anchor)


def _pending_batches(connection: Connection, plan: Plan) -> list[tuple[int, int]]:
    parameters = {**plan.parameters, "batch_runs": BATCH_RUNS}
    return [(first, last) for first, last in connection.execute(_sql("pending"), parameters)]


def _make_batches(url: str | URL, plan: Plan, batches: list[tuple[int, int]], workers: int, advance: Advance) -> int:
    """Share the batches among workers; an error or an interruption stops all of them and leaves whole batches behind."""
    work = _Work(deque(batches), advance)
    with ThreadPoolExecutor(workers, thread_name_prefix="volume") as pool:
        try:
            futures = [pool.submit(_work_off, url, plan, work) for _ in range(min(workers, len(batches)))]
            return sum(future.result() for future in futures)
        except BaseException:
            work.stop()
            raise


@dataclass(slots=True)
class _Work:
    """What is still to be done, and who is at it."""

    batches: deque[tuple[int, int]]
    advance: Advance
    connections: set[Connection] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> tuple[int, int] | None:
        """Take the next batch; None when there is no more."""
        with self.lock:
            return self.batches.popleft() if self.batches else None

    def done(self, runs: int) -> None:
        """Tell of finished runs, one worker at a time."""
        with self.lock:
            self.advance(runs)

    def stop(self) -> None:
        """Let nobody begin another batch, and cancel those that are under way."""
        with self.lock:
            self.batches.clear()
            for connection in self.connections:
                connection.cancel_safe()


def _work_off(url: str | URL, plan: Plan, work: _Work) -> int:
    """Make batch after batch on a connection of one's own; give the number of rows made."""
    rows = 0
    with _session(url) as connection:
        work.connections.add(connection)
        try:
            connection.execute(_sql("versions"))
            _skip_foreign_keys(connection)
            while (batch := work.next()) is not None:
                rows += _make_batch(connection, plan, *batch)
                work.done(batch[1] - batch[0] + 1)
        finally:
            work.connections.discard(connection)
    return rows


def _make_batch(connection: Connection, plan: Plan, first: int, last: int) -> int:
    with connection.transaction():
        # Foreign keys may be off: what the rows refer to must not be deleted meanwhile.
        connection.execute("LOCK TABLE public.users, public.workflows, public.workflow_steps IN SHARE MODE")
        connection.execute(_sql("batch"), {**plan.parameters, "first": first, "last": last})
        return sum(connection.execute(_sql(name)).rowcount for name in BATCH_STATEMENTS)


def _skip_foreign_keys(connection: Connection) -> None:
    """Let rows in without looking up what they refer to, where the role may: it is half of the whole work.

    What they refer to was made by this module and is locked. A role that may not say so (a superuser may, and whoever was
    granted SET ON PARAMETER) gets the same rows more slowly.
    """
    row = connection.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')").fetchone()
    if row is not None and row[0]:
        connection.execute("SET session_replication_role = replica")


def _analyze(connection: Connection) -> None:
    for table in TABLES:
        connection.execute(psycopg.sql.SQL("VACUUM (ANALYZE) public.{}").format(psycopg.sql.Identifier(table)))


@contextmanager
def _session(url: str | URL) -> Iterator[Connection]:
    """Open a session in autocommit mode that has the functions."""
    with psycopg.connect(
        _conninfo(make_url(url)), autocommit=True, application_name="flowforge-seed", options=SESSION_OPTIONS
    ) as connection:
        connection.execute(_sql("functions"))
        yield connection


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _sql(name: str) -> str:
    """Read a statement of this package."""
    return (files(__package__) / f"{name}.sql").read_text(encoding="utf-8")
