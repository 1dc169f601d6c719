"""The end of an attempt: the run is over, or is to be tried again later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.enums import RunStatus
from flowforge_schema.errors import LeaseLostError
from flowforge_schema.leases.held import CLAIMS, RUNS, HeldRun, is_held
from flowforge_schema.outbox.retrying import RetryPolicy

ATTEMPTS_EXHAUSTED = {
    "code": "attempts_exhausted",
    "message": "No worker brought the run to an end in as many attempts as are allowed.",
}


async def finish_run(
    session: AsyncSession,
    held: HeldRun,
    status: RunStatus,
    *,
    output: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """End the run as completed, failed or cancelled, and give up the claim. A request to cancel that came meanwhile stays on record.

    Commit together with the last writes for the run. Raises LeaseLostError where another attempt has begun, or the run has ended:
    it changes nothing then, and a second call of the same worker's is refused alike. An object of the run in this session is not
    refreshed.
    """
    if not status.is_terminal:
        raise ValueError(
            f"finish_run takes completed, failed or cancelled, not {status}; retry_run has a run tried again"
        )
    await _give_up(session, held)
    await _end(session, [held.run_id], status, output=output, error=error)


async def retry_run(
    session: AsyncSession,
    held: HeldRun,
    error: Mapping[str, Any],
    *,
    delay: timedelta | None = None,
) -> datetime | None:
    """Have the run picked up again later as the policy of its pick-up says, or after `delay`; return when, by the server's clock.

    None when this was the last attempt that it allows: the run has failed then, with `error`. Until the next attempt
    it stays `running`, and nobody holds it. Raises LeaseLostError where another attempt has begun, and changes nothing then.
    """
    if held.policy.parks(held.attempt):
        await finish_run(session, held, RunStatus.FAILED, error=error)
        return None
    available_at = func.statement_timestamp() + (held.policy.delay_after(held.attempt) if delay is None else delay)
    statement = (
        update(CLAIMS)
        .where(is_held(held))
        .values(held_by=None, leased_until=available_at, available_at=available_at)
        .returning(CLAIMS.c.available_at)
    )
    moment: datetime | None = (await session.execute(statement)).scalar_one_or_none()
    if moment is None:
        raise LeaseLostError
    return moment


async def fail_exhausted(session: AsyncSession, run_ids: Sequence[UUID], policy: RetryPolicy) -> None:
    """End as failed those of the runs whose last attempt has run out without a word."""
    statement = (
        delete(CLAIMS)
        .where(
            CLAIMS.c.run_id.in_(run_ids),
            CLAIMS.c.attempt >= policy.max_attempts,
            CLAIMS.c.leased_until <= func.statement_timestamp(),
        )
        .returning(CLAIMS.c.run_id)
    )
    ended = (await session.execute(statement)).scalars().all()
    if ended:
        await _end(session, ended, RunStatus.FAILED, error=ATTEMPTS_EXHAUSTED)


async def _give_up(session: AsyncSession, held: HeldRun) -> None:
    statement = delete(CLAIMS).where(is_held(held)).returning(CLAIMS.c.run_id)
    if (await session.execute(statement)).one_or_none() is None:
        raise LeaseLostError


async def _end(
    session: AsyncSession,
    run_ids: Sequence[UUID],
    status: RunStatus,
    *,
    output: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Write the end. What was ended by other means stays as it is; somebody who has read the run is told by `lock_version`."""
    statement = (
        update(RUNS)
        .where(RUNS.c.id.in_(run_ids), RUNS.c.status == RunStatus.RUNNING)
        .values(
            status=status,
            output=None if output is None else dict(output),
            error=None if error is None else dict(error),
            finished_at=func.statement_timestamp(),
            lock_version=RUNS.c.lock_version + 1,
        )
    )
    await session.execute(statement)
