"""A node is added under writers, takes over a part of the shards, and goes again: a client may have to try again, and sees no other error."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Connection, text

from flowforge_schema import Database, DatabaseSettings, DeadlockError, LockTimeoutError
from tests.scale.test_kills import WRITERS, write
from tests.scale.test_statements import workflow_with_step

SETTLED_S = 2.0

SHARDS_ON = text("SELECT count(*) FROM citus_shards WHERE nodename = :host AND nodeport = :port")
# Rows are copied while others are written, by logical replication: each table has a key.
MOVED = text("SELECT rebalance_table_shards()")


async def test_a_node_is_added_under_writers_who_at_most_try_again(
    spread: DatabaseSettings, spare: dict[str, str | int], script: Connection, figure: Callable[[str], None]
) -> None:
    database, acknowledged, errors = Database(spread), list[UUID](), Counter[str]()
    _, workflow_id, _ = await workflow_with_step(database)
    until = time.monotonic() + 600

    writers = [asyncio.create_task(write(database, workflow_id, acknowledged, errors, until)) for _ in range(WRITERS)]
    script.execute(text("SET statement_timeout = 0"))
    try:
        await asyncio.sleep(SETTLED_S)
        started = time.monotonic()
        await asyncio.to_thread(script.execute, text("SELECT citus_add_node(:host, :port)"), spare)
        await asyncio.to_thread(script.execute, MOVED)
        moved_s = time.monotonic() - started
        held = script.execute(SHARDS_ON, spare).scalar_one()
        await asyncio.sleep(SETTLED_S)
    finally:
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
    stored = script.execute(text("SELECT id FROM workflow_runs WHERE workflow_id = :id"), {"id": workflow_id})
    lost = set(acknowledged) - set(stored.scalars())
    script.execute(text("SELECT citus_drain_node(:host, :port)"), spare)
    script.execute(text("SELECT citus_remove_node(:host, :port)"), spare)
    await database.dispose()

    assert held > 0
    assert lost == set()
    # While the last rows of a shard are moved it takes no writes, and who waits for several may be chosen to give way.
    assert set(errors) <= {DeadlockError.__name__, LockTimeoutError.__name__}
    figure(
        f"a node added under {WRITERS} writers took {held} shards in {moved_s:.1f} s: {len(acknowledged)} runs acknowledged,"
        f" 0 lost; tried again: {dict(errors)}"
    )
