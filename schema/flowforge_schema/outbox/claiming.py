"""Claiming events: a relay takes the oldest ones that may go out, under a lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, DateTime, Integer, Row, SmallInteger, Text, Uuid, bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.outbox.claimed import ClaimedEvent, proof, sort_out
from flowforge_schema.outbox.failing import park_exhausted, park_unreadable
from flowforge_schema.outbox.floor import TrailingFloor
from flowforge_schema.outbox.relays import WHOLE, RelayShare
from flowforge_schema.outbox.retrying import DEFAULT_POLICY, RetryPolicy
from flowforge_schema.outbox.statements import read_statement

DEFAULT_LEASE: Final = timedelta(seconds=60)

# How many events are looked at for each that is asked for, and how many times more when none of them may go out: events
# that wait lie among those that are ready, and are rarely many.
WINDOW_PER_EVENT = 4
WINDOW_GROWTH = 8

# The limits are written into the statement, so that the planner knows how little is wanted.
_CLAIM = (
    read_statement("claim")
    .bindparams(
        bindparam("window", type_=Integer, literal_execute=True),
        bindparam("limit", type_=Integer, literal_execute=True),
    )
    .columns(
        seen=BigInteger,
        exhausted=BigInteger,
        id=BigInteger,
        event_id=Uuid,
        aggregate_type=Text,
        aggregate_id=Uuid,
        event_type=Text,
        schema_version=SmallInteger,
        payload=Text,
        headers=Text,
        created_at=DateTime(timezone=True),
        attempts=SmallInteger,
        available_at=DateTime(timezone=True),
    )
)

_RELEASE = read_statement("release")


async def claim_events(
    session: AsyncSession,
    *,
    limit: int = 100,
    lease: timedelta = DEFAULT_LEASE,
    policy: RetryPolicy = DEFAULT_POLICY,
    share: RelayShare = WHOLE,
    floor: TrailingFloor | None = None,
) -> list[ClaimedEvent]:
    """Lease up to `limit` unpublished events, oldest first; none when nothing may go out at the moment.

    Commit at once, and send afterwards, in the order of the list. An event is claimed only when every earlier unpublished
    one of its aggregate is in the same list: while one is leased, waits to be tried again or is parked, the later ones
    wait. That holds for any number of relays at once, whatever their shares.

    When the lease is over and nothing was marked, the events may be claimed again. `policy` goes with the events to `mark_failed`. One that
    was claimed `policy.max_attempts` times, the last time without a report, is claimed once more alone, and then parked. One whose documents Python cannot read is parked
    at once, with the reason in `last_error`. Each relay keeps a `floor` of its own through its life; without one, claims become
    slow while a long transaction keeps dead rows alive, or many events wait behind a parked one.
    """
    if limit < 1 or lease <= timedelta(0):
        raise ValueError(f"claim_events takes a limit of at least 1 and a positive lease, not {limit} and {lease}")
    if floor is not None:
        await floor.advance_if_due(session)
    parameters = {
        "limit": limit,
        "lease": lease,
        "max_attempts": policy.max_attempts,
        "share": share.number,
        "shares": share.of,
        "floor": floor.id if floor else 0,
        "behind": list(floor.behind) if floor else [],
        "stuck": list(floor.stuck) if floor else [],
    }
    window = limit * WINDOW_PER_EVENT
    while True:
        result = await session.execute(_CLAIM, {**parameters, "window": window})
        rows = result.all()
        seen, exhausted = rows[0][:2]
        if exhausted:
            await park_exhausted(session, policy)
        if rows[0].id is not None:
            if events := await _readable(session, rows, policy):
                return events
        elif seen < window:
            return []
        else:
            window *= WINDOW_GROWTH


async def _readable(session: AsyncSession, rows: Sequence[Row[Any]], policy: RetryPolicy) -> list[ClaimedEvent]:
    """Return the events that can be read; park the others, and give back those that wait behind them."""
    result = sort_out(rows, policy)
    for claim, why in result.unreadable:
        await park_unreadable(session, claim, why)
    if result.waiting:
        await session.execute(_RELEASE, proof(result.waiting))
    return result.readable
