"""Picking up runs: each by one worker, those that were lost first, and never more often than is allowed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select

from flowforge_schema import (
    Database,
    RetryPolicy,
    RunFloor,
    RunStatus,
    RunStepLog,
    WorkflowRun,
    WorkflowRunClaim,
    WorkflowStep,
    pick_up_runs,
)
from tests.schema.leases.leaseholders import NOON, Runs


async def test_a_run_that_is_picked_up_is_running_as_the_first_attempt_of_its_worker(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.pick_up_one("a", lease=timedelta(minutes=5))
    run = await runs.stored(run_id)

    assert (held.run_id, held.attempt, held.held_by, held.cancel_requested_at) == (run_id, 1, "a", None)
    assert (run.status, run.lock_version) == (RunStatus.RUNNING, 2)
    assert run.started_at is not None
    assert timedelta(minutes=4) < held.leased_until - run.started_at <= timedelta(minutes=5, seconds=5)


async def test_a_run_that_is_held_is_picked_up_by_nobody_else(runs: Runs) -> None:
    await runs.add()
    await runs.pick_up_one("a")

    assert await runs.pick_up("b") == []


async def test_two_workers_that_look_at_the_same_moment_pick_up_different_runs(runs: Runs, database: Database) -> None:
    await runs.add(3)
    async with database.session() as first:
        one = await pick_up_runs(first, held_by="a", limit=2)
        other = asyncio.create_task(runs.pick_up("b", limit=3))
        await asyncio.sleep(0.2)
    both = [held.run_id for held in (*one, *await other)]

    assert len(both) == len(set(both)) == 3


async def test_a_run_whose_lease_is_over_is_picked_up_again_as_the_next_attempt(runs: Runs) -> None:
    await runs.add()
    lost = await runs.pick_up_one("a")
    await runs.expire(lost)
    found = await runs.pick_up_one("b")

    assert (found.run_id, found.attempt, found.held_by) == (lost.run_id, 2, "b")
    assert await runs.pick_up("c") == []


async def test_a_lost_run_that_two_workers_want_at_the_same_moment_is_picked_up_by_one(
    runs: Runs, database: Database
) -> None:
    await runs.add()
    await runs.expire(await runs.pick_up_one("a"))
    async with database.session() as first:
        one = await pick_up_runs(first, held_by="b")
        other = asyncio.create_task(runs.pick_up("c"))
        await asyncio.sleep(0.3)

    assert [held.attempt for held in one] == [2]
    assert await other == []


async def test_a_run_that_is_picked_up_again_keeps_when_it_started(runs: Runs) -> None:
    (run_id,) = await runs.add()
    lost = await runs.pick_up_one("a")
    before = await runs.stored(run_id)
    await runs.expire(lost)
    await runs.pick_up_one("b")
    after = await runs.stored(run_id)

    assert (after.started_at, after.lock_version) == (before.started_at, before.lock_version)


async def test_runs_that_were_lost_come_before_those_that_nobody_has_begun(runs: Runs) -> None:
    await runs.add(4)
    lost = await runs.pick_up("a", limit=2)
    for held in lost:
        await runs.expire(held)
    found = await runs.pick_up("b", limit=3)

    assert {held.run_id for held in found[:2]} == {held.run_id for held in lost}
    assert [held.attempt for held in found] == [2, 2, 1]


async def test_a_run_that_no_worker_has_ended_in_the_attempts_allowed_is_failed(runs: Runs) -> None:
    (run_id,) = await runs.add()
    policy = RetryPolicy(max_attempts=2)
    for name in ("a", "b"):
        await runs.expire(await runs.pick_up_one(name, policy=policy))
    found = await runs.pick_up("c", policy=policy)
    run = await runs.stored(run_id)

    assert found == []
    assert (run.status, run.error and run.error["code"]) == (RunStatus.FAILED, "attempts_exhausted")
    assert await runs.claim(run_id) is None


async def test_a_claim_on_a_run_that_was_ended_by_other_means_goes(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.pick_up_one("a")

    def end(run: WorkflowRun) -> None:
        run.status, run.finished_at = RunStatus.FAILED, NOON

    await runs.change(run_id, end)
    await runs.expire(held)

    assert await runs.pick_up("b") == []
    assert await runs.claim(run_id) is None
    assert (await runs.stored(run_id)).status is RunStatus.FAILED


async def test_a_run_that_was_set_back_to_pending_by_hand_counts_its_attempts_on(runs: Runs) -> None:
    (run_id,) = await runs.add()
    await runs.pick_up_one("a")

    def set_back(run: WorkflowRun) -> None:
        run.status = RunStatus.PENDING

    await runs.change(run_id, set_back)

    assert (await runs.pick_up_one("b")).attempt == 2


async def test_a_run_that_is_being_picked_up_lets_others_write_its_logs(runs: Runs, database: Database) -> None:
    (run_id,) = await runs.add()
    async with database.session() as session:
        workflow_id = (await session.get_one(WorkflowRun, run_id)).workflow_id
        step = WorkflowStep(workflow_id=workflow_id, key="fetch", name="fetch", step_type="http", position=0)
        session.add(step)
    async with database.session() as worker, database.session() as writer:
        await pick_up_runs(worker, held_by="a")
        await writer.execute(select(func.set_config("lock_timeout", "200ms", True)))
        await writer.execute(insert(RunStepLog).values(run_id=run_id, step_id=step.id, step_key="fetch"))


async def test_a_claim_goes_with_its_run(runs: Runs, database: Database) -> None:
    (run_id,) = await runs.add()
    await runs.pick_up_one()
    async with database.session() as session:
        await session.execute(delete(WorkflowRun).where(WorkflowRun.id == run_id))
        left = await session.scalar(select(func.count()).select_from(WorkflowRunClaim))

    assert left == 0


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"lease": timedelta(0)}, {"held_by": ""}, {"held_by": "x" * 201}], ids=str
)
async def test_what_would_be_no_pick_up_is_refused(runs: Runs, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="pick_up_runs takes"):
        await runs.pick_up(**{"held_by": "a", **wrong})  # type: ignore[arg-type]  # that is the test


async def test_a_floor_never_goes_back(database: Database) -> None:
    # As after a failover to a server whose clock is behind: what lies between has been looked through.
    floor = RunFloor()
    ahead = datetime.now(UTC) + timedelta(hours=1)
    floor.created_from = floor.available_from = floor.deadline_from = ahead
    async with database.session() as session:
        await floor.advance(session)

    assert (floor.created_from, floor.available_from, floor.deadline_from) == (ahead, ahead, ahead)
