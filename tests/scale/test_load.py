"""Many at once: each run is picked up once, and events of one run become visible in the order of their ids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert, select, text

from flowforge_schema import Database, DatabaseSettings, OutboxEvent, RunFloor, WorkflowRun, pick_up_runs, record_event
from tests.scale.claiming import per_second, race
from tests.scale.test_statements import workflow_with_step

CLAIMERS, RUNS = 8, 2_000
WRITERS, WRITING_S = 6, 8


@pytest.mark.parametrize("at_once", [10, 25])
async def test_eight_processes_pick_up_two_thousand_runs_each_once(
    at_once: int, database: Database, spread: DatabaseSettings, figure: Callable[[str], None]
) -> None:
    _, workflow_id, _ = await workflow_with_step(database)
    async with database.session() as session:
        await session.execute(text("DELETE FROM workflow_runs WHERE status IN ('pending', 'running')"))
        rows = [{"workflow_id": workflow_id, "workflow_version": 1, "input": {}} for _ in range(RUNS)]
        await session.execute(insert(WorkflowRun), rows)

    claimed = race(spread.url.get_secret_value(), CLAIMERS, at_once)

    picked = [run_id for one in claimed for run_id in one.runs]
    assert len(picked) == len(set(picked)) == RUNS
    lost = sum(one.locks_lost for one in claimed)
    figure(
        f"{CLAIMERS} processes picked up {RUNS} runs, {at_once} at a time: {per_second(claimed):.0f} a second, {lost} locks lost"
    )


async def test_a_pick_up_takes_runs_of_one_shard(database: Database, script: Connection) -> None:
    _, workflow_id, _ = await workflow_with_step(database)
    async with database.session() as session:
        await session.execute(text("DELETE FROM workflow_runs WHERE status IN ('pending', 'running')"))
        await session.execute(
            insert(WorkflowRun), [{"workflow_id": workflow_id, "workflow_version": 1, "input": {}} for _ in range(200)]
        )

    async with database.session() as session:
        held = await pick_up_runs(session, held_by="a", limit=4, floor=RunFloor())

    shard = text("SELECT get_shard_id_for_distribution_column('workflow_runs', CAST(:id AS uuid))")
    assert held
    assert len({script.scalar(shard, {"id": one.run_id}) for one in held}) == 1


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
