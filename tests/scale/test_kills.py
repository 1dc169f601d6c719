"""A node is killed under writers: what was acknowledged is there, and no run is without its event, nor an event without its run."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from flowforge_schema import (
    AppError,
    CommitUnknownError,
    Database,
    DatabaseSettings,
    DatabaseUnavailableError,
    WorkflowRun,
    record_event,
)
from tests.scale.nodes import Node
from tests.scale.test_statements import workflow_with_step

WRITERS, BEFORE_S, DOWN_S, AFTER_S = 16, 2.0, 2.0, 3.0
ROUNDS = int(os.environ.get("FLOWFORGE_SCALE_ROUNDS", "6"))

WITHOUT_EVENT = """SELECT count(*) FROM (SELECT id FROM workflow_runs WHERE workflow_id = :id) AS run
WHERE run.id NOT IN (SELECT aggregate_id FROM outbox_events)"""
WITHOUT_RUN = """SELECT count(*) FROM (SELECT aggregate_id FROM outbox_events WHERE payload ->> 'of' = :of) AS event
WHERE event.aggregate_id NOT IN (SELECT id FROM workflow_runs WHERE workflow_id = :id)"""


async def test_nothing_acknowledged_is_lost_and_runs_and_events_stay_together(
    spread: DatabaseSettings, node: Node, figure: Callable[[str], None]
) -> None:
    database = Database(spread)
    total, errors, prepared = 0, Counter[str](), 0
    for _ in range(ROUNDS):
        _, workflow_id, _ = await workflow_with_step(database)
        acknowledged: list[UUID] = []
        until = time.monotonic() + BEFORE_S + DOWN_S + AFTER_S
        writers = [
            asyncio.create_task(write(database, workflow_id, acknowledged, errors, until)) for _ in range(WRITERS)
        ]
        await asyncio.sleep(BEFORE_S)
        await asyncio.to_thread(node.kill)
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(node.restart)
        await asyncio.gather(*writers)
        prepared += await recover(database)
        async with database.session() as session:
            stored = set(
                await session.scalars(text("SELECT id FROM workflow_runs WHERE workflow_id = :id"), {"id": workflow_id})
            )
            orphans = [
                await session.scalar(text(statement), {"id": workflow_id, "of": str(workflow_id)})
                for statement in (WITHOUT_EVENT, WITHOUT_RUN)
            ]

        assert not set(acknowledged) - stored
        assert orphans == [0, 0]
        total += len(acknowledged)
    await database.dispose()
    assert set(errors) <= {DatabaseUnavailableError.__name__, CommitUnknownError.__name__}
    figure(
        f"{node.name} killed {ROUNDS} times under {WRITERS} writers: {total} acknowledged, 0 lost, 0 runs without their event,"
        f" 0 events without their run; {prepared} transactions recovered; clients saw {dict(errors)}"
    )


async def write(
    database: Database, workflow_id: UUID, acknowledged: list[UUID], errors: Counter[str], until: float
) -> None:
    """Add runs, and note those that were acknowledged."""
    while time.monotonic() < until:
        try:
            acknowledged.append(await add_run(database, workflow_id))
        except AppError as error:
            errors[type(error).__name__] += 1
            await asyncio.sleep(0.05)


async def add_run(database: Database, workflow_id: UUID) -> UUID:
    """Add a run with its event; return its id once both are committed."""
    run = WorkflowRun(workflow_id=workflow_id, workflow_version=1, input={})
    async with database.session() as session:
        session.add(run)
        await session.flush()
        run_id = run.id
        await record_event(session, WorkflowRun, run_id, "run.created", {"of": str(workflow_id)})
    return run_id


async def recover(database: Database) -> int:
    """Wait for the cluster to answer again, and let it end what was prepared; return how many there were."""
    for attempt in range(60):
        try:
            async with database.session() as session:
                recovered = await session.scalar(text("SELECT recover_prepared_transactions()"))
                await session.execute(text("SELECT count(*) FROM workflow_runs"))
                return int(recovered or 0)
        except AppError:
            if attempt == 59:
                raise
            await asyncio.sleep(0.5)
    raise AssertionError
