"""Parking: what becomes of an event that cannot be read, or over which relays die."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from flowforge_schema.limits import EVENT_LAST_ERROR_LENGTH_MAX
from flowforge_schema.outbox.claimed import Claim, proof
from flowforge_schema.outbox.retrying import RetryPolicy
from flowforge_schema.outbox.statements import read_statement

logger = logging.getLogger(__name__)

# The `available_at` of a parked event. Not 'infinity', which Python's datetime cannot hold; a day is left for time zones.
PARKED_UNTIL: Final = datetime(9999, 12, 31, tzinfo=UTC)

_PARK_EXHAUSTED = read_statement("park_exhausted")
_MARK_FAILED = read_statement("mark_failed")


async def park_exhausted(session: AsyncSession, policy: RetryPolicy) -> None:
    """Park the events that were claimed once more than they may be, and on whose last claim no relay reported."""
    await session.execute(
        _PARK_EXHAUSTED,
        {"max_attempts": policy.max_attempts, "parked_until": PARKED_UNTIL, "longest": EVENT_LAST_ERROR_LENGTH_MAX},
    )


async def park_unreadable(session: AsyncSession, claim: Claim, why: str) -> None:
    """Park a claimed event that cannot be read, and log its id and the reason."""
    logger.error("event %d is parked: %s", claim.id, why)
    error = f"Parked without having been sent: {why}."
    await session.execute(
        _MARK_FAILED, {**proof([claim]), "delay": timedelta(0), "parked_until": PARKED_UNTIL, "error": error}
    )
