"""Keeping a run: the heartbeat, and the lock under which its holder writes what belongs to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.errors import LeaseLostError
from flowforge_schema.leases.held import CLAIMS, RUNS, HeldRun, is_held

DEFAULT_LEASE: Final = timedelta(seconds=60)

# A heartbeat leaves `available_at`, and with it the index, alone until it lies so far back: a run that lasts for hours must not hold
# back a RunFloor, and all other heartbeats are heap-only updates.
MOVE_AFTER: Final = timedelta(minutes=10)


async def heartbeat(session: AsyncSession, held: HeldRun, *, lease: timedelta = DEFAULT_LEASE) -> HeldRun:
    """Return the run as it is held now: until `lease` from now on, and with `cancel_requested_at` where it is to stop.

    Commit at once. Raises LeaseLostError where another attempt has begun, and changes nothing then.
    """
    if lease <= timedelta(0):
        raise ValueError(f"heartbeat takes a positive lease, not {lease}")
    now = func.statement_timestamp()
    is_far_back = CLAIMS.c.available_at < now - MOVE_AFTER
    asked = select(RUNS.c.cancel_requested_at).where(RUNS.c.id == CLAIMS.c.run_id).scalar_subquery()
    statement = (
        update(CLAIMS)
        .where(is_held(held))
        .values(leased_until=now + lease, available_at=case((is_far_back, now + lease), else_=CLAIMS.c.available_at))
        .returning(CLAIMS.c.leased_until, asked)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLostError
    leased_until, cancel_requested_at = row
    return replace(held, leased_until=leased_until, cancel_requested_at=cancel_requested_at)


async def hold_lease(session: AsyncSession, held: HeldRun) -> None:
    """Lock the claim until the end of the transaction: whatever the transaction writes is written by the run's holder.

    Call it before the first write of each transaction that writes for the run: logs, events, rows of your own. Raises
    LeaseLostError where another attempt has begun. Keep the transaction short: a heartbeat waits for it, and so does whoever
    would take over the run.
    """
    statement = select(CLAIMS.c.run_id).where(is_held(held)).with_for_update(read=True)
    if (await session.execute(statement)).one_or_none() is None:
        raise LeaseLostError
