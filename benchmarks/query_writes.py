"""What indexes cost writes: a run with three logs and an event, with and without each index; and which updates are HOT."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import psycopg
from psycopg import sql
from query_volumes import volume

from pgharness.databases import Database, Databases

RUNS = 100_000
TRANSACTIONS = 200
ROUNDS = 7
# As many at once, in one statement: no round trips, the server's work alone.
AT_ONCE = 2_000

INSERT_RUN = """
INSERT INTO workflow_runs (workflow_id, workflow_version, trigger_type, triggered_by, input)
VALUES (%(workflow_id)s, 1, 'api', %(user_id)s, '{"region": "eu"}') RETURNING id"""
INSERT_LOG = """
INSERT INTO run_step_logs (run_id, step_id, step_key, status, started_at, message)
VALUES (%(run_id)s, %(step_id)s, 'fetch', 'running', now(), 'worker 1: running')"""
INSERT_CLAIM = """
INSERT INTO workflow_run_claims (run_id, held_by, leased_until, available_at)
VALUES (%(run_id)s, 'worker 1', now() + interval '30 s', now() + interval '30 s')"""
INSERT_EVENT = """
INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload)
VALUES ('workflow_run', %(run_id)s, 'workflow_run.created', '{"status": "pending"}')"""

INSERT_AT_ONCE = """
WITH run AS (
    INSERT INTO workflow_runs (workflow_id, workflow_version, trigger_type, triggered_by, input)
    SELECT %(workflow_id)s, 1, 'api', %(user_id)s, '{"region": "eu"}' FROM generate_series(1, %(runs)s)
    RETURNING id
), log AS (
    INSERT INTO run_step_logs (run_id, step_id, step_key, status, started_at, message)
    SELECT run.id, step_id, 'fetch', 'running', now(), 'worker 1: running' FROM run, unnest(%(step_ids)s::uuid[]) AS step_id
)
INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload)
SELECT 'workflow_run', run.id, 'workflow_run.created', '{"status": "pending"}' FROM run"""

# The updates that happen most: (what, table, the statement).
UPDATES = (
    (
        "a run starts",
        "workflow_runs",
        "UPDATE workflow_runs SET status = 'running', started_at = now() WHERE id = %(run_id)s",
    ),
    (
        "a run is asked to stop",
        "workflow_runs",
        "UPDATE workflow_runs SET cancel_requested_at = now() WHERE id = %(run_id)s",
    ),
    (
        "a worker renews its lease",
        "workflow_run_claims",
        "UPDATE workflow_run_claims SET leased_until = clock_timestamp() + interval '30 s' WHERE run_id = %(run_id)s",
    ),
    (
        "a run ends",
        "workflow_runs",
        "UPDATE workflow_runs SET status = 'completed', finished_at = now() WHERE id = %(run_id)s",
    ),
    (
        "a log ends",
        "run_step_logs",
        "UPDATE run_step_logs SET status = 'completed', finished_at = now() WHERE run_id = %(run_id)s",
    ),
    ("a key is used", "api_keys", "UPDATE api_keys SET last_used_at = clock_timestamp() WHERE id = %(key_id)s"),
    ("a person signs in", "users", "UPDATE users SET last_login_at = clock_timestamp() WHERE id = %(user_id)s"),
    (
        "a workflow changes",
        "workflows",
        "UPDATE workflows SET lock_version = lock_version + 1 WHERE id = %(workflow_id)s",
    ),
    (
        "an event is delivered",
        "outbox_events",
        "UPDATE outbox_events SET published_at = now() WHERE aggregate_id = %(run_id)s AND id > %(event_id)s",
    ),
)


def measure_writes(databases: Databases) -> dict[str, Any]:
    """Return the cost of one insert (time, the server's time, WAL) with all indexes, with keys alone, and without each; and the ratio of HOT updates."""
    print(f"inserts on {RUNS:,} runs", flush=True)
    with volume(databases, RUNS) as database:
        declared = _declared_indexes(database)
        variants = {
            "all indexes": (),
            "keys alone": tuple(declared),
            **{f"without {name}": (name,) for name in declared},
        }
        clones = {name: _without(databases, database, dropped) for name, dropped in variants.items()}
        inserts = _measure_inserts(clones)
        hot = _measure_hot(clones["all indexes"])
        for clone in clones.values():
            databases.drop(clone)
    return {"inserts": inserts, "hot": hot, "runs": RUNS, "transactions": TRANSACTIONS * ROUNDS}


def _declared_indexes(database: Database) -> list[str]:
    """Return the indexes of the three tables that are there for queries, not for a key."""
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE NOT i.indisunique AND i.indrelid::regclass::text IN ('workflow_runs', 'run_step_logs', 'outbox_events')"
            " ORDER BY c.relname"
        ).fetchall()
    return [name for (name,) in rows]


def _without(databases: Databases, database: Database, dropped: Sequence[str]) -> Database:
    clone = databases.clone(database)
    with clone.connect() as connection:
        for name in dropped:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        connection.execute("CHECKPOINT")
    return clone


def _measure_inserts(clones: dict[str, Database]) -> dict[str, dict[str, float]]:
    """Take turns, so that whatever else the machine does meets all variants alike."""
    rounds: dict[str, list[float]] = {name: [] for name in clones}
    at_once: dict[str, list[float]] = {name: [] for name in clones}
    wal: dict[str, float] = {}
    for number in range(ROUNDS + 1):
        for name, clone in clones.items():
            with _session(clone) as (connection, given):
                before = _wal_position(connection)
                started = time.perf_counter()
                for _ in range(TRANSACTIONS):
                    _insert(connection, given)
                duration_s = time.perf_counter() - started
                wal[name] = (_wal_position(connection) - before) / TRANSACTIONS
                started = time.perf_counter()
                connection.execute(INSERT_AT_ONCE, {**given, "runs": AT_ONCE})
                server_s = time.perf_counter() - started
            if number:  # the first one warms up
                rounds[name].append(duration_s / TRANSACTIONS * 1000)
                at_once[name].append(server_s / AT_ONCE * 1000)
    return {
        name: {"duration_ms": median(rounds[name]), "server_ms": median(at_once[name]), "wal_bytes": wal[name]}
        for name in clones
    }


def _insert(connection: psycopg.Connection, given: dict[str, Any]) -> Any:
    with connection.transaction():
        row = connection.execute(INSERT_RUN, given, prepare=True).fetchone()
        assert row is not None
        with connection.pipeline():
            for step_id in given["step_ids"]:
                connection.execute(INSERT_LOG, {"run_id": row[0], "step_id": step_id}, prepare=True)
            connection.execute(INSERT_EVENT, {"run_id": row[0]}, prepare=True)
    return row[0]


def _measure_hot(database: Database) -> list[dict[str, Any]]:
    """Insert runs and let each go through its life, then ask the server how many of the updates were HOT."""
    found = []
    with _session(database) as (connection, given):
        ids = [{**given, "run_id": _insert(connection, given)} for _ in range(TRANSACTIONS)]
        for one in ids:
            connection.execute(INSERT_CLAIM, one, prepare=True)
        for what, table, statement in UPDATES:
            before = _updates(connection, table)
            for one in ids:
                connection.execute(statement, one, prepare=True)
            updates, hot = (after - earlier for after, earlier in zip(_updates(connection, table), before, strict=True))
            found.append({"what": what, "table": table, "updates": updates, "hot": hot})
    return found


def _updates(connection: psycopg.Connection, table: str) -> tuple[int, int]:
    connection.execute("SELECT pg_stat_force_next_flush()")
    connection.execute("SELECT pg_stat_clear_snapshot()")
    row = connection.execute(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s", [table]
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _wal_position(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _session(database: Database) -> Iterator[tuple[psycopg.Connection, dict[str, Any]]]:
    """Open a session, and give a busy workflow with three steps to write about."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT w.id, w.owner_id, array_agg(s.id) FROM workflows w JOIN workflow_steps s ON s.workflow_id = w.id"
            " GROUP BY w.id, w.owner_id ORDER BY w.id LIMIT 1"
        ).fetchone()
        key = connection.execute("SELECT id FROM api_keys ORDER BY id LIMIT 1").fetchone()
        event = connection.execute("SELECT max(id) FROM outbox_events").fetchone()
        assert row is not None
        assert key is not None
        assert event is not None
        yield (
            connection,
            {
                "workflow_id": row[0],
                "user_id": row[1],
                "step_ids": row[2][:3],
                "key_id": key[0],
                "event_id": event[0],
            },
        )
