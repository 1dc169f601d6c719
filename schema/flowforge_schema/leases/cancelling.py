"""Asking a run to stop."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, func, literal, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.enums import RunStatus, UnknownLabel
from flowforge_schema.leases.held import CLAIMS, RUNS, unless_before


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
            # NULL where it goes on, as that of every run that is not over; see `unless_before` for why not `case`.
            finished_at=now + case((is_waiting, literal(timedelta(0)))),
            cancel_requested_at=unless_before(RUNS.c.cancel_requested_at),
            lock_version=case((is_waiting, RUNS.c.lock_version + 1), else_=RUNS.c.lock_version),
        )
        .returning(RUNS.c.status)
    )
    status: RunStatus | UnknownLabel | None = (await session.execute(statement)).scalar_one_or_none()
    return status
