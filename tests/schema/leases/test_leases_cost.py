"""What leases cost: a heartbeat is small however large the run, and a pick-up stays small while a transaction keeps dead rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import Database, RunFloor, heartbeat, pick_up_runs
from pgharness.databases import Database as OwnDatabase
from tests.schema.leases.leaseholders import Runs

# So that neither TOAST's compression nor its size hides what reading the document costs.
FILL = """
UPDATE workflow_runs
SET input = jsonb_build_object('text', (SELECT string_agg(md5(number::text), '') FROM generate_series(1, 32000) AS number))
"""
HOT = "SELECT pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_hot_updated(oid) FROM pg_class WHERE relname = 'workflow_run_claims'"
# Blocks of the tables of runs and their indexes that this transaction has fetched.
FETCHED = text("""
SELECT sum(pg_stat_get_xact_blocks_fetched(relation)) FROM (
    SELECT CAST(name AS regclass) FROM unnest(ARRAY['workflow_runs', 'workflow_run_claims']) AS name
    UNION ALL
    SELECT indexrelid FROM pg_index
    WHERE indrelid IN (CAST('workflow_runs' AS regclass), CAST('workflow_run_claims' AS regclass))
) AS of_runs (relation)
""")
PASSED = 25_000
# As workers would: begun, claimed and ended, without reading back.
PASS = (
    "INSERT INTO workflow_runs (workflow_id, workflow_version) SELECT id, 1 FROM workflows, generate_series(1, %(runs)s)",
    "UPDATE workflow_runs SET status = 'running', started_at = now() WHERE status = 'pending'",
    """INSERT INTO workflow_run_claims (run_id, held_by, leased_until, available_at)
    SELECT id, 'a', now() + interval '1 ms', now() + interval '1 ms' FROM workflow_runs WHERE status = 'running'
    ON CONFLICT DO NOTHING""",
    "DELETE FROM workflow_run_claims",
    "UPDATE workflow_runs SET status = 'completed', finished_at = now() WHERE status = 'running'",
)


async def test_a_heartbeat_on_a_run_with_a_megabyte_of_input_touches_at_most_ten_blocks(
    runs: Runs, database: Database, migrated_database: OwnDatabase
) -> None:
    await runs.add()
    held = await runs.pick_up_one()
    with migrated_database.connect() as connection:
        connection.execute(FILL)
        size = connection.execute("SELECT pg_column_size(input) FROM workflow_runs").fetchone()
    async with database.session() as session:
        sent: list[tuple[str, Any]] = []
        event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *call: sent.append(call[2:4]))
        await heartbeat(session, held)
        by_the_claim = await touched(session, *sent[0])
        by_the_run = await touched(session, "UPDATE workflow_runs SET cancel_requested_at = now()", {})

    assert size is not None
    assert size[0] > 1_000_000
    assert by_the_claim <= 10
    assert by_the_run > 200


async def touched(session: AsyncSession, statement: str, parameters: Any) -> int:
    """Run a statement, and give the blocks that it touched."""
    connection = await session.connection()
    result = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
    plan = result.scalar_one()[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def test_heartbeats_are_heap_only_updates(runs: Runs, migrated_database: OwnDatabase) -> None:
    await runs.add(5)
    holding = await runs.pick_up(limit=5)
    for _ in range(20):
        for held in holding:
            await runs.heartbeat(held)
    await runs.database.dispose()  # a backend that ends reports what it did
    with migrated_database.connect() as connection:
        updated, hot = connection.execute(HOT).fetchone() or (0, 0)

    assert updated == 100
    # A page that fills while something still sees its dead rows is left once, by each of the five.
    assert hot >= updated - 5


async def test_a_pick_up_reads_no_more_while_many_runs_pass_under_a_long_transaction(
    runs: Runs, database: Database, migrated_database: OwnDatabase
) -> None:
    await runs.add()
    await runs.finish(await runs.pick_up_one())
    floor = RunFloor(overlap=timedelta(0), advance_every_s=0)
    with migrated_database.connect() as pinning, migrated_database.connect() as writer:
        await pick_up_cost(database, writer, floor)  # plans and caches
        first = await pick_up_cost(database, writer, floor)
        pinning.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        pinning.execute("SELECT count(*) FROM workflow_runs")
        for statement in PASS:
            writer.execute(statement, {"runs": PASSED} if "%(" in statement else None)
        await pick_up_cost(database, writer, floor)
        last = await pick_up_cost(database, writer, floor)
        without = await pick_up_cost(database, writer, None)

    assert without > 4 * first
    assert last <= 2 * first


async def pick_up_cost(database: Database, writer: psycopg.Connection, floor: RunFloor | None) -> int:
    """Add ten runs, pick them up, and give the blocks that this fetched; they stay held."""
    writer.execute(PASS[0], {"runs": 10})
    async with database.session() as session:
        before = await session.scalar(FETCHED)
        found = await pick_up_runs(session, held_by="a", limit=10, floor=floor)
        after = await session.scalar(FETCHED)
    assert len(found) == 10
    return int(after) - int(before)
