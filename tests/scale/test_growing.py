"""A node is added under writers, takes over a part of the shards, and goes again: a client that tries again, as all do, sees no error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Connection, text

from flowforge_schema import Database, DatabaseSettings, retry_transient
from tests.scale.test_kills import WRITERS, add_run
from tests.scale.test_statements import workflow_with_step

SETTLED_S = 2.0

SHARDS_ON = text("SELECT count(*) FROM citus_shards WHERE nodename = :host AND nodeport = :port")
# Rows are copied while others are written, by logical replication: each table has a key.
MOVED = text("SELECT rebalance_table_shards()")


async def test_a_node_is_added_under_writers_who_see_no_error(
    spread: DatabaseSettings, spare: dict[str, str | int], script: Connection, figure: Callable[[str], None]
) -> None:
    database, acknowledged, ended = Database(spread), list[UUID](), asyncio.Event()
    _, workflow_id, _ = await workflow_with_step(database)
    # While the last rows of a shard are moved it takes no writes, and who waits for several may be chosen to give way.
    add = retry_transient()(add_run)

    async def write() -> None:
        while not ended.is_set():
            acknowledged.append(await add(database, workflow_id))

    script.execute(text("SET statement_timeout = 0"))
    writers = [asyncio.create_task(write()) for _ in range(WRITERS)]
    await asyncio.sleep(SETTLED_S)
    started = time.monotonic()
    try:
        await asyncio.to_thread(script.execute, text("SELECT citus_add_node(:host, :port)"), spare)
        await asyncio.to_thread(script.execute, MOVED)
        moved_s = time.monotonic() - started
        held = script.execute(SHARDS_ON, spare).scalar_one()
        await asyncio.sleep(SETTLED_S)
    finally:
        ended.set()
        errors = [error for error in await asyncio.gather(*writers, return_exceptions=True) if error is not None]
    stored = script.execute(text("SELECT id FROM workflow_runs WHERE workflow_id = :id"), {"id": workflow_id})
    lost = set(acknowledged) - set(stored.scalars())
    script.execute(text("SELECT citus_drain_node(:host, :port)"), spare)
    script.execute(text("SELECT citus_remove_node(:host, :port)"), spare)
    await database.dispose()

    assert held > 0
    assert (errors, lost) == ([], set())
    figure(
        f"a node added under {WRITERS} writers took {held} shards in {moved_s:.1f} s: {len(acknowledged)} runs acknowledged,"
        " 0 lost, 0 errors"
    )
