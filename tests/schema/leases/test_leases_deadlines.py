"""Deadlines of runs: nobody picks up what is overdue, its worker is told, and whoever looks for runs ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from flowforge_schema import DEADLINE_EXCEEDED, HeldRun, LeaseLostError, RunFloor, RunStatus, WorkflowRun
from tests.schema.leases.leaseholders import NOON, Runs

LATER = datetime(2100, 1, 1, tzinfo=UTC)


async def let_deadline_pass(runs: Runs, run_id: UUID) -> None:
    """Let the deadline be over, as if its time had passed."""
    async with runs.database.session() as session:
        await session.execute(update(WorkflowRun).where(WorkflowRun.id == run_id).values(deadline_at=NOON))


async def is_timed_out(runs: Runs, run_id: UUID) -> bool:
    run = await runs.stored(run_id)
    is_over = run.started_at is not None and run.finished_at is not None and await runs.claim(run_id) is None
    return is_over and run.status is RunStatus.FAILED and run.error == DEADLINE_EXCEEDED


async def held_past_its_deadline(runs: Runs) -> HeldRun:
    await runs.add(deadline_at=LATER)
    held = await runs.pick_up_one("a")
    await let_deadline_pass(runs, held.run_id)
    return held


async def test_a_run_that_nobody_began_in_time_is_ended_and_those_behind_it_are_picked_up(runs: Runs) -> None:
    late = await runs.add(9, deadline_at=NOON)
    (in_time,) = await runs.add(deadline_at=LATER)
    (held,) = await runs.pick_up()

    assert (held.run_id, held.deadline_at, held.is_overdue) == (in_time, LATER, False)
    assert [await is_timed_out(runs, run_id) for run_id in late] == [True] * 9


async def test_a_run_without_a_deadline_is_never_late(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.heartbeat(await runs.pick_up_one())

    assert (held.run_id, held.deadline_at, held.is_overdue) == (run_id, None, False)


async def test_more_overdue_runs_than_one_look_ends_are_ended_by_the_next(runs: Runs) -> None:
    late = await runs.add(120, deadline_at=NOON)
    for _ in range(3):
        assert await runs.pick_up() == []

    assert all([await is_timed_out(runs, run_id) for run_id in late])


async def test_the_worker_is_told_by_its_heartbeat_which_prolongs_nothing(runs: Runs) -> None:
    held = await held_past_its_deadline(runs)
    told = await runs.heartbeat(held)

    assert (told.is_overdue, told.deadline_at, told.leased_until) == (True, NOON, held.leased_until)


async def test_a_deadline_that_is_moved_is_told_by_the_heartbeat(runs: Runs) -> None:
    (run_id,) = await runs.add()
    held = await runs.pick_up_one()
    await runs.change(run_id, lambda run: setattr(run, "deadline_at", LATER))
    told = await runs.heartbeat(held)

    assert (told.is_overdue, told.deadline_at) == (False, LATER)
    assert told.leased_until > held.leased_until


async def test_a_run_that_is_held_past_its_deadline_is_its_workers_to_end(runs: Runs) -> None:
    held = await held_past_its_deadline(runs)
    assert await runs.pick_up("b") == []
    assert (await runs.stored(held.run_id)).status is RunStatus.RUNNING
    await runs.finish(held, RunStatus.FAILED, error=DEADLINE_EXCEEDED)

    assert await is_timed_out(runs, held.run_id)


async def test_an_overdue_run_whose_worker_was_lost_is_ended_and_its_worker_writes_nothing_more(runs: Runs) -> None:
    held = await held_past_its_deadline(runs)
    await runs.expire(held)
    assert await runs.pick_up("b") == []

    assert await is_timed_out(runs, held.run_id)
    with pytest.raises(LeaseLostError):
        await runs.finish(held)


async def test_a_run_that_waits_to_be_tried_again_is_ended_at_its_deadline(runs: Runs) -> None:
    held = await held_past_its_deadline(runs)
    await runs.retry(held, delay=timedelta(hours=1))
    assert await runs.pick_up("b") == []

    assert await is_timed_out(runs, held.run_id)


async def test_an_overdue_run_that_was_begun_without_a_claim_is_ended(runs: Runs) -> None:
    (run_id,) = await runs.add(status=RunStatus.RUNNING, started_at=NOON, deadline_at=NOON)
    assert await runs.pick_up() == []

    assert await is_timed_out(runs, run_id)


async def test_a_run_that_is_over_stays_as_it_ended_whatever_its_deadline(runs: Runs) -> None:
    (run_id,) = await runs.add(deadline_at=LATER)
    await runs.finish(await runs.pick_up_one(), output={"rows": 3})
    await let_deadline_pass(runs, run_id)
    await runs.pick_up()
    run = await runs.stored(run_id)

    assert (run.status, run.error) == (RunStatus.COMPLETED, None)


async def test_somebody_who_has_read_a_run_that_was_timed_out_since_is_told(runs: Runs) -> None:
    (run_id,) = await runs.add(deadline_at=NOON)
    before = await runs.stored(run_id)
    await runs.pick_up()

    assert (await runs.stored(run_id)).lock_version == before.lock_version + 1


async def test_a_floor_passes_no_deadline_that_is_still_to_come_or_whose_run_is_not_over(runs: Runs) -> None:
    floor = RunFloor(overlap=timedelta(0), advance_every_s=0)
    held = await held_past_its_deadline(runs)
    await runs.pick_up("b", floor=floor)
    assert floor.deadline_from == NOON
    await runs.expire(held)
    await runs.pick_up("b", floor=floor)
    await runs.pick_up("b", floor=floor)

    assert await is_timed_out(runs, held.run_id)
    assert NOON < floor.deadline_from < LATER
