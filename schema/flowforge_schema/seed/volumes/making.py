"""Makes a volume: people and workflows first, then runs with their logs and events, batch by batch, on several connections."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from flowforge_schema.errors import translating
from flowforge_schema.seed.refusal import SeedRefusedError
from flowforge_schema.seed.volumes.indexes import indexes_set_aside, known_runs
from flowforge_schema.seed.volumes.scale import Plan, Scale
from flowforge_schema.seed.volumes.sessions import Connection, statement, volume_session

Advance = Callable[[int], None]

# A batch is one transaction: about 27,000 rows, so that an interruption loses less than a second of work, and what is decided of the
# runs stays in the processor's cache.
BATCH_RUNS = 5_000
WORKERS = 2
# Any number, so long as every maker of volumes asks for the same.
ADVISORY_LOCK_KEY = 7_304_231_991_024_882
TABLES = (
    "users",
    "api_keys",
    "workflows",
    "workflow_versions",
    "workflow_steps",
    "workflow_runs",
    "workflow_run_claims",
    "run_step_logs",
    "outbox_events",
)
BASE_STATEMENTS = ("users", "api_keys", "workflows", "steps", "workflow_versions")
BATCH_STATEMENTS = ("runs", "claims", "logs", "events")


@dataclass(frozen=True, slots=True)
class Volume:
    """What a call made: rows of all tables together (0 where all was there), in how long, and up to which moment."""

    rows: int
    duration_s: float
    """Rows and indexes, without what follows."""
    analyze_s: float
    anchor: datetime

    @property
    def rows_per_second(self) -> float:
        """Return the pace, the building of indexes included."""
        return self.rows / self.duration_s


@dataclass(frozen=True, slots=True)
class Batch:
    """The runs of one transaction, by number; both ends are part of it."""

    first: int
    last: int
    is_new: bool
    """Whether none of them is there yet."""

    @property
    def runs(self) -> int:
        """Count the runs."""
        return self.last - self.first + 1


def make_volume(
    url: str | URL, scale: Scale, *, now: datetime, workers: int = WORKERS, advance: Advance = lambda _runs: None
) -> Volume:
    """Bring the volume in a migrated database up to `scale`; `advance` is called with the number of runs just made.

    The newest run lies just before `now`. A volume that is there keeps its moment and grows by older runs, so a call that
    was interrupted goes on where it was, and one that has nothing to do changes nothing. Each batch is a transaction of
    its own; where very many rows come in, secondary indexes are built at the end. Ends with VACUUM (ANALYZE), so that the
    planner knows the tables. Raises SeedRefusedError where the volume that is there has other numbers of users or
    workflows, and the data layer's errors for what PostgreSQL refuses. Whether the database looks like production is the
    caller's to ask: `refuse_production`.
    """
    started = time.perf_counter()
    with translating(), volume_session(url) as connection:
        _refuse_distributed(connection)
        connection.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK_KEY])
        plan, rows = _lay_base(connection, Plan(scale, now))
        batches = _pending_batches(connection, plan)
        new_runs = sum(batch.runs for batch in batches)
        advance(scale.runs - new_runs)
        with indexes_set_aside(connection, new_runs):
            rows += _make_batches(url, plan, batches, workers, advance)
        made = time.perf_counter()
        # An earlier call may have been ended before it came to this.
        for table in TABLES if rows or known_runs(connection) < 0.9 * scale.runs else ():
            connection.execute(psycopg.sql.SQL("VACUUM (ANALYZE) public.{}").format(psycopg.sql.Identifier(table)))
    return Volume(rows, made - started, time.perf_counter() - made, plan.anchor)


def _refuse_distributed(connection: Connection) -> None:
    """Raise SeedRefusedError where rows lie in shards: these statements ask temporary functions, which other nodes do not have."""
    known = connection.execute("SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL").fetchone()
    if (
        known == (True,)
        and connection.execute(
            "SELECT FROM pg_dist_partition WHERE logicalrelid = 'public.workflow_runs'::regclass"
        ).fetchone()
        is not None
    ):
        raise SeedRefusedError(
            "A volume is made before the tables are distributed.\n"
            "  seen: workflow_runs lies in shards\n"
            "  fix: flowforge-schema undistribute, the same command again, then flowforge-schema distribute"
        )


def _lay_base(connection: Connection, plan: Plan) -> tuple[Plan, int]:
    """Make users, keys, workflows and steps unless they are there; give the plan that holds, and the number of rows made."""
    _skip_triggers(connection)
    with connection.transaction():
        begun = _begun(connection, plan.scale)
        if begun is not None:
            return begun, 0
        marker = json.dumps({**plan.scale.people, "anchor": plan.anchor.isoformat()})
        parameters = {**plan.parameters, "marker": marker}
        return plan, sum(connection.execute(statement(name), parameters).rowcount for name in BASE_STATEMENTS)


def _begun(connection: Connection, scale: Scale) -> Plan | None:
    """Read what the volume in this database was begun with; None where there is none."""
    row = connection.execute(statement("marker")).fetchone()
    if row is None:
        return None
    marker: dict[str, Any] = row[0]
    anchor = datetime.fromisoformat(marker.pop("anchor"))
    if marker != scale.people:
        begun = ",".join(f"{name}={number}" for name, number in sorted(marker.items()))
        raise SeedRefusedError(
            "The volume in this database cannot go on with other numbers of users or workflows.\n"
            f"  seen: it was begun with {begun}\n"
            f"  fix: --scale runs={scale.runs},{begun}, or another database"
        )
    return Plan(scale, anchor)


def _pending_batches(connection: Connection, plan: Plan) -> list[Batch]:
    parameters = {**plan.parameters, "batch_runs": BATCH_RUNS}
    return [Batch(*row) for row in connection.execute(statement("pending"), parameters)]


def _make_batches(url: str | URL, plan: Plan, batches: list[Batch], workers: int, advance: Advance) -> int:
    """Share the batches among workers; an error or an interruption stops all of them, and leaves whole batches behind."""
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

    batches: deque[Batch]
    advance: Advance
    connections: list[Connection] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def join(self, connection: Connection) -> None:
        """Let a worker's statements be cancelled when all is to stop."""
        with self.lock:
            self.connections.append(connection)

    def take(self) -> Batch | None:
        """Take the next batch; None when there is no more."""
        with self.lock:
            return self.batches.popleft() if self.batches else None

    def tell(self, batch: Batch) -> None:
        """Report a finished batch, one worker at a time."""
        with self.lock:
            self.advance(batch.runs)

    def stop(self) -> None:
        """Let nobody begin another batch, and cancel those that are under way."""
        with self.lock:
            self.batches.clear()
            for connection in self.connections:
                with contextlib.suppress(psycopg.Error):
                    connection.cancel_safe()


def _work_off(url: str | URL, plan: Plan, work: _Work) -> int:
    """Make batch after batch on a connection of one's own; give the number of rows made."""
    rows = 0
    with volume_session(url) as connection:
        work.join(connection)
        connection.execute(statement("versions"))
        connection.execute(statement("stories"))
        _skip_triggers(connection)
        while (batch := work.take()) is not None:
            rows += _make_batch(connection, plan, batch)
            work.tell(batch)
    return rows


def _make_batch(connection: Connection, plan: Plan, batch: Batch) -> int:
    with connection.transaction():
        # Foreign keys may be off: what the rows refer to must not be deleted meanwhile.
        connection.execute(
            "LOCK TABLE public.users, public.workflows, public.workflow_versions, public.workflow_steps IN SHARE MODE"
        )
        connection.execute(statement("batch"), {**plan.parameters, **asdict(batch)})
        return sum(connection.execute(statement(name)).rowcount for name in BATCH_STATEMENTS)


def _skip_triggers(connection: Connection) -> None:
    """Let rows in without foreign keys and other triggers, where the role may: that is more than half of the whole work.

    What the rows refer to was made by this module and is locked. A role that may not say so (a superuser may, and whoever
    was granted SET ON PARAMETER) gets the same rows more slowly.
    """
    row = connection.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')").fetchone()
    if row is not None and row[0]:
        connection.execute("SET session_replication_role = replica")
