"""Asking a run to stop."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import case, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.enums import RunStatus, UnknownLabel
from flowforge_schema.leases.held import CLAIMS, RUNS


async def request_cancel(session: AsyncSession, run_id: UUID) -> RunStatus | UnknownLabel | None:
    """Ask a run to stop, and return its status: cancelled at once where nobody has begun it, else running.

    The worker of a running one is told by its next heartbeat and ends it; one that waits to be tried again is due at once, so
    that the worker that picks it up ends it. None where there is no such run, or it has ended. `lock_version` stays where the run
    goes on: its worker's last write is not refused for a request to stop. A second request changes nothing.
    """
    now = func.statement_timestamp()
    # The claim first, as everywhere, so that nobody waits for each other.
    await session.execute(
        update(CLAIMS)
        .where(CLAIMS.c.run_id == run_id, CLAIMS.c.held_by.is_(None), CLAIMS.c.leased_until > now)
        .values(leased_until=now, available_at=now)
    )
    is_waiting = RUNS.c.status == RunStatus.PENDING
    statement = (
        update(RUNS)
        .where(RUNS.c.id == run_id, RUNS.c.status.in_([RunStatus.PENDING, RunStatus.RUNNING]))
        .values(
            status=case((is_waiting, RunStatus.CANCELLED), else_=RUNS.c.status),
            finished_at=case((is_waiting, now), else_=RUNS.c.finished_at),
            cancel_requested_at=func.coalesce(RUNS.c.cancel_requested_at, now),
            lock_version=case((is_waiting, RUNS.c.lock_version + 1), else_=RUNS.c.lock_version),
        )
        .returning(RUNS.c.status)
    )
    status: RunStatus | UnknownLabel | None = (await session.execute(statement)).scalar_one_or_none()
    return status
