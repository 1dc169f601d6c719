"""Many at once: each run is picked up once, and events of one run become visible in the order of their ids."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import insert, select, text

from flowforge_schema import Database, DatabaseSettings, OutboxEvent, WorkflowRun, pick_up_runs, record_event
from flowforge_schema.queries import waiting_runs
from tests.scale.test_statements import workflow_with_step

CLAIMERS, RUNS = 8, 2_000
WRITERS, WRITING_S = 6, 8


def pick_up_all(url: str, name: str) -> list[UUID]:
    """Pick up runs, ten at a time, until there are none."""

    async def work() -> list[UUID]:
        database, mine, is_over = Database(url), list[UUID](), False
        while not is_over:
            async with database.session() as session:
                taken = await pick_up_runs(session, held_by=name, limit=10)
                # Those that were seen may all have been taken by others meanwhile.
                is_over = not taken and not (await session.scalars(waiting_runs(limit=1))).all()
            mine += [held.run_id for held in taken]
        await database.dispose()
        return mine

    return asyncio.run(work())


async def test_eight_processes_pick_up_two_thousand_runs_each_once(
    database: Database, spread: DatabaseSettings, figure: Callable[[str], None]
) -> None:
    _, workflow_id, _ = await workflow_with_step(database)
    async with database.session() as session:
        await session.execute(text("DELETE FROM workflow_runs WHERE status IN ('pending', 'running')"))
        rows = [{"workflow_id": workflow_id, "workflow_version": 1, "input": {}} for _ in range(RUNS)]
        await session.execute(insert(WorkflowRun), rows)
    url = spread.url.get_secret_value()

    with multiprocessing.get_context("spawn").Pool(CLAIMERS) as pool:
        pool.map(abs, range(CLAIMERS))  # they are up
        started = time.perf_counter()
        taken = pool.starmap(pick_up_all, [(url, f"claimer-{number}") for number in range(CLAIMERS)], chunksize=1)
        took_s = time.perf_counter() - started

    picked = [run_id for mine in taken for run_id in mine]
    assert len(picked) == len(set(picked)) == RUNS
    figure(
        f"{CLAIMERS} processes picked up {RUNS} runs in {took_s:.1f} s: {RUNS / took_s:.0f} a second, start included"
    )


async def test_events_of_one_run_become_visible_in_the_order_of_their_ids(
    database: Database, figure: Callable[[str], None]
) -> None:
    _, workflow_id, _ = await workflow_with_step(database)
    async with database.session() as session:
        run = WorkflowRun(workflow_id=workflow_id, workflow_version=1, input={})
        session.add(run)
    until = time.monotonic() + WRITING_S
    seen: list[int] = []

    async def write() -> None:
        while time.monotonic() < until:
            async with database.session() as session:
                row = await session.get_one(WorkflowRun, run.id)
                await record_event(session, WorkflowRun, row.id, "run.changed", {})

    async def watch() -> None:
        while time.monotonic() < until:
            async with database.session() as session:
                ids = select(OutboxEvent.id).where(OutboxEvent.aggregate_id == run.id).order_by(OutboxEvent.id)
                seen.extend([id_ for id_ in await session.scalars(ids) if id_ not in known])
                known.update(seen)

    known: set[int] = set()
    await asyncio.gather(watch(), *(write() for _ in range(WRITERS)))

    assert seen == sorted(seen)
    figure(f"{len(seen)} events of one run by {WRITERS} writers, 0 visible after a later one")
