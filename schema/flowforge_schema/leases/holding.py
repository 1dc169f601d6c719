"""Keeping a run: the heartbeat, and the lock under which its holder writes what belongs to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.errors import LeaseLostError
from flowforge_schema.leases.held import CLAIMS, RUNS, HeldRun, is_held
from flowforge_schema.queries.runs import is_in_time

DEFAULT_LEASE: Final = timedelta(seconds=60)

# A heartbeat leaves `available_at`, and with it the index, alone until it lies so far back: a run that lasts for hours must not hold
# back a RunFloor, and all other heartbeats are heap-only updates.
MOVE_AFTER: Final = timedelta(minutes=10)


async def heartbeat(session: AsyncSession, held: HeldRun, *, lease: timedelta = DEFAULT_LEASE) -> HeldRun:
    """Return the run as it is held now: until `lease` from now on, and with `cancel_requested_at` where it is to stop.

    Past the run's deadline nothing is prolonged, and `is_overdue` says so: end the run before the lease is over, or another worker
    will. Commit at once. Raises LeaseLostError where another attempt has begun, and changes nothing then.
    """
    if lease <= timedelta(0):
        raise ValueError(f"heartbeat takes a positive lease, not {lease}")
    now = func.statement_timestamp()
    is_overdue = ~is_in_time(RUNS.c.deadline_at)
    until = case((is_overdue, CLAIMS.c.leased_until), else_=now + literal(lease))
    is_far_back = CLAIMS.c.available_at < now - MOVE_AFTER
    # Joined, so that the run is looked up once for all that is read of it; its documents are not touched.
    statement = (
        update(CLAIMS)
        .where(is_held(held), RUNS.c.id == CLAIMS.c.run_id)
        .values(leased_until=until, available_at=case((is_far_back, until), else_=CLAIMS.c.available_at))
        .returning(
            CLAIMS.c.leased_until, RUNS.c.cancel_requested_at, RUNS.c.deadline_at, is_overdue.label("is_overdue")
        )
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLostError
    return replace(held, **row._asdict())


async def hold_lease(session: AsyncSession, held: HeldRun) -> None:
    """Lock the claim until the end of the transaction: whatever the transaction writes is written by the run's holder.

    Call it before the first write of each transaction that writes for the run: logs, events, rows of your own. Raises
    LeaseLostError where another attempt has begun. Keep the transaction short: a heartbeat waits for it, and so does whoever
    would take over the run.
    """
    statement = select(CLAIMS.c.run_id).where(is_held(held)).with_for_update(read=True)
    if (await session.execute(statement)).one_or_none() is None:
        raise LeaseLostError
