"""Holding a run: heartbeats, the fence against a worker that was late, the end, the next try, the request to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from flowforge_schema import (
    Database,
    HeldRun,
    LeaseLostError,
    RetryPolicy,
    RunStatus,
    WorkflowRun,
    WorkflowRunClaim,
    hold_lease,
    pick_up_runs,
    request_cancel,
)
from tests.schema.leases.leaseholders import Runs

Write = Callable[[Runs, HeldRun], Awaitable[object]]


async def hold(runs: Runs, held: HeldRun) -> None:
    async with runs.database.session() as session:
        await hold_lease(session, held)


WRITES: dict[str, Write] = {
    "heartbeat": lambda runs, held: runs.heartbeat(held),
    "finish": lambda runs, held: runs.finish(held),
    "retry": lambda runs, held: runs.retry(held),
    "last retry": lambda runs, held: runs.retry(replace(held, policy=RetryPolicy(max_attempts=1))),
    "hold": hold,
}


async def test_a_heartbeat_prolongs_the_lease(runs: Runs) -> None:
    await runs.add()
    held = await runs.pick_up_one(lease=timedelta(seconds=10))
    longer = await runs.heartbeat(held, lease=timedelta(minutes=1))
    claim = await runs.claim(held.run_id)

    assert timedelta(seconds=40) < longer.leased_until - held.leased_until < timedelta(seconds=60)
    assert claim is not None
    assert claim.leased_until == longer.leased_until
    assert claim.available_at == held.leased_until


async def test_a_run_whose_lease_was_prolonged_is_not_due_when_the_first_would_be_over(runs: Runs) -> None:
    await runs.add()
    held = await runs.pick_up_one(lease=timedelta(milliseconds=50))
    await runs.heartbeat(held)
    await asyncio.sleep(0.1)

    assert await runs.pick_up("b") == []


@pytest.mark.parametrize("write", WRITES)
async def test_a_worker_whose_run_another_has_picked_up_writes_nothing(runs: Runs, write: str) -> None:
    (run_id,) = await runs.add()
    late = await runs.pick_up_one("a")
    await runs.expire(late)
    now = await runs.pick_up_one("b")
    with pytest.raises(LeaseLostError):
        await WRITES[write](runs, late)
    run, claim = await runs.stored(run_id), await runs.claim(run_id)

    assert run.status is RunStatus.RUNNING
    assert claim is not None
    assert (claim.attempt, claim.held_by, claim.leased_until) == (2, "b", now.leased_until)


@pytest.mark.parametrize("write", WRITES)
async def test_a_worker_that_picked_up_its_own_lost_run_anew_writes_nothing_as_the_old_attempt(
    runs: Runs, write: str
) -> None:
    await runs.add()
    late = await runs.pick_up_one("a")
    await runs.expire(late)
    await runs.pick_up_one("a")

    with pytest.raises(LeaseLostError):
        await WRITES[write](runs, late)


@pytest.mark.parametrize("write", WRITES)
async def test_a_worker_that_gave_its_run_back_writes_nothing_more(runs: Runs, write: str) -> None:
    await runs.add()
    held = await runs.pick_up_one("a")
    await runs.retry(held)

    with pytest.raises(LeaseLostError):
        await WRITES[write](runs, held)


@pytest.mark.parametrize("write", WRITES)
async def test_a_worker_whose_lease_ran_out_without_anybody_else_can_still_write(runs: Runs, write: str) -> None:
    await runs.add()
    held = await runs.pick_up_one("a")
    await runs.expire(held)

    await WRITES[write](runs, held)


async def test_what_is_written_under_the_lease_is_committed_before_another_worker_takes_the_run(
    runs: Runs, database: Database
) -> None:
    await runs.add()
    held = await runs.pick_up_one("a")
    await runs.expire(held)
    async with database.session() as session:
        await hold_lease(session, held)
        passed_over = await runs.pick_up("b")

    assert passed_over == []
    assert [found.attempt for found in await runs.pick_up("b")] == [2]


async def test_a_run_ends_once_with_what_its_worker_says(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.pick_up_one()
    await runs.finish(held, output={"rows": 3})
    with pytest.raises(LeaseLostError):
        await runs.finish(held, RunStatus.FAILED)
    run = await runs.stored(run_id)

    assert (run.status, run.output, run.error) == (RunStatus.COMPLETED, {"rows": 3}, None)
    assert run.finished_at is not None
    assert await runs.claim(run_id) is None


async def test_a_run_does_not_end_as_running(runs: Runs) -> None:
    await runs.add()
    held = await runs.pick_up_one()

    with pytest.raises(ValueError, match="finish_run takes completed, failed or cancelled, not running"):
        await runs.finish(held, RunStatus.RUNNING)


async def test_a_request_to_stop_does_not_refuse_the_last_write_of_the_worker(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.pick_up_one()
    assert await runs.cancel(run_id) is RunStatus.RUNNING
    await runs.finish(held, output={"rows": 3})
    run = await runs.stored(run_id)

    assert (run.status, run.output) == (RunStatus.COMPLETED, {"rows": 3})
    assert run.cancel_requested_at is not None


async def test_a_request_to_stop_does_not_refuse_a_write_through_the_model(runs: Runs, database: Database) -> None:
    (run_id,) = await runs.add()
    await runs.pick_up_one()
    async with database.session() as session:
        run = await session.get_one(WorkflowRun, run_id)
        await runs.cancel(run_id)
        run.output = {"rows": 3}

    assert (await runs.stored(run_id)).cancel_requested_at is not None


async def test_the_worker_hears_of_a_request_to_stop_by_its_next_heartbeat(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.pick_up_one()
    before = await runs.heartbeat(held)
    await runs.cancel(run_id)
    after = await runs.heartbeat(held)

    assert before.cancel_requested_at is None
    assert after.cancel_requested_at == (await runs.stored(run_id)).cancel_requested_at is not None


async def test_a_run_that_nobody_has_begun_is_cancelled_at_once(runs: Runs) -> None:
    (run_id,) = await runs.add()
    assert await runs.cancel(run_id) is RunStatus.CANCELLED
    run = await runs.stored(run_id)

    assert (run.status, run.started_at) == (RunStatus.CANCELLED, None)
    assert await runs.pick_up() == []


async def test_a_run_that_is_being_picked_up_while_it_is_cancelled_is_asked_to_stop(
    runs: Runs, database: Database
) -> None:
    (run_id,) = await runs.add()
    async with database.session() as session:
        await pick_up_runs(session, held_by="a")
        cancelling = asyncio.create_task(runs.cancel(run_id))
        await asyncio.sleep(0.2)

    assert await cancelling is RunStatus.RUNNING


async def test_a_second_request_to_stop_changes_nothing(runs: Runs) -> None:
    (run_id,) = await runs.add()
    await runs.pick_up_one()
    await runs.cancel(run_id)
    first = await runs.stored(run_id)
    await runs.cancel(run_id)
    second = await runs.stored(run_id)

    assert (first.cancel_requested_at, first.updated_at) == (second.cancel_requested_at, second.updated_at)


async def test_what_is_over_or_unknown_cannot_be_asked_to_stop(runs: Runs, database: Database) -> None:
    (run_id,) = await runs.add()
    await runs.finish(await runs.pick_up_one())
    async with database.session() as session:
        found = [await request_cancel(session, an_id) for an_id in (run_id, uuid4())]

    assert found == [None, None]


async def test_a_run_that_waits_to_be_tried_again_is_due_at_once_when_it_is_to_stop(runs: Runs) -> None:
    (run_id,) = await runs.add()
    await runs.retry(await runs.pick_up_one(), delay=timedelta(hours=1))
    assert await runs.pick_up() == []
    await runs.cancel(run_id)

    assert (await runs.pick_up_one()).cancel_requested_at is not None


async def test_a_run_is_tried_again_when_its_delay_is_over(runs: Runs) -> None:
    await runs.add()
    policy = RetryPolicy(first_delay=timedelta(milliseconds=300))
    held = await runs.pick_up_one("a", policy=policy)
    available_at = await runs.retry(held)
    assert await runs.pick_up("b") == []
    await asyncio.sleep(0.35)
    again = await runs.pick_up_one("b")

    assert again.attempt == 2
    assert available_at is not None
    assert again.leased_until > available_at


async def test_the_delay_doubles_with_each_attempt(runs: Runs) -> None:
    (run_id,) = await runs.add()
    policy = RetryPolicy(first_delay=timedelta(minutes=1), longest_delay=timedelta(hours=1))
    delays = []
    for _ in range(3):
        await runs.retry(held := await runs.pick_up_one(policy=policy))
        claim = await runs.claim(run_id)
        assert claim is not None
        delays.append(round((claim.available_at - claim.updated_at).total_seconds()))
        await runs.expire(held)

    assert delays == [60, 120, 240]


async def test_the_last_attempt_that_fails_fails_the_run_with_its_error(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.pick_up_one(policy=RetryPolicy(max_attempts=1))
    assert await runs.retry(await runs.heartbeat(held)) is None
    run = await runs.stored(run_id)

    assert (run.status, run.error) == (RunStatus.FAILED, {"code": "refused"})
    assert await runs.claim(run_id) is None


@pytest.mark.parametrize(("age", "is_moved"), [(timedelta(minutes=9), False), (timedelta(minutes=11), True)])
async def test_a_heartbeat_moves_a_claim_in_the_index_once_it_lies_far_back(
    runs: Runs, age: timedelta, *, is_moved: bool
) -> None:
    await runs.add()
    held = await runs.pick_up_one("a")
    before = datetime.now(UTC) - age
    async with runs.database.session() as session:
        await session.execute(update(WorkflowRunClaim).values(available_at=before))
    held = await runs.heartbeat(held)
    claim = await runs.claim(held.run_id)

    assert claim is not None
    assert claim.available_at == (held.leased_until if is_moved else before)
