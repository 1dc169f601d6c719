"""The worker of docs/guides/run-workflows.md, run as it is printed there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from flowforge_schema import (
    DEADLINE_EXCEEDED,
    Database,
    HeldRun,
    LeaseLostError,
    ResourceInUseError,
    RunStatus,
    User,
    WorkflowStep,
)
from tests.schema.leases.leaseholders import Runs

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "run-workflows.md"
CODE = "\n\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))
TIDY, WATCH = re.findall(r"```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
STILL = {"output": "ok"}


@pytest.fixture
def guide() -> ModuleType:
    """Give the guide's code as a module, with a short lease."""
    module = ModuleType("worker")
    exec(compile(CODE, str(GUIDE), "exec"), module.__dict__)  # noqa: S102 - it is our own page
    module.__dict__.update(POLL_S=0.05, LEASE=timedelta(seconds=0.8))
    return module


def after(seconds: float) -> Callable[[HeldRun, dict[str, Any]], Awaitable[dict[str, Any]]]:
    """Give work that takes so long."""

    async def carry_out(_held: HeldRun, _input: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(seconds)
        return STILL

    return carry_out


async def test_the_worker_ends_the_runs_that_wait_with_what_came_out(
    guide: ModuleType, database: Database, runs: Runs
) -> None:
    ids = await runs.add(3)
    await guide.Worker(database, after(0)).work_on_some()
    ended = [await runs.stored(run_id) for run_id in ids]

    assert [(run.status, run.output) for run in ended] == [(RunStatus.COMPLETED, STILL)] * 3


async def test_the_worker_keeps_a_run_that_takes_longer_than_its_lease(
    guide: ModuleType, database: Database, runs: Runs
) -> None:
    (run_id,) = await runs.add()
    working = asyncio.create_task(guide.Worker(database, after(1.6)).work_on_some())
    await asyncio.sleep(1.2)
    assert await runs.pick_up("b") == []
    await working

    assert (await runs.stored(run_id)).status is RunStatus.COMPLETED


async def test_the_worker_has_a_run_that_fails_tried_again(guide: ModuleType, database: Database, runs: Runs) -> None:
    (run_id,) = await runs.add()

    async def refuse(_held: HeldRun, _input: dict[str, Any]) -> dict[str, Any]:
        raise ConnectionError("refused")

    await guide.Worker(database, refuse).work_on_some()
    claim = await runs.claim(run_id)

    assert (await runs.stored(run_id)).status is RunStatus.RUNNING
    assert claim is not None
    assert (claim.attempt, claim.held_by) == (1, None)


async def test_the_worker_ends_a_run_that_is_asked_to_stop(guide: ModuleType, database: Database, runs: Runs) -> None:
    (run_id,) = await runs.add()
    working = asyncio.create_task(guide.Worker(database, after(60)).work_on_some())
    await asyncio.sleep(0.4)
    answer = await guide.cancel(database, run_id)
    await asyncio.wait_for(working, 10)

    assert answer == "its worker is told by the next heartbeat"
    assert (await runs.stored(run_id)).status is RunStatus.CANCELLED


async def test_the_worker_ends_a_run_whose_deadline_passes(guide: ModuleType, database: Database, runs: Runs) -> None:
    (run_id,) = await runs.add(deadline_at=datetime.now(UTC) + timedelta(seconds=0.5))
    await asyncio.wait_for(guide.Worker(database, after(60)).work_on_some(), 10)
    run = await runs.stored(run_id)

    assert (run.status, run.error) == (RunStatus.FAILED, dict(DEADLINE_EXCEEDED))


async def test_a_run_is_started_once_for_its_key_and_repeated_when_it_has_ended(
    guide: ModuleType, database: Database, runs: Runs
) -> None:
    (run_id,) = await runs.add()
    workflow_id = (await runs.stored(run_id)).workflow_id
    started = [await guide.start(database, workflow_id, 1, "order-4711") for _ in range(2)]
    while await guide.Worker(database, after(0)).work_on_some():
        pass
    async with database.session() as session:
        user_id = await session.scalar(text("SELECT id FROM users"))
    repeated = await guide.repeat(database, started[0], user_id, "again")

    assert started[0] == started[1]
    assert (await runs.stored(repeated)).retry_of == started[0]


async def test_the_next_version_is_published_and_new_runs_are_of_it(
    guide: ModuleType, database: Database, runs: Runs
) -> None:
    (run_id,) = await runs.add()
    workflow_id = (await runs.stored(run_id)).workflow_id
    for version in (2, 3):
        step = WorkflowStep(key="load", name="Load", step_type="http", position=0)
        assert await guide.publish_next_version(database, workflow_id, [step]) == version
    started = await guide.start(database, workflow_id, 3, "order-4711")

    async with database.session() as session:
        (await session.get_one(WorkflowStep, step.id)).name = "Store"
        with pytest.raises(ResourceInUseError):
            await session.flush()
        await session.rollback()
    assert (await runs.stored(started)).workflow_version == 3


async def test_keys_that_nobody_asks_for_any_more_can_be_deleted(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text(TIDY))


async def test_the_worker_lets_go_of_a_run_that_another_has_picked_up(
    guide: ModuleType, database: Database, runs: Runs
) -> None:
    (run_id,) = await runs.add()
    working = asyncio.create_task(guide.Worker(database, after(60), name="a").work_on_some())
    await asyncio.sleep(0.4)
    claim = await runs.claim(run_id)
    assert claim is not None
    async with database.session() as session:
        await session.execute(
            text("UPDATE workflow_run_claims SET attempt = 2, held_by = 'b', leased_until = now() + interval '1 hour'")
        )
    await asyncio.wait_for(working, 10)

    assert (await runs.stored(run_id)).status is RunStatus.RUNNING


async def test_the_worker_ends_when_it_is_told_to(guide: ModuleType, database: Database, runs: Runs) -> None:
    (run_id,) = await runs.add()
    worker = guide.Worker(database, after(0))
    carry_out = worker.carry_out

    async def carry_out_the_last(held: HeldRun, given: dict[str, Any]) -> dict[str, Any]:
        worker.stopping.set()
        return await carry_out(held, given)  # type: ignore[no-any-return]  # the guide's class is not known to mypy

    worker.carry_out = carry_out_the_last
    await asyncio.wait_for(worker.run(), 10)

    assert (await runs.stored(run_id)).status is RunStatus.COMPLETED


async def test_what_is_written_under_the_lease_is_refused_to_who_is_late(
    guide: ModuleType, database: Database, runs: Runs
) -> None:
    await runs.add()
    late = await runs.pick_up_one("a")
    await guide.write_under_the_lease(database, late, User(email="in.time@example.org"))
    await runs.expire(late)
    await runs.pick_up_one("b")

    with pytest.raises(LeaseLostError):
        await guide.write_under_the_lease(database, late, User(email="late@example.org"))


async def test_what_is_to_be_watched_can_be_asked(database: Database) -> None:
    async with database.read_session() as session:
        for question in WATCH.split(";")[:2]:
            await session.execute(text(question))
