"""Workers that claim runs, change their status and append to their logs at the same time, and do not stand in each other's way."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg

from flowforge_schema.queries import pick_up_runs
from flowforge_schema.queries.text import prepared_text
from pgharness.databases import Database

CONNECTIONS = 16
RUNS = 480
# A claim of a few at once locks rows in the index's order; whoever meets a locked one goes past it.
CLAIM, _ = prepared_text(pick_up_runs(limit=3))
CLAIM = CLAIM.replace("$1::INTEGER", "3")

SCHEMA = """
INSERT INTO users (email) VALUES ('ada@example.org');
INSERT INTO workflows (owner_id, name) SELECT id, 'w' FROM users;
INSERT INTO workflow_steps (workflow_id, key, name, step_type, position) SELECT id, 'fetch', 'fetch', 'http', 0 FROM workflows;
"""


def test_sixteen_workers_end_every_run_once_without_a_deadlock(migrated_database: Database) -> None:
    with migrated_database.connect() as connection:
        connection.execute(SCHEMA)
        connection.execute(
            "INSERT INTO workflow_runs (workflow_id, workflow_version)"
            " SELECT id, 1 FROM workflows, generate_series(1, %s)",
            [RUNS],
        )
    with ThreadPoolExecutor(CONNECTIONS + 1) as pool:
        workers = [pool.submit(work, migrated_database) for _ in range(CONNECTIONS)]
        canceller = pool.submit(ask_to_stop, migrated_database)
        ended = Counter(run for worker in workers for run in worker.result())
        canceller.result()
    with migrated_database.connect() as connection:
        logs = connection.execute("SELECT count(*), count(DISTINCT run_id) FROM run_step_logs").fetchone()

    assert len(ended) == RUNS
    assert set(ended.values()) == {1}
    assert logs == (RUNS, RUNS)


def work(database: Database) -> list[str]:
    """Take runs until none is left; a deadlock or a lock that is not granted raises."""
    done: list[str] = []
    with database.connect() as connection:
        step_id = connection.execute("SELECT id FROM workflow_steps").fetchone()
        assert step_id is not None
        while runs := carry_out(connection, step_id[0]):
            done += runs
    return done


def carry_out(connection: psycopg.Connection, step_id: str) -> list[str]:
    """Claim runs, start them, log and end them in one transaction."""
    with connection.transaction():
        runs = [row[0] for row in connection.execute(CLAIM)]
        for run_id in runs:
            connection.execute(
                "UPDATE workflow_runs SET status = 'running', started_at = now() WHERE id = %s", [run_id]
            )
            connection.execute(
                "INSERT INTO run_step_logs (run_id, step_id, step_key) VALUES (%s, %s, 'fetch')", [run_id, step_id]
            )
            connection.execute(
                "UPDATE workflow_runs SET status = 'completed', finished_at = now() WHERE id = %s", [run_id]
            )
    return runs


def ask_to_stop(database: Database) -> None:
    """Ask runs to stop meanwhile, each in a transaction of its own and in no order."""
    with database.connect() as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM workflow_runs ORDER BY md5(id::text)")]
        for run_id in ids[: RUNS // 4]:
            connection.execute("UPDATE workflow_runs SET cancel_requested_at = now() WHERE id = %s", [run_id])
