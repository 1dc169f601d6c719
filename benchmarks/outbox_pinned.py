"""The time of a claim while a long transaction keeps every dead row alive, with the trailing floor and without."""

from __future__ import annotations

import statistics
import time

from flowforge_schema import Database, TrailingFloor, claim_events, mark_published
from flowforge_schema.models import metadata
from pgharness.servers import Connection, open_server

BATCH = 100

WRITE = """
INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload)
SELECT 'user', uuidv7(), 'user.changed', '{"status": "completed"}' FROM generate_series(1, %s)
"""


async def pin(events: int) -> None:
    """Print how long a claim of 100 events takes in the first tenth of the events and in the last."""
    for title, floor in (("with the floor", TrailingFloor()), ("without", None)):
        first, last = await measure(events, floor)
        print(
            f"{title:>14}: claim of {BATCH}: {first:5.1f} ms, after {events} events {last:5.1f} ms, factor {last / first:.2f}"
        )


async def measure(events: int, floor: TrailingFloor | None) -> tuple[float, float]:
    """Give the medians in milliseconds."""
    with open_server("embedded") as server, server.connect() as writer, server.connect() as pinning:
        database = Database(server.url.render_as_string(hide_password=False))
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        _pin(pinning)
        taken = [await _pass(database, writer, floor) for _ in range(events // BATCH)]
        await database.dispose()
    tenth = max(1, len(taken) // 10)
    return statistics.median(taken[:tenth]), statistics.median(taken[-tenth:])


def _pin(connection: Connection) -> None:
    """Open a transaction whose snapshot must see all that is published from now on as it was."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    connection.execute("SELECT count(*) FROM outbox_events")


async def _pass(database: Database, writer: Connection, floor: TrailingFloor | None) -> float:
    """Let one batch pass, and give how many milliseconds its claim took."""
    writer.execute(WRITE, (BATCH,))
    async with database.session() as session:
        started = time.perf_counter()
        claimed = await claim_events(session, limit=BATCH, floor=floor)
        taken_ms = (time.perf_counter() - started) * 1000
    async with database.session() as session:
        await mark_published(session, claimed)
    assert len(claimed) == BATCH
    return taken_ms
