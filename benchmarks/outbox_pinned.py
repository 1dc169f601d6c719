"""What a claim costs while a long transaction keeps every dead row alive, with the trailing floor and without.

Blocks that are read do not depend on what else the machine does; milliseconds are those of the quickest claim of a tenth.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema import Database, TrailingFloor, claim_events, mark_published
from flowforge_schema.models import metadata
from pgharness.servers import Connection, open_server

BATCH = 100

# How many events pass between two claims that are measured: written, leased and published as other relays would.
BETWEEN = 900

WRITE = """
INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload)
SELECT 'user', uuidv7(), 'user.changed', '{"status": "completed"}' FROM generate_series(1, %s)
"""
LEASE = "UPDATE outbox_events SET attempts = 1, available_at = now() + interval '1 minute' WHERE published_at IS NULL"
PUBLISH = "UPDATE outbox_events SET published_at = now() WHERE published_at IS NULL"
BLOCKS = text("""
SELECT sum(pg_stat_get_xact_blocks_fetched(relation)) FROM (
    SELECT CAST('outbox_events' AS regclass) UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = CAST('outbox_events' AS regclass)
) AS of_outbox (relation)
""")


@dataclass(frozen=True, slots=True)
class Cost:
    """One claim: milliseconds, and blocks of the table and its indexes."""

    time_ms: float
    blocks: int


async def pin(events: int) -> None:
    """Print what a claim of 100 events costs in the first tenth of the events and in the last."""
    for title, floor in (("with the floor", TrailingFloor()), ("without", None)):
        costs = await measure(events, floor)
        tenth = max(1, len(costs) // 10)
        first, last = _quickest(costs[:tenth]), _quickest(costs[-tenth:])
        print(
            f"{title:>14}: claim of {BATCH}: {first.time_ms:5.1f} ms, {first.blocks} blocks;"
            f" after {events} events {last.time_ms:5.1f} ms, {last.blocks} blocks;"
            f" factor {last.time_ms / first.time_ms:.2f} in time, {last.blocks / first.blocks:.2f} in blocks",
            flush=True,
        )


async def measure(events: int, floor: TrailingFloor | None) -> list[Cost]:
    """Let events pass under a pinned xmin, and give the cost of each claim."""
    with open_server("embedded") as server, server.connect() as writer, server.connect() as pinning:
        database = Database(server.url.render("psycopg"))
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        _pin(pinning)
        costs = [await _pass(database, writer, floor) for _ in range(events // (BATCH + BETWEEN))]
        await database.dispose()
    return costs


def _pin(connection: Connection) -> None:
    """Open a transaction whose snapshot must see all that is published from now on as it was."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    connection.execute("SELECT count(*) FROM outbox_events")


async def _pass(database: Database, writer: Connection, floor: TrailingFloor | None) -> Cost:
    """Let events pass, and give what the claim of the last hundred cost."""
    writer.execute(WRITE, (BETWEEN,))
    writer.execute(LEASE)
    writer.execute(PUBLISH)
    writer.execute(WRITE, (BATCH,))
    async with database.session() as session:
        blocks_before = await _blocks(session)
        started = time.perf_counter()
        claimed = await claim_events(session, limit=BATCH, floor=floor)
        time_ms = (time.perf_counter() - started) * 1000
        blocks = await _blocks(session) - blocks_before
    async with database.session() as session:
        await mark_published(session, claimed)
    assert len(claimed) == BATCH
    return Cost(time_ms, blocks)


async def _blocks(session: AsyncSession) -> int:
    return int(await session.scalar(BLOCKS) or 0)


def _quickest(costs: list[Cost]) -> Cost:
    """Return the least of each: blocks too, because every half second a claim moves the floor as well."""
    return Cost(min(cost.time_ms for cost in costs), min(cost.blocks for cost in costs))
