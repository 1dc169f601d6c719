"""The end of runs that are past their deadline: whoever picks up runs ends them, unless a worker still holds them."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.enums import RunStatus
from flowforge_schema.leases.floor import RunFloor
from flowforge_schema.leases.held import CLAIMS, RUNS, is_any, unless_before
from flowforge_schema.queries import overdue_runs
from flowforge_schema.queries.runs import is_in_time

DEADLINE_EXCEEDED: Final = MappingProxyType(
    {"code": "deadline_exceeded", "message": "The run was not over when its deadline passed."}
)

# How many are ended in one transaction: an update of a run reads its documents again, a megabyte each at the most.
AT_ONCE: Final = 50


async def end_overdue(session: AsyncSession, floor: RunFloor) -> None:
    """End some of the runs whose deadline lies between the floor and now, and that nobody holds.

    Nobody holds a run that waits, that is to be tried again, whose lease is over, or that was begun without a claim. The worker of one
    that is held is told by its next heartbeat, which prolongs nothing any more.
    """
    statement = overdue_runs(deadline_from=floor.deadline_from, limit=AT_ONCE)
    if found := await floor.overdue.read(session, statement):
        running = [run_id for run_id, status in found if status == RunStatus.RUNNING]
        free = await _free(session, running) if running else []
        await time_out(
            session, pending=[run_id for run_id, status in found if status == RunStatus.PENDING], running=free
        )


async def time_out(session: AsyncSession, *, pending: Sequence[UUID] = (), running: Sequence[UUID] = ()) -> None:
    """Write the end of runs, each where its status is still this one; one that nobody has begun starts and ends in one moment."""
    now = func.statement_timestamp()
    is_as_found = or_(
        and_(is_any(RUNS.c.id, pending), RUNS.c.status == RunStatus.PENDING),
        and_(is_any(RUNS.c.id, running), RUNS.c.status == RunStatus.RUNNING),
    )
    statement = (
        update(RUNS)
        .where(is_any(RUNS.c.id, [*pending, *running]), is_as_found, ~is_in_time(RUNS.c.deadline_at))
        .values(
            status=RunStatus.FAILED,
            error=dict(DEADLINE_EXCEEDED),
            started_at=unless_before(RUNS.c.started_at),
            finished_at=now,
            lock_version=RUNS.c.lock_version + 1,
        )
    )
    await session.execute(statement)


async def _free(session: AsyncSession, run_ids: Sequence[UUID]) -> list[UUID]:
    """Take away the claims that nobody holds; return the runs without a claim, those that never had one too."""
    is_over = or_(CLAIMS.c.held_by.is_(None), CLAIMS.c.leased_until <= func.statement_timestamp())
    await session.execute(delete(CLAIMS).where(is_any(CLAIMS.c.run_id, run_ids), is_over))
    held = set(await session.scalars(select(CLAIMS.c.run_id).where(is_any(CLAIMS.c.run_id, run_ids))))
    return [run_id for run_id in run_ids if run_id not in held]
