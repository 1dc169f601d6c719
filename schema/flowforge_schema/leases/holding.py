"""Keeping a run: the heartbeat, and the lock under which its holder writes what belongs to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Subquery, case, false, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.errors import LeaseLostError
from flowforge_schema.leases.held import CLAIMS, RUNS, HeldRun, is_held

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
    clock = _clock(lease)
    until = case((RUNS.c.deadline_at <= clock.c.now, CLAIMS.c.leased_until), else_=clock.c.until)
    # Joined, so that the run is looked up once for all that is read of it; its documents are not touched.
    statement = (
        update(CLAIMS)
        .where(is_held(held), RUNS.c.id == CLAIMS.c.run_id, _is_read_with(clock))
        .values(
            leased_until=until,
            available_at=case((CLAIMS.c.available_at < clock.c.far_back, until), else_=CLAIMS.c.available_at),
        )
        .returning(
            CLAIMS.c.leased_until,
            RUNS.c.cancel_requested_at,
            RUNS.c.deadline_at,
            func.coalesce(RUNS.c.deadline_at <= clock.c.now, false()).label("is_overdue"),
        )
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLostError
    return replace(held, **row._asdict())


async def hold_lease(session: AsyncSession, held: HeldRun) -> None:
    """Lock the claim until the end of the transaction: whatever the transaction writes is written by the run's holder.

    Call it before the first write of each transaction that writes for the run: logs, events, rows of your own. Raises
    LeaseLostError where another attempt has begun. Keep the transaction short: a heartbeat waits for it, and whoever would take
    over the run passes over it meanwhile; who has to end it, past its deadline or its last attempt, waits.
    """
    statement = select(CLAIMS.c.run_id).where(is_held(held)).with_for_update(read=True)
    if (await session.execute(statement)).one_or_none() is None:
        raise LeaseLostError


def _clock(lease: timedelta) -> Subquery:
    """Return the moments that are compared, as columns: a distributed database refuses a clock, and a sum with one, in CASE."""
    now = func.statement_timestamp()
    moments = {"now": now, "until": now + literal(lease), "far_back": now - MOVE_AFTER}
    return select(*(moment.label(name) for name, moment in moments.items())).subquery("clock")


def _is_read_with(clock: Subquery) -> ColumnElement[bool]:
    """Return what is always true, and tells SQLAlchemy that the one row of the clock is meant to meet every claim."""
    return clock.c.now.is_not(None) == CLAIMS.c.run_id.is_not(None)
